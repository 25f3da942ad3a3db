package probe

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"muster/agent/gather/recorded"
	"muster/internal/metric"
)

const office = `
-- /proc/net/route --
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
wlp2s0	00000000	010200C0	0003	0	0	600	00000000	0	0	0
eth0	00000000	FE0200C0	0003	0	0	100	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
-- /etc/resolv.conf --
nameserver 127.0.0.53
search office.example.org
-- /run/systemd/resolve/resolv.conf --
nameserver 192.0.2.53
nameserver 192.0.2.54
nameserver 192.0.2.55
`

type sink map[string]float64

func (s sink) Put(m, f string, v float64, labels ...string) {
	if _, _, ok := metric.Lookup(m, f); !ok {
		panic(m + "." + f)
	}
	s[fmt.Sprint(m, ".", f, labels)] = v
}

func TestRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := recorded.Unpack(t, []byte(office))
		asked, lost := 0, errors.New("no answer")
		p := &Prober{Host: h, Now: time.Now,
			Collector: func() (string, time.Time, bool) { return "muster.example.org:8421", time.Unix(1e9, 0).UTC(), true },
			Ping: func(_ context.Context, to netip.Addr) (time.Duration, error) {
				if to.String() != "192.0.2.254" {
					t.Errorf("%s was asked", to)
				}
				if asked++; asked == 2 {
					return 0, lost
				}
				return time.Duration(asked) * time.Millisecond, nil
			},
			Resolve: func(_ context.Context, s netip.AddrPort, name string) (time.Duration, int, error) {
				if name != "muster.example.org" {
					t.Errorf("asked for %s", name)
				}
				if s.Addr().String() == "192.0.2.54" {
					return 0, 0, lost
				}
				return 4 * time.Millisecond, 3, nil
			}}
		ctx, stop := context.WithCancel(context.Background())
		go p.Run(ctx)
		time.Sleep(50 * time.Second)
		got := sink{}
		if err := p.Sample(ctx, h, got); err != nil {
			t.Fatal(err)
		}
		dns := "[server 192.0.2.%d domain muster.example.org record_type A]"
		loss := got["ping.percent_packet_loss[url gateway]"]
		delete(got, "ping.percent_packet_loss[url gateway]")
		want := sink{"ping.average_response_ms[url gateway]": 2, "ping.minimum_response_ms[url gateway]": 1, "ping.maximum_response_ms[url gateway]": 3, "ping.result_code[url gateway]": 0,
			"dns_query.query_time_ms" + fmt.Sprintf(dns, 53): 4, "dns_query.rcode_value" + fmt.Sprintf(dns, 53): 3, "dns_query.result_code" + fmt.Sprintf(dns, 53): 0,
			"dns_query.result_code" + fmt.Sprintf(dns, 54): 1}
		if !maps.Equal(got, want) || loss < 33 || loss > 34 {
			t.Errorf("%v, loss %v", got, loss)
		}
		got = sink{}
		if p.Sample(ctx, h, got); len(got) != 0 {
			t.Errorf("nothing was asked since, and %v", got)
		}
		r, err := p.Read(ctx, h)
		rows := recorded.Check(t, "network_probe", r)
		if err != nil || len(rows) != 4 || rows[3]["target"] != "192.0.2.254" || rows[2]["reachable"] != false || rows[0]["kind"] != "collector" {
			t.Errorf("%v %v", rows, err)
		}
		stop()
		synctest.Wait()
	})
}

func TestOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Prober{Host: recorded.Unpack(t, []byte(office)), Now: time.Now, On: func() bool { return false },
			Ping: func(context.Context, netip.Addr) (time.Duration, error) {
				t.Error("somebody was asked")
				return 0, nil
			}}
		ctx, stop := context.WithCancel(context.Background())
		go p.Run(ctx)
		time.Sleep(time.Hour)
		stop()
		synctest.Wait()
	})
}

// TestResolve asks a name server of the test's own.
func TestResolve(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() {
		b := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			q := append([]byte{}, b[:n]...)
			q[2] |= 0x80
			c.WriteTo([]byte("noise"), from)
			bad := append([]byte{}, q...)
			bad[0]++ // another's answer
			c.WriteTo(bad, from)
			q[3] |= 3
			c.WriteTo(q, from)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	at := netip.MustParseAddrPort(c.LocalAddr().String())
	if took, rcode, err := Resolve(ctx, at, "muster.example.org"); err != nil || rcode != 3 || took <= 0 {
		t.Errorf("%v %d %v", took, rcode, err)
	}
	if _, _, err := Resolve(ctx, at, "no..name"); !errors.Is(err, errCannot) {
		t.Error(err)
	}
}

// TestPing asks this machine itself.
func TestPing(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	took, err := Ping(ctx, netip.MustParseAddr("127.0.0.1"))
	if errors.Is(err, errCannot) {
		t.Skipf("no socket for echoes is allowed here, so none is sent: %v", err)
	}
	if err != nil || took <= 0 || took > 3*time.Second {
		t.Errorf("%v, %v", took, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("eth0\t00000000\tFE0200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n", "nameserver 192.0.2.53\n", []byte{0x45, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, routes, resolv string, packet []byte) {
		if gw, ok := parseRoutes(routes); ok && !gw.Is4() {
			t.Error(gw)
		}
		if len(parseResolv(resolv)) > servers {
			t.Error("too many")
		}
		echoed(packet, true, 1, 2)
		echoed(packet, false, 1, 2)
		answer(packet, 7)
		if b, err := question(1, resolv); err == nil && len(b) > 400 {
			t.Error(len(b))
		}
	})
}
