package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"muster/collector/account"
	"muster/collector/search"
	"muster/collector/store"
)

// asked is what is known of a request while it is answered.
type asked struct {
	id    string // of the request
	peer  string // address it came from; empty on the socket
	csv   bool   // the answer is wanted as CSV
	actor account.Actor

	// For the audit.
	object   string
	detail   map[string]string
	recorded bool
}

type askedKey struct{}

// askedOf finds the request of a context. Operations always have one.
func askedOf(ctx context.Context) *asked {
	if a, ok := ctx.Value(askedKey{}).(*asked); ok {
		return a
	}
	return &asked{}
}

// actorOf is who asks.
func actorOf(ctx context.Context) account.Actor { return askedOf(ctx).actor }

// personal says whether who asks may see facts about persons.
func personal(ctx context.Context) bool { return actorOf(ctx).Can(account.ReadPersonal) == nil }

// note adds to the audit's record of this request. Never a secret, and no
// personal values: the audit outlives a purge.
func note(ctx context.Context, key, value string) {
	a := askedOf(ctx)
	if a.detail == nil {
		a.detail = map[string]string{}
	}
	if value != "" {
		a.detail[key] = clip(value, 500)
	}
}

// onto says what a change is about, for the audit.
func onto(ctx context.Context, object string) { askedOf(ctx).object = clip(object, 300) }

// answer is the shape that huma takes answers in.
type answer[O any] struct{ Body O }

// nothing is the same without a body.
type nothing struct{}

// op makes a line of the table. All that every operation must do stands here
// and in guard, so that none can forget it.
func op[I, O any](method, path, id string, right account.Right, summary string, do func(*Server, context.Context, *I) (O, error)) Operation {
	o := Operation{
		Method: method, Path: path, ID: id, Right: right, Summary: summary,
		Input: reflect.TypeFor[I](), Output: reflect.TypeFor[O](),
	}
	if do == nil {
		return o
	}
	o.register = func(api huma.API, s *Server) {
		spec := s.spec(api, o)
		run := func(ctx context.Context, in *I) (O, error) {
			ctx, cancel := context.WithTimeout(ctx, longest)
			defer cancel()
			if a := askedOf(ctx); a.object == "" {
				a.object = pathOf(in)
			}
			out, err := do(s, ctx, in)
			// Who works on incidents changes no device: counts of large fleets may
			// tell of that a little later.
			if o.Changes() && o.Right != account.Work {
				s.counts.forget()
				s.spreads.forget()
			}
			if o.Changes() {
				if aerr := s.record(ctx, o, outcome(err)); aerr != nil && err == nil {
					err = aerr
				}
			}
			if err != nil {
				return out, s.refuse(ctx, o, err)
			}
			return out, nil
		}
		if o.Output == reflect.TypeFor[Nothing]() {
			huma.Register(api, spec, func(ctx context.Context, in *I) (*nothing, error) {
				_, err := run(ctx, in)
				if err != nil {
					return nil, err
				}
				return &nothing{}, nil
			})
			return
		}
		huma.Register(api, spec, func(ctx context.Context, in *I) (*answer[O], error) {
			out, err := run(ctx, in)
			if err != nil {
				return nil, err
			}
			return &answer[O]{Body: out}, nil
		})
	}
	return o
}

// pathOf is what the path of a request names.
func pathOf(in any) string {
	v := reflect.ValueOf(in).Elem()
	var parts []string
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("path") != "" {
			parts = append(parts, fmt.Sprint(v.Field(i).Interface()))
		}
	}
	return clip(strings.Join(parts, "/"), 300)
}

// guard stands before an operation: who is it, may they, and if something
// goes wrong before the handler, a record all the same.
func (s *Server) guard(o Operation) func(ctx huma.Context, next func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		ctx := hc.Context()
		a := askedOf(ctx)
		r, w := humago.Unwrap(hc)
		actor, err := s.identify(r)
		if err != nil {
			p, hidden := problemOf(err)
			if hidden {
				s.d.Log.ErrorContext(ctx, "identify caller", "error", err, "request_id", a.id)
			}
			if p.Status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="muster"`)
			}
			writeProblem(w, a.id, p)
			return
		}
		a.actor = actor
		if err := actor.Can(o.Right); err != nil {
			if o.Changes() {
				if a.object == "" {
					a.object = clip(strings.TrimPrefix(r.URL.Path, Prefix), 300)
				}
				if aerr := s.record(ctx, o, "refused"); aerr != nil {
					s.d.Log.ErrorContext(ctx, "audit", "error", aerr, "request_id", a.id)
				}
			}
			p, _ := problemOf(err)
			if errors.Is(err, account.ErrForbidden) {
				p.Detail += fmt.Sprintf(" (%s needs the right %s)", o.ID, o.Right)
			}
			writeProblem(w, a.id, p)
			return
		}
		if a.csv && !tabular(o.Output) {
			writeProblem(w, a.id, NewProblem("not_acceptable", "%s has no table to give as CSV: ask for JSON", o.ID))
			return
		}
		// What the handler did not record never ran or did not end.
		defer func() {
			if o.Changes() && !a.recorded {
				if a.object == "" {
					a.object = clip(strings.TrimPrefix(r.URL.Path, Prefix), 300)
				}
				if err := s.record(ctx, o, "failed"); err != nil {
					s.d.Log.ErrorContext(ctx, "audit", "error", err, "request_id", a.id)
				}
			}
		}()
		next(hc)
	}
}

// outcome is the audit's word for how an operation ended.
func outcome(err error) string {
	if err == nil {
		return "done"
	}
	if p, _ := problemOf(err); p.Status == http.StatusForbidden {
		return "refused"
	}
	return "failed"
}

// record writes the audit. It goes on when the client has gone.
func (s *Server) record(ctx context.Context, o Operation, outcome string) error {
	a := askedOf(ctx)
	a.recorded = true
	err := s.d.Accounts.Audit(context.WithoutCancel(ctx), account.Record{
		Actor: a.actor.Name, Via: a.actor.Via, Address: a.peer,
		Action: o.ID, Object: printable(a.object), Outcome: outcome, Detail: a.detail,
	})
	if err == nil {
		return nil
	}
	s.d.Log.ErrorContext(ctx, "audit", "action", o.ID, "outcome", outcome, "error", err, "request_id", a.id)
	if errors.Is(err, store.ErrBusy) {
		p := NewProblem(busy, "that was %s, but the database does not answer just now and the audit lacks it: the collector's log has it", outcome)
		p.RetryAfter = 0 // it was done
		return p
	}
	return NewProblem(internal, "that was %s but could not be written to the audit: look at the collector's log", outcome)
}

// refuse logs what must not be shown and gives what may.
func (s *Server) refuse(ctx context.Context, o Operation, err error) error {
	a := askedOf(ctx)
	p, hidden := problemOf(err)
	if hidden {
		s.d.Log.ErrorContext(ctx, "operation", "operation", o.ID, "error", err, "request_id", a.id)
	}
	shown := *p
	shown.Instance = instance(a.id)
	return &shown
}

// filterOf reads a filter that somebody asks by: personal fields need the
// right to see them, because a filter that matches tells what it asked.
func filterOf(ctx context.Context, text string) (search.Expr, error) {
	e, err := search.Parse(text)
	if err != nil {
		return nil, err
	}
	if fields := search.Personal(e); len(fields) > 0 && !personal(ctx) {
		return nil, NewProblem(forbidden, "the filter uses %s, which tells of persons: this account lacks the right %s", strings.Join(fields, ", "), account.ReadPersonal)
	}
	return e, nil
}

// scopeOf is what who asks may see.
func scopeOf(ctx context.Context) store.Scope { return actorOf(ctx).Scope }
