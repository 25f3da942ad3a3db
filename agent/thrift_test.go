package agent

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"muster/agent/config"
	"muster/agent/host"
)

// Each state of power and network, and what is said of it; neither is asked
// more often than its answer stands.
func TestThrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var power, cost []byte
		asked := map[host.Native]int{}
		h := &host.Host{Now: time.Now, Native: func(q host.Native) ([]byte, error) {
			asked[q]++
			switch {
			case q == host.NativePower && power != nil:
				return power, nil
			case q == host.NativeCost && cost != nil:
				return cost, nil
			}
			return nil, errors.ErrUnsupported
		}}
		bound := config.Default().Pause
		var turns []string
		x := &thrift{host: h, now: time.Now, bound: func() config.Pause { return bound }, turned: func(why string) { turns = append(turns, why) }}
		free, paid := []byte{3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, []byte{3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}
		look := func(name, want string) {
			t.Helper()
			time.Sleep(networkStands)
			if got := x.look(t.Context()); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		look("nothing is known", "")
		power, cost = []byte{1, 8, 100}, free
		look("mains", "")
		power = []byte{0, 0, 21}
		look("battery above the limit", "")
		power = []byte{0, 2, 9}
		look("battery", "on battery at 9 %")
		if _, kind := x.last(); kind != "battery" {
			t.Error(kind)
		}
		bound.Battery = 5
		look("another limit", "")
		bound.Battery = 0
		look("switched off", "")
		cost = paid
		look("metered", "on a metered network")
		if _, kind := x.last(); kind != "metered" {
			t.Error(kind)
		}
		bound.Battery = 20
		look("both", "on battery at 9 %")
		bound.Metered, bound.Battery = false, 0
		look("both switched off", "")
		if want := []string{"on battery at 9 %", "", "on a metered network", "on battery at 9 %", ""}; !slices.Equal(turns, want) {
			t.Errorf("told of %q, want %q", turns, want)
		}
		bound = config.Default().Pause
		clear(asked)
		for range 600 { // ten minutes of a look each second
			x.look(t.Context())
			time.Sleep(time.Second)
		}
		if asked[host.NativePower] > 11 || asked[host.NativeCost] > 3 || asked[host.NativePower] < 9 {
			t.Errorf("asked %v", asked)
		}
	})
}

// A deliverer that is to be sparing sends small envelopes.
func TestSparingDelivery(t *testing.T) {
	spare := true
	d := &deliverer{thrifty: func() bool { return spare }}
	small := d.most()
	spare = false
	if large := d.most(); small >= large || (&deliverer{}).most() != large {
		t.Errorf("%d bytes when sparing, else %d", small, large)
	}
}
