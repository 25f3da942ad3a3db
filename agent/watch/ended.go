package watch

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather/utmp"
	"muster/internal/event"
	"muster/internal/event/linux"
)

// run is what the journal tells of one start of the machine.
type run struct {
	last         time.Time
	down         bool // somebody asked for the end
	closed       bool // the journal was closed last of all
	heat, panics bool
}

const maxRuns = 64

func (w *Watch) run(boot string) *run {
	r := w.boots[boot]
	if r == nil {
		if w.boots == nil || len(w.boots) >= maxRuns {
			w.boots = map[string]*run{}
		}
		r = &run{}
		w.boots[boot] = r
	}
	return r
}

// sign looks for why a run may have ended.
func (r *run) sign(text string) {
	r.heat = r.heat || strings.Contains(text, "critical temperature reached")
	r.panics = r.panics || strings.Contains(text, "Kernel panic - not syncing")
}

// life is the last sign of life: what this file says, and when it was touched.
type life struct {
	Boot      string `json:"boot"`
	Stopped   bool   `json:"stopped,omitempty"` // the agent was told to end
	OnBattery bool   `json:"on_battery,omitempty"`
	Percent   int    `json:"percent"`

	at time.Time
}

func readLife(path string) life {
	l := life{Percent: -1}
	b, err := os.ReadFile(path)
	fi, err2 := os.Stat(path)
	if err != nil || err2 != nil || len(b) > 4<<10 || json.Unmarshal(b, &l) != nil {
		return life{Percent: -1}
	}
	l.at = fi.ModTime()
	return l
}

// live leaves a sign of life. It need not survive everything: touching the
// file costs nothing, and it is written only when it says something else.
func (w *Watch) live(stopped bool) {
	path, now := w.lifePath(), w.now()
	l := w.life
	l.Boot, l.Stopped = w.boot, stopped
	same := l == w.life
	l.at = now
	w.life = l
	if same && os.Chtimes(path, now, now) == nil {
		return
	}
	b, err := json.Marshal(l)
	if err == nil {
		if err = os.WriteFile(path, b, 0o600); err == nil {
			err = os.Chtimes(path, now, now)
		}
	}
	if err != nil {
		w.Log.Debug("no sign of life could be left", "error", err)
	}
}

// judge tells, once after a start, that the machine started, and of each run
// before whether it ended as it should. The backlog of the logs is read by
// then.
func (w *Watch) judge(ctx context.Context, before life) {
	if w.boot == "" || w.mark.Boot == w.boot {
		return
	}
	last := w.mark.Boot
	w.mark.Boot = w.boot
	this, told := strings.ReplaceAll(w.boot, "-", ""), false
	for boot, r := range w.boots {
		if boot == this || boot == strings.ReplaceAll(w.mark.Down, "-", "") {
			continue
		}
		told = told || boot == strings.ReplaceAll(last, "-", "")
		if r.down || r.closed {
			continue
		}
		at, cause := r.last, "unknown"
		switch {
		case r.panics:
			cause = "bugcheck"
		case r.heat:
			cause = "heat"
		}
		w.unclean(ctx, boot, at, cause, before)
	}
	if last == "" {
		return // the first look: when it started before is nobody's news
	}
	if !told && w.mark.Down != last && !w.endedWell(last, before) {
		w.unclean(ctx, strings.ReplaceAll(last, "-", ""), time.Time{}, "unknown", before)
	}
	w.tell(ctx, linux.Event{Kind: event.Boot, At: w.now().Add(-w.up()), Attributes: map[string]string{"boot_id": w.boot}})
}

// endedWell asks what there is beside the journal: the log of sign-ins, and
// what the agent left itself.
func (w *Watch) endedWell(boot string, before life) bool {
	if clean, known := w.logins(); known {
		return clean
	}
	return before.Boot != boot || before.Stopped
}

// unclean tells of a run that just ended, at the last sign of life.
func (w *Watch) unclean(ctx context.Context, boot string, at time.Time, cause string, before life) {
	a := map[string]string{"cause": cause}
	if strings.ReplaceAll(before.Boot, "-", "") == boot {
		if before.at.After(at) {
			at = before.at
		}
		if before.Percent >= 0 {
			a["battery_percent"] = strconv.Itoa(before.Percent)
			a["on_battery"] = strconv.FormatBool(before.OnBattery)
		}
	}
	if at.IsZero() {
		at = w.now().Add(-w.up())
	}
	for _, c := range w.dumps {
		if c.At.After(at.Add(-10*time.Minute)) && c.At.Before(at.Add(time.Hour)) {
			a["cause"] = "bugcheck"
			if code := c.Attributes["stop_code"]; code != "" {
				a["stop_code"] = code
			}
		}
	}
	w.tell(ctx, linux.Event{Kind: event.UncleanStop, At: at, Attributes: a})
}

// lastLogins is how many records of wtmp are looked at.
const lastLogins = 2000

// logins says by /var/log/wtmp whether a shutdown stands between this start
// and the one before. It is not known where nothing keeps that file: musl, and
// systems that replaced it by wtmpdb.
func (w *Watch) logins() (clean, known bool) {
	f, err := w.Host.Open("/var/log/wtmp")
	if err != nil {
		return false, false
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return false, false
	}
	var starts []time.Time
	down := false // since the last start
	var between bool
	_, err = utmp.Each(f, utmp.Tail(fi.Size(), lastLogins), lastLogins+1, func(r utmp.Record) {
		switch {
		case r.Type == utmp.Boot:
			starts = append(starts, r.At)
			between, down = down, false
		case r.Type == utmp.RunLevel && r.User == "shutdown":
			down = true
		}
	})
	if errors.Is(err, utmp.ErrLayout) || err != nil || len(starts) < 2 {
		return false, false
	}
	// The last start there must be this one, or nobody keeps it any more. The
	// clock may have been wrong when it was written.
	started := w.now().Add(-w.up())
	if starts[len(starts)-1].Sub(started).Abs() > time.Hour {
		return false, false
	}
	return between, true
}

// Ending reads the last of the logs when the agent is told to end, and says
// whether the machine goes down with it.
func (w *Watch) Ending(ctx context.Context) bool {
	w.Pass(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live(true)
	return w.boot != "" && w.mark.Down == w.boot
}
