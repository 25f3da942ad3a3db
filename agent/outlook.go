package agent

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"muster/agent/gather/boot"
	"muster/agent/send"
)

// probed says whether this system's agent probes the network.
func probed() bool { return runtime.GOOS == "linux" }

// probing says whether it may now: a device of nobody asks nobody, who switches
// the section off does not want the packets, and while inventory waits for power
// or for a network that costs nothing, so do they.
func (a *agent) probing() bool {
	if why, _ := a.thrift.last(); why != "" {
		return false
	}
	a.mu.Lock()
	off := slices.Contains(a.inForce.Sections.Off, "network_probe")
	a.mu.Unlock()
	return probed() && !off && a.member.Identity() != nil
}

// answered tells which collector was tried last, and how that went.
func (a *agent) answered() (name string, at time.Time, ok bool) {
	last := a.del.last.Load()
	if last == nil {
		return "", time.Time{}, false
	}
	return last.Address, last.OKAt, last.Verdict == send.Accepted.String() && last.Error == ""
}

// bootSampler tells how long a start took, once: the file says of which start
// it was told.
func (a *agent) bootSampler(id [8]byte) *boot.Sampler {
	path, name := filepath.Join(a.o.Config.Data, startToldName), hex.EncodeToString(id[:])
	return &boot.Sampler{
		Told: func() bool { b, err := os.ReadFile(path); return err == nil && strings.TrimSpace(string(b)) == name },
		Tell: func() {
			if err := os.WriteFile(path, []byte(name+"\n"), 0o600); err != nil {
				a.log.Debug("it may be told twice how long the start took", "error", err)
			}
		},
	}
}

// against is this clock less the collector's, as one answer showed it.
type against struct {
	seconds float64
	at      time.Time
}

// offsetAge is how long an answer says something of the clock.
const offsetAge = 15 * time.Minute

// compare notes how wrong the clock is: the collector said its time somewhere
// between the two moments.
func (d *deliverer) compare(asked, answered, said time.Time) {
	middle := asked.Add(answered.Sub(asked) / 2)
	d.clock.Store(&against{seconds: middle.Sub(said).Seconds(), at: answered})
}

func (d *deliverer) offset() (float64, bool) {
	c := d.clock.Load()
	if c == nil || d.now().Sub(c.at).Abs() > offsetAge {
		return 0, false
	}
	return c.seconds, true
}
