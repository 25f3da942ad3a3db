package enroll

import (
	"fmt"
	"slices"
	"strings"
)

// Judgement is what two pieces of evidence say together.
type Judgement int

// The judgements.
const (
	Unclear      Judgement = iota // they have no kind in common
	Same                          // all they have in common agrees
	ChangedPart                   // the same machine with something replaced
	OtherMachine                  // more speaks against than for it
)

// String is the judgement in words.
func (j Judgement) String() string {
	switch j {
	case Same:
		return "same machine"
	case ChangedPart:
		return "same machine, changed part"
	case OtherMachine:
		return "other machine"
	}
	return "unclear"
}

// Outcome is how one kind compares.
type Outcome string

// The outcomes.
const (
	Agrees  Outcome = "agrees"
	Differs Outcome = "differs"
	Missing Outcome = "missing" // on one side or both: proves nothing
)

// Term is one line of a comparison, for people to see side by side.
type Term struct {
	Kind    Kind     `cbor:"1,keyasint" json:"kind"`
	A       []string `cbor:"2,keyasint,omitempty" json:"a,omitempty"`
	B       []string `cbor:"3,keyasint,omitempty" json:"b,omitempty"`
	Outcome Outcome  `cbor:"4,keyasint" json:"outcome"`
	Points  int      `cbor:"5,keyasint" json:"points"` // weight of the kind; counts for or against by the outcome
}

// Verdict is a comparison with its reasons.
type Verdict struct {
	Judgement Judgement
	Score     int // points of what agrees
	Against   int // points of what differs
	Terms     []Term
}

// SameMachine is the score from which two records are proposed to be one
// machine: two strong identifiers (reference/endpoint.md §4).
const SameMachine = 80

// Compare judges whether two pieces of evidence come from one machine. It is
// another one when more speaks against than for it, unless two strong
// identifiers agree: a new mainboard into which service wrote the old serial
// number is the old machine, and so is one with other drives and cards.
func Compare(a, b Evidence) Verdict {
	var v Verdict
	for _, k := range Kinds() {
		t := Term{Kind: k, A: a.Values(k), B: b.Values(k), Outcome: Missing, Points: k.Weight()}
		switch {
		case len(t.A) == 0 && len(t.B) == 0:
			continue
		case len(t.A) == 0 || len(t.B) == 0:
		case slices.ContainsFunc(t.A, func(x string) bool { return slices.Contains(t.B, x) }):
			t.Outcome = Agrees
			v.Score += t.Points
		default:
			t.Outcome = Differs
			v.Against += t.Points
		}
		v.Terms = append(v.Terms, t)
	}
	switch {
	case v.Score == 0 && v.Against == 0:
		v.Judgement = Unclear
	case v.Against == 0:
		v.Judgement = Same
	case v.Against > v.Score && v.Score < SameMachine:
		v.Judgement = OtherMachine
	default:
		v.Judgement = ChangedPart
	}
	return v
}

// String is the verdict in one line: what agrees and what differs.
func (v Verdict) String() string {
	var parts []string
	for _, t := range v.Terms {
		if t.Outcome != Missing {
			parts = append(parts, fmt.Sprintf("%s %s (%d)", t.Kind, t.Outcome, t.Points))
		}
	}
	if len(parts) == 0 {
		return v.Judgement.String()
	}
	return fmt.Sprintf("%s: %s", v.Judgement, strings.Join(parts, ", "))
}
