//go:build unix

package session_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest"
	"muster/collector/snmp/snmptest/message"
)

// The table of these benchmarks: a switch of 52 ports and 21 columns.
const (
	benchRows    = 52
	benchColumns = 21
)

// figure prints a line of docs/performance; a goal of 0 is none.
func figure(b testing.TB, name string, value float64, unit string, goal float64) {
	b.Helper()
	line, err := json.Marshal(map[string]any{"figure": name, "value": math.Round(value*1000) / 1000, "unit": unit, "goal": goal})
	if err != nil {
		b.Fatal(err)
	}
	fmt.Println(string(line))
}

// agentVariable makes this test binary an agent in a process of its own, so that
// what it costs is not counted.
const agentVariable = "MUSTER_TEST_SNMP_AGENT"

func TestMain(m *testing.M) {
	if os.Getenv(agentVariable) == "" {
		os.Exit(m.Run())
	}
	os.Exit(agent())
}

// interfaces is a table as switches have it: counters of 64 bits, names, states.
func interfaces() string {
	var b strings.Builder
	b.WriteString(system)
	for c := 1; c <= benchColumns; c++ {
		for r := 1; r <= benchRows; r++ {
			name := fmt.Sprintf("1.3.6.1.2.1.31.1.1.1.%d.%d", c, r)
			switch c % 4 {
			case 0:
				fmt.Fprintf(&b, "%s text \"GigabitEthernet1/0/%d\"\n", name, r)
			case 1:
				fmt.Fprintf(&b, "%s int %d\n", name, r%2+1)
			case 2:
				fmt.Fprintf(&b, "%s counter64 %d\n", name, 1<<40+r*c*1_000_003)
			case 3:
				fmt.Fprintf(&b, "%s counter %d\n", name, 1<<30+r*c*1_003)
			}
		}
	}
	return b.String()
}

func benchUser() message.User {
	return message.User{Name: "v3", Auth: "SHA256", AuthPass: "authpass1", Priv: "AES", PrivPass: "privpass1"}
}

// agent answers until it is told to end.
func agent() int {
	var failed testing.B // for its Fatal alone
	a := snmptest.New(&failed, interfaces())
	a.Users = []message.User{benchUser()}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_ = c.SetReadBuffer(4 << 20)
	fmt.Println(c.LocalAddr())
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt)
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			answers, _ := a.Answer(b[:n])
			a.Forget()
			for _, p := range answers {
				_, _ = c.WriteToUDPAddrPort(p, from)
			}
		}
	}()
	<-end
	return 0
}

// beside starts an agent in a process of its own.
func beside(t testing.TB) netip.AddrPort {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), agentVariable+"=1")
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	at, err := netip.ParseAddrPort(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// cpu is what this process used so far.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func benchCredential(version string) session.Credential {
	if version == "3" {
		return credential(benchUser())
	}
	return session.Credential{Version: version, Community: "public"}
}

func benchNames() (out []string) {
	for c := 1; c <= benchColumns; c++ {
		out = append(out, fmt.Sprint("1.3.6.1.2.1.31.1.1.1.", c))
	}
	return out
}

// BenchmarkPoll is one device read once: 21 columns of 52 ports, in a session of
// its own as poll opens one. The agent runs in another process.
func BenchmarkPoll(b *testing.B) {
	at := beside(b)
	cols := benchNames()
	for _, version := range []string{"2c", "3"} {
		b.Run("muster-v"+version, func(b *testing.B) {
			var pass session.Passwords
			var learned *session.Learned
			var packets int64
			b.ReportAllocs()
			began := cpu(b)
			for b.Loop() {
				s, err := session.Open(session.Options{Address: at, Credential: benchCredential(version), Retries: 2, Learned: learned, Passwords: &pass})
				if err != nil {
					b.Fatal(err)
				}
				t, err := s.Table(b.Context(), cols, session.Limits{})
				if err := errors.Join(err, t.Fault); err != nil || len(t.Rows) != benchRows {
					b.Fatal(len(t.Rows), err)
				}
				learned = s.Learned()
				packets += s.Stats().Requests
				s.Close()
			}
			per := (cpu(b) - began).Seconds() / float64(b.N) * 1000
			b.ReportMetric(float64(packets)/float64(b.N), "packets/op")
			b.ReportMetric(per, "cpu-s/1000")
			if b.N > 100 {
				figure(b, "snmp_session_v"+version+"_cpu_seconds_per_1000_polls", per, "s", 0)
			}
		})
		b.Run("gosnmp-v"+version, func(b *testing.B) {
			b.ReportAllocs()
			var packets int
			began := cpu(b)
			for b.Loop() {
				g := bare(b, at, version)
				n := 0
				for _, group := range [][]string{cols[:11], cols[11:]} {
					packets += bulkLoop(b, g, group, &n)
				}
				if n != benchRows*benchColumns {
					b.Fatalf("%d variables", n)
				}
				g.Conn.Close()
			}
			per := (cpu(b) - began).Seconds() / float64(b.N) * 1000
			b.ReportMetric(float64(packets)/float64(b.N), "packets/op")
			b.ReportMetric(per, "cpu-s/1000")
			if b.N > 100 {
				figure(b, "snmp_bare_gosnmp_v"+version+"_cpu_seconds_per_1000_polls", per, "s", 0)
			}
		})
	}
}

// bare is the library as a peer would use it.
func bare(t testing.TB, at netip.AddrPort, version string) *gosnmp.GoSNMP {
	t.Helper()
	g := &gosnmp.GoSNMP{Target: at.Addr().String(), Port: at.Port(), Community: "public", Version: gosnmp.Version2c, Timeout: 2 * time.Second, Retries: 2, MaxOids: 60}
	if version == "3" {
		g.Version, g.SecurityModel, g.MsgFlags = gosnmp.Version3, gosnmp.UserSecurityModel, gosnmp.AuthPriv
		g.SecurityParameters = &gosnmp.UsmSecurityParameters{UserName: "v3", AuthenticationProtocol: gosnmp.SHA256, AuthenticationPassphrase: "authpass1",
			PrivacyProtocol: gosnmp.AES, PrivacyPassphrase: "privpass1"}
	}
	if err := g.Connect(); err != nil {
		t.Fatal(err)
	}
	return g
}

// bulkLoop follows columns of equal length with six rows an answer.
func bulkLoop(t testing.TB, g *gosnmp.GoSNMP, cols []string, n *int) (packets int) {
	t.Helper()
	at := append([]string(nil), cols...)
	for {
		p, err := g.GetBulk(at, 0, 6)
		if err != nil || p.Error != gosnmp.NoError {
			t.Fatal(err)
		}
		packets++
		for i, v := range p.Variables {
			c := i % len(cols)
			if !strings.HasPrefix(v.Name[1:], cols[c]+".") {
				return packets
			}
			at[c] = v.Name
			*n++
		}
	}
}

// BenchmarkOpenSessions is what sessions hold that are kept open and were used.
func BenchmarkOpenSessions(b *testing.B) {
	at := beside(b)
	const open = 2000
	for _, version := range []string{"2c", "3"} {
		b.Run("v"+version, func(b *testing.B) {
			var per float64
			for b.Loop() {
				var pass session.Passwords
				before := held()
				var all []*session.Session
				for range open {
					s, err := session.Open(session.Options{Address: at, Credential: benchCredential(version), Retries: 2, Passwords: &pass})
					if err != nil {
						b.Fatal(err)
					}
					if _, err := s.Get(b.Context(), systemN+"5.0"); err != nil {
						b.Fatal(err)
					}
					all = append(all, s)
				}
				per = float64(held()-before) / open
				for _, s := range all {
					s.Close()
				}
			}
			b.ReportMetric(per, "B/session")
			figure(b, "snmp_session_v"+version+"_open_bytes", per, "B", 0)
		})
	}
}

// BenchmarkWaitingSessions is what sessions hold that wait for an answer, their
// goroutines counted: devices that are down.
func BenchmarkWaitingSessions(b *testing.B) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	at := c.LocalAddr().(*net.UDPAddr).AddrPort()
	const open = 2000
	var per float64
	for b.Loop() {
		before := held()
		done := make(chan error)
		for range open {
			s, err := session.Open(session.Options{Address: at, Credential: benchCredential("2c"), Timeout: 5 * time.Second})
			if err != nil {
				b.Fatal(err)
			}
			go func() {
				defer s.Close()
				_, err := s.Get(b.Context(), systemN+"5.0")
				done <- err
			}()
		}
		time.Sleep(2 * time.Second) // all have sent
		per = float64(held()-before) / open
		for range open {
			if err := <-done; !errors.Is(err, session.ErrTimeout) {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(per, "B/session")
	figure(b, "snmp_session_waiting_bytes", per, "B", 0)
}

// BenchmarkRound is 3,000 recorded devices at 20 ms, 1,000 of them in flight,
// eleven columns of their interfaces each.
func BenchmarkRound(b *testing.B) {
	program, recordings := simulator(b)
	devices := serve(b, program, recordings, "127.43.0.0", "-devices", "3000", "-latency", "20ms")
	var cols []string
	for _, c := range []int{2, 5, 6, 7, 8, 13, 14, 19, 20} {
		cols = append(cols, fmt.Sprint("1.3.6.1.2.1.2.2.1.", c))
	}
	high := []string{"1.3.6.1.2.1.31.1.1.1.6", "1.3.6.1.2.1.31.1.1.1.10"}
	learned := make([]*session.Learned, len(devices))
	var values int64
	var used time.Duration
	for b.Loop() {
		began := cpu(b)
		var sum atomic.Int64
		var next atomic.Int64
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				for i := next.Add(1) - 1; i < int64(len(devices)); i = next.Add(1) - 1 {
					s, err := session.Open(session.Options{Address: devices[i].at, Credential: benchCredential("2c"), Retries: 2, Learned: learned[i]})
					if err != nil {
						b.Error(err)
						return
					}
					for _, c := range [][]string{cols, high} {
						t, err := s.Table(b.Context(), c, session.Limits{})
						if err := errors.Join(err, t.Fault); err != nil {
							b.Error(err)
						}
						for _, r := range t.Rows {
							sum.Add(int64(len(r.Cells)))
						}
					}
					learned[i] = s.Learned()
					s.Close()
				}
			})
		}
		wg.Wait()
		values, used = sum.Load(), cpu(b)-began
	}
	b.ReportMetric(float64(values), "values/op")
	b.ReportMetric(used.Seconds(), "cpu-s/op")
	figure(b, "snmp_session_round_3000_devices_seconds", b.Elapsed().Seconds()/float64(b.N), "s", 0)
	figure(b, "snmp_session_round_3000_devices_cpu_seconds", used.Seconds(), "s", 0)
}

// held is what the heap and the stacks hold after a collection.
func held() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
