//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"muster/collector/snmp/snmptest"
)

// box is a device that answers to SNMP, of a make that nobody sells, so that
// the profiles for any switch, printer and UPS read it.
type box struct {
	name string
	walk string
	site string
	at   netip.AddrPort

	conn *net.UDPConn
	done chan struct{}
}

// peer is what a switch hears on a port by LLDP.
type peer struct {
	port            int // its own
	mac, name, over string
}

// boxes are 40: two core switches, which hear every other switch, 20 switches
// of closets, twelve printers, six UPSes. sites are their sites in turn; beside
// are the switches of the office that are played, and not asked.
func boxes(sites []string, beside []peer) []*box {
	site := func(n int) string { return sites[n%len(sites)] }
	var out []*box
	closet := func(n int) peer {
		return peer{mac: fmt.Sprintf("02b100000%03x", n*16), name: fmt.Sprintf("sw-closet-%02d", n+1), over: "25"}
	}
	for n := range 2 {
		core := peer{mac: fmt.Sprintf("02b00000000%d", n), name: fmt.Sprintf("core-%d", n+1)}
		peers := []peer{{port: 48, mac: fmt.Sprintf("02b00000000%d", 1-n), name: fmt.Sprintf("core-%d", 2-n), over: "48"}}
		for k := range 20 {
			if k%2 == n {
				p := closet(k)
				p.port = len(peers)
				peers = append(peers, p)
			}
		}
		for k, p := range beside {
			if k%2 == n && len(peers) < 48 {
				p.port = len(peers)
				peers = append(peers, p)
			}
		}
		out = append(out, &box{name: core.name, site: site(0), walk: switchWalk(core, 48, 10_000, peers)})
	}
	for n := range 20 {
		k := n / 2
		out = append(out, &box{name: closet(n).name, site: site(n), walk: switchWalk(closet(n), 26, 1000,
			[]peer{{port: 25, mac: fmt.Sprintf("02b00000000%d", n%2), name: fmt.Sprintf("core-%d", n%2+1), over: fmt.Sprint(k + 1)}})})
	}
	for n := range 12 {
		name := fmt.Sprintf("prt-%s-copy-%d", site(n), n/len(sites)+1)
		out = append(out, &box{name: name, site: site(n), walk: printerWalk(name, n)})
	}
	for n := range 6 {
		name := fmt.Sprintf("ups-%s-closet", site(n))
		out = append(out, &box{name: name, site: site(n), walk: upsWalk(name, n)})
	}
	return out
}

// walk is lines of a walk (snmptest.ParseWalk).
type walk struct{ strings.Builder }

func (w *walk) add(oid, kind string, value any) {
	if kind == "text" {
		value = fmt.Sprintf("%q", value)
	}
	fmt.Fprintf(w, "%s %s %v\n", oid, kind, value)
}

func (w *walk) system(what, id, name string) {
	w.add("1.3.6.1.2.1.1.1.0", "text", what)
	w.add("1.3.6.1.2.1.1.2.0", "oid", "1.3.6.1.4.1.99999."+id)
	w.add("1.3.6.1.2.1.1.3.0", "ticks", 86_400_00*40)
	w.add("1.3.6.1.2.1.1.5.0", "text", name)
}

// switchWalk says what RFC 2863 (interfaces), RFC 4188 (bridges), RFC 6933
// (entities) and IEEE 802.1AB (LLDP) ask a switch for.
func switchWalk(me peer, ports, megabits int, peers []peer) string {
	w := &walk{}
	w.system("Norrland Rack Switch, version 4.2.1", "7.1", me.name)
	heard := map[int]peer{}
	for _, p := range peers {
		heard[p.port] = p
	}
	for n := 1; n <= ports; n++ {
		up := n%5 != 0
		speed := megabits
		if p, ok := heard[n]; ok {
			up, speed = true, 10_000
			w.add(fmt.Sprintf("1.3.6.1.2.1.31.1.1.1.18.%d", n), "text", p.name)
		} else if up {
			w.add(fmt.Sprintf("1.3.6.1.2.1.31.1.1.1.18.%d", n), "text", fmt.Sprintf("room %d", 100+n))
		}
		state := map[bool]int{true: 1, false: 2}[up]
		w.add(fmt.Sprintf("1.3.6.1.2.1.2.2.1.1.%d", n), "int", n)
		w.add(fmt.Sprintf("1.3.6.1.2.1.2.2.1.2.%d", n), "text", fmt.Sprintf("Port %d", n))
		w.add(fmt.Sprintf("1.3.6.1.2.1.2.2.1.3.%d", n), "int", 6)
		w.add(fmt.Sprintf("1.3.6.1.2.1.2.2.1.5.%d", n), "gauge", min(speed, 4000)*1_000_000)
		w.add(fmt.Sprintf("1.3.6.1.2.1.2.2.1.7.%d", n), "int", 1)
		w.add(fmt.Sprintf("1.3.6.1.2.1.2.2.1.8.%d", n), "int", state)
		w.add(fmt.Sprintf("1.3.6.1.2.1.31.1.1.1.1.%d", n), "text", fmt.Sprint(n))
		w.add(fmt.Sprintf("1.3.6.1.2.1.31.1.1.1.15.%d", n), "gauge", speed)
		w.add(fmt.Sprintf("1.3.6.1.2.1.17.1.4.1.2.%d", n), "int", n)
		w.add(fmt.Sprintf("1.0.8802.1.1.2.1.3.7.1.2.%d", n), "int", 5)
		w.add(fmt.Sprintf("1.0.8802.1.1.2.1.3.7.1.3.%d", n), "text", fmt.Sprint(n))
	}
	w.add("1.3.6.1.2.1.17.1.1.0", "hex", me.mac)
	w.add("1.3.6.1.2.1.17.1.2.0", "int", ports)
	entity := map[string]any{"2": "Rack Switch", "7": "chassis", "10": "4.2.1", "11": "NRS" + me.mac, "13": fmt.Sprintf("RS-%d", ports)}
	for column, text := range entity {
		w.add("1.3.6.1.2.1.47.1.1.1.1."+column+".1", "text", text)
	}
	w.add("1.3.6.1.2.1.47.1.1.1.1.4.1", "int", 0)
	w.add("1.3.6.1.2.1.47.1.1.1.1.5.1", "int", 3)
	w.add("1.0.8802.1.1.2.1.3.1.0", "int", 4)
	w.add("1.0.8802.1.1.2.1.3.2.0", "hex", me.mac)
	w.add("1.0.8802.1.1.2.1.3.3.0", "text", me.name)
	for _, p := range peers {
		at := fmt.Sprintf("0.%d.1", p.port)
		w.add("1.0.8802.1.1.2.1.4.1.1.4."+at, "int", 4)
		w.add("1.0.8802.1.1.2.1.4.1.1.5."+at, "hex", p.mac)
		w.add("1.0.8802.1.1.2.1.4.1.1.6."+at, "int", 5)
		w.add("1.0.8802.1.1.2.1.4.1.1.7."+at, "text", p.over)
		w.add("1.0.8802.1.1.2.1.4.1.1.9."+at, "text", p.name)
	}
	return w.String()
}

// printerWalk says what RFC 2790 (hosts) and RFC 3805 (printers) ask for.
func printerWalk(name string, n int) string {
	w := &walk{}
	w.system("Caldera Office Printer", "8.1", name)
	w.add("1.3.6.1.2.1.25.3.2.1.1.1", "int", 1)
	w.add("1.3.6.1.2.1.25.3.2.1.2.1", "oid", "1.3.6.1.2.1.25.3.1.5")
	w.add("1.3.6.1.2.1.25.3.2.1.3.1", "text", "Caldera P400")
	w.add("1.3.6.1.2.1.25.3.2.1.5.1", "int", 2)
	w.add("1.3.6.1.2.1.25.3.5.1.1.1", "int", 3)
	w.add("1.3.6.1.2.1.43.5.1.1.1.1", "counter", 4)
	w.add("1.3.6.1.2.1.43.5.1.1.17.1", "text", fmt.Sprintf("CP%05d", 4100+n))
	for i, color := range []string{"black", "cyan", "magenta", "yellow"} {
		row := fmt.Sprintf("1.%d", i+1)
		text := strings.ToUpper(color[:1]) + color[1:] + " toner"
		for column, v := range map[string]int{"2": 1, "3": i + 1, "4": 3, "5": 3, "7": 19, "8": 100, "9": max(3, (n*37+i*23)%97)} {
			w.add("1.3.6.1.2.1.43.11.1.1."+column+"."+row, "int", v)
		}
		w.add("1.3.6.1.2.1.43.11.1.1.6."+row, "text", text)
		w.add("1.3.6.1.2.1.43.12.1.1.4."+row, "text", color)
	}
	return w.String()
}

// upsWalk says what RFC 1628 asks for.
func upsWalk(name string, n int) string {
	w := &walk{}
	w.system("Voltara Rack 1500", "9.1", name)
	w.add("1.3.6.1.2.1.33.1.1.1.0", "text", "Voltara")
	w.add("1.3.6.1.2.1.33.1.1.2.0", "text", "Rack 1500")
	w.add("1.3.6.1.2.1.33.1.1.3.0", "text", "2.0")
	w.add("1.3.6.1.2.1.33.1.1.5.0", "text", name)
	w.add("1.3.6.1.2.1.33.1.2.1.0", "int", 2)
	w.add("1.3.6.1.2.1.33.1.2.2.0", "int", 0)
	w.add("1.3.6.1.2.1.33.1.2.3.0", "int", 40-3*n)
	w.add("1.3.6.1.2.1.33.1.2.4.0", "int", 100)
	w.add("1.3.6.1.2.1.33.1.4.1.0", "int", 3)
	w.add("1.3.6.1.2.1.33.1.4.3.0", "int", 1)
	w.add("1.3.6.1.2.1.33.1.4.4.1.2.1", "int", 230)
	w.add("1.3.6.1.2.1.33.1.4.4.1.5.1", "int", 28+7*n)
	return w.String()
}

// serve lets all answer, each at an address of its own: who has an address is
// part of who a device is.
func serve(list []*box) error {
	a := netip.AddrFrom4([4]byte{127, 22, 0, 0})
	for _, b := range list {
		a = a.Next()
		w, err := snmptest.ParseWalk(b.walk)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		agent := snmptest.Playing(w)
		agent.Ticking, agent.Engine = true, []byte("\x80\x00\x00\x00\x04"+b.name)
		agent.Set(snmptest.Faults{MaxBytes: 1400}) // one Ethernet frame
		if b.conn, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0))); err != nil {
			return fmt.Errorf("answer for %s: %w", b.name, err)
		}
		b.at, b.done = b.conn.LocalAddr().(*net.UDPAddr).AddrPort(), make(chan struct{})
		go func() {
			defer close(b.done)
			agent.Serve(b.conn)
		}()
	}
	return nil
}

func (b *box) close() error {
	if b.conn == nil {
		return nil
	}
	err := b.conn.Close()
	<-b.done
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
