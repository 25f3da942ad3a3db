package api

import (
	"strings"

	"muster/internal/inventory"
)

// Problem is how the API says no: problem details as RFC 9457 has them, with a
// kind for programs and a sentence for people that says what to do. What lies
// behind an internal error is in the collector's log under Instance, never
// here.
type Problem struct {
	Type       string      `json:"type" doc:"muster:KIND, for programs."`
	Title      string      `json:"title" doc:"The kind in words."`
	Status     int         `json:"status"`
	Detail     string      `json:"detail" doc:"What is wrong and what to do."`
	Instance   string      `json:"instance,omitempty" doc:"urn:muster:request:ID, to find it in the collector's log."`
	Position   int         `json:"position,omitempty" doc:"Of a filter that cannot be read: the character, from 1."`
	Errors     []Fault     `json:"errors,omitempty" doc:"Of a request that is not as described: each fault."`
	Candidates []Candidate `json:"candidates,omitempty" doc:"Of a name that several devices answer to."`
	RetryAfter int         `json:"retry_after,omitempty" doc:"Seconds after which it is worth trying again."`
}

// Fault is one thing wrong with a request. It does not repeat what was sent,
// which may be a secret.
type Fault struct {
	Location string `json:"location,omitempty" doc:"Such as query.limit or body.networks[1]."`
	Detail   string `json:"detail"`
}

// Candidate is one of several devices that answer to a name.
type Candidate struct {
	ID       inventory.DeviceID `json:"id"`
	Name     string             `json:"name"`
	Site     string             `json:"site,omitempty"`
	Serial   string             `json:"serial,omitempty"`
	LastSeen string             `json:"last_seen,omitempty"`
}

// Kind is the part of Type behind its colon: not_found, ambiguous and so on.
func (p *Problem) Kind() string { return strings.TrimPrefix(p.Type, problemPrefix) }

// Error is one line for people.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Detail)
	for i, f := range p.Errors {
		sep := ": "
		if i > 0 {
			sep = "; "
		}
		b.WriteString(sep)
		if f.Location != "" {
			b.WriteString(f.Location + " ")
		}
		b.WriteString(f.Detail)
	}
	return b.String()
}

// GetStatus is what huma asks for the status of an answer.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is what huma asks for the header of an answer.
func (p *Problem) ContentType(string) string { return problemType }

const (
	problemPrefix = "muster:"
	problemType   = "application/problem+json"
)
