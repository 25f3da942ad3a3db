package health

import (
	"testing"
	"time"

	"muster/internal/inventory"
)

// A virtual machine may start with a clock years ahead and have it put right
// minutes later. What was heard and done in that time must not hold up what
// comes until it is that late.
func TestTheCollectorsOwnClockIsPutRight(t *testing.T) {
	w, r := remembering(t, full)
	for _, id := range []inventory.DeviceID{"pc", "old"} {
		r.add(id, w.now)
	}
	w.start()
	say := func(x float64) func() { return func() { w.say("pc", used(x)) } }
	w.pass(30*time.Minute, say(40))
	right := w.now
	w.now = w.now.AddDate(2, 0, 0)
	w.pass(5*time.Minute, say(40))
	w.now = right.Add(5 * time.Minute)
	r.devices[1].RetiredAt = w.now
	w.pass(time.Hour, say(99))
	if f, ok := w.finding("pc", "X1"); !ok || f.Severity != "critical" {
		t.Errorf("99 %% in use for an hour: %+v; the device's clock stands at %s, now is %s", f, w.j.devices["pc"].at, w.now)
	}
	if d := w.j.devices["old"]; d != nil && !d.info.Retired {
		t.Errorf("the list of devices has not been read again; it is to be at %s, now is %s", w.j.met.Add(meetEvery), w.now)
	}
}
