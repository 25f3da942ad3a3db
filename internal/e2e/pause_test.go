//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/agent"
)

// An agent on the last of its battery makes no inventory and sends what waits
// in small pieces; it says so, is there all the same, and makes up for it when
// power is back. Nothing is lost.
func TestAgentPausesOnTheLastOfItsBattery(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.inside()
	pc := machine(t, "fedora-laptop")
	var ahead atomic.Int64 // of the machine's clock, so that minutes need not be waited for
	pc.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(pc.Root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fed := func(online, status, capacity string) {
		const supply = "sys/class/power_supply/"
		if err := os.RemoveAll(filepath.Join(pc.Root, supply)); err != nil {
			t.Fatal(err)
		}
		put(supply+"AC/type", "Mains\n")
		put(supply+"AC/online", online)
		put(supply+"BAT0/type", "Battery\n")
		put(supply+"BAT0/status", status)
		put(supply+"BAT0/capacity", capacity)
	}
	fed("1\n", "Charging\n", "50\n")
	p := &played{t: t, data: filepath.Join(o.dir, "pc"), host: pc, invited: o.inviteText(1)}
	p.must()
	device := p.device()
	accounts := func() string { return string(o.show(device).Sections["user"]) }
	before := accounts()
	points := o.points(device)

	// Much waits from a time without a collector, power goes, and somebody is
	// given an account meanwhile.
	o.stop(t)
	for range 5 {
		if err := p.once(); err == nil {
			t.Fatal("delivered without a collector")
		}
	}
	fed("0\n", "Discharging\n", "9\n")
	b, err := os.ReadFile(filepath.Join(pc.Root, "etc/passwd"))
	if err != nil {
		t.Fatal(err)
	}
	put("etc/passwd", string(b)+"newcomer:x:4242:4242:New Comer:/home/newcomer:/bin/bash\n")
	o.inside()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	opts := p.options(false)
	go func() { ended <- agent.Run(ctx, opts) }()
	status := func() agent.Status {
		s, err := agent.ReadStatus(p.data)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	paused := func() string {
		var r struct{ Paused string }
		if err := json.Unmarshal(o.show(device).Sections["agent"], &r); err != nil {
			t.Fatal(err)
		}
		return r.Paused
	}
	step := func() { ahead.Add(int64(10 * time.Second)) }
	eventually(t, time.Minute, func() error {
		step()
		if s := status(); s.Paused != "on battery at 9 %" || s.Waiting != 0 {
			return fmt.Errorf("the status says %q, %d reports wait", s.Paused, s.Waiting)
		}
		if got := paused(); got != "battery" {
			return fmt.Errorf("the collector has paused as %q", got)
		}
		return nil
	})
	var said strings.Builder
	if err := agent.PrintStatus(&said, status(), time.Now(), false); err != nil || !strings.Contains(said.String(), "on battery at 9 %") {
		t.Errorf("people read %s (%v)", &said, err)
	}
	during := o.points(device)
	if during < points+10+2 {
		t.Errorf("%d samples are there, of %d before, 10 that waited, and those made on battery", during, points)
	}
	ahead.Add(int64(2 * time.Hour)) // all sections are due by now
	eventually(t, time.Minute, func() error {
		step()
		if got := o.points(device); got <= during {
			return fmt.Errorf("%d samples, it is not there any more", got)
		}
		return nil
	})
	if accounts() != before {
		t.Error("inventory was made on the last of the battery")
	}
	fed("1\n", "Charging\n", "10\n")
	ahead.Add(int64(2 * time.Minute))
	eventually(t, time.Minute, func() error {
		step()
		if got := accounts(); !strings.Contains(got, "newcomer") {
			return fmt.Errorf("the account is not told of: %s", got)
		}
		if got := paused(); got != "" || status().Paused != "" {
			return fmt.Errorf("it still says that it is paused: %q, %q", got, status().Paused)
		}
		return nil
	})
	if gaps := o.show(device).Gaps; len(gaps) > 0 {
		t.Errorf("reports were lost: %v", gaps)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the agent ended with: %v\n%s", err, tail(p.log.String(), 20))
	}
	o.stop(t)
}
