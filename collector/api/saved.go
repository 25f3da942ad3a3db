package api

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"muster/collector/account"
	"muster/collector/saved"
	"muster/collector/search"
	"muster/collector/store"
)

// columnForm is a column of the table of devices, or one that sorts it.
var columnForm = regexp.MustCompile(`\A-?[a-z][a-z0-9_.]{0,63}\z`)

// kept lists what somebody kept of a kind and what others share. A filter that
// tells of persons tells whoever reads it, so it needs the right to see them.
func (s *Server) kept(ctx context.Context, kind saved.Kind) ([]saved.Item, error) {
	if s.d.Saved == nil {
		return nil, NewProblem(notOffered, "this collector keeps no searches")
	}
	list, err := s.d.Saved.Saved(ctx, kind, saved.OwnerOf(actorOf(ctx)))
	if err != nil || kind != saved.Search || personal(ctx) {
		return list, err
	}
	var out []saved.Item
	for _, x := range list {
		if e, err := search.Parse(x.Text); err != nil || len(search.Personal(e)) == 0 {
			out = append(out, x)
		}
	}
	return out, nil
}

func (s *Server) keptOne(ctx context.Context, kind saved.Kind, ref string) (saved.Item, error) {
	list, err := s.kept(ctx, kind)
	if err != nil {
		return saved.Item{}, err
	}
	x, ok := saved.Find(list, ref, saved.OwnerOf(actorOf(ctx)))
	if !ok {
		return x, NewProblem(notFound, "nothing is saved as %q: %s shows what is", clip(printable(ref), 80), map[saved.Kind]string{saved.Search: "muster search list", saved.SQL: "muster sql saved list"}[kind])
	}
	onto(ctx, x.Name)
	return x, nil
}

// keptToChange is one that who asks may change.
func (s *Server) keptToChange(ctx context.Context, kind saved.Kind, id int64) (saved.Item, error) {
	x, err := s.keptOne(ctx, kind, fmt.Sprint(id))
	if err == nil && !saved.MayChange(actorOf(ctx), x) {
		err = NewProblem(forbidden, "%q is %s’s: save one of your own instead", x.Name, x.By)
	}
	return x, err
}

// keep checks and stores one. who made it stays whose it is.
func (s *Server) keep(ctx context.Context, x saved.Item) (saved.Item, error) {
	if s.d.Saved == nil {
		return x, NewProblem(notOffered, "this collector keeps no searches")
	}
	x.Name = strings.TrimSpace(x.Name)
	onto(ctx, x.Name)
	if err := saved.CheckName(x.Name); err != nil {
		return x, NewProblem(invalid, "%v", err)
	}
	if x.Kind == saved.Search {
		if _, err := filterOf(ctx, x.Text); err != nil {
			return x, err
		}
	} else if strings.TrimSpace(x.Text) == "" {
		return x, NewProblem(invalid, "the statement is empty: write one SELECT")
	}
	for _, c := range append([]string{x.Sort}, x.Columns...) {
		if c != "" && !columnForm.MatchString(c) {
			return x, NewProblem(invalid, "%q is no column", clip(printable(c), 40))
		}
	}
	now := s.d.Now()
	if x.ChangedAt = now; x.ID == 0 {
		actor := actorOf(ctx)
		x.Owner, x.By, x.CreatedAt = saved.OwnerOf(actor), actor.Name, now
	}
	note(ctx, "shared", map[bool]string{true: "yes"}[x.Shared])
	out, err := s.d.Saved.PutSaved(ctx, x)
	if errors.Is(err, store.ErrConflict) {
		if list, lerr := s.d.Saved.Saved(ctx, x.Kind, x.Owner); lerr == nil && x.ID == 0 && len(list) >= saved.MostItems {
			return out, NewProblem(conflict, "more than %d are not kept: delete some that nobody needs", saved.MostItems)
		}
		return out, NewProblem(conflict, "there is one named %q already: choose another name", x.Name)
	}
	return out, err
}

func (s *Server) keptGone(ctx context.Context, kind saved.Kind, id int64) (Nothing, error) {
	x, err := s.keptToChange(ctx, kind, id)
	if err != nil {
		return Nothing{}, err
	}
	return Nothing{}, lost(s.d.Saved.DeleteSaved(ctx, x.ID), "%q is not there any more", x.Name)
}

func shownSearch(a account.Actor, x saved.Item) SavedSearch {
	out := SavedSearch{ID: x.ID, Name: x.Name, Filter: x.Text, Columns: x.Columns, Sort: x.Sort, Shared: x.Shared,
		Mine: x.Owner == saved.OwnerOf(a), Change: saved.MayChange(a, x), By: x.By, ChangedAt: x.ChangedAt}
	if out.Columns == nil {
		out.Columns = []string{}
	}
	return out
}

func (s *Server) searchList(ctx context.Context, _ *NoInput) (SearchList, error) {
	list, err := s.kept(ctx, saved.Search)
	out := SearchList{Searches: []SavedSearch{}}
	for _, x := range list {
		out.Searches = append(out.Searches, shownSearch(actorOf(ctx), x))
	}
	return out, err
}

func (s *Server) searchShow(ctx context.Context, in *SavedInput) (SavedSearch, error) {
	x, err := s.keptOne(ctx, saved.Search, in.Ref)
	return shownSearch(actorOf(ctx), x), err
}

func (s *Server) searchNew(ctx context.Context, in *SearchNewInput) (SavedSearch, error) {
	b := in.Body
	x, err := s.keep(ctx, saved.Item{Kind: saved.Search, Name: b.Name, Text: strings.TrimSpace(b.Filter), Columns: b.Columns, Sort: b.Sort, Shared: b.Shared})
	return shownSearch(actorOf(ctx), x), err
}

func (s *Server) searchSet(ctx context.Context, in *SearchSetInput) (SavedSearch, error) {
	x, err := s.keptToChange(ctx, saved.Search, in.ID)
	if err != nil {
		return SavedSearch{}, err
	}
	b := in.Body
	put(&x.Name, b.Name)
	put(&x.Text, b.Filter)
	put(&x.Columns, b.Columns)
	put(&x.Sort, b.Sort)
	put(&x.Shared, b.Shared)
	x, err = s.keep(ctx, x)
	return shownSearch(actorOf(ctx), x), err
}

// put sets what was given.
func put[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (s *Server) searchDelete(ctx context.Context, in *SavedIDInput) (Nothing, error) {
	return s.keptGone(ctx, saved.Search, in.ID)
}

func shownQuery(a account.Actor, x saved.Item) SavedQuery {
	return SavedQuery{ID: x.ID, Name: x.Name, SQL: x.Text, Shared: x.Shared,
		Mine: x.Owner == saved.OwnerOf(a), Change: saved.MayChange(a, x), By: x.By, ChangedAt: x.ChangedAt}
}

func (s *Server) queryList(ctx context.Context, _ *NoInput) (QueryList, error) {
	list, err := s.kept(ctx, saved.SQL)
	out := QueryList{Queries: []SavedQuery{}}
	for _, x := range list {
		out.Queries = append(out.Queries, shownQuery(actorOf(ctx), x))
	}
	return out, err
}

func (s *Server) queryShow(ctx context.Context, in *SavedInput) (SavedQuery, error) {
	x, err := s.keptOne(ctx, saved.SQL, in.Ref)
	return shownQuery(actorOf(ctx), x), err
}

func (s *Server) queryNew(ctx context.Context, in *QueryNewInput) (SavedQuery, error) {
	x, err := s.keep(ctx, saved.Item{Kind: saved.SQL, Name: in.Body.Name, Text: in.Body.SQL, Shared: in.Body.Shared})
	return shownQuery(actorOf(ctx), x), err
}

func (s *Server) querySet(ctx context.Context, in *QuerySetInput) (SavedQuery, error) {
	x, err := s.keptToChange(ctx, saved.SQL, in.ID)
	if err != nil {
		return SavedQuery{}, err
	}
	put(&x.Name, in.Body.Name)
	put(&x.Text, in.Body.SQL)
	put(&x.Shared, in.Body.Shared)
	x, err = s.keep(ctx, x)
	return shownQuery(actorOf(ctx), x), err
}

func (s *Server) queryDelete(ctx context.Context, in *SavedIDInput) (Nothing, error) {
	return s.keptGone(ctx, saved.SQL, in.ID)
}
