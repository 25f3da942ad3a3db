package sqlstore

import (
	"errors"
	"slices"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/saved"
	"muster/collector/store"
)

func TestSaved(t *testing.T) { eachEngine(t, testSaved) }

func testSaved(t *testing.T, e engine) {
	c, ctx, now := e.control(t), t.Context(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	put := func(x saved.Item) saved.Item {
		t.Helper()
		x.CreatedAt, x.ChangedAt = now, now
		out, err := c.PutSaved(ctx, x)
		if err != nil || out.ID == 0 {
			t.Fatalf("%+v: %v", out, err)
		}
		return out
	}
	names := func(kind saved.Kind, owner string) (out []string) {
		t.Helper()
		list, err := c.Saved(ctx, kind, owner)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			out = append(out, x.Owner+" "+x.Name)
		}
		return out
	}
	old := put(saved.Item{Kind: saved.Search, Owner: "user/1", By: "Ann", Name: "Old laptops", Text: "kind:pc purchased<2021", Columns: []string{"model", "purchased"}, Sort: "-purchased"})
	put(saved.Item{Kind: saved.Search, Owner: "user/2", By: "Bo", Name: "old laptops", Text: "x", Shared: true})
	put(saved.Item{Kind: saved.Search, Owner: "user/2", By: "Bo", Name: "Mine alone", Text: "y"})
	put(saved.Item{Kind: saved.SQL, Owner: "user/1", By: "Ann", Name: "Old laptops", Text: "SELECT 1"})
	if got, want := names(saved.Search, "user/1"), []string{"user/1 Old laptops", "user/2 old laptops"}; !slices.Equal(got, want) {
		t.Errorf("one's own first, others' private ones never: %q", got)
	}
	if got, want := names(saved.Search, "user/3"), []string{"user/2 old laptops"}; !slices.Equal(got, want) {
		t.Errorf("somebody else sees %q", got)
	}
	list, err := c.Saved(ctx, saved.Search, "user/1")
	if err != nil || list[0].Text != old.Text || !slices.Equal(list[0].Columns, old.Columns) || list[0].Sort != old.Sort || !list[0].CreatedAt.Equal(now) || list[0].Kind != saved.Search {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := c.PutSaved(ctx, saved.Item{Kind: saved.Search, Owner: "user/1", Name: "OLD LAPTOPS"}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same name again: %v", err)
	}
	old.Name, old.Shared = "Laptops to replace", true
	put(old)
	if got := names(saved.Search, "user/3"); !slices.Contains(got, "user/1 Laptops to replace") {
		t.Errorf("shared and renamed, but there is %q", got)
	}
	if err := c.DeleteSaved(ctx, old.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteSaved(ctx, old.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := c.PutSaved(ctx, old); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what is gone is changed: %v", err)
	}
	for i := range saved.MostItems {
		put(saved.Item{Kind: saved.SQL, Owner: "user/9", Name: "n" + string(rune('a'+i%26)) + string(rune('a'+i/26))})
	}
	if _, err := c.PutSaved(ctx, saved.Item{Kind: saved.SQL, Owner: "user/9", Name: "more"}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("beyond the bound: %v", err)
	}
}

// TestWhatGoneUsersKept: what they alone saw goes with them, and who gets their
// number next gets nothing of them.
func TestWhatGoneUsersKept(t *testing.T) { eachEngine(t, testWhatGoneUsersKept) }

func testWhatGoneUsersKept(t *testing.T, e engine) {
	c, ctx, now := e.control(t), t.Context(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	u, err := c.PutUser(ctx, account.User{Name: "Bo", Role: account.Staff, CreatedAt: now}, "")
	if err != nil {
		t.Fatal(err)
	}
	owner := saved.UserOwner(u.ID)
	for _, shared := range []bool{true, false} {
		if _, err := c.PutSaved(ctx, saved.Item{Kind: saved.Search, Owner: owner, By: "Bo", Name: map[bool]string{true: "ours", false: "mine"}[shared], Shared: shared}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.PutLook(ctx, owner, saved.Look{At: now}); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteUser(ctx, "bo"); err != nil {
		t.Fatal(err)
	}
	list, err := c.Saved(ctx, saved.Search, owner)
	if err != nil || len(list) != 1 || list[0].Name != "ours" || list[0].Owner == owner || list[0].By != "Bo" {
		t.Errorf("left: %+v, %v", list, err)
	}
	if l, err := c.Look(ctx, owner); err != nil || !l.At.IsZero() {
		t.Errorf("looked %+v, %v", l, err)
	}
}

func TestLooks(t *testing.T) { eachEngine(t, testLooks) }

func testLooks(t *testing.T, e engine) {
	c, ctx := e.control(t), t.Context()
	at := func(minutes int) time.Time {
		return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
	}
	for _, x := range []struct {
		at     int
		before time.Time
	}{{0, time.Time{}}, {10, time.Time{}}, {35, time.Time{}}, {65, at(35)}, {70, at(35)}, {600, at(70)}} {
		l, err := c.Look(ctx, "user/1")
		if err != nil {
			t.Fatal(err)
		}
		if l = l.Next(at(x.at)); !l.Before.Equal(x.before) || !l.At.Equal(at(x.at)) {
			t.Errorf("after %d minutes: %+v", x.at, l)
		}
		if err := c.PutLook(ctx, "user/1", l); err != nil {
			t.Fatal(err)
		}
	}
	if l, err := c.Look(ctx, "user/2"); err != nil || !l.At.IsZero() || !l.Before.IsZero() {
		t.Errorf("another's: %+v, %v", l, err)
	}
}
