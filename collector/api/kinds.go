package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"muster/collector/account"
	"muster/collector/health"
	"muster/collector/search"
	"muster/collector/store"
)

// kind is one way of saying no. The table of kinds is the only place where a
// status is chosen.
type kind struct {
	name, title string
	status      int
	retry       int // seconds, when trying again is worth it
}

// Names of kinds that handlers use.
const (
	notFound   = "not_found"
	ambiguous  = "ambiguous"
	conflict   = "conflict"
	invalid    = "invalid"
	badFilter  = "bad_filter"
	signedOut  = "signed_out"
	forbidden  = "forbidden"
	tooMuch    = "too_much"
	busy       = "busy"
	internal   = "internal"
	tooMany    = "too_many_failures"
	badSQL     = "bad_sql"
	notOffered = "not_offered"
	tooOften   = "too_often"
)

func kinds() []kind {
	return []kind{
		{notFound, "Not found", http.StatusNotFound, 0},
		{ambiguous, "More than one", http.StatusConflict, 0},
		{conflict, "In the way of something", http.StatusConflict, 0},
		{invalid, "Not as described", http.StatusUnprocessableEntity, 0},
		{badFilter, "The filter cannot be read", http.StatusUnprocessableEntity, 0},
		{badSQL, "The statement cannot be answered", http.StatusUnprocessableEntity, 0},
		{tooMuch, "Too much for one answer", http.StatusUnprocessableEntity, 0},
		{signedOut, "Not signed in", http.StatusUnauthorized, 0},
		{forbidden, "Not allowed", http.StatusForbidden, 0},
		{tooMany, "Too many failed attempts", http.StatusTooManyRequests, 60},
		{tooOften, "Too often", http.StatusTooManyRequests, 60},
		{busy, "Not now", http.StatusServiceUnavailable, 5},
		{notOffered, "Not offered here", http.StatusNotImplemented, 0},
		{internal, "Something broke", http.StatusInternalServerError, 0},
		// What only HTTP itself knows.
		{"malformed", "The request cannot be read", http.StatusBadRequest, 0},
		{"no_such_path", "No such path", http.StatusNotFound, 0},
		{"wrong_method", "No such method here", http.StatusMethodNotAllowed, 0},
		{"not_acceptable", "Not to be had in that form", http.StatusNotAcceptable, 0},
		{"slow_body", "The request took too long", http.StatusRequestTimeout, 0},
		{"too_large", "The request is too large", http.StatusRequestEntityTooLarge, 0},
		{"media_type", "The body is of the wrong type", http.StatusUnsupportedMediaType, 0},
		{"cross_origin", "From another site", http.StatusForbidden, 0},
	}
}

// NewProblem is a refusal of a kind (not_found, conflict, invalid, busy,
// bad_sql …) with a sentence that may be shown. What stands behind the API's
// interfaces uses it to say no. An unknown kind is an internal error.
func NewProblem(name, format string, args ...any) *Problem {
	k := kind{internal, "Something broke", http.StatusInternalServerError, 0}
	for _, x := range kinds() {
		if x.name == name {
			k = x
		}
	}
	return &Problem{Type: problemPrefix + k.name, Title: k.title, Status: k.status, RetryAfter: k.retry, Detail: fmt.Sprintf(format, args...)}
}

// cause ties an error of a lower layer to a kind. Without text the error's own
// text may be shown.
type cause struct {
	err  error
	kind string
	text string
}

func causes() []cause {
	return []cause{
		{store.ErrNotFound, notFound, "there is no such thing here, or this account may not see it"},
		{store.ErrAmbiguous, ambiguous, "several devices answer to that name: use the ID of one"},
		{store.ErrConflict, conflict, "that name is taken, or the thing is in use"},
		{store.ErrPersonal, forbidden, "that asks for facts about persons: this account lacks the right read_personal"},
		{store.ErrLoading, busy, ""},
		{store.ErrUnavailable, busy, "the series store does not answer: numbers wait in the outbox, and muster doctor says why"},
		{store.ErrConfiguration, busy, "the series store refuses the collector: numbers wait in the outbox, and muster doctor says why"},
		{health.ErrUnknownRule, notFound, "there is no such rule: muster rule list shows them"},
		{store.ErrLimit, tooMuch, ""},
		{store.ErrQuery, invalid, ""},
		{store.ErrFull, busy, "the collector's disk is full: free some space, nothing was changed"},
		{store.ErrFatal, busy, "the collector cannot trust its disk and is about to stop: look at its log"},
		{store.ErrClosed, busy, "the collector is stopping: try again in a moment"},
		{account.ErrSignedOut, signedOut, ""},
		{account.ErrForbidden, forbidden, ""},
		{account.ErrScoped, forbidden, ""},
		{account.ErrWrong, signedOut, ""},
		{context.DeadlineExceeded, busy, "that took too long and was stopped: ask for less, or try again"},
		{context.Canceled, busy, "the request was given up"},
		// Behind the two before: what took too long for a server is first of all that.
		{store.ErrBusy, busy, "the database does not answer just now: try again in a moment. If that stays, muster doctor says why"},
	}
}

// ProblemOf turns any error of the stores into what may be shown of it, as an
// operation does; for pages that ask a store themselves.
func ProblemOf(err error) *Problem {
	p, _ := problemOf(err)
	return p
}

// problemOf turns any error into what may be shown. hidden is true when the
// error says more than that and belongs into the log.
func problemOf(err error) (p *Problem, hidden bool) {
	if errors.As(err, &p) {
		return p, false
	}
	var bad *search.Error
	if errors.As(err, &bad) {
		p = NewProblem(badFilter, "the filter cannot be read at character %d: %s", bad.Pos, bad.Msg)
		p.Position = bad.Pos
		return p, false
	}
	for _, c := range causes() {
		if !errors.Is(err, c.err) {
			continue
		}
		text := c.text
		switch {
		case text == "":
			text = err.Error()
		case c.err == store.ErrConflict:
			// Stores end a text meant for people with the bare sentinel.
			if said, ok := strings.CutSuffix(err.Error(), ": "+store.ErrConflict.Error()); ok {
				text = said
			}
		}
		return NewProblem(c.kind, "%s", text), c.err == store.ErrFatal || c.err == store.ErrFull || c.err == store.ErrBusy
	}
	return NewProblem(internal, "the collector could not do that; its log says why"), true
}
