package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/gosnmp/gosnmp"
)

const (
	// firstRepetitions is how many rows a device is asked for at once that
	// nothing is known of. Above 55, some switches skip rows without a word.
	firstRepetitions = 20
	mostRepetitions  = 25
	// mostVariables is how many a device is asked for at once.
	mostVariables = 100
	// answerBytes is how large an answer is meant to be: what passes Ethernet,
	// PPPoE and the common VPNs in one piece (1400 bytes, less the heads of IPv4
	// and UDP). Where pieces are lost, silence teaches less.
	answerBytes = 1400 - 20 - 8
	// firstHead is what an answer takes beside its variables, at first; version
	// 3 has three times as much.
	firstHead = 50
	// growAfter is how many full answers it takes until a little more is asked
	// for again, after a size turned out to be too much.
	growAfter = 64
	// mostSilent is how often a table is asked for again in smaller pieces when
	// a device that answered before does not.
	mostSilent = 2
)

// walker follows columns to their end.
type walker struct {
	*view
	b        *budget
	to       sink
	bulk     bool // ask with GETBULK
	doubt    bool // GETBULK was not answered; row by row is tried
	wide     int  // columns at once
	per      int  // bytes that a variable takes, by the largest average
	head     int  // bytes of an answer beside them
	bytes    int  // received
	silent   int  // questions without an answer, in a row
	disorder bool
	fault    error // the first of a single column; the others are followed
}

func (v *view) walker(b *budget, to sink) *walker {
	return &walker{view: v, b: b, to: to, bulk: v.mayBulk(), wide: widest}
}

// column is how far a column was followed.
type column struct {
	n        int // its place in the question
	top, at  string
	rows     int
	done     bool
	disorder bool
}

// columns follows all, a group at a time; expect is how many rows there were
// the last time, 0 if that is not known.
func (w *walker) columns(ctx context.Context, tops []string, expect int) error {
	groups := (len(tops) + widest - 1) / widest
	for g := range groups { // of the same size, but for one column
		var group []*column
		for n := g * len(tops) / groups; n < (g+1)*len(tops)/groups; n++ {
			group = append(group, &column{n: n, top: tops[n], at: tops[n]})
		}
		if err := w.follow(ctx, group, expect); err != nil {
			return err
		}
	}
	return w.fault
}

func (w *walker) follow(ctx context.Context, group []*column, expect int) error {
	for {
		var ask []*column
		most := min(w.wide, w.variables())
		for _, c := range group {
			if !c.done && len(ask) < most {
				ask = append(ask, c)
			}
		}
		if len(ask) == 0 {
			return nil
		}
		if err := w.step(ctx, ask, expect); err != nil {
			return err
		}
	}
}

// step asks once for what comes next in some columns.
func (w *walker) step(ctx context.Context, ask []*column, expect int) error {
	req := request{kind: gosnmp.GetNextRequest, names: make([]string, len(ask)), repetitions: 1}
	for i, c := range ask {
		req.names[i] = c.at
	}
	if w.bulk {
		req.kind, req.repetitions = gosnmp.GetBulkRequest, w.repetitions(ask, expect)
	}
	var took answer
	err := w.exchange(ctx, req, w.b, halveRepetitions, func(p *gosnmp.SnmpPacket, r request) error {
		took = w.take(p, r, ask)
		return nil
	})
	if err != nil {
		return w.unanswered(err, req)
	}
	w.silent = 0
	// An answer has the head of its question, with longer lengths in it.
	head := len(w.packet) + 6
	for _, n := range req.names {
		head -= nameBytes(n) + 6 // tags, lengths, Null
	}
	w.head = max(w.head, head)
	took.bytes = len(w.frame.whole) - head
	if w.bytes += len(w.frame.whole); w.bytes > mostBytes {
		return fmt.Errorf("%w: more than %d MiB", ErrLimit, mostBytes>>20)
	}
	switch {
	case took.status != 0:
		w.status(took, req, ask)
	case took.variables == 0:
		w.status(answer{status: statusTooBig, asked: took.asked}, req, ask)
	default:
		w.adapt(took, req)
	}
	return took.err
}

func halveRepetitions(r *request) { r.repetitions = max(1, r.repetitions/2) }

// answer is what came of a question.
type answer struct {
	status, index int
	variables     int
	bytes         int     // of the variables
	asked         request // the repetition that was answered
	ended         bool    // a column came to its end
	err           error   // nothing further can be asked
}

// take puts an answer where it belongs.
func (w *walker) take(p *gosnmp.SnmpPacket, r request, ask []*column) (a answer) {
	a = answer{status: int(p.Error), index: int(p.ErrorIndex), variables: len(p.Variables), asked: r}
	if a.status != 0 {
		return a
	}
	n := len(ask)
	for i := range p.Variables {
		if i/n >= r.repetitions {
			break
		}
		v, c := &p.Variables[i], ask[i%n]
		if c.done {
			continue
		}
		index, ok := below(c.top, v.Name)
		if !ok || missing(v.Type) {
			c.done, a.ended = true, true
			continue
		}
		if !c.disorder && compareNames(v.Name, c.at) <= 0 {
			c.disorder, w.disorder = true, true
			w.unordered(c.top)
		}
		fresh, err := w.to.add(c.n, index, v)
		if err != nil {
			a.err = err
			return a
		}
		if !fresh {
			w.drop(c, fmt.Errorf("%w at %s", ErrLoop, v.Name))
			a.ended = true
			continue
		}
		c.at = v.Name
		c.rows++
	}
	return a
}

// drop gives a column up.
func (w *walker) drop(c *column, why error) {
	c.done = true
	if w.fault == nil {
		w.fault = why
	}
}

// variables is how many are asked for at once.
func (s *Session) variables() int {
	if n := s.learned.Variables; n > 0 {
		return n
	}
	return mostVariables
}

// repetitions is how many rows are asked for at once.
func (w *walker) repetitions(ask []*column, expect int) int {
	n := firstRepetitions
	if k := w.learned.Repetitions; k > 0 {
		n = k
	}
	per, rows := w.per, 0
	for _, c := range ask {
		if w.per == 0 {
			// Tags, lengths, an index and a number take some 14 bytes beside
			// the column's own name.
			per = max(per, nameBytes(c.top)+14)
		}
		rows = max(rows, c.rows)
	}
	n = min(n, w.variables()/len(ask), (answerBytes-max(w.head, firstHead))/(per*len(ask)))
	if left := expect - rows; expect > 0 && left >= 0 {
		// One more than there should be shows the end.
		n = min(n, left+1)
	}
	return max(n, 1)
}

// adapt learns from an answer that was one.
func (w *walker) adapt(a answer, req request) {
	// One more, for indexes that take a byte more.
	w.per = max(w.per, (a.bytes+a.variables-1)/a.variables+1)
	if req.kind != gosnmp.GetBulkRequest {
		if w.doubt && !w.bulked {
			w.noBulk()
			w.learn(func(l *Learned) { l.Variables = 0 })
		}
		w.doubt = false
		return
	}
	w.bulked = true
	rows, known := a.asked.repetitions, w.learned.Repetitions
	switch whole := a.variables / len(req.names); {
	case known == 0:
		w.learn(func(l *Learned) { l.Repetitions = firstRepetitions })
	case a.asked.repetitions < req.repetitions:
		// It was answered only when less was asked for.
		w.good = 0
		w.learn(func(l *Learned) { l.Repetitions = rows })
	case whole < rows && !a.ended:
		// It cuts answers; asking for more than it gives is only work for it.
		w.good = 0
		w.learn(func(l *Learned) { l.Repetitions = max(whole, 1) })
	default:
		if w.good++; w.good >= growAfter {
			w.good = 0
			w.learn(func(l *Learned) {
				l.Repetitions = min(l.Repetitions+max(l.Repetitions/4, 1), max(mostRepetitions, l.Repetitions))
				if l.Variables > 0 {
					l.Variables = min(l.Variables+max(l.Variables/4, 1), mostVariables)
				}
			})
		}
	}
}

// smaller asks for half as much from now on.
func (w *walker) smaller(req request) {
	w.good = 0
	w.learn(func(l *Learned) { l.Variables = max(len(req.names)*req.repetitions/2, 1) })
}

// status takes in an error that the agent answered with.
func (w *walker) status(a answer, req request, ask []*column) {
	n := len(ask)
	switch {
	case a.status == statusTooBig && n*a.asked.repetitions > 1:
		w.smaller(a.asked)
	case a.status == statusNoSuchName && n == 1:
		ask[0].done = true // how version 1 says that there is no more
	case a.status == statusNoSuchName && a.index >= 1 && a.index <= n:
		ask[a.index-1].done = true
	case req.kind == gosnmp.GetBulkRequest:
		// Not this way, or not these objects: the next answer tells.
		w.bulk, w.doubt = false, true
	case a.index >= 1 && a.index <= n || n == 1:
		c := ask[max(min(a.index, n), 1)-1]
		w.drop(c, &StatusError{Status: a.status, OID: c.at})
		w.bulk = w.bulked && w.mayBulk() // it was that column
	default:
		w.wide = 1 // it does not say which column
	}
}

// unanswered says whether to go on in another way after a question without an
// answer. The device answered before, so it is perhaps the question.
func (w *walker) unanswered(err error, req request) error {
	if !errors.Is(err, ErrTimeout) && !errors.Is(err, ErrGarbage) || !w.proven {
		return err
	}
	if w.silent++; w.silent > mostSilent {
		return err
	}
	if req.kind == gosnmp.GetBulkRequest && !w.bulked {
		if few := 2 * len(req.names); w.silent == 1 && req.repetitions > 2 {
			w.learn(func(l *Learned) { l.Variables = few })
		} else {
			w.bulk, w.doubt = false, true
		}
		return nil
	}
	switch {
	case len(req.names)*req.repetitions == 1:
		return err
	case req.kind == gosnmp.GetBulkRequest:
		w.smaller(req)
	default:
		w.wide = (len(req.names) + 1) / 2
	}
	return nil
}
