package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/gosnmp/gosnmp"
)

const (
	// firstObjects is how many objects one GET asks for; agents take 20 to 30
	// of them without fail, and some no more.
	firstObjects = 24
)

// Error-status (RFC 3416 §3).
const (
	statusTooBig        = 1
	statusNoSuchName    = 2
	statusAuthorization = 16
)

// names reads the names of a question.
func names(oids []string) ([]string, error) {
	out := make([]string, len(oids))
	for i, s := range oids {
		o, err := checkName(s)
		if err != nil {
			return nil, err
		}
		out[i] = o
	}
	return out, nil
}

// Get asks for single objects in a context.
func (v *view) Get(ctx context.Context, oids ...string) ([]Variable, error) {
	all, err := names(oids)
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	if err := v.begin(ctx); err != nil {
		return nil, err
	}
	defer v.end()
	g := get{view: v, names: all, values: make([]Value, len(all)), have: make([]bool, len(all))}
	for i := range all {
		g.open = append(g.open, i)
	}
	err = g.run(ctx)
	out := make([]Variable, 0, len(all))
	for i := range all {
		if g.have[i] {
			out = append(out, Variable{OID: all[i], Value: g.values[i]})
		}
	}
	return out, err
}

// get is a question for single objects.
type get struct {
	*view
	names  []string
	values []Value
	have   []bool
	open   []int // not answered yet
	fault  error // what the agent said about single objects
}

func (g *get) run(ctx context.Context) error {
	silent := 0
	for len(g.open) > 0 {
		size := g.learned.Objects
		if size <= 0 {
			size = firstObjects
		}
		n := min(size, len(g.open))
		req := request{kind: gosnmp.GetRequest, names: make([]string, n)}
		for i, at := range g.open[:n] {
			req.names[i] = g.names[at]
		}
		took, smaller := 0, 0
		err := g.exchange(ctx, req, nil, halveNames, func(p *gosnmp.SnmpPacket, r request) (err error) {
			took, smaller, err = g.answer(p, len(r.names))
			if err == nil && len(r.names) < n {
				smaller = len(r.names) // it was too much before
			}
			return err
		})
		switch {
		case err == nil:
			silent = 0
		case (errors.Is(err, ErrTimeout) || errors.Is(err, ErrGarbage)) && g.proven && n > 1 && silent < mostSilent:
			// It answered before: perhaps it is the size, or one object.
			silent++
			smaller = (n + 1) / 2
		default:
			return errors.Join(err, g.fault)
		}
		g.open = g.open[took:]
		g.fit(smaller)
	}
	return g.fault
}

func halveNames(r *request) { r.names = r.names[:(len(r.names)+1)/2] }

// fit learns how many objects fit into a question: smaller, or when that is 0,
// as many as it was.
func (g *get) fit(smaller int) {
	switch {
	case smaller > 0:
		g.goodGets = 0
		g.learn(func(l *Learned) { l.Objects = smaller })
	case g.learned.Objects > 0:
		if g.goodGets++; g.goodGets >= growAfter {
			g.goodGets = 0
			g.learn(func(l *Learned) { l.Objects = 0 })
		}
	}
}

// answer takes in what is answered to the first n open objects: how many of
// them are done with, and how many to ask for from now on if that is less.
func (g *get) answer(p *gosnmp.SnmpPacket, n int) (took, smaller int, err error) {
	if p.Error != 0 {
		return g.status(p, n)
	}
	for took < n && took < len(p.Variables) {
		at, v := g.open[took], &p.Variables[took]
		if v.Name != g.names[at] {
			break
		}
		g.values[at], g.have[at] = valueOf(v), true
		took++
	}
	if took == 0 {
		return 0, 0, errStrange
	}
	return took, 0, nil
}

// status takes in an error. The object it is about is moved to the front and
// done with, so that the others are asked for again without it.
func (g *get) status(p *gosnmp.SnmpPacket, n int) (took, smaller int, err error) {
	at := int(p.ErrorIndex) - 1
	switch {
	case p.Error == statusTooBig && n > 1:
		return 0, (n + 1) / 2, nil
	case n == 1:
		at = 0
	case at < 0 || at >= n:
		return 0, (n + 1) / 2, nil // it does not say which
	}
	i := g.open[at]
	copy(g.open[1:at+1], g.open[:at])
	g.open[0] = i
	if p.Error == statusNoSuchName {
		g.values[i], g.have[i] = Value{Kind: Missing}, true
	} else {
		g.fault = errors.Join(g.fault, &StatusError{Status: int(p.Error), OID: g.names[i]})
	}
	return 1, 0, nil
}
