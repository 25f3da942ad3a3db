package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/authority"
	"muster/collector/authority/authoritytest"
	"muster/collector/store"
	"muster/internal/enroll"
)

func control(t testing.TB) *Control {
	t.Helper()
	c, err := OpenControl(t.Context(), filepath.Join(t.TempDir(), "control.db"), Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func accounts(c *Control, now func() time.Time) *account.Accounts {
	return &account.Accounts{Store: c, Now: now, Key: []byte("key of the audit's chain")}
}

func TestUsersAndPasswords(t *testing.T) { eachEngine(t, testUsersAndPasswords) }

func testUsersAndPasswords(t *testing.T, e engine) {
	c := e.control(t)
	a := accounts(c, time.Now)
	ctx := t.Context()
	hash, err := a.HashPassword(ctx, "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	u, err := c.PutUser(ctx, account.User{Name: "Ines", Role: account.Intern, Sites: []string{"north/hartford"}, Scope: store.Scope{Sites: []int64{4}}, CreatedAt: time.Now()}, hash)
	if err != nil || u.ID == 0 {
		t.Fatalf("%+v, %v", u, err)
	}
	if _, err := c.PutUser(ctx, account.User{Name: "ines", Role: account.Staff}, ""); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same name in other letters: %v", err)
	}
	got, err := a.SignIn(ctx, "ines", "correct horse battery")
	if err != nil || got.Role != account.Intern || len(got.Scope.Sites) != 1 || got.Scope.Sites[0] != 4 || got.Scope.All {
		t.Errorf("signed in as %+v, %v", got, err)
	}
	for name, password := range map[string]string{"ines": "wrong", "nobody": "correct horse battery", "": ""} {
		if _, err := a.SignIn(ctx, name, password); !errors.Is(err, account.ErrWrong) {
			t.Errorf("%q with %q: %v", name, password, err)
		}
	}
	u.Disabled = true
	if _, err := c.PutUser(ctx, u, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := a.SignIn(ctx, "ines", "correct horse battery"); !errors.Is(err, account.ErrWrong) {
		t.Errorf("a disabled account signs in: %v", err)
	}
	if _, err := a.HashPassword(ctx, "short"); err == nil {
		t.Error("a short password is taken")
	}
	if err := c.DeleteUser(ctx, "Ines"); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteUser(ctx, "Ines"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleted again: %v", err)
	}
}

func TestTokens(t *testing.T) { eachEngine(t, testTokens) }

func testTokens(t *testing.T, e engine) {
	c := e.control(t)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a := accounts(c, func() time.Time { return now })
	ctx := t.Context()
	_, text, err := a.NewToken(ctx, account.Token{Name: "report script", Role: account.Staff, Scope: store.Scope{All: true}, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	actor, err := a.ByToken(ctx, text)
	if err != nil || actor.Role != account.Staff || !actor.Scope.All || actor.Via != "token report script" {
		t.Errorf("actor %+v, %v", actor, err)
	}
	list, err := c.Tokens(ctx)
	if err != nil || len(list) != 1 || !list[0].LastUsedAt.Equal(now) {
		t.Errorf("tokens %+v, %v", list, err)
	}
	for _, bad := range []string{"", "muster_", text + "x", strings.ToUpper(text)} {
		if _, err := a.ByToken(ctx, bad); !errors.Is(err, account.ErrSignedOut) {
			t.Errorf("token %q: %v", bad, err)
		}
	}
	now = now.Add(2 * time.Hour)
	if _, err := a.ByToken(ctx, text); !errors.Is(err, account.ErrSignedOut) || !strings.Contains(err.Error(), "expired") {
		t.Errorf("expired token: %v", err)
	}
	now = now.Add(-2 * time.Hour)
	if err := c.RevokeToken(ctx, "report script", now); err != nil {
		t.Fatal(err)
	}
	if _, err := a.ByToken(ctx, text); !errors.Is(err, account.ErrSignedOut) || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("revoked token: %v", err)
	}
}

func TestAuditChain(t *testing.T) { eachEngine(t, testAuditChain) }

func testAuditChain(t *testing.T, e engine) {
	c := e.control(t)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := accounts(c, func() time.Time { return at })
	ctx := t.Context()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if err := a.Audit(ctx, account.Record{Actor: "ines", Via: "session", Action: "device.set", Outcome: "done", Detail: map[string]string{"owner": "x"}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n, broken, err := a.VerifyAudit(ctx); n != 40 || broken != 0 || err != nil {
		t.Fatalf("checked %d, broken at %d, %v", n, broken, err)
	}
	at = at.Add(48 * time.Hour)
	for range 3 {
		if err := a.Audit(ctx, account.Record{Actor: "bo", Action: "ca.rotate", Outcome: "done"}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := c.DropRecords(ctx, at.Add(-time.Hour)); n != 40 || err != nil {
		t.Errorf("dropped %d, %v", n, err)
	}
	if n, broken, err := a.VerifyAudit(ctx); n != 3 || broken != 0 || err != nil {
		t.Errorf("after retention: checked %d, broken at %d, %v", n, broken, err)
	}
	// Whoever changes the file itself breaks the chain.
	if err := c.d.write(ctx, func(tx *tx) error {
		drop := "DROP TRIGGER audit_unchanged"
		if c.d.server != nil {
			drop += " ON audit"
		}
		return tx.once(drop + "; UPDATE audit SET actor = 'ines' WHERE seq = 42")
	}); err != nil {
		t.Fatal(err)
	}
	if _, broken, err := a.VerifyAudit(ctx); broken != 42 || err != nil {
		t.Errorf("a forged record: broken at %d, %v", broken, err)
	}
	if err := c.d.write(ctx, func(tx *tx) error {
		return tx.once("UPDATE audit SET actor = 'bo' WHERE seq = 42; DELETE FROM audit WHERE seq = 42")
	}); err != nil {
		t.Fatal(err)
	}
	if _, broken, err := a.VerifyAudit(ctx); broken == 0 || err != nil {
		t.Errorf("a record taken out: broken at %d, %v", broken, err)
	}
}

func TestSingleUseTokenGivesOneCertificate(t *testing.T) {
	eachEngine(t, testSingleUseTokenGivesOneCertificate)
}

func testSingleUseTokenGivesOneCertificate(t *testing.T, e engine) {
	c := e.control(t)
	ctx := t.Context()
	now := time.Now()
	k := authority.Token{Hash: [32]byte{1}, ID: "t1", Uses: 1, UsesLeft: 1, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	if err := c.PutToken(ctx, k); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	given := 0
	for i := range 100 {
		wg.Go(func() {
			id := authority.NewDeviceID(now)
			err := c.Issue(context.WithoutCancel(ctx), authority.Grant{Now: now, Token: &k.Hash,
				Device: &authority.Device{ID: id}, Key: authority.Key{Hash: enroll.KeyHash{byte(i), 1}, Device: id, Certificate: []byte{1}}})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				given++
			} else if !errors.Is(err, authority.ErrUsedUp) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if given != 1 {
		t.Errorf("%d certificates for one use", given)
	}
	if n, err := c.Census(ctx, now); err != nil || n.Devices != 1 {
		t.Errorf("census %+v, %v", n, err)
	}
}

func TestIdentitySuite(t *testing.T) { eachEngine(t, testIdentitySuite) }

func testIdentitySuite(t *testing.T, e engine) {
	authoritytest.Suite(t, func(t *testing.T) authority.Store { return e.control(t) })
}

// A database that cannot answer says nothing of a device: an agent that is
// told it is unknown enrols again, and its history is torn in two.
func TestAFaultIsNoAnswer(t *testing.T) { eachEngine(t, testAFaultIsNoAnswer) }

func testAFaultIsNoAnswer(t *testing.T, e engine) {
	c := e.control(t)
	ctx := t.Context()
	rename := func(from, to string) {
		t.Helper()
		if err := c.d.write(ctx, func(t *tx) error { return t.do("ALTER TABLE " + from + " RENAME TO " + to) }); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"identity_key", "identity", "enroll_token", "identity_approval"} {
		rename(table, "away")
		_, _, key := c.Key(ctx, enroll.KeyHash{1})
		_, _, newest := c.Newest(ctx, "d1")
		_, seen := c.Seen(ctx, enroll.KeyHash{1}, time.Now())
		_, revoke := c.Revoke(ctx, "d1", authority.Revocation{At: time.Now()})
		_, token := c.Token(ctx, [32]byte{1})
		k := authority.Key{Hash: enroll.KeyHash{1}, Device: "d1", Certificate: []byte{1}, ExpiresAt: time.Now()}
		byToken := c.Issue(ctx, authority.Grant{Now: time.Now(), Token: &[32]byte{1}, Device: &authority.Device{ID: "d1"}, Key: k})
		approved := c.Issue(ctx, authority.Grant{Now: time.Now(), Approval: "a", Device: &authority.Device{ID: "d1"}, Key: k})
		rename("away", table)
		touched := map[string]map[string]error{
			"identity_key":      {"Key": key, "Seen": seen, "Issue by token": byToken, "Issue by approval": approved},
			"identity":          {"Key": key, "Newest": newest, "Revoke": revoke},
			"enroll_token":      {"Token": token, "Issue by token": byToken},
			"identity_approval": {"Issue by approval": approved},
		}[table]
		for name, err := range touched {
			if err == nil {
				t.Errorf("%s without %s: no error", name, table)
			}
			for _, answer := range []error{authority.ErrNotFound, authority.ErrConflict, authority.ErrUsedUp, authority.ErrKeyExists, store.ErrNotFound, store.ErrConflict} {
				if errors.Is(err, answer) {
					t.Errorf("%s without %s says %v, which is an answer: %v", name, table, answer, err)
				}
			}
		}
	}
}
