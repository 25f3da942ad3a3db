package health

import (
	"strings"
	"testing"
	"time"

	"muster/collector/store"
)

// office is a site of n PCs; it answers what lets them report.
func (w *world) office(n int) func() {
	pcs := w.fleet(n, func(int) Info { return Info{Agency: "Tax", Site: "Hartford", SiteID: 1} })
	return func() {
		for _, id := range pcs {
			w.say(id, used(50))
		}
	}
}

// Silences that are each shorter than the hold do not add up.
func TestASiteIsSilentForTheHoldAtOnce(t *testing.T) {
	w := newWorld(t, strings.Replace(siteRule, "site.power_lost >= 0.6 * site.active'}", "site.power_lost >= 0.6 * site.active', hold: 10m}", 1))
	say := w.office(10)
	w.pass(30*time.Minute, say)
	for range 3 {
		w.pass(7*time.Minute, nil)
		w.pass(time.Hour, say)
	}
	if n := len(w.l.incidents); n != 0 {
		t.Errorf("three silences of seven minutes: %d incidents", n)
	}
	w.wantTold()
	w.pass(20*time.Minute, nil)
	w.wantTold("opened critical A site is silent: Hartford")
}

// Who closes an outage knows of it. It is not told again while it lasts, also
// not by a judge that was started anew; the next one is.
func TestASiteOutageThatAPersonClosedIsNotOpenedWhileItLasts(t *testing.T) {
	w, r := remembering(t, siteRule)
	r.sites = []store.Site{{ID: 1, Agency: "Tax", Name: "Hartford"}}
	pcs := ids(10)
	for _, id := range pcs {
		r.add(id, w.now)
		r.devices[len(r.devices)-1].Agency, r.devices[len(r.devices)-1].Site = "Tax", "Hartford"
	}
	w.start()
	say := func() {
		for i, id := range pcs {
			r.devices[i].LastSeen = w.now
			w.say(id, used(50))
		}
	}
	const opened = "opened critical A site is silent: Hartford"
	w.pass(30*time.Minute, say)
	w.pass(15*time.Minute, nil)
	w.wantTold(opened)
	w.close()
	w.pass(20*time.Minute, nil)
	w.start()
	w.pass(20*time.Minute, nil)
	if open := w.open(); len(open) != 0 {
		t.Errorf("open: %+v", open)
	}
	w.wantTold(opened)
	w.pass(2*time.Hour, say)
	w.pass(15*time.Minute, nil)
	w.wantTold(opened, opened)
}
