package sqlstore

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/store"
)

func TestSessions(t *testing.T) { eachEngine(t, testSessions) }

func testSessions(t *testing.T, e engine) {
	c, ctx, now := e.control(t), t.Context(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	user := func(name string) account.User {
		t.Helper()
		u, err := c.PutUser(ctx, account.User{Name: name, Role: account.Staff, Scope: store.Scope{All: true}, CreatedAt: now}, "hash of "+name)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	hash := func(s string) [32]byte { return sha256.Sum256([]byte(s)) }
	add := func(u account.User, id string, at time.Time) {
		t.Helper()
		err := c.AddSession(ctx, account.Session{ID: id, User: u.ID, Mark: "m", How: account.ByCode, Strong: true, Address: "192.0.2.7", Device: "Firefox on Linux", CreatedAt: at, SeenAt: at}, hash(id))
		if err != nil {
			t.Fatal(err)
		}
	}
	ids := func(u account.User) (out []string) {
		t.Helper()
		list, err := c.Sessions(ctx, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			out = append(out, x.ID)
		}
		return out
	}
	ann, bo := user("ann"), user("bo")
	add(ann, "a1", now)
	add(ann, "a2", now.Add(time.Minute))
	add(bo, "b1", now)
	x, err := c.SessionByHash(ctx, hash("a1"))
	if err != nil || x.Name != "ann" || x.User != ann.ID || x.Mark != "m" || !x.Strong || x.How != account.ByCode || x.Address != "192.0.2.7" || x.Device != "Firefox on Linux" || !x.CreatedAt.Equal(now) || !x.SeenAt.Equal(now) {
		t.Errorf("%+v, %v", x, err)
	}
	if _, err := c.SessionByHash(ctx, hash("a3")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a token that nobody has: %v", err)
	}
	if u, _, err := c.UserSecret(ctx, "ann"); err != nil || !u.LastSeenAt.Equal(now.Add(time.Minute)) {
		t.Errorf("last seen %v, %v", u.LastSeenAt, err)
	}
	if err := c.TouchSession(ctx, "a1", now.Add(time.Hour), "It is done."); err != nil {
		t.Fatal(err)
	}
	if err := c.TouchSession(ctx, "a1", now, "It is done."); err != nil { // an older click that came later
		t.Fatal(err)
	}
	if x, _ := c.SessionByHash(ctx, hash("a1")); !x.SeenAt.Equal(now.Add(time.Hour)) || x.Said != "It is done." {
		t.Errorf("%+v", x)
	}
	if got := fmt.Sprint(ids(ann)); got != "[a1 a2]" {
		t.Errorf("the one that was used last is first: %s", got)
	}
	if err := c.EndSession(ctx, bo.ID, "a1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("somebody else's session was ended: %v", err)
	}
	if n, err := c.EndSessions(ctx, ann.ID, "a2"); err != nil || n != 1 {
		t.Errorf("%d ended, %v", n, err)
	}
	if got := fmt.Sprint(ids(ann), ids(bo)); got != "[a2] [b1]" {
		t.Error(got)
	}
	for i := range account.MostSessions + 5 {
		add(ann, fmt.Sprintf("m%02d", i), now.Add(time.Duration(i)*time.Hour))
	}
	if got := ids(ann); len(got) != account.MostSessions || got[0] != fmt.Sprintf("m%02d", account.MostSessions+4) {
		t.Errorf("%d sessions, the last %s", len(got), got[0])
	}
	if _, err := c.PutUser(ctx, ann, ""); err != nil || len(ids(ann)) == 0 {
		t.Errorf("a change of the account ended its sessions: %v", err)
	}
	if _, err := c.PutUser(ctx, ann, "another hash"); err != nil || len(ids(ann)) != 0 {
		t.Errorf("a new password ended no sessions: %v", err)
	}
	bo.Disabled = true
	if _, err := c.PutUser(ctx, bo, ""); err != nil || len(ids(bo)) != 0 {
		t.Errorf("disabling ended no sessions: %v", err)
	}
	add(ann, "old", now)
	add(ann, "idle", now.Add(10*time.Hour))
	add(ann, "new", now.Add(20*time.Hour))
	if n, err := c.DropSessions(ctx, now.Add(time.Hour), now.Add(11*time.Hour)); err != nil || n != 2 {
		t.Errorf("%d dropped, %v", n, err)
	}
	if got := fmt.Sprint(ids(ann)); got != "[new]" {
		t.Error(got)
	}
	if err := c.DeleteUser(ctx, "ann"); err != nil || len(ids(ann)) != 0 {
		t.Errorf("a deleted account has sessions: %v", err)
	}
}

func TestSecondFactors(t *testing.T) { eachEngine(t, testSecondFactors) }

func testSecondFactors(t *testing.T, e engine) {
	c, ctx, now := e.control(t), t.Context(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	u, err := c.PutUser(ctx, account.User{Name: "ann", Role: account.Admin, Scope: store.Scope{All: true}, CreatedAt: now}, "hash")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Factor(ctx, u.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("none yet: %v", err)
	}
	codes := [][32]byte{{1}, {2}, {3}}
	for range 2 { // a new one takes the place of the old
		if err := c.PutFactor(ctx, u.ID, account.Factor{Sealed: []byte("sealed"), ConfirmedAt: now, LastStep: 10}, codes); err != nil {
			t.Fatal(err)
		}
	}
	f, err := c.Factor(ctx, u.ID)
	if err != nil || string(f.Sealed) != "sealed" || !f.ConfirmedAt.Equal(now) || f.LastStep != 10 {
		t.Errorf("%+v, %v", f, err)
	}
	if u, _, err := c.UserSecret(ctx, "ann"); err != nil || !u.HasCode || u.Outside {
		t.Errorf("%+v, %v", u, err)
	}
	for _, k := range []struct {
		step int64
		want bool
	}{{10, false}, {11, true}, {11, false}, {9, false}, {13, true}} {
		if ok, err := c.UseStep(ctx, u.ID, k.step); err != nil || ok != k.want {
			t.Errorf("step %d: %v, %v", k.step, ok, err)
		}
	}
	for i, want := range []bool{true, false} {
		if ok, err := c.UseCode(ctx, u.ID, [32]byte{2}); err != nil || ok != want {
			t.Errorf("use %d of a recovery code: %v, %v", i, ok, err)
		}
	}
	if ok, _ := c.UseCode(ctx, u.ID+1, [32]byte{1}); ok {
		t.Error("somebody else's recovery code is taken")
	}
	if n, err := c.CodesLeft(ctx, u.ID); err != nil || n != 2 {
		t.Errorf("%d left, %v", n, err)
	}
	if err := c.DeleteFactor(ctx, u.ID); err != nil {
		t.Fatal(err)
	}
	if n, _ := c.CodesLeft(ctx, u.ID); n != 0 {
		t.Errorf("%d recovery codes are left", n)
	}

	if err := c.PutLink(ctx, u.ID, [32]byte{1}, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := c.PutLink(ctx, u.ID, [32]byte{2}, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.LinkUser(ctx, [32]byte{1}, now); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an older link holds: %v", err)
	}
	if name, err := c.LinkUser(ctx, [32]byte{2}, now); err != nil || name != "ann" {
		t.Errorf("%q, %v", name, err)
	}
	if _, err := c.LinkUser(ctx, [32]byte{2}, now.Add(time.Hour)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a link that ran out holds: %v", err)
	}
	if _, err := c.PutUser(ctx, u, "another"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.LinkUser(ctx, [32]byte{2}, now); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a link holds after the password was set: %v", err)
	}

	if err := c.PutOutside(ctx, "https://login.example", "s-1", u.ID, now); err != nil {
		t.Fatal(err)
	}
	if name, err := c.OutsideUser(ctx, "https://login.example", "s-1"); err != nil || name != "ann" {
		t.Errorf("%q, %v", name, err)
	}
	for _, k := range [][2]string{{"https://login.example", "s-2"}, {"https://other.example", "s-1"}} {
		if _, err := c.OutsideUser(ctx, k[0], k[1]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v: %v", k, err)
		}
	}
	if err := c.DeleteUser(ctx, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.OutsideUser(ctx, "https://login.example", "s-1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a deleted account is somebody's: %v", err)
	}
}
