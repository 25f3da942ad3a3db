package discover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/snmp/session"
)

// network is gear that answers in virtual time. Addresses that are not in it
// are nobody's.
type network struct {
	mu      sync.Mutex
	gear    map[netip.Addr]*gear
	packets map[netip.Addr]int
	times   []time.Time
	atOnce  int
	now     int
}

type gear struct {
	echo    bool
	v3      bool   // it has an engine
	accepts string // name of the credential that is right
	refuses error  // to every question
	who     Who
	unnamed error
	loses   int // packets that get lost
	hangs   bool
}

func (n *network) packet(a netip.Addr) *gear {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.packets[a]++
	n.times = append(n.times, time.Now())
	return n.gear[a]
}

func (n *network) Ping(ctx context.Context, a netip.Addr, timeout time.Duration) (time.Duration, error) {
	if g := n.packet(a); g != nil && g.echo {
		return 2 * time.Millisecond, nil
	}
	select {
	case <-time.After(timeout):
		return 0, errors.New("silent")
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

type link struct {
	n       *network
	a       netip.Addr
	c       session.Credential
	retries int
	timeout time.Duration
}

func (n *network) dial(at netip.AddrPort, c session.Credential, retries int, timeout time.Duration) (Asker, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now++
	n.atOnce = max(n.atOnce, n.now)
	return &link{n, at.Addr(), c, retries, timeout}, nil
}

func (l *link) Close() error {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	l.n.now--
	return nil
}

func (l *link) Get(ctx context.Context, oids ...string) ([]session.Variable, error) {
	for try := 0; ; try++ {
		g := l.n.packet(l.a)
		l.n.mu.Lock()
		lost := g != nil && g.loses > 0
		if lost {
			g.loses--
		}
		l.n.mu.Unlock()
		switch {
		case g != nil && g.hangs:
			<-ctx.Done()
			return nil, ctx.Err()
		case g == nil || lost:
		case g.refuses != nil:
			return nil, g.refuses
		case g.accepts == l.c.Name:
			return make([]session.Variable, len(oids)), nil
		case l.c.Version == "3" && g.v3:
			return nil, fmt.Errorf("%w: unknown user", session.ErrCredential)
		}
		select {
		case <-time.After(l.timeout):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if try == l.retries {
			return nil, session.ErrTimeout
		}
	}
}

func (l *link) Table(context.Context, []string, session.Limits) (session.Table, error) {
	panic("not asked")
}
func (l *link) Walk(context.Context, string, session.Limits) ([]session.Variable, error) {
	panic("not asked")
}
func (l *link) In(string) session.Asker { return l }

func (n *network) Identify(_ context.Context, a session.Asker) (Who, error) {
	g := n.gear[a.(*link).a]
	return g.who, g.unnamed
}

func credentials() []session.Credential {
	return []session.Credential{
		{Name: "new", Version: "3", User: "operator"},
		{Name: "older", Version: "3", User: "admin"},
		{Name: "public", Version: "2c", Community: "public"},
		{Name: "office", Version: "2c", Community: "office"},
	}
}

func addr(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}) }

// look looks through 192.0.2.0/24, and gives what was found by the last number
// of its address.
func (n *network) look(t *testing.T, j Job, change ...func(*Options)) (map[int]Finding, []Progress) {
	t.Helper()
	found, told, err := n.lookFor(t, j, change...)
	if err != nil {
		t.Fatal(err)
	}
	return found, told
}

// lookFor is the same with the error.
func (n *network) lookFor(t *testing.T, j Job, change ...func(*Options)) (map[int]Finding, []Progress, error) {
	t.Helper()
	n.packets = map[netip.Addr]int{}
	o := Options{Dial: n.dial, Reader: n, Pinger: n, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	for _, f := range change {
		f(&o)
	}
	if j.Addresses == nil && !j.Network.IsValid() {
		j.Network = netip.MustParsePrefix("192.0.2.0/24")
	}
	if j.Credentials == nil {
		j.Credentials = credentials()
	}
	j.Port = 161
	found := map[int]Finding{}
	var told []Progress
	err := New(o).Look(t.Context(), j, func(p Progress) {
		told = append(told, p)
		for _, f := range p.Found {
			found[int(f.Address.Addr().As4()[3])] = f
		}
	})
	return found, told, err
}

func TestWhatALookFinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{gear: map[netip.Addr]*gear{
			addr(10): {echo: true, v3: true, accepts: "new", who: Who{Name: "sw-1"}},
			addr(11): {echo: true, v3: true, accepts: "older"},
			addr(12): {echo: false, accepts: "office"}, // a firewall that drops echoes
			addr(13): {echo: true},
			addr(14): {echo: true, v3: true},
			addr(15): {echo: true, refuses: session.ErrRefused},
			addr(16): {echo: true, refuses: session.ErrGarbage},
			addr(17): {echo: true, accepts: "public", unnamed: session.ErrTimeout},
			addr(18): {echo: true, accepts: "public", loses: 1},
		}}
		found, told := n.look(t, Job{Rate: 1000})
		want := map[int]string{
			10: "answers new", 11: "answers older", 12: "answers office", 13: "silent ", 14: "refuses ", 15: "silent ", 16: "lying ", 17: "answers public", 18: "answers public",
		}
		for i, w := range want {
			f := found[i]
			if got := string(f.State) + " " + f.Credential; got != w {
				t.Errorf("%s: %s, want %s: %+v", addr(i), got, w, f)
			}
			if (f.State != Answers) == (f.Reason == "") && i != 17 {
				t.Errorf("%s: reason %q", addr(i), f.Reason)
			}
		}
		if len(found) != len(want) {
			t.Errorf("found %d, want %d", len(found), len(want))
		}
		if found[10].Who.Name != "sw-1" || found[10].Echo != 2*time.Millisecond {
			t.Errorf("%+v", found[10])
		}
		if got := found[11].Attempts; len(got) != 2 || !strings.Contains(got[0].Said, "unknown user") || got[1].Said != "answered" {
			t.Errorf("attempts %v", got)
		}
		last := told[len(told)-1]
		if last.Done != 256 || last.Total != 256 {
			t.Errorf("through with %d of %d", last.Done, last.Total)
		}
		for i := 1; i < len(told); i++ {
			if told[i].Done < told[i-1].Done {
				t.Errorf("progress goes back from %d to %d", told[i-1].Done, told[i].Done)
			}
		}
		for i := range 256 {
			// An echo, one question for an engine, each community once.
			most := 4
			if i == 0 || i == 255 {
				most = 0
			}
			if g := n.gear[addr(i)]; g == nil && n.packets[addr(i)] != most {
				t.Errorf("%s got %d packets, want %d", addr(i), n.packets[addr(i)], most)
			}
		}
	})
}

func TestTheRateHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{gear: map[netip.Addr]*gear{}}
		start := time.Now()
		n.look(t, Job{Rate: 50})
		in := map[int]int{}
		for _, at := range n.times {
			in[int(at.Sub(start)/time.Second)]++
		}
		for s, c := range in {
			if c > 51 {
				t.Errorf("%d packets in second %d", c, s)
			}
		}
		if took, packets := time.Since(start), len(n.times); packets != 254*4 || took > 30*time.Second {
			t.Errorf("%d packets in %s", packets, took)
		}
	})
}

// However low the rate and many the credentials: whoever answers the last one is
// found, for waiting for one's turn is no fault of an address.
func TestALowRateLeavesNobodyOut(t *testing.T) {
	for _, c := range []struct {
		rate  int
		wrong int // credentials that are tried before the right one
	}{{5, 0}, {10, 0}, {20, 3}, {100, 7}, {1000, 0}} {
		synctest.Test(t, func(t *testing.T) {
			n := &network{gear: map[netip.Addr]*gear{}}
			for i := 1; i < 255; i++ {
				n.gear[addr(i)] = &gear{echo: true, accepts: "right"}
			}
			var creds []session.Credential
			for i := range c.wrong {
				creds = append(creds, session.Credential{Name: fmt.Sprint("wrong", i), Version: "2c"})
			}
			creds = append(creds, session.Credential{Name: "right", Version: "2c"})
			found, told := n.look(t, Job{Rate: c.rate, Credentials: creds})
			answered := 0
			for _, f := range found {
				if f.State == Answers {
					answered++
				}
			}
			if last := told[len(told)-1]; answered != 254 || last.Unfinished != 0 || last.Done != 256 || last.Left != 2 {
				t.Errorf("%d a second, %d credentials: %d of 254 found, %+v", c.rate, len(creds), answered, last)
			}
			if most := 2*c.rate + spare; n.atOnce > most {
				t.Errorf("%d a second: %d addresses at once, more than %d wait for their turn only", c.rate, n.atOnce, most)
			}
		})
	}
}

func TestWhatIsGivenUpIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{gear: map[netip.Addr]*gear{
			addr(10): {echo: true, accepts: "public"},
			addr(11): {echo: true, hangs: true},
			addr(12): {hangs: true},
		}}
		found, told, err := n.lookFor(t, Job{Rate: 1000})
		if !errors.Is(err, ErrUnfinished) || !strings.Contains(err.Error(), "2 of 254, the first 192.0.2.1") {
			t.Errorf("the look says %v", err)
		}
		if last := told[len(told)-1]; last.Unfinished != 2 || last.Done != 256 {
			t.Errorf("%+v", last)
		}
		for _, i := range []int{11, 12} {
			f := found[i]
			if f.State != Unfinished || len(f.Untried) != 4 || !strings.Contains(f.Reason, "new, older, public, office: it answers so slowly that 40s were over") {
				t.Errorf("%s: %+v", addr(i), f)
			}
		}
		if len(found) != 3 || found[10].State != Answers {
			t.Errorf("found %v", found)
		}
		// What goes wrong on our side says nothing of who is there.
		found, _, err = n.lookFor(t, Job{Rate: 1000, Addresses: []netip.Addr{addr(99)}}, func(o *Options) {
			o.Dial = func(netip.AddrPort, session.Credential, int, time.Duration) (Asker, error) {
				return nil, errors.New("too many open files")
			}
		})
		if f := found[99]; !errors.Is(err, ErrUnfinished) || f.State != Unfinished || !strings.Contains(f.Reason, "too many open files") {
			t.Errorf("%+v, %v", f, err)
		}
		// One that a person tests is broken off by his patience.
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		s := New(Options{Dial: n.dial, Reader: n, Pinger: n, Log: slog.New(slog.DiscardHandler), Now: time.Now})
		if f := s.Test(ctx, netip.AddrPortFrom(addr(11), 161), credentials()); f.State != Unfinished || !strings.Contains(f.Reason, "broken off") {
			t.Errorf("%+v", f)
		}
	})
}

func TestWhatIsExcludedIsNeverAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{gear: map[netip.Addr]*gear{addr(100): {echo: true, accepts: "public"}}}
		found, told := n.look(t, Job{Rate: 1000, Exclude: []netip.Prefix{netip.MustParsePrefix("192.0.2.96/27"), netip.MustParsePrefix("192.0.2.7/32")}})
		if len(found) != 0 {
			t.Errorf("found %v", found)
		}
		for a, c := range n.packets {
			if a == addr(7) || a.As4()[3] >= 96 && a.As4()[3] < 128 {
				t.Errorf("%s got %d packets", a, c)
			}
		}
		if last := told[len(told)-1]; last.Done != last.Total || last.Left != 2+32+1 || last.Unfinished != 0 {
			t.Errorf("%+v", last)
		}
	})
}

func TestWithoutICMPSNMPAloneDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{gear: map[netip.Addr]*gear{addr(10): {echo: true, accepts: "office"}, addr(11): {echo: true}}}
		found, _ := n.look(t, Job{Rate: 1000}, func(o *Options) { o.Pinger = nil })
		if len(found) != 1 || found[10].State != Answers {
			t.Errorf("found %v", found)
		}
	})
}

func TestALookCanBeBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{gear: map[netip.Addr]*gear{}, packets: map[netip.Addr]int{}}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		s := New(Options{Dial: n.dial, Reader: n, Pinger: n, Log: slog.New(slog.DiscardHandler), Now: time.Now})
		start := time.Now()
		err := s.Look(ctx, Job{Network: netip.MustParsePrefix("10.0.0.0/12"), Port: 161, Rate: 100, Credentials: credentials()}, func(Progress) {})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 4*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		if n.now != 0 {
			t.Errorf("%d sessions are open", n.now)
		}
	})
}

func TestAnAddressIsTestedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{gear: map[netip.Addr]*gear{addr(10): {echo: true, v3: true}}, packets: map[netip.Addr]int{}}
		s := New(Options{Dial: n.dial, Reader: n, Pinger: n, Log: slog.New(slog.DiscardHandler), Now: time.Now})
		f := s.Test(t.Context(), netip.AddrPortFrom(addr(10), 161), credentials())
		var said []string
		for _, a := range f.Attempts {
			said = append(said, a.Said)
		}
		if f.State != Refuses || len(said) != 4 || said[3] != "no answer" {
			t.Errorf("%+v", f)
		}
	})
}

func TestAddressesOfAJob(t *testing.T) {
	for _, c := range []struct {
		job   Job
		first string
		last  string
		n     int
	}{
		{Job{Network: netip.MustParsePrefix("192.0.2.0/29")}, "192.0.2.1", "192.0.2.6", 6},
		{Job{Network: netip.MustParsePrefix("192.0.2.8/31")}, "192.0.2.8", "192.0.2.9", 2},
		{Job{Network: netip.MustParsePrefix("192.0.2.8/32")}, "192.0.2.8", "192.0.2.8", 1},
		{Job{Network: netip.MustParsePrefix("255.255.255.252/30")}, "255.255.255.253", "255.255.255.254", 2},
		{Job{Network: netip.MustParsePrefix("2001:db8::/126")}, "2001:db8::", "2001:db8::3", 4},
		{Job{Addresses: []netip.Addr{addr(9), addr(5)}}, "192.0.2.9", "192.0.2.5", 2},
	} {
		var all []netip.Addr
		for a, out := range c.job.all() {
			if !out {
				all = append(all, a)
			}
		}
		if len(all) != c.n || all[0].String() != c.first || all[len(all)-1].String() != c.last {
			t.Errorf("%v: %v", c.job.Network, all)
		}
	}
	if n := Size(netip.MustParsePrefix("2001:db8::/32")); n != most {
		t.Errorf("size %d", n)
	}
}
