package simulate

import (
	"math/rand/v2"
	"time"

	"muster/internal/event"
)

// What happens to healthy machines: nothing of it is a fault to act on.

// small is a small event of a day.
type small struct {
	at time.Time
	do func(m *machine, at time.Time)
}

// Chances of a day on which the machine is used.
const (
	crashesADay   = 0.06  // some program, once
	hangsADay     = 0.04  //
	stopsADay     = 0.004 // held the button down
	bluesADay     = 0.002 // a lone stop error
	undocksADay   = 0.5   // the plug is pulled and put in again, of laptops
	leastBetween  = 30    // days between two of what counts when it comes again
	restartsAfter = 3     // days that a restart waits, at most
)

// everyday lets the small events of the day happen.
func (m *machine) everyday(now time.Time) {
	if day := dayOf(now); day != m.acted {
		m.acted = day
		m.todo = m.dayOfSmall(now)
	}
	for len(m.todo) > 0 && !m.todo[0].at.After(now) {
		s := m.todo[0]
		m.todo = m.todo[1:]
		s.do(m, now)
	}
	m.update(now)
}

func (m *machine) dayOfSmall(now time.Time) []small {
	r := rand.New(rand.NewPCG(m.seed^0xDA11, uint64(m.n)<<24|uint64(dayOf(now)&0xFFFFFF)))
	var out []small
	maybe := func(chance float64, do func(m *machine, at time.Time)) {
		at := now.Add(time.Duration(r.Float64() * float64(6*time.Hour)))
		if r.Float64() < chance {
			out = append(out, small{at, do})
		}
	}
	which := r.IntN(100)
	maybe(crashesADay, func(m *machine, at time.Time) {
		m.tell(at, event.AppCrash, "program", programName(which)+".exe", "version", "2.1.0", "module", "core.dll", "code", "0xc0000005")
	})
	maybe(hangsADay, func(m *machine, at time.Time) {
		m.tell(at, event.AppHang, "program", programName(which)+".exe", "version", "2.1.0")
	})
	// Such things happen to everybody once in a while, and mean something when
	// they happen again.
	if day := dayOf(now); (day+int64(m.n)*7)%leastBetween == 0 {
		maybe(stopsADay*leastBetween, func(m *machine, at time.Time) {
			m.tell(at, event.UncleanStop, "cause", "button")
			m.restart(at, "cold")
		})
	} else if (day+int64(m.n)*7)%leastBetween == leastBetween/2 {
		maybe(bluesADay*leastBetween, func(m *machine, at time.Time) { m.bluescreen(at, "0x1a", "") })
	}
	if m.laptop() && !m.wireless {
		maybe(undocksADay, func(m *machine, at time.Time) {
			if m.spell.home {
				return
			}
			m.tell(at.Add(-time.Minute), event.LinkFlap, "interface", "Ethernet", "state", "down")
			m.tell(at, event.LinkFlap, "interface", "Ethernet", "state", "up")
			m.tell(at.Add(-time.Minute), event.PowerSourceChanged, "source", "battery", "battery_percent", "97")
			m.tell(at, event.PowerSourceChanged, "source", "mains", "battery_percent", "97")
		})
	}
	for i := 1; i < len(out); i++ {
		for k := i; k > 0 && out[k].at.Before(out[k-1].at); k-- {
			out[k], out[k-1] = out[k-1], out[k]
		}
	}
	return out
}

// update installs what is due, and restarts for it: by a shutdown in the
// evening, or after some days of putting it off.
func (m *machine) update(now time.Time) {
	at, kb := m.patchOf(now)
	if !now.Before(at) && m.patch != kb {
		m.patch, m.patched, m.pending = kb, now, now
		m.tell(now, event.UpdateInstalled, "update", kb, "manager", "windows_update")
		m.touch("patch_status", "pending_restart", "patch")
	}
	if weeks := int((dayOf(now) + int64(m.n%5)) / 7 % 1000); weeks != m.weeks {
		m.weeks = weeks
		m.touch("software")
	}
	if m.pending.IsZero() {
		return
	}
	quiet := now.Hour() == 12 || m.habits.always && now.Hour() == 3
	if quiet && (m.habits.always || now.Sub(m.pending) > restartsAfter*24*time.Hour) {
		m.cleanRestart(now)
		m.touch("pending_restart")
	}
}
