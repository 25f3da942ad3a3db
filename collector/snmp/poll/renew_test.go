package poll

import (
	"testing"
	"testing/synctest"
	"time"
)

// Profiles that change are used when a device is read the most, and then it is
// read wholly; not in the minute after, for all devices at once.
func TestChangedProfilesAreUsedWithinAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(60)
		p := w.poller()
		p.Set(targets)
		stop := w.start(t, p)
		defer stop()
		time.Sleep(3 * time.Hour)
		met := func() (n int) { w.set(func() { n = w.met }); return n }
		if met() != 60 {
			t.Fatalf("60 devices were identified %d times", met())
		}
		w.set(func() { w.profiles++ })
		time.Sleep(5 * time.Minute)
		if n := met() - 60; n > 20 {
			t.Errorf("%d of 60 were identified anew in five minutes", n)
		}
		var before, fdb int
		w.set(func() { before = w.of(targets[0]).reads["fdb"] })
		time.Sleep(time.Hour)
		if n := met() - 60; n != 60 {
			t.Errorf("%d of 60 were identified anew in an hour", n)
		}
		w.set(func() { fdb = w.of(targets[0]).reads["fdb"] - before })
		if fdb < 4 || fdb > 8 {
			t.Errorf("what is read each ten minutes was read %d times in an hour", fdb)
		}
		time.Sleep(3 * time.Hour)
		if n := met() - 60; n != 60 {
			t.Errorf("they were identified %d times after one change", n)
		}
	})
}
