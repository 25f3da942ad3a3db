package api

import (
	"context"
	"fmt"
	"strings"

	"muster/collector/store"
)

// Purger removes what is kept of a person; dry only counts.
type Purger interface {
	Purge(ctx context.Context, name string, dry bool) ([]store.Purged, error)
}

// PurgeInput names a person.
type PurgeInput struct {
	Body struct {
		Name   string `json:"name" minLength:"3" maxLength:"100" doc:"Login, without domain, or full name, as devices tell it."`
		DryRun bool   `json:"dry_run,omitempty" doc:"Only tell what would be done."`
	}
}

// PurgeResult is what was found of a person.
type PurgeResult struct {
	DryRun bool           `json:"dry_run,omitempty"`
	Found  []store.Purged `json:"found" nullable:"false"`
	Total  int64          `json:"total"`
}

func (s *Server) purgePerson(ctx context.Context, in *PurgeInput) (PurgeResult, error) {
	if s.d.Purge == nil {
		return PurgeResult{}, NewProblem(notOffered, "this collector cannot purge")
	}
	name := strings.TrimSpace(in.Body.Name)
	if len(name) < 3 || strings.ContainsAny(name, "\"\\/<>{}[]\x00\n") || printable(name) != name {
		return PurgeResult{}, NewProblem(invalid, "a login without its domain, or a full name, of at least 3 characters is expected")
	}
	onto(ctx, "person") // never the name: the audit outlives the purge
	found, err := s.d.Purge.Purge(ctx, name, in.Body.DryRun)
	if err != nil {
		return PurgeResult{}, err
	}
	out := PurgeResult{DryRun: in.Body.DryRun, Found: found}
	if found == nil {
		out.Found = []store.Purged{}
	}
	for _, f := range found {
		out.Total += f.Count
	}
	note(ctx, "dry_run", fmt.Sprint(in.Body.DryRun))
	note(ctx, "values", fmt.Sprint(out.Total))
	return out, nil
}
