package authority_test

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"muster/collector/authority"
	"muster/internal/enroll"
)

func TestRenewalGoesUpOneGeneration(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w, box(1)...)
	id := g.id
	for n := 1; n <= 5; n++ {
		w.pass(20 * day)
		old := g.clone()
		ok(t, g.renew(false, false))
		ok(t, old.report()) // until the new one is used
		ok(t, g.report())
		refused(t, "the old key, after the new one was used", old.report(), enroll.CodeSuperseded)
		refused(t, "renewal with the old key", old.renew(false, false), enroll.CodeSuperseded)
		who, err := w.Check(t.Context(), g.cert)
		if err != nil || who.Generation != n || g.id != id || who.Device != id {
			t.Fatalf("%+v %v", who, err)
		}
	}
}

func TestALostRenewalReplyLocksNobodyOut(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w, box(1)...)
	w.pass(20 * day)
	ok(t, g.renew(false, true))
	ok(t, g.report())
	ok(t, g.renew(false, true))
	first := g.clone()
	ok(t, first.renew(false, false))
	again := g.clone()
	ok(t, again.renew(false, false))
	if !first.cert.Equal(again.cert) {
		t.Error("the same request gave two certificates")
	}
	// The agent lost even the key it had asked for, several times.
	for range 2 * authority.MaxUnseen {
		w.pass(time.Minute)
		g.next = nil
		ok(t, g.renew(false, true))
		ok(t, g.report())
	}
	g.next = nil
	ok(t, g.renew(false, false))
	ok(t, g.report())
	refused(t, "a key that was given and never used", first.report(), enroll.CodeUnknown)
}

func TestARenewedKeyMayRenewBeforeItReports(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w)
	old := g.clone()
	ok(t, g.renew(false, false))
	ok(t, g.renew(false, false))
	refused(t, "the first key", old.report(), enroll.CodeSuperseded)
	ok(t, g.report())
}

func TestParallelFirstUse(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w)
	a, b := g.clone(), g.clone()
	ok(t, a.renew(false, false))
	b.next = nil
	ok(t, b.renew(false, false))
	var wg sync.WaitGroup
	results := make([]error, 40)
	for i := range results {
		wg.Go(func() { results[i] = []*agent{a, b}[i%2].report() })
	}
	wg.Wait()
	good := [2]bool{results[0] == nil, results[1] == nil}
	if good[0] == good[1] {
		t.Fatalf("two keys of one generation: %v, %v", results[0], results[1])
	}
	for i, err := range results {
		if (err == nil) != good[i%2] {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestTheSameRenewalAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	for _, fork := range []bool{false, true} {
		g := enrolled(w, box(1)...)
		if fork {
			g.evidence = enroll.NewEvidence(box(2)...)
		}
		rq := enroll.RenewRequest{CSR: g.csr(), Evidence: g.evidence, Fork: fork}
		var wg sync.WaitGroup
		certs := make([]string, 50)
		for i := range certs {
			wg.Go(func() {
				r, err := w.Renew(context.Background(), g.cert, rq, office)
				if err != nil {
					t.Error(err)
				}
				certs[i] = string(r.Certificate)
			})
		}
		wg.Wait()
		for _, c := range certs {
			if c != certs[0] {
				t.Fatal("several certificates")
			}
		}
	}
	if st, err := w.Status(t.Context()); err != nil || st.Devices != 3 {
		t.Errorf("%+v %v", st, err)
	}
}

// Two collectors, before either has looked what the other did.
func TestFirstUseIsDecidedByTheStore(t *testing.T) {
	w := newWorld(t)
	second := w.open()
	g := enrolled(w)
	a, b := g.clone(), g.clone()
	ok(t, a.renew(false, false))
	b.next = nil
	ok(t, b.renew(false, false))
	w.store.Fail = func(m string) error {
		if m == "Seen" {
			return context.DeadlineExceeded
		}
		return nil
	}
	if _, err := second.Check(t.Context(), b.cert); err == nil { // now in the cache, unseen
		t.Error("a first use that was not noted is taken")
	}
	w.store.Fail = nil
	ok(t, a.report())
	_, err := second.Check(t.Context(), b.cert)
	refused(t, "the slower key", err, enroll.CodeSuperseded)
}

func TestRenewalNeedsANewKey(t *testing.T) {
	w := newWorld(t)
	g, other := enrolled(w), enrolled(w)
	for name, key := range map[string]*agent{"its own": g, "another's": other} {
		der, err := enroll.CSR(key.key)
		ok(t, err)
		_, err = w.Renew(t.Context(), g.cert, enroll.RenewRequest{CSR: der}, office)
		refused(t, name, err, enroll.CodeKeyInUse)
	}
	_, err := w.Renew(t.Context(), g.cert, enroll.RenewRequest{CSR: []byte("x")}, office)
	refused(t, "garbage", err, enroll.CodeCSR)
}

func TestLateRenewals(t *testing.T) {
	for _, c := range []struct {
		days int
		code enroll.Code
	}{{0, ""}, {10, ""}, {90, ""}, {91, enroll.CodeApprovalNeeded}, {364, enroll.CodeApprovalNeeded}, {366, enroll.CodeTooLate}} {
		t.Run(strconv.Itoa(c.days), func(t *testing.T) {
			w := newWorld(t)
			g := enrolled(w, box(1)...)
			ok(t, g.report())
			w.pass(time.Duration(30+c.days) * day)
			refused(t, "a report", g.report(), enroll.CodeExpired)
			if c.code == "" {
				ok(t, g.renew(false, false))
				ok(t, g.report())
				return
			}
			for range 2 {
				refused(t, "renewal", g.renew(false, false), c.code)
			}
			all, err := w.Waiting(t.Context())
			ok(t, err)
			if c.code != enroll.CodeApprovalNeeded {
				if len(all) != 0 {
					t.Errorf("%+v", all)
				}
				return
			}
			if len(all) != 1 || all[0].Kind != authority.ApproveRenew || all[0].Device != g.id || all[0].Key != enroll.CertificateKey(g.cert) {
				t.Fatalf("%+v", all)
			}
			_, err = w.Decide(t.Context(), all[0].ID, "ada", true)
			ok(t, err)
			ok(t, g.renew(false, true)) // and the reply is lost
			ok(t, g.renew(false, false))
			ok(t, g.report())
			other := g.clone()
			w.pass(200 * day)
			refused(t, "the next time", other.renew(false, false), enroll.CodeApprovalNeeded)
		})
	}
}

func TestALateRenewalMayBeDenied(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w)
	w.pass(130 * day)
	refused(t, "before", g.renew(false, false), enroll.CodeApprovalNeeded)
	all, err := w.Waiting(t.Context())
	ok(t, err)
	_, err = w.Decide(t.Context(), all[0].ID, "ada", false)
	ok(t, err)
	refused(t, "after", g.renew(false, false), enroll.CodeApprovalRefused)
}

func TestAClonedImageBecomesDevicesOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w, box(1)...)
	ok(t, g.report())
	ids := map[string]bool{string(g.id): true}
	for n := 2; n < 5; n++ {
		c := g.clone()
		c.evidence, c.next = enroll.NewEvidence(box(n)...), nil
		ok(t, c.renew(true, true))
		ok(t, c.renew(true, false)) // the reply was lost once
		ok(t, c.report())
		d := w.created[len(w.created)-1]
		if d.Parent != g.id || d.ID != c.id || ids[string(c.id)] {
			t.Errorf("clone %d: %+v", n, d)
		}
		ids[string(c.id)] = true
		// It goes on as a device like any other.
		ok(t, c.renew(false, false))
		ok(t, c.report())
	}
	who, err := w.Check(t.Context(), g.cert)
	if err != nil || !who.Forked {
		t.Errorf("the first: %+v %v", who, err)
	}
	ok(t, g.renew(false, false)) // it is the machine the key was made on
	ok(t, g.report())
	if who, err := w.Check(t.Context(), g.cert); err != nil || who.Forked || who.Device != g.id {
		t.Errorf("healed: %+v %v", who, err)
	}
	if len(ids) != 4 {
		t.Errorf("devices %v", ids)
	}
}

func TestForksAreFoundWithoutBeingSaid(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w, box(1)...)
	c := g.clone()
	c.evidence = enroll.NewEvidence(box(2)...)
	ok(t, c.renew(false, false))
	if c.id == g.id {
		t.Error("another machine became the same device")
	}
	// The first has moved on; a copy of its old disk comes up elsewhere.
	old := g.clone()
	ok(t, g.renew(false, false))
	ok(t, g.report())
	old.evidence, old.next = enroll.NewEvidence(box(3)...), nil
	ok(t, old.renew(true, false))
	if old.id == g.id || old.id == c.id {
		t.Error("a copy of the old disk became a device that is there")
	}
	ok(t, g.report())
	ok(t, old.report())
}

func TestWhatIsNoFork(t *testing.T) {
	w := newWorld(t)
	items := box(1)
	g := enrolled(w, items...)
	id := g.id
	items[2].Value = "ANOTHER1" // a new drive
	g.evidence = enroll.NewEvidence(items...)
	ok(t, g.renew(true, false)) // the agent suspects itself; the collector knows better
	g.evidence = enroll.Evidence{}
	ok(t, g.renew(false, false)) // nothing could be read
	ok(t, g.report())
	if g.id != id || len(w.created) != 1 {
		t.Errorf("forked: %+v", w.created)
	}
	who, err := w.Check(t.Context(), g.cert)
	if err != nil || who.Machine != ([8]byte{}) {
		t.Errorf("a fingerprint of nothing: %+v %v", who, err)
	}
	g.evidence = enroll.NewEvidence(box(2)...)
	ok(t, g.renew(false, false)) // what was not read is not forgotten
	if g.id == id {
		t.Error("another machine became the same device")
	}
}

func TestForksAreBounded(t *testing.T) {
	w := newWorld(t, func(o *authority.Options) { o.MaxForks = 3 })
	g := enrolled(w, box(1)...)
	for n := 2; n < 8; n++ {
		c := g.clone()
		c.evidence, c.next = enroll.NewEvidence(box(n)...), nil
		err := c.renew(true, false)
		if n < 5 {
			ok(t, err)
		} else {
			refused(t, "one too many", err, enroll.CodeForked)
		}
	}
}

func TestAForkedKeyIsNotRenewedLate(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w, box(1)...)
	c := g.clone()
	c.evidence = enroll.NewEvidence(box(2)...)
	ok(t, c.renew(true, false))
	w.pass(31 * day)
	refused(t, "the forked key, a day late", g.renew(false, false), enroll.CodeForked)
	ok(t, c.renew(false, false))
	d := enrolled(w, box(3)...)
	w.pass(31 * day)
	d.evidence = enroll.NewEvidence(box(4)...)
	refused(t, "an old disk in another machine", d.renew(true, false), enroll.CodeForked)
}

// A virtual machine is set back to a snapshot: nobody can tell it from a copy,
// so it enrols again, and the old record is proposed for a merge.
func TestARestoredSnapshotEnrolsAgain(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w, box(1)...)
	snapshot := g.clone()
	ok(t, g.renew(false, false))
	ok(t, g.report())
	refused(t, "the snapshot", snapshot.renew(false, false), enroll.CodeSuperseded)
	ok(t, snapshot.enrol(w.invite(authority.Invite{}), false))
	ok(t, snapshot.report())
	all, err := w.Waiting(t.Context())
	if err != nil || len(all) != 1 || all[0].Kind != authority.ApproveMerge || all[0].Other != g.id {
		t.Errorf("%+v %v", all, err)
	}
}

// TestAgentYears renews in virtual time: agents that are off for weeks, lose
// replies, crash between key and certificate, report with old and new keys,
// while CAs rotate under them. None may be locked out. MUSTER_FAULTS=full runs
// the 10,000 years of reference/trust.md §5.
func TestAgentYears(t *testing.T) {
	years := 25
	if os.Getenv("MUSTER_FAULTS") == "full" {
		years = 10_000
	}
	const each = 5 // years of one agent: two to three rotations and the end of no CA
	w := newWorld(t)
	v := w.invite(authority.Invite{Uses: 1 + years/each, Valid: 300 * day})
	rnd := rand.New(rand.NewPCG(1, 2))
	agents := make([]*agent, 1+years/each)
	sleep := make([]time.Time, len(agents)) // off until
	for i := range agents {
		agents[i] = newAgent(w, box(i)...)
		for err := error(nil); agents[i].cert == nil; ok(t, err) {
			err = agents[i].enrol(v, rnd.IntN(5) == 0)
		}
	}
	ctx := context.Background()
	begin, rotated := w.now(), w.now()
	renewals, lost, late, rotations := 0, 0, 0, 0
	for w.now().Sub(begin) < each*365*day {
		w.pass(day/2 + time.Duration(rnd.Int64N(int64(day))))
		ok(t, w.Advance(ctx))
		if w.now().Sub(rotated) > 500*day {
			ok(t, w.Rotate(ctx, authority.StagePublish, false))
			rotated = w.now()
			rotations++
		}
		for i, g := range agents {
			if w.now().Before(sleep[i]) {
				continue
			}
			if rnd.IntN(200) == 0 && w.now().Before(g.cert.NotAfter) { // away, at most as long as nobody has to approve
				sleep[i] = w.now().Add(time.Duration(rnd.IntN(89)) * day)
				continue
			}
			life := g.cert.NotAfter.Sub(g.cert.NotBefore)
			if w.now().After(g.cert.NotBefore.Add(life * 2 / 3)) {
				if w.now().After(g.cert.NotAfter) {
					late++
				}
				// While the certificate is good an agent tries again the next
				// day; after that, within minutes.
				for gone := true; gone; {
					gone = rnd.IntN(5) == 0
					if rnd.IntN(20) == 0 {
						g.next = nil // crashed before the key was kept
					}
					if err := g.renew(false, gone); err != nil {
						t.Fatalf("agent %d is locked out at %v, certificate until %v: %v", i, w.now(), g.cert.NotAfter, err)
					}
					renewals++
					if gone {
						lost++
					}
					if w.now().Before(g.cert.NotAfter) {
						break
					}
				}
			}
			if w.now().Before(g.cert.NotAfter) {
				if err := g.report(); err != nil {
					t.Fatalf("agent %d is refused at %v: %v", i, w.now(), err)
				}
			}
		}
	}
	st, err := w.Status(ctx)
	ok(t, err)
	if rotations == 0 || st.Devices != len(agents) || len(st.Authorities) > 3 || lost == 0 || late == 0 {
		t.Errorf("%d rotations, %d lost, %d late, %+v", rotations, lost, late, st)
	}
	t.Logf("%d agent-years: %d renewals, %d replies lost, %d late, %d rotations, 0 locked out", each*len(agents), renewals, lost, late, rotations)
}
