package authority_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/authority"
	"muster/collector/authority/authoritytest"
	"muster/collector/authority/seal"
	"muster/internal/enroll"
)

func states(t *testing.T, w *world) string {
	t.Helper()
	st, err := w.Status(t.Context())
	ok(t, err)
	var out []string
	for _, c := range st.Authorities {
		out = append(out, string(c.State))
	}
	return strings.Join(out, " ")
}

func TestRotation(t *testing.T) {
	changed := 0
	w := newWorld(t, func(o *authority.Options) { o.Changed = func() { changed++ } })
	g, idle := enrolled(w), enrolled(w)
	ok(t, g.report())
	ok(t, idle.report())
	first := w.Active()
	_, before := w.Set()
	w.pass(time.Hour)
	ok(t, w.Rotate(t.Context(), "", false))
	ders, after := w.Set()
	if states(t, w) != "published active" || len(ders) != 2 || before == after || w.Active() != first || changed != 1 {
		t.Fatalf("published: %s, %d certificates, changed %d", states(t, w), len(ders), changed)
	}
	if err := w.Rotate(t.Context(), authority.StagePublish, false); !errors.Is(err, authority.ErrNoStage) {
		t.Errorf("published twice: %v", err)
	}
	ok(t, g.renew(false, false))
	ok(t, g.report())
	if st, err := w.Status(t.Context()); err != nil || st.Holding != 1 || st.Devices != 2 || st.Next != authority.StageActivate {
		t.Errorf("%+v %v", st, err)
	}
	if err := w.Rotate(t.Context(), "", false); !errors.Is(err, authority.ErrTooSoon) || !strings.Contains(err.Error(), "1 of 2 devices") {
		t.Errorf("activated at once: %v", err)
	}
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "published active" {
		t.Errorf("activated at once: %s", states(t, w))
	}
	w.pass(7 * day)
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "active retired" || w.Active() == first {
		t.Fatalf("after a week: %s", states(t, w))
	}
	if _, v := w.Set(); v != after {
		t.Error("the set is the same, its version is not")
	}
	w.pass(13 * day)
	ok(t, g.report())
	ok(t, idle.report())
	ok(t, g.renew(false, false))
	ok(t, g.report())
	if err := w.Rotate(t.Context(), "", false); !errors.Is(err, authority.ErrTooSoon) || !strings.Contains(err.Error(), "1 devices") {
		t.Errorf("removed although a device depends on it: %v", err)
	}
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "active retired" {
		t.Errorf("removed although a device depends on it: %s", states(t, w))
	}
	w.pass(60 * day) // late, with a certificate of the retired CA
	ok(t, idle.renew(false, false))
	ok(t, idle.report())
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "active" {
		t.Errorf("not removed: %s", states(t, w))
	}
	ok(t, idle.report())
	ok(t, g.renew(false, false))
	ok(t, g.report())
	w.Authority = w.open()
	ok(t, g.report())
}

func TestRotationByForce(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w)
	ok(t, w.Rotate(t.Context(), authority.StagePublish, true))
	ok(t, w.Rotate(t.Context(), authority.StageActivate, true))
	ok(t, g.report()) // by the retired CA
	ok(t, w.Rotate(t.Context(), authority.StageRemove, true))
	refused(t, "its CA is gone", g.report(), enroll.CodeWrongCA)
	refused(t, "renewal, its CA is gone", g.renew(false, false), enroll.CodeWrongCA)
	for _, s := range []authority.Stage{authority.StageActivate, authority.StageRemove, "explode"} {
		if err := w.Rotate(t.Context(), s, true); !errors.Is(err, authority.ErrNoStage) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// An enrolment string in a drawer names the CA of its day.
func TestOpenInvitationsKeepTheirCA(t *testing.T) {
	w := newWorld(t)
	v := w.invite(authority.Invite{Valid: 30 * day})
	ok(t, w.Rotate(t.Context(), "", false))
	ok(t, w.Rotate(t.Context(), "", true))
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "active retired" {
		t.Fatal(states(t, w))
	}
	g := newAgent(w)
	g.pins = []enroll.KeyHash{v.CA}
	listener := serve(t, w)
	ok(t, listener.dial(t, g, w.now))
	ok(t, g.enrol(v, false))
	if len(g.pins) != 2 {
		t.Errorf("pins %d CAs", len(g.pins))
	}
	w.pass(time.Hour)
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "active" {
		t.Error(states(t, w))
	}
}

// An agent that renewed and did not come with its new certificate yet holds
// no other: that one's CA stays, though the device was last seen with an older.
func TestACAStaysWhileACertificateItSignedWasNotUsed(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w)
	ok(t, g.report())
	rotate := func() {
		t.Helper()
		ok(t, w.Rotate(t.Context(), authority.StagePublish, false))
		ok(t, w.Rotate(t.Context(), authority.StageActivate, true))
		w.pass(time.Hour)
		ok(t, w.Advance(t.Context()))
	}
	rotate()
	ok(t, g.renew(false, false))
	rotate()
	ok(t, g.report())
	ok(t, g.renew(false, false))
	ok(t, g.report())
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "active" {
		t.Errorf("nothing depends on the others any more: %s", states(t, w))
	}
}

// What is signed in the moment of retirement is counted before its CA goes.
func TestARetiredCASettles(t *testing.T) {
	w := newWorld(t)
	ok(t, w.Rotate(t.Context(), authority.StagePublish, false))
	ok(t, w.Rotate(t.Context(), authority.StageActivate, true))
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "active retired" {
		t.Errorf("removed in the moment it retired: %s", states(t, w))
	}
	if err := w.Rotate(t.Context(), authority.StageRemove, false); !errors.Is(err, authority.ErrTooSoon) {
		t.Errorf("removed by hand: %v", err)
	}
	st, err := w.Status(t.Context())
	ok(t, err)
	if st.Next != authority.StageRemove || !st.Due.After(w.now()) {
		t.Errorf("next is %s at %s", st.Next, st.Due)
	}
	w.pass(st.Due.Sub(w.now()))
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "active" {
		t.Errorf("when it is due: %s", states(t, w))
	}
}

func TestARetiredCAGoesInTheEnd(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w)
	ok(t, w.Rotate(t.Context(), "", false))
	ok(t, w.Rotate(t.Context(), "", true))
	w.pass(399 * day)
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "active retired" {
		t.Error(states(t, w))
	}
	w.pass(day)
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "active" {
		t.Error(states(t, w))
	}
	refused(t, "after more than a year", g.renew(false, false), enroll.CodeWrongCA)
}

func TestAnOldCAIsReplacedByItself(t *testing.T) {
	w := newWorld(t)
	first := w.Active()
	for range 10 * 12 {
		w.pass(30 * day)
		ok(t, w.Advance(t.Context()))
	}
	if w.Active() == first || states(t, w) != "active" {
		t.Errorf("after ten years: %s", states(t, w))
	}
	g := enrolled(w)
	ok(t, g.report())
}

// F28, without the network.
func TestRotationUnderLoadRefusesNobody(t *testing.T) {
	w := newWorld(t)
	agents := make([]*agent, 20)
	for i := range agents {
		agents[i] = enrolled(w, box(i)...)
	}
	stop := make(chan struct{})
	// An hour is longer than any request: time passes between them only.
	var inflight sync.RWMutex
	during := func(ask func() error) error {
		inflight.RLock()
		defer inflight.RUnlock()
		return ask()
	}
	var wg sync.WaitGroup
	for i, g := range agents {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := during(g.report); err != nil {
					t.Errorf("agent %d: %v", i, err)
					return
				}
				if n%20 == i {
					if err := during(func() error { return g.renew(false, n%3 == 0) }); err != nil {
						t.Errorf("agent %d, renewal: %v", i, err)
						return
					}
				}
			}
		})
	}
	for range 3 {
		ok(t, w.Rotate(t.Context(), authority.StagePublish, false))
		ok(t, w.Rotate(t.Context(), authority.StageActivate, true))
		inflight.Lock()
		w.pass(time.Hour)
		inflight.Unlock()
		ok(t, w.Advance(t.Context())) // removes what nobody depends on any more
	}
	close(stop)
	wg.Wait()
}

func TestOpenNeedsTheKeyFileOfItsDatabase(t *testing.T) {
	w := newWorld(t)
	other, err := seal.Open(t.TempDir()+"/other", func() (bool, error) { return false, nil })
	ok(t, err)
	o := w.options
	o.Sealer = other
	if _, err := authority.Open(t.Context(), o); !errors.Is(err, seal.ErrOtherKey) || !strings.Contains(err.Error(), other.Path()) {
		t.Errorf("%v", err)
	}
	if _, err := authority.Open(t.Context(), authority.Options{}); err == nil {
		t.Error("opened with nothing")
	}
}

func TestSeveralCollectorsMakeOneCA(t *testing.T) {
	w := newWorld(t)
	o := w.options
	o.Store = authoritytest.NewMemory()
	var wg sync.WaitGroup
	got := make([]enroll.KeyHash, 8)
	for i := range got {
		wg.Go(func() {
			a, err := authority.Open(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = a.Active()
		})
	}
	wg.Wait()
	for _, h := range got {
		if h != got[0] {
			t.Fatalf("several CAs: %v", got)
		}
	}
}
