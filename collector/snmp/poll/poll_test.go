package poll

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/backoff"
	"muster/internal/event"
	"muster/internal/inventory"
)

const device0 = inventory.DeviceID("device-FOC0000")

func TestEachTargetHasItsPlaceInTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(200)
		p := w.poller()
		stop := w.start(t, p)
		p.Set(targets)
		w.pass(61 * time.Minute)
		stop()
		seconds := map[int]int{}
		for _, x := range targets {
			g := w.of(x)
			if n := len(g.rounds); n < 60 || n > 62 {
				t.Fatalf("%s had %d rounds in 61 minutes", x.ID, n)
			}
			for _, at := range g.rounds {
				phase := backoff.Phase(x.ID, time.Minute)
				if off := at.Sub(at.Truncate(time.Minute)) - phase; off < 0 || off > time.Second {
					t.Fatalf("%s is asked %s off its place", x.ID, off)
				}
			}
			seconds[g.rounds[0].Second()]++
			if g.reads["slow"] > 3 || g.reads["fdb"] < 6 || g.reads["fdb"] > 8 {
				t.Errorf("%s: reads %v", x.ID, g.reads)
			}
		}
		if len(seconds) < 45 {
			t.Errorf("200 targets begin in %d of 60 seconds", len(seconds))
		}
		if w.overlaps != 0 || p.Stats().Late != 0 {
			t.Errorf("%d overlaps, %+v", w.overlaps, p.Stats())
		}
	})
}

func TestAFewNewTargetsAreAskedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(3)
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(time.Second)
		for _, s := range p.States() {
			if s.Lane != Live || s.Device == "" || s.Echo != "answers" {
				t.Errorf("%+v", s)
			}
		}
		if got := w.events(device0); !slices.Equal(got, []string{event.TargetFound}) {
			t.Errorf("events %v", got)
		}
	})
}

func TestALostTargetIsToldWithinTwoIntervalsAndCostsOnePacketAMinute(t *testing.T) {
	for name, kind := range map[string]func(*gear){
		"off":           func(g *gear) { g.off = true },
		"off, no echo":  func(g *gear) { g.off = true },
		"mute for SNMP": func(g *gear) { g.mute = true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				targets := w.add(1)
				g := w.of(targets[0])
				g.noEcho = name == "off, no echo"
				p := w.poller()
				defer w.start(t, p)()
				p.Set(targets)
				w.pass(10 * time.Minute)
				died := time.Now()
				w.set(func() { kind(g) })
				w.pass(2 * time.Minute)
				s, _ := p.State("t0")
				if s.Lane != Dead || s.Reason != Silent || s.Since.Sub(died) > 2*time.Minute {
					t.Fatalf("%+v", s)
				}
				if got := w.events(device0); !slices.Equal(got, []string{event.TargetFound, event.TargetLost}) {
					t.Fatalf("events %v", got)
				}
				if a := w.notes[0].event.Attributes; a["reason"] != "silent" || a["address"] != "192.0.0.0" {
					t.Errorf("attributes %v", a)
				}
				n := 0
				w.set(func() { n = len(g.packets) + len(g.echoes) })
				w.pass(24 * time.Hour)
				w.set(func() { n = len(g.packets) + len(g.echoes) - n })
				if n > 24*60 {
					t.Errorf("a dead target got %d packets in %d minutes", n, 24*60)
				}
				if n < 24*60-2 {
					t.Errorf("a dead target got %d packets in a day: it would not be found again soon", n)
				}
				w.set(func() { g.off, g.mute = false, false })
				back := time.Now()
				w.pass(9 * time.Minute)
				s, _ = p.State("t0")
				if s.Lane != Live || s.Reason != "" || s.Since.Sub(back) > 8*time.Minute {
					t.Errorf("%+v, %s after it was back", s, s.Since.Sub(back))
				}
				// Its clock went on: it was not started anew.
				if got := w.events(device0); !slices.Equal(got, []string{event.TargetFound, event.TargetLost, event.TargetFound}) {
					t.Errorf("events %v", got)
				}
				last := w.reports[device0]
				for _, r := range last {
					for _, e := range r.Events {
						if e.Kind == event.TargetFound && e.Attributes["silent_seconds"] != "0" {
							if e.Attributes["silent_seconds"] < "86400" {
								t.Errorf("silent for %s", e.Attributes["silent_seconds"])
							}
						}
					}
				}
			})
		})
	}
}

func TestAnEchoWakesADeadTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		g := w.of(targets[0])
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(5 * time.Minute)
		w.set(func() { g.off = true })
		w.pass(time.Hour)
		w.set(func() { g.off = false })
		w.pass(61 * time.Second)
		if s, _ := p.State("t0"); s.Lane != Live {
			t.Errorf("a minute after it came back: %+v", s)
		}
	})
}

func TestAHintWakesADeadTargetButNotOftenerThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		g := w.of(targets[0])
		g.off = true
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(10 * time.Minute)
		n := len(g.packets)
		for range 600 { // a flood of forged traps
			p.Hint(targets[0].Address.Addr())
			w.pass(100 * time.Millisecond)
		}
		if got := len(g.packets) - n; got > 6 {
			t.Errorf("%d packets within a minute of hints", got)
		}
		w.set(func() { g.off = false })
		w.pass(15 * time.Second)
		if p.Hint(targets[0].Address.Addr()) != 1 {
			t.Error("nobody is at the address")
		}
		w.pass(time.Second)
		if s, _ := p.State("t0"); s.Lane != Live {
			t.Errorf("%+v", s)
		}
	})
}

// A trap often comes while its device is being asked, and what it is about was
// perhaps asked for before.
func TestAHintDuringARoundBringsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		g := w.of(targets[0])
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(2 * time.Minute)
		w.set(func() { g.slow = 4 * time.Second })
		p.Again("t0")
		w.pass(2 * time.Second)
		n := len(g.rounds)
		p.Hint(targets[0].Address.Addr())
		w.pass(10 * time.Second)
		if got := len(g.rounds) - n; got < 1 || got > 2 {
			t.Errorf("%d rounds followed the hint", got)
		}
		if w.overlaps > 0 {
			t.Error("two rounds at one time")
		}
	})
}

func TestALostPacketIsNoLostDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		g := w.of(targets[0])
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(5 * time.Minute)
		w.set(func() { g.mute = true })
		w.pass(10 * time.Second) // one round fails
		if s, _ := p.State("t0"); s.Lane != Suspect {
			t.Fatalf("%+v", s)
		}
		w.set(func() { g.mute = false })
		w.pass(30 * time.Second)
		if s, _ := p.State("t0"); s.Lane != Live {
			t.Errorf("%+v", s)
		}
		if got := w.events(device0); !slices.Equal(got, []string{event.TargetFound}) {
			t.Errorf("events %v", got)
		}
	})
}

func TestAStartIsAnEventAndReadsEverythingAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		g := w.of(targets[0])
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(5 * time.Minute)
		slow := g.reads["slow"]
		started := time.Now()
		w.set(func() { g.started = started })
		w.pass(90 * time.Second)
		if got := w.events(device0); !slices.Contains(got, event.Boot) {
			t.Fatalf("events %v", got)
		}
		for _, r := range w.reports[device0] {
			for _, e := range r.Events {
				if e.Kind == event.Boot {
					if off := r.When(e.At).Sub(started).Abs(); off > time.Second {
						t.Errorf("the start is told %s off", off)
					}
				}
			}
		}
		if g.reads["slow"] != slow+1 {
			t.Errorf("slow objects were read %d times, before %d", g.reads["slow"], slow)
		}
		w.pass(10 * time.Minute)
		if got := w.events(device0); len(got) != 2 {
			t.Errorf("events %v", got)
		}
	})
}

func TestFaultsHaveAReasonAndSinceWhen(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*gear)
		lane Lane
		want Reason
	}{
		{"wrong key", func(g *gear) { g.wrong = session.ErrCredential }, Dead, Credentials},
		{"port closed", func(g *gear) { g.wrong = session.ErrRefused }, Dead, Unreachable},
		{"loops", func(g *gear) { g.wrong = session.ErrLoop }, Live, Lying},
		{"garbage", func(g *gear) { g.wrong = session.ErrGarbage }, Live, Lying},
		{"a byte a second", func(g *gear) { g.slow = 40 * time.Second }, Live, TooSlow},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				targets := w.add(40)
				p := w.poller()
				defer w.start(t, p)()
				p.Set(targets)
				w.pass(5 * time.Minute)
				rounds := len(w.of(targets[1]).rounds)
				from := time.Now()
				w.set(func() { c.do(w.of(targets[0])) })
				w.pass(5 * time.Minute)
				s, _ := p.State("t0")
				if s.Lane != c.lane || s.Reason != c.want || s.Detail == "" || s.Since.Before(from) || s.Since.Sub(from) > 3*time.Minute {
					t.Errorf("%+v", s)
				}
				since := s.Since
				w.pass(10 * time.Minute)
				if s, _ := p.State("t0"); s.Since != since {
					t.Errorf("since %s, before %s", s.Since, since)
				}
				if n := len(w.of(targets[1]).rounds) - rounds; n < 15 || n > 16 {
					t.Errorf("another target had %d rounds in 15 minutes", n)
				}
				for _, r := range w.reports[device0] {
					for _, sec := range r.Sections {
						if len(sec.Rows) == 0 {
							t.Errorf("section %s of a faulty target came without rows, status %s", sec.Name, sec.Status)
						}
					}
				}
			})
		})
	}
}

func TestADeviceThatDiesInARoundIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		g := w.of(targets[0])
		g.dieAfter = 2 // it answers two questions of each session
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(59 * time.Second)
		// Identify and one pace answered, then 2 tables with 3 tries each.
		if n := len(g.packets); n > 2*(2+6) {
			t.Errorf("%d packets", n)
		}
	})
}

func TestRoundsAtOneTimeAreBoundAndDeadTargetsDelayNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1200)
		for i, x := range targets {
			w.of(x).slow = 20 * time.Millisecond
			if i%3 == 0 {
				w.of(x).off = true
			}
		}
		p := w.poller(func(o *Options) { o.InFlight, o.Probes = 20, 30 })
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(20 * time.Minute)
		if w.atOnce > 50 {
			t.Errorf("%d rounds at one time", w.atOnce)
		}
		for i, x := range targets {
			g := w.of(x)
			if i%3 != 0 && (len(g.rounds) < 18 || len(g.rounds) > 21) {
				t.Fatalf("%s had %d rounds in 20 minutes: %+v", x.ID, len(g.rounds), p.Stats())
			}
		}
		if s := p.Stats(); s.Live != 800 || s.Dead != 400 || s.Late != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestARoundThatTakesTooLongSkipsPlacesAndNeverDoubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		w.of(targets[0]).slow = 25 * time.Second
		p := w.poller(func(o *Options) { o.Budget = 10 * time.Minute })
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(30 * time.Minute)
		s, _ := p.State("t0")
		if s.Late == 0 || w.overlaps != 0 {
			t.Errorf("late %d, %d overlaps", s.Late, w.overlaps)
		}
	})
}

func TestTargetsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(30)
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets[:20])
		w.pass(5 * time.Minute)
		for i := range targets { // whoever lists targets learns their devices too
			s, _ := p.State(targets[i].ID)
			targets[i].Device = s.Device
		}
		epochs := len(w.heads)
		p.Set(targets[10:20])
		if len(w.heads) != epochs {
			t.Error("targets that stayed began anew")
		}
		p.Set(targets[10:])
		n := len(w.of(targets[0]).rounds)
		rounds := len(w.of(targets[15]).rounds)
		w.pass(5 * time.Minute)
		if len(w.of(targets[0]).rounds) != n {
			t.Error("a target that is gone is still asked")
		}
		if got := len(w.of(targets[29]).rounds); got < 5 || got > 6 {
			t.Errorf("a new target had %d rounds", got)
		}
		if got := len(w.of(targets[15]).rounds) - rounds; got != 5 {
			t.Errorf("a target that stayed had %d rounds in 5 minutes", got)
		}
		if _, ok := p.State("t0"); ok || len(p.States()) != 20 {
			t.Errorf("%d states", len(p.States()))
		}
		if p.Hint(targets[0].Address.Addr()) != 0 {
			t.Error("somebody is still at the address")
		}
	})
}

func TestWhatIsKnownOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(30)
		p := w.poller()
		stop := w.start(t, p)
		p.Set(targets)
		w.pass(3 * time.Minute)
		w.set(func() { w.of(targets[1]).off = true })
		w.pass(3 * time.Minute)
		stop()
		sections := len(w.reports[device0][0].Sections)
		asked, slow := w.asked, w.of(targets[0]).reads["slow"]
		before := len(w.reports[device0])
		// While nobody looked it was started anew.
		w.set(func() { w.of(targets[0]).started = time.Now() })
		w.pass(time.Minute)
		p = w.poller()
		stop = w.start(t, p)
		p.Set(targets)
		w.pass(61 * time.Second)
		stop()
		if w.asked != asked {
			t.Errorf("the inventory was asked %d times again", w.asked-asked)
		}
		after := w.reports[device0][before:]
		if len(after) == 0 || len(after[0].Sections) != 0 || sections == 0 {
			t.Errorf("sections are told again: %+v", after)
		}
		if got := w.events(device0); !slices.Equal(got, []string{event.TargetFound, event.Boot}) {
			t.Errorf("events %v", got)
		}
		if w.of(targets[2]).reads["slow"] > slow+1 {
			t.Errorf("slow objects were read %d times", w.of(targets[2]).reads["slow"])
		}
		if s, _ := p.State("t1"); s.Lane != Dead {
			t.Errorf("%+v", s)
		}
		lost := 0
		for _, n := range w.notes {
			if n.event.Kind == event.TargetLost {
				lost++
			}
		}
		if lost != 1 {
			t.Errorf("%d times lost", lost)
		}
	})
}

func TestReportsWaitForABusyDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(3 * time.Minute)
		n := len(w.reports[device0])
		w.set(func() { w.busy = true })
		w.pass(5 * time.Minute)
		w.set(func() { w.busy = false })
		w.pass(time.Minute)
		if got := len(w.reports[device0]) - n; got != 6 || w.gaps != 0 {
			t.Errorf("%d reports, %d lost", got, w.gaps)
		}
		w.set(func() { w.busy = true; w.of(targets[0]).off = true })
		w.pass(5 * time.Minute)
		w.set(func() { w.busy = false; w.of(targets[0]).off = false })
		w.pass(10 * time.Minute)
		got := w.events(device0)
		if !slices.Contains(got, event.TargetLost) {
			t.Errorf("events %v", got)
		}
		n = len(w.reports[device0])
		w.set(func() { w.busy = true })
		w.pass(60 * time.Minute)
		w.set(func() { w.busy = false })
		w.pass(time.Minute)
		if got := len(w.reports[device0]) - n; got != mostWaiting || w.gaps == 0 {
			t.Errorf("%d reports, %d lost", got, w.gaps)
		}
	})
}

func TestLayoutsGoOnceAndWhenTheyAreAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(10 * time.Minute)
		with := func() (n int) {
			for _, r := range w.reports[device0] {
				if len(r.Layouts) > 0 {
					n++
				}
			}
			return n
		}
		if n := with(); n != 1 {
			t.Errorf("%d reports carry layouts", n)
		}
		w.set(func() { clear(w.layouts) })
		before := len(w.reports[device0])
		w.pass(5 * time.Minute)
		if n := with(); n != 2 || len(w.reports[device0]) != before+5 {
			t.Errorf("%d reports carry layouts, %d reports", n, len(w.reports[device0])-before)
		}
	})
}

func TestSectionsGoWhenTheyChangeOrAreWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		g := w.of(targets[0])
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(5*time.Hour + time.Minute)
		count := func() (n int) {
			for _, r := range w.reports[device0] {
				n += len(r.Sections)
			}
			return n
		}
		if n := count(); n != 1 {
			t.Errorf("a section that did not change was told %d times", n)
		}
		w.set(func() { w.want = []string{"vlan"} })
		w.pass(3 * time.Minute)
		if n := count(); n != 2 {
			t.Errorf("a wanted section was told %d times", n)
		}
		w.set(func() { g.sections[0].Rows = [][]any{{int64(1), "default"}, {int64(20), "voice"}} })
		w.pass(2 * time.Hour)
		if n := count(); n != 3 {
			t.Errorf("a changed section was told %d times", n)
		}
		w.set(func() { w.want = []string{"*"} })
		w.pass(3 * time.Minute)
		last := w.reports[device0]
		hashes := 0
		for _, r := range last {
			if r.Hashes != nil {
				hashes++
				if r.Root != inventory.Root(r.Hashes) {
					t.Error("root is not that of the hashes")
				}
			}
		}
		if hashes != 1 {
			t.Errorf("%d reports carry hashes", hashes)
		}
		w.pass(26 * time.Hour)
		if n := count(); n != 5 && n != 4 {
			t.Errorf("in a day a section was told %d times", n)
		}
	})
}

func TestAnotherBoxUnderTheAddressIsAnotherDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		g := w.of(targets[0])
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(5 * time.Minute)
		w.set(func() { g.off = true })
		w.pass(time.Hour)
		w.set(func() { g.off, g.serial, g.started = false, "FOC9999", time.Now() })
		w.pass(3 * time.Minute)
		s, _ := p.State("t0")
		if s.Device != "device-FOC9999" {
			t.Fatalf("%+v", s)
		}
		r := w.reports["device-FOC9999"]
		if len(r) == 0 || len(r[0].Sections) == 0 || r[0].Seq != 1 {
			t.Errorf("its first report is %+v", r)
		}
	})
}

func TestADeviceThatIsGoneIsAskedForAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(5 * time.Minute)
		w.set(func() { w.gone[device0] = true })
		w.pass(2 * time.Minute)
		if s, _ := p.State("t0"); s.Reason != Unidentified || s.Device != "" || s.Lane != Live {
			t.Errorf("%+v", s)
		}
		w.set(func() { w.gone[device0] = false })
		w.pass(2 * time.Minute)
		if s, _ := p.State("t0"); s.Device != device0 {
			t.Errorf("%+v", s)
		}
	})
}
