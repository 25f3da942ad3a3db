package authoritytest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/collector/authority"
	"muster/internal/enroll"
	"muster/internal/inventory"
)

// Suite holds a store to the words of authority.Store. open makes an empty
// one for each test.
func Suite(t *testing.T, open func(t *testing.T) authority.Store) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, authority.Store)
	}{
		{"tokens", tokens},
		{"enrolment", enrolment},
		{"a token is used as often as it says", parallel},
		{"renewal", renewal},
		{"unused keys", unused},
		{"forks", forks},
		{"revocation", revocation},
		{"similar devices", similar},
		{"approvals", approvals},
		{"authorities", authorities},
		{"census", census},
		{"the newest key", newest},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func now() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 123e6, time.UTC) }

func token(n byte, uses int) authority.Token {
	return authority.Token{
		Hash: [32]byte{n}, ID: fmt.Sprintf("t%d", n), Site: 7, Labels: []string{"a", "b"}, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Note: "note", Uses: uses, UsesLeft: uses, CA: enroll.KeyHash{9}, CreatedBy: "ada", CreatedAt: now().Add(time.Duration(n) * time.Second), ExpiresAt: now().Add(24 * time.Hour),
	}
}

func key(n byte, d inventory.DeviceID, generation int) authority.Key {
	return authority.Key{
		Hash: enroll.KeyHash{n}, Device: d, Generation: generation, Serial: fmt.Sprintf("%x", n), CA: enroll.KeyHash{9}, Certificate: []byte{1, 2, n},
		Machine: [8]byte{n}, IssuedAt: now().Add(time.Duration(n) * time.Minute), ExpiresAt: now().Add(30 * 24 * time.Hour),
	}
}

func device(id inventory.DeviceID, items ...enroll.Item) authority.Device {
	return authority.Device{
		ID: id, Hostname: "pc-" + string(id), OS: "linux", Arch: "amd64", AgentVersion: "1", Site: 7, Labels: []string{"a"}, Evidence: enroll.NewEvidence(items...),
		EnrolledAt: now(), Remote: netip.MustParseAddr("10.1.2.3"),
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// enrolled puts in a device with its first key.
func enrolled(t *testing.T, s authority.Store, n byte, id inventory.DeviceID, items ...enroll.Item) authority.Key {
	t.Helper()
	d, k := device(id, items...), key(n, id, 0)
	must(t, s.Issue(t.Context(), authority.Grant{Now: now(), Keep: 400 * 24 * time.Hour, Device: &d, Evidence: d.Evidence, Key: k}))
	return k
}

func tokens(t *testing.T, s authority.Store) {
	ctx := t.Context()
	_, err := s.Token(ctx, [32]byte{1})
	wants(t, "an unknown token", err, authority.ErrNotFound)
	a, b := token(1, 3), token(2, 1)
	b.Approve, b.Networks, b.Labels = true, nil, nil
	must(t, s.PutToken(ctx, a))
	must(t, s.PutToken(ctx, b))
	for _, want := range []authority.Token{a, b} {
		got, err := s.Token(ctx, want.Hash)
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
	changed := a
	changed.UsesLeft, changed.Note, changed.RevokedAt, changed.ExpiresAt = 99, "other", now(), now().Add(time.Hour)
	must(t, s.PutToken(ctx, changed))
	got, err := s.Token(ctx, a.Hash)
	must(t, err)
	if got.UsesLeft != 3 || got.Note != "note" || !got.RevokedAt.Equal(now()) || !got.ExpiresAt.Equal(changed.ExpiresAt) {
		t.Errorf("changed: %+v", got)
	}
	all, err := s.AllTokens(ctx)
	must(t, err)
	if len(all) != 2 || all[0].ID != "t2" {
		t.Errorf("not newest first: %+v", all)
	}
}

func enrolment(t *testing.T, s authority.Store) {
	ctx := t.Context()
	tok := token(1, 2)
	must(t, s.PutToken(ctx, tok))
	d := device("d1", enroll.Item{Kind: enroll.BootDisk, Value: "S4EWNX0R1"})
	d.Token = tok.Hash
	g := authority.Grant{Now: now(), Token: &tok.Hash, Device: &d, Evidence: d.Evidence, Key: key(1, "d1", 0)}
	must(t, s.Issue(ctx, g))
	k, got, err := s.Key(ctx, g.Key.Hash)
	must(t, err)
	if !reflect.DeepEqual(k, g.Key) || !reflect.DeepEqual(got, d) {
		t.Errorf("got  %+v %+v\nwant %+v %+v", k, got, g.Key, d)
	}
	_, _, err = s.Key(ctx, enroll.KeyHash{77})
	wants(t, "an unknown key", err, authority.ErrNotFound)

	other := device("d2")
	again := g
	again.Device, again.Key.Device = &other, "d2"
	wants(t, "a known key", s.Issue(ctx, again), authority.ErrKeyExists)
	if tk, err := s.Token(ctx, tok.Hash); err != nil || tk.UsesLeft != 1 {
		t.Errorf("uses left %d %v, want 1", tk.UsesLeft, err)
	}
	if c, err := s.Census(ctx, now()); err != nil || c.Devices != 1 {
		t.Errorf("a device was left by a refused enrolment: %+v %v", c, err)
	}
	for _, c := range []struct {
		name   string
		change func(*authority.Token)
		now    time.Time
	}{
		{"expired", func(*authority.Token) {}, now().Add(24 * time.Hour)},
		{"revoked", func(t *authority.Token) { t.RevokedAt = now() }, now()},
	} {
		x := tok
		c.change(&x)
		must(t, s.PutToken(ctx, x))
		g.Now, g.Key, g.Device = c.now, key(5, "d5", 0), ptr(device("d5"))
		wants(t, c.name, s.Issue(ctx, g), authority.ErrUsedUp)
		_, _, err := s.Key(ctx, g.Key.Hash)
		wants(t, c.name+": its key", err, authority.ErrNotFound)
	}
	unknown := [32]byte{99}
	g.Now, g.Token = now(), &unknown
	wants(t, "unknown token", s.Issue(ctx, g), authority.ErrUsedUp)
}

func ptr[T any](v T) *T { return &v }

func parallel(t *testing.T, s authority.Store) {
	tok := token(1, 3)
	must(t, s.PutToken(t.Context(), tok))
	var wg sync.WaitGroup
	var ok, used atomic.Int32
	for i := range 40 {
		wg.Go(func() {
			id := inventory.DeviceID(fmt.Sprintf("d%d", i))
			d := device(id)
			switch err := s.Issue(context.Background(), authority.Grant{Now: now(), Token: &tok.Hash, Device: &d, Key: key(byte(i+1), id, 0)}); {
			case err == nil:
				ok.Add(1)
			case errors.Is(err, authority.ErrUsedUp):
				used.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if ok.Load() != 3 || used.Load() != 37 {
		t.Errorf("%d let in, %d refused, want 3 and 37", ok.Load(), used.Load())
	}
	if c, err := s.Census(t.Context(), now()); err != nil || c.Devices != 3 {
		t.Errorf("%+v %v", c, err)
	}
}

func renewal(t *testing.T, s authority.Store) {
	ctx := t.Context()
	k0 := enrolled(t, s, 1, "d1")
	enrolled(t, s, 50, "other")
	start, err := s.Changes(ctx, -1)
	must(t, err)
	if len(start.Keys) > 0 || start.Authorities {
		t.Errorf("the first look answers changes: %+v", start)
	}
	seen, err := s.Seen(ctx, k0.Hash, now())
	must(t, err)
	if len(seen) != 0 {
		t.Errorf("the first key ended %v", seen)
	}
	e := enroll.NewEvidence(enroll.Item{Kind: enroll.BootDisk, Value: "S4EWNX0R1"})
	for _, n := range []byte{2, 3} { // two of one generation: a reply was lost
		must(t, s.Issue(ctx, authority.Grant{Now: now(), Keep: time.Hour, Previous: &k0.Hash, Evidence: e, Key: key(n, "d1", 1)}))
	}
	_, d, err := s.Key(ctx, k0.Hash)
	must(t, err)
	if !reflect.DeepEqual(d.Evidence, e) {
		t.Errorf("evidence %+v", d.Evidence)
	}
	at := now().Add(time.Hour)
	seen, err = s.Seen(ctx, enroll.KeyHash{3}, at)
	must(t, err)
	slices.SortFunc(seen, func(a, b enroll.KeyHash) int { return int(a[0]) - int(b[0]) })
	if !slices.Equal(seen, []enroll.KeyHash{{1}, {2}}) {
		t.Errorf("ended %v", seen)
	}
	for n, want := range map[byte]time.Time{1: at, 2: at, 3: {}, 50: {}} {
		if k, _, err := s.Key(ctx, enroll.KeyHash{n}); err != nil || !k.SupersededAt.Equal(want) {
			t.Errorf("key %d: superseded at %v (%v), want %v", n, k.SupersededAt, err, want)
		}
	}
	if seen, err := s.Seen(ctx, enroll.KeyHash{3}, at.Add(time.Hour)); err != nil || len(seen) > 0 {
		t.Errorf("seen again: %v %v", seen, err)
	}
	if k, _, err := s.Key(ctx, enroll.KeyHash{3}); err != nil || !k.SeenAt.Equal(at) {
		t.Errorf("seen at %v %v", k.SeenAt, err)
	}
	_, err = s.Seen(ctx, enroll.KeyHash{2}, at)
	wants(t, "first use of a superseded key", err, authority.ErrConflict)
	_, err = s.Seen(ctx, enroll.KeyHash{88}, at)
	wants(t, "first use of an unknown key", err, authority.ErrNotFound)
	wants(t, "renewal with a superseded key", s.Issue(ctx, authority.Grant{Now: now(), Previous: &k0.Hash, Key: key(4, "d1", 1)}), authority.ErrConflict)
	_, _, err = s.Key(ctx, enroll.KeyHash{4})
	wants(t, "the key of a refused renewal", err, authority.ErrNotFound)
	ch, err := s.Changes(ctx, start.Next)
	must(t, err)
	for _, n := range []byte{1, 2, 3} {
		if !slices.Contains(ch.Keys, enroll.KeyHash{n}) {
			t.Errorf("changes lack key %d: %+v", n, ch)
		}
	}
	if end, err := s.Changes(ctx, ch.Next); err != nil || len(end.Keys) > 0 || end.Next != ch.Next {
		t.Errorf("changes told twice: %+v %v", end, err)
	}
}

func unused(t *testing.T, s authority.Store) {
	ctx := t.Context()
	k0 := enrolled(t, s, 1, "d1")
	_, err := s.Seen(ctx, k0.Hash, now())
	must(t, err)
	for n := byte(2); n < 2+authority.MaxUnseen+3; n++ {
		must(t, s.Issue(ctx, authority.Grant{Now: now(), Keep: time.Hour, Previous: &k0.Hash, Key: key(n, "d1", 1)}))
	}
	kept := 0
	for n := byte(2); n < 2+authority.MaxUnseen+3; n++ {
		if _, _, err := s.Key(ctx, enroll.KeyHash{n}); err == nil {
			kept++
		} else if n > 4 {
			t.Errorf("key %d of the newest is gone", n)
		}
	}
	if kept != authority.MaxUnseen {
		t.Errorf("%d unused keys are kept, want %d", kept, authority.MaxUnseen)
	}
	later := now().Add(100 * 24 * time.Hour)
	must(t, s.Issue(ctx, authority.Grant{Now: later, Keep: 71 * 24 * time.Hour, Previous: &k0.Hash, Key: key(99, "d1", 1)}))
	if _, _, err := s.Key(ctx, k0.Hash); err != nil {
		t.Errorf("a key was dropped too early: %v", err)
	}
	must(t, s.Issue(ctx, authority.Grant{Now: later, Keep: 69 * 24 * time.Hour, Previous: &k0.Hash, Key: key(100, "d1", 1)}))
	_, _, err = s.Key(ctx, k0.Hash)
	wants(t, "a key that expired before Keep", err, authority.ErrNotFound)
}

func forks(t *testing.T, s authority.Store) {
	ctx := t.Context()
	k0 := enrolled(t, s, 1, "d1")
	for i, n := range []byte{2, 3} {
		child := device(inventory.DeviceID(fmt.Sprintf("fork%d", n)))
		child.Parent = "d1"
		must(t, s.Issue(ctx, authority.Grant{Now: now(), Previous: &k0.Hash, Fork: true, Device: &child, Key: key(n, child.ID, 0)}))
		k, _, err := s.Key(ctx, k0.Hash)
		must(t, err)
		if k.Forks != i+1 || !k.ForkedAt.Equal(now()) {
			t.Errorf("forks %d at %v", k.Forks, k.ForkedAt)
		}
		if _, d, err := s.Key(ctx, enroll.KeyHash{n}); err != nil || d.Parent != "d1" {
			t.Errorf("%+v %v", d, err)
		}
	}
	must(t, s.Issue(ctx, authority.Grant{Now: now(), Previous: &k0.Hash, Key: key(4, "d1", 1)}))
	_, err := s.Seen(ctx, enroll.KeyHash{4}, now())
	must(t, err)
	late := device("fork5")
	must(t, s.Issue(ctx, authority.Grant{Now: now(), Previous: &k0.Hash, Fork: true, Device: &late, Key: key(5, late.ID, 0)}))
	if k, _, err := s.Key(ctx, enroll.KeyHash{2}); err != nil || !k.SupersededAt.IsZero() {
		t.Errorf("a fork's key ended with the parent's: %+v %v", k, err)
	}
}

func revocation(t *testing.T, s authority.Store) {
	ctx := t.Context()
	k0 := enrolled(t, s, 1, "d1")
	must(t, s.Issue(ctx, authority.Grant{Now: now(), Previous: &k0.Hash, Key: key(2, "d1", 1)}))
	enrolled(t, s, 3, "d2")
	start, err := s.Changes(ctx, -1)
	must(t, err)
	keys, err := s.Revoke(ctx, "d1", authority.Revocation{At: now(), By: "ada", Reason: "stolen"})
	must(t, err)
	if len(keys) != 2 {
		t.Errorf("its keys %v", keys)
	}
	_, err = s.Revoke(ctx, "d1", authority.Revocation{At: now().Add(time.Hour), By: "bob", Reason: "again"})
	must(t, err)
	_, d, err := s.Key(ctx, k0.Hash)
	must(t, err)
	if !d.RevokedAt.Equal(now()) || d.RevokedBy != "ada" || d.RevokedReason != "stolen" {
		t.Errorf("%+v", d)
	}
	_, err = s.Revoke(ctx, "d9", authority.Revocation{At: now()})
	wants(t, "an unknown device", err, authority.ErrNotFound)
	wants(t, "renewal of a revoked device", s.Issue(ctx, authority.Grant{Now: now(), Previous: &k0.Hash, Key: key(4, "d1", 1)}), authority.ErrConflict)
	wants(t, "fork of a revoked device", s.Issue(ctx, authority.Grant{Now: now(), Previous: &k0.Hash, Fork: true, Device: ptr(device("d5")), Key: key(5, "d5", 0)}), authority.ErrConflict)
	ch, err := s.Changes(ctx, start.Next)
	must(t, err)
	if !slices.Contains(ch.Keys, k0.Hash) || !slices.Contains(ch.Keys, enroll.KeyHash{2}) || slices.Contains(ch.Keys, enroll.KeyHash{3}) {
		t.Errorf("changes %+v", ch)
	}
}

func similar(t *testing.T, s authority.Store) {
	ctx := t.Context()
	disk := enroll.Item{Kind: enroll.BootDisk, Value: "S4EWNX0R1"}
	mac := enroll.Item{Kind: enroll.PCIMAC, Value: "a4:bb:6d:01:02:03"}
	weak := enroll.Item{Kind: enroll.MachineID, Value: "9f3c1d5be7a84c7f8a5e2f60d1b2c3d4"}
	enrolled(t, s, 1, "disk", disk, weak)
	enrolled(t, s, 2, "mac", mac)
	enrolled(t, s, 3, "weak", weak)
	enrolled(t, s, 4, "none")
	_, err := s.Revoke(ctx, "mac", authority.Revocation{At: now()})
	must(t, err)
	names := func(limit int, items ...enroll.Item) []string {
		got, err := s.Similar(ctx, enroll.NewEvidence(items...), limit)
		must(t, err)
		var out []string
		for _, d := range got {
			out = append(out, string(d.ID))
		}
		slices.Sort(out)
		return out
	}
	if got := names(9, disk, mac, weak); !slices.Equal(got, []string{"disk", "mac"}) {
		t.Errorf("got %v", got)
	}
	if got := names(1, disk, mac); len(got) != 1 {
		t.Errorf("got %v", got)
	}
	if got := names(9); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	// A renewal replaces what is looked for.
	must(t, s.Issue(ctx, authority.Grant{Now: now(), Previous: &enroll.KeyHash{1}, Evidence: enroll.NewEvidence(mac), Key: key(9, "disk", 1)}))
	if got := names(9, disk); len(got) != 0 {
		t.Errorf("old evidence finds %v", got)
	}
	if got := names(9, mac); !slices.Equal(got, []string{"disk", "mac"}) {
		t.Errorf("new evidence finds %v", got)
	}
}

func approvals(t *testing.T, s authority.Store) {
	ctx := t.Context()
	k0 := enrolled(t, s, 1, "d1")
	q := authority.Approval{
		ID: "q1", Kind: authority.ApproveRenew, State: authority.Pending, Device: "d1", Key: k0.Hash, Name: "pc", Remote: netip.MustParseAddr("10.1.2.3"),
		Reason: "late", Score: 80, Terms: []enroll.Term{{Kind: enroll.TPM, A: []string{"x"}, Outcome: enroll.Missing, Points: 100}}, AskedAt: now(),
	}
	got, err := s.PutApproval(ctx, q)
	must(t, err)
	if !reflect.DeepEqual(got, q) {
		t.Errorf("got %+v", got)
	}
	second := q
	second.ID = "q2"
	if got, err := s.PutApproval(ctx, second); err != nil || got.ID != "q1" {
		t.Errorf("the same question is put twice: %+v %v", got, err)
	}
	other := q
	other.ID, other.Kind, other.Other, other.Token, other.AskedAt = "q3", authority.ApproveMerge, "d0", [32]byte{4}, now().Add(time.Second)
	_, err = s.PutApproval(ctx, other)
	must(t, err)
	g := authority.Grant{Now: now(), Previous: &k0.Hash, Approval: "q1", Key: key(2, "d1", 1)}
	wants(t, "before the decision", s.Issue(ctx, g), authority.ErrConflict)
	q.State, q.DecidedAt, q.DecidedBy = authority.Approved, now(), "ada"
	if got, err := s.PutApproval(ctx, q); err != nil || !reflect.DeepEqual(got, q) {
		t.Errorf("decided: %+v %v", got, err)
	}
	must(t, s.Issue(ctx, g))
	g.Key = key(3, "d1", 1)
	wants(t, "an approval is good once", s.Issue(ctx, g), authority.ErrConflict)
	for _, c := range []struct {
		k    authority.ApprovalKind
		s    authority.ApprovalState
		want int
	}{{"", "", 2}, {authority.ApproveRenew, "", 1}, {"", authority.Used, 1}, {"", authority.Pending, 1}, {authority.ApproveEnroll, "", 0}} {
		if all, err := s.ListApprovals(ctx, c.k, c.s); err != nil || len(all) != c.want {
			t.Errorf("%s %s: %+v %v", c.k, c.s, all, err)
		}
	}
	if got, err := s.PutApproval(ctx, second); err != nil || got.ID != "q2" {
		t.Errorf("a question may be put again once the first is used: %+v %v", got, err)
	}
	// An expired token still lets in who was approved.
	tok := token(1, 1)
	must(t, s.PutToken(ctx, tok))
	_, err = s.PutApproval(ctx, authority.Approval{ID: "q4", Kind: authority.ApproveEnroll, State: authority.Approved, Key: enroll.KeyHash{9}, AskedAt: now()})
	must(t, err)
	must(t, s.Issue(ctx, authority.Grant{Now: tok.ExpiresAt.Add(time.Hour), Keep: time.Hour, Token: &tok.Hash, Approval: "q4", Device: ptr(device("d9")), Key: key(9, "d9", 0)}))
}

func authorities(t *testing.T, s authority.Store) {
	ctx := t.Context()
	mk := func(n byte) authority.CA {
		return authority.CA{Hash: enroll.KeyHash{n}, Certificate: []byte{n, 1}, SealedKey: []byte{n, 2}, CreatedAt: now().Add(time.Duration(n) * time.Second), Since: now()}
	}
	a, b, c := mk(1), mk(2), mk(3)
	start, err := s.Changes(ctx, -1)
	must(t, err)
	must(t, s.ChangeAuthorities(ctx, []authority.Step{{CA: a, To: authority.Active}}))
	wants(t, "a second active one", s.ChangeAuthorities(ctx, []authority.Step{{CA: b, To: authority.Active}}), authority.ErrConflict)
	must(t, s.ChangeAuthorities(ctx, []authority.Step{{CA: b, To: authority.Published}}))
	wants(t, "a second published one", s.ChangeAuthorities(ctx, []authority.Step{{CA: c, To: authority.Published}}), authority.ErrConflict)
	wants(t, "from a state it is not in", s.ChangeAuthorities(ctx, []authority.Step{{CA: b, From: authority.Retired, To: authority.Published}}), authority.ErrConflict)
	wants(t, "half a step", s.ChangeAuthorities(ctx, []authority.Step{
		{CA: authority.CA{Hash: a.Hash}, From: authority.Active, To: authority.Retired}, {CA: authority.CA{Hash: c.Hash}, From: authority.Published, To: authority.Active},
	}), authority.ErrConflict)
	later := now().Add(time.Hour)
	must(t, s.ChangeAuthorities(ctx, []authority.Step{
		{CA: authority.CA{Hash: a.Hash, Since: later}, From: authority.Active, To: authority.Retired},
		{CA: authority.CA{Hash: b.Hash, Since: later}, From: authority.Published, To: authority.Active},
	}))
	all, err := s.AllAuthorities(ctx)
	must(t, err)
	a.State, a.Since, b.State, b.Since = authority.Retired, later, authority.Active, later
	if !reflect.DeepEqual(all, []authority.CA{b, a}) {
		t.Errorf("got %+v", all)
	}
	must(t, s.ChangeAuthorities(ctx, []authority.Step{{CA: authority.CA{Hash: a.Hash}, From: authority.Retired}}))
	if all, err := s.AllAuthorities(ctx); err != nil || len(all) != 1 {
		t.Errorf("removed: %+v %v", all, err)
	}
	if ch, err := s.Changes(ctx, start.Next); err != nil || !ch.Authorities {
		t.Errorf("changes %+v %v", ch, err)
	}
}

func census(t *testing.T, s authority.Store) {
	ctx := t.Context()
	k1 := enrolled(t, s, 1, "d1")
	enrolled(t, s, 2, "d2")
	enrolled(t, s, 3, "d3")
	_, err := s.Revoke(ctx, "d3", authority.Revocation{At: now()})
	must(t, err)
	_, err = s.Seen(ctx, k1.Hash, now())
	must(t, err)
	next := key(11, "d1", 1)
	next.CA = enroll.KeyHash{8}
	must(t, s.Issue(ctx, authority.Grant{Now: now(), Keep: time.Hour, Previous: &k1.Hash, Key: next}))
	check := func(what string, since time.Time, old, fresh, told int) {
		t.Helper()
		c, err := s.Census(ctx, since)
		must(t, err)
		if c.Devices != 2 || c.Revoked != 1 || c.Holding[enroll.KeyHash{9}] != old || c.Holding[enroll.KeyHash{8}] != fresh || c.Since != told {
			t.Errorf("%s: %+v", what, c)
		}
	}
	check("before the first use it may come with either", now().Add(2*time.Minute), 2, 1, 1)
	_, err = s.Seen(ctx, next.Hash, now())
	must(t, err)
	check("after it", now().Add(3*time.Minute), 1, 1, 1)
}

func newest(t *testing.T, s authority.Store) {
	ctx := t.Context()
	if _, _, err := s.Newest(ctx, "nobody"); !errors.Is(err, authority.ErrNotFound) {
		t.Errorf("nobody's: %v", err)
	}
	k := enrolled(t, s, 1, "d1")
	check := func(what string, want enroll.KeyHash) {
		t.Helper()
		got, d, err := s.Newest(ctx, "d1")
		if err != nil || d.ID != "d1" || got.Hash != want {
			t.Errorf("%s: %v of %q, %v", what, got.Hash, d.ID, err)
		}
	}
	check("before the first use", enroll.KeyHash{})
	_, err := s.Seen(ctx, k.Hash, now())
	must(t, err)
	check("after it", k.Hash)
	next := key(11, "d1", 1)
	must(t, s.Issue(ctx, authority.Grant{Now: now(), Keep: time.Hour, Previous: &k.Hash, Key: next}))
	check("a renewal that was not used", k.Hash)
	_, err = s.Seen(ctx, next.Hash, now())
	must(t, err)
	check("one that was", next.Hash)
}
