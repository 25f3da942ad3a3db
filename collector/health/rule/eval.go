package rule

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Value is what an input is worth: nothing while it is not Known, else the
// field of its type.
type Value struct {
	Known bool
	N     float64
	F     bool
	T     string
	L     []string
}

// Values gives the inputs of a set by slot.
type Values interface{ Value(slot int) Value }

// Verdict is what a condition says.
type Verdict uint8

// The verdicts.
const (
	Unknown Verdict = iota
	False
	True
)

// Not turns a verdict around; what is not known stays so.
func (v Verdict) Not() Verdict {
	switch v {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

// Judge evaluates a condition. An error is a fault of the rule: a value of a
// type it was not checked for, a division of texts.
func (p *Program) Judge(v Values) (Verdict, error) {
	out, err := p.eval(v)
	if err != nil {
		return Unknown, err
	}
	switch x := out.(type) {
	case types.Bool:
		if x {
			return True, nil
		}
		return False, nil
	case *types.Unknown:
		return Unknown, nil
	}
	return Unknown, fmt.Errorf("%s gave a %s", p.Text, out.Type().TypeName())
}

// Tell evaluates the expression of a piece of evidence.
func (p *Program) Tell(v Values) (Value, error) {
	out, err := p.eval(v)
	if err != nil {
		return Value{}, err
	}
	switch x := out.(type) {
	case types.Double:
		return Value{Known: true, N: float64(x)}, nil
	case types.Bool:
		return Value{Known: true, F: bool(x)}, nil
	case types.String:
		return Value{Known: true, T: string(x)}, nil
	case traits.Lister:
		var items []string
		for it := x.Iterator(); it.HasNext() == types.True; {
			if t, ok := it.Next().(types.String); ok {
				items = append(items, string(t))
			}
		}
		return Value{Known: true, L: items}, nil
	}
	return Value{}, nil
}

func (p *Program) eval(v Values) (ref.Val, error) {
	out, _, err := p.run.Eval(&activation{p, v})
	if err != nil && !types.IsUnknown(out) {
		return nil, fmt.Errorf("%s: %w", p.Text, err)
	}
	return out, nil
}

// activation hands the inputs to a program under the names it has for them.
type activation struct {
	p *Program
	v Values
}

// ResolveName implements cel.Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	slot, ok := a.p.slots[name]
	if !ok {
		return nil, false
	}
	v := a.v.Value(slot)
	if !v.Known {
		return unknown, true
	}
	switch name[0] {
	case 'n':
		return types.Double(v.N), true
	case 'f':
		return types.Bool(v.F), true
	case 't':
		return types.String(v.T), true
	}
	return types.NewStringList(types.DefaultTypeAdapter, v.L), true
}

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }

// unknown is shared: which input it was that is not known, Program.Inputs and
// the values tell.
var unknown = types.NewUnknown(0, nil)

// Type is the type of what the expression gives.
func (p *Program) Type() Type { return p.gives }
