package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/saved"
	"muster/collector/store"
)

// fakeSaved keeps what people keep.
type fakeSaved struct {
	mu    sync.Mutex
	items []saved.Item
	looks map[string]saved.Look
	next  int64
}

// newFakeSaved has a search (1) and a statement (2) that only the socket sees.
func newFakeSaved() *fakeSaved {
	return &fakeSaved{next: 2, looks: map[string]saved.Look{}, items: []saved.Item{
		{ID: 1, Kind: saved.Search, Owner: "socket/root", By: "root", Name: "All PCs", Text: "kind:pc"},
		{ID: 2, Kind: saved.SQL, Owner: "socket/root", By: "root", Name: "Two", Text: "SELECT 2"},
	}}
}

func (x *fakeSaved) Saved(_ context.Context, kind saved.Kind, owner string) (out []saved.Item, _ error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, i := range x.items {
		if i.Kind == kind && (i.Owner == owner || i.Shared) {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b saved.Item) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func (x *fakeSaved) PutSaved(_ context.Context, i saved.Item) (saved.Item, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	at := -1
	for k, o := range x.items {
		if o.ID == i.ID {
			at = k
		} else if o.Kind == i.Kind && o.Owner == i.Owner && strings.EqualFold(o.Name, i.Name) {
			return i, store.ErrConflict
		}
	}
	if i.ID == 0 {
		x.next++
		i.ID = x.next
		x.items = append(x.items, i)
		return i, nil
	}
	if at < 0 {
		return i, store.ErrNotFound
	}
	x.items[at] = i
	return i, nil
}

func (x *fakeSaved) DeleteSaved(_ context.Context, id int64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := len(x.items)
	if x.items = slices.DeleteFunc(x.items, func(i saved.Item) bool { return i.ID == id }); len(x.items) == n {
		return store.ErrNotFound
	}
	return nil
}

func (x *fakeSaved) Look(_ context.Context, owner string) (saved.Look, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.looks[owner], nil
}

func (x *fakeSaved) PutLook(_ context.Context, owner string, l saved.Look) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.looks[owner] = l
	return nil
}

func TestSavedSearches(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	staff, intern, parks, admin := w.client("staff"), w.client("intern"), w.client("intern-parks"), w.client("admin")
	made, err := staff.SearchNew(ctx, SearchNewInput{SearchNew{Name: " Loaners ", Filter: "label:loaner", Columns: []string{"model", "last_seen"}, Sort: "-last_seen"}})
	if err != nil || made.Name != "Loaners" || !made.Mine || !made.Change || made.By != "staff" || !made.ChangedAt.Equal(w.now) {
		t.Fatalf("%+v, %v", made, err)
	}
	names := func(c *Client) (out []string) {
		t.Helper()
		list, err := c.SearchList(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list.Searches {
			out = append(out, fmt.Sprintf("%s by %s", x.Name, x.By))
		}
		return out
	}
	id, share := made.ID, true
	t.Run("what is not shared is its owner's alone", func(t *testing.T) {
		for _, c := range []*Client{intern, parks, admin} {
			if got := names(c); len(got) > 0 {
				t.Errorf("others see %q", got)
			}
			_, err := c.SearchShow(ctx, SavedInput{Ref: "Loaners"})
			problemIn(t, err, notFound)
			problemIn(t, c.SearchDelete(ctx, SavedIDInput{id}), notFound)
		}
	})
	t.Run("a shared one shows who shares it, and others cannot change it", func(t *testing.T) {
		if _, err := staff.SearchSet(ctx, SearchSetInput{id, SearchChange{Shared: &share}}); err != nil {
			t.Fatal(err)
		}
		if got := names(parks); !slices.Equal(got, []string{"Loaners by staff"}) {
			t.Errorf("%q", got)
		}
		x, err := parks.SearchShow(ctx, SavedInput{Ref: "loaners"})
		if err != nil || x.Mine || x.Change || x.Filter != "label:loaner" || len(x.Columns) != 2 {
			t.Errorf("%+v, %v", x, err)
		}
		_, err = intern.SearchSet(ctx, SearchSetInput{id, SearchChange{Name: new("Theirs")}})
		problemIn(t, err, forbidden)
		problemIn(t, intern.SearchDelete(ctx, SavedIDInput{id}), forbidden)
	})
	t.Run("it runs with the rights of who runs it", func(t *testing.T) {
		one := func(c *Client) int {
			x, err := c.SearchShow(ctx, SavedInput{Ref: "Everything"})
			if err != nil {
				t.Fatal(err)
			}
			list, err := c.DeviceList(ctx, DeviceListInput{Filter: x.Filter, Sort: x.Sort})
			if err != nil {
				t.Fatal(err)
			}
			return list.Total
		}
		if _, err := staff.SearchNew(ctx, SearchNewInput{SearchNew{Name: "Everything", Filter: "name:pc", Shared: true}}); err != nil {
			t.Fatal(err)
		}
		if all, some := one(staff), one(parks); all != 4 || some != 2 {
			t.Errorf("%d of all, %d of one agency", all, some)
		}
	})
	t.Run("one that tells of a person is not told to who may not see persons", func(t *testing.T) {
		if _, err := staff.SearchNew(ctx, SearchNewInput{SearchNew{Name: "Doe's", Filter: "owner:doe", Shared: true}}); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(names(intern), "Doe's by staff") || !slices.Contains(names(w.client("intern-person")), "Doe's by staff") {
			t.Error("it is told to the wrong ones")
		}
		_, err := intern.SearchNew(ctx, SearchNewInput{SearchNew{Name: "Doe", Filter: "owner:doe"}})
		problemIn(t, err, forbidden)
	})
	t.Run("what cannot be kept is refused", func(t *testing.T) {
		for name, in := range map[string]SearchNew{
			"no search":     {Name: "x", Filter: "((("},
			"no column":     {Name: "x", Columns: []string{"<script>"}},
			"no order":      {Name: "x", Sort: "a b"},
			"no name":       {Name: "  "},
			"a number":      {Name: "17"},
			"a broken line": {Name: "a\nb"},
		} {
			if _, err := staff.SearchNew(ctx, SearchNewInput{in}); err == nil {
				t.Errorf("%s is kept", name)
			}
		}
		_, err := staff.SearchNew(ctx, SearchNewInput{SearchNew{Name: "LOANERS"}})
		problemIn(t, err, conflict)
		if _, err := intern.SearchNew(ctx, SearchNewInput{SearchNew{Name: "Loaners", Filter: "name:x"}}); err != nil {
			t.Errorf("another has that name: %v", err)
		}
		if x, err := intern.SearchShow(ctx, SavedInput{Ref: "Loaners"}); err != nil || x.Filter != "name:x" {
			t.Errorf("one's own comes first: %+v, %v", x, err)
		}
	})
	t.Run("an administrator may put away what is shared", func(t *testing.T) {
		w.accounts.taken()
		if err := admin.SearchDelete(ctx, SavedIDInput{id}); err != nil {
			t.Fatal(err)
		}
		if r := w.accounts.taken(); len(r) != 1 || r[0].Action != "search-delete" || r[0].Object != "Loaners" || r[0].Outcome != "done" {
			t.Errorf("audit: %+v", r)
		}
	})
}

func TestSavedStatements(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	staff, admin := w.client("staff"), w.client("admin")
	made, err := staff.QueryNew(ctx, QueryNewInput{QueryNew{Name: "Free ports", SQL: "SELECT 1", Shared: true}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := admin.QueryList(ctx)
	if err != nil || len(list.Queries) != 1 || list.Queries[0].SQL != "SELECT 1" || list.Queries[0].Mine || !list.Queries[0].Change || list.Queries[0].By != "staff" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := staff.QuerySet(ctx, QuerySetInput{made.ID, QueryChange{SQL: new("SELECT 2"), Name: new("Ports that are free")}}); err != nil {
		t.Fatal(err)
	}
	if x, err := admin.QueryShow(ctx, SavedInput{Ref: fmt.Sprint(made.ID)}); err != nil || x.SQL != "SELECT 2" || x.Name != "Ports that are free" {
		t.Errorf("%+v, %v", x, err)
	}
	_, err = staff.QueryNew(ctx, QueryNewInput{QueryNew{Name: "x", SQL: " \n"}})
	problemIn(t, err, invalid)
	if list, err := staff.SearchList(ctx); err != nil || len(list.Searches) != 0 {
		t.Errorf("statements among searches: %+v, %v", list, err)
	}
}

// TestNothingKept wants a collector that keeps nothing to say so.
func TestNothingKept(t *testing.T) {
	w := newWorld(t)
	d := w.Server.d
	d.Saved = nil
	s, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	w.Server, w.handler = s, s.Handler()
	for _, o := range Operations() {
		if noun, verb, _ := strings.Cut(o.ID, "-"); (noun == "search" && verb != "read" && verb != "field" && verb != "add") || noun == "query" {
			if status, body := w.ask("socket", o.ID, examples()[o.ID]); status != 501 {
				t.Errorf("%s: %d %s", o.ID, status, body)
			}
		}
	}
}

func TestPuttingASearchTogether(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("intern")
	f, err := c.SearchField(ctx, SearchFieldInput{Field: "site"})
	if err != nil || f.Title != "site" || len(f.Choices) < 5 || f.Choices[0].How != ":" || !slices.Contains(f.Values, "parks/hartford") {
		t.Errorf("%+v, %v", f, err)
	}
	some, err := w.client("intern-parks").SearchField(ctx, SearchFieldInput{Field: "site"})
	if err != nil || slices.Contains(some.Values, "roads/dover") {
		t.Errorf("values beyond the scope: %+v, %v", some.Values, err)
	}
	x, err := c.SearchAdd(ctx, SearchAddInput{Filter: "a or b", Field: "site", How: "=", Value: "City Hall"})
	if err != nil || x.Filter != `(a or b) site="City Hall"` {
		t.Errorf("%+v, %v", x, err)
	}
	_, err = c.SearchAdd(ctx, SearchAddInput{Field: "ram", How: "<", Value: "lots"})
	problemIn(t, err, badFilter)
	_, err = c.SearchField(ctx, SearchFieldInput{Field: "owner"})
	problemIn(t, err, forbidden)
	_, err = c.SearchField(ctx, SearchFieldInput{Field: "onwer"})
	problemIn(t, err, badFilter)
	r, err := c.SearchRead(ctx, SearchReadInput{Filter: "os:windows ram<8GB", Cursor: -1})
	if err != nil || len(r.Parts) != 2 || r.Parts[1].Text != "ram<8GB" || r.Parts[1].Rest != "os:windows" {
		t.Errorf("%+v, %v", r.Parts, err)
	}
}

func TestLookingAtTheBoard(t *testing.T) {
	w := newWorld(t)
	ctx, c, begun := t.Context(), w.client("intern"), w.now
	for _, x := range []struct {
		after  time.Duration
		before time.Time
	}{{0, time.Time{}}, {10 * time.Minute, time.Time{}}, {9 * time.Hour, begun.Add(10 * time.Minute)}, {9*time.Hour + 5*time.Minute, begun.Add(10 * time.Minute)}} {
		w.now = begun.Add(x.after)
		if l, err := c.LookShow(ctx, LookInput{Now: true}); err != nil || !l.Before.Equal(x.before) || !l.At.Equal(w.now) {
			t.Errorf("after %v: %+v, %v", x.after, l, err)
		}
	}
	if l, err := w.client("staff").LookShow(ctx, LookInput{}); err != nil || !l.At.IsZero() {
		t.Errorf("another's: %+v, %v", l, err)
	}
	if r := w.accounts.taken(); len(r) != 0 {
		t.Errorf("reading is in the audit: %+v", r)
	}
}
