package collector

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/collector/config"
	"muster/collector/snmp/poll"
	"muster/collector/store"
)

// responder plays many recorded devices on loopback addresses with the tool
// beside the checkout, and gives their addresses.
func responder(b *testing.B, recordings []string, n int, args ...string) []netip.AddrPort {
	b.Helper()
	source, err := filepath.Abs("../../shared/tools/snmprecd")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(source); err != nil {
		b.Skip("the responder for recorded devices is not beside this checkout: ", err)
	}
	dir := b.TempDir()
	program := filepath.Join(dir, "snmprecd")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = source
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	if out, err := build.CombinedOutput(); err != nil {
		b.Skipf("the responder cannot be built: %v: %s", err, out)
	}
	const port = 21161
	list := filepath.Join(dir, "devices.json")
	all := []string{"-net", "127.2.0.0", "-port", strconv.Itoa(port), "-devices", strconv.Itoa(n), "-fill", "-counters", "-manifest", list}
	for _, r := range recordings {
		all = append(all, "-dir", filepath.Join(source, "../../corpus/devices", r))
	}
	cmd := exec.Command(program, append(all, args...)...)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	var devices []struct{ Addr string }
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		text, err := os.ReadFile(list)
		if err == nil && json.Unmarshal(text, &devices) == nil && len(devices) == n {
			break
		}
		if time.Now().After(deadline) {
			b.Fatal("the responder does not come up")
		}
	}
	var out []netip.AddrPort
	for _, d := range devices {
		a, err := netip.ParseAddr(d.Addr)
		if err != nil {
			p, err := netip.ParseAddrPort(d.Addr)
			if err != nil {
				b.Fatal(err)
			}
			a = p.Addr()
		}
		out = append(out, netip.AddrPortFrom(a, port))
	}
	return out
}

func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// rss is the memory of this process in MiB.
func rss() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				panic(err)
			}
			return kb / 1024
		}
	}
	return math.NaN()
}

// figure prints a line that a machine can read; see docs/performance.
func figure(b *testing.B, name string, value float64, unit string, goal float64) {
	line, err := json.Marshal(map[string]any{"figure": name, "value": math.Round(value*1000) / 1000, "unit": unit, "goal": goal})
	if err != nil {
		b.Fatal(err)
	}
	fmt.Println(string(line))
}

// watched is an office whose targets are these addresses, all of them answered
// for once.
func watched(b *testing.B, addrs []netip.AddrPort) *collector {
	b.Helper()
	c := office(b, func(cfg *config.Config) { cfg.Log.Level = "error" })
	var list []store.Target
	for _, a := range addrs {
		list = append(list, store.Target{Address: a.Addr(), Port: a.Port(), Credential: "public", Origin: "hand", State: store.Untried})
	}
	if _, err := c.control.AddTargets(b.Context(), list, time.Now()); err != nil {
		b.Fatal(err)
	}
	c.polling.Changed()
	for deadline := time.Now().Add(10 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		s := c.polling.poller.Stats()
		if s.Live+s.Dead == len(addrs) {
			return c
		}
		if time.Now().After(deadline) {
			b.Fatalf("not all answered: %+v", s)
		}
	}
}

// round polls all at once and waits until each of those that live has answered
// and its report is stored.
func (c *collector) round(ids []string) (wall time.Duration) {
	p := c.polling.poller
	begun := time.Now()
	for _, id := range ids {
		p.Again(id)
	}
	for through := false; !through; {
		// To ask costs a millisecond at 3,000 targets, which this process pays.
		time.Sleep(50 * time.Millisecond)
		through = true
		for _, s := range p.States() {
			through = through && (s.Lane != poll.Live || s.AnsweredAt.After(begun))
		}
	}
	return time.Since(begun)
}

func pollIDs(b *testing.B, c *collector) []string {
	list, err := c.control.Targets(b.Context(), store.TargetQuery{})
	if err != nil {
		b.Fatal(err)
	}
	var out []string
	for _, t := range list {
		out = append(out, pollID(t))
	}
	return out
}

// Rounds of 200 large switches, stored.
func BenchmarkGearSwitches(b *testing.B) {
	n := gears(b, 200)
	addrs := responder(b, []string{"fortiswitch_148f-fpoe.snmprec", "iosxe_c9300.snmprec"}, n)
	empty := rss()
	c := watched(b, addrs)
	ids := pollIDs(b, c)
	c.round(ids)
	begun, rounds := cpu(), 0
	for b.Loop() {
		c.round(ids)
		rounds += len(ids)
	}
	figure(b, "snmp_cpu_seconds_per_1000_polls_stored", (cpu()-begun)/float64(rounds)*1000, "s", 4)
	figure(b, fmt.Sprint("snmp_memory_over_empty_", n, "_switches"), rss()-empty, "MiB", 0)
}

// gears is how many devices a benchmark has.
func gears(b *testing.B, usual int) int {
	b.Helper()
	text := os.Getenv("MUSTER_BENCH_GEAR")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("MUSTER_BENCH_GEAR=%s is no number of devices", text)
	}
	return n
}

// Switches of 48 and a few ports, each polled at its own place in the minute,
// for three minutes: whether all are, what that takes, and how much memory.
func BenchmarkGearSustained(b *testing.B) {
	n := gears(b, 500)
	addrs := responder(b, []string{"ios_c3560.snmprec", "iosxe_c9300.snmprec", "fortiswitch_148f-fpoe.snmprec"}, n, "-latency", "5ms")
	empty := rss()
	c := watched(b, addrs)
	for b.Loop() {
		const minutes = 3
		before, begun := c.polling.poller.Stats(), cpu()
		time.Sleep(minutes * time.Minute)
		after := c.polling.poller.Stats()
		figure(b, fmt.Sprint("snmp_sustained_", n, "_switches_polled"), float64(after.Rounds-before.Rounds)/float64(n*minutes), "share", 1)
		figure(b, fmt.Sprint("snmp_sustained_", n, "_switches_late"), float64(after.Late-before.Late), "places", 0)
		figure(b, fmt.Sprint("snmp_sustained_", n, "_switches_processor"), (cpu()-begun)/(minutes*60), "cores", 0)
		figure(b, fmt.Sprint("snmp_sustained_", n, "_switches_memory"), rss()-empty, "MiB", 0)
	}
}

// A round of 3,000 devices 20 ms away, and with a tenth of them dead.
func BenchmarkGearRound(b *testing.B) {
	n := gears(b, 3000)
	for _, c := range []struct {
		name, dead string
		goal       float64
	}{{"", "0", 3}, {"_tenth_dead", "0.1", 3.9}} {
		b.Run("round"+c.name, func(b *testing.B) {
			addrs := responder(b, []string{"ios_c3560.snmprec", "procurve_2520.snmprec", "edgeswitch_us-8-v2.snmprec"}, n, "-latency", "20ms", "-dead", c.dead)
			x := watched(b, addrs)
			ids := pollIDs(b, x)
			x.round(ids)
			var wall float64
			rounds := 0
			// What this process took does not depend on who else uses the machine.
			begun, before := cpu(), x.polling.poller.Stats().Rounds
			for b.Loop() {
				wall += x.round(ids).Seconds()
				rounds++
			}
			figure(b, fmt.Sprint("snmp_round_", n, "_devices_stored", c.name), wall/float64(rounds), "s", c.goal*float64(n)/3000)
			figure(b, fmt.Sprint("snmp_cpu_seconds_per_1000_small_polls_stored", c.name), (cpu()-begun)/float64(x.polling.poller.Stats().Rounds-before)*1000, "s", 0)
		})
	}
}
