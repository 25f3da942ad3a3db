package profile

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"muster/collector/snmp/session"
)

// walked is a device made of a walk that somebody wrote by hand: a line for each
// object, "OID kind value", where kind is i (integer), c, g, t, C (counters,
// gauges, ticks, wide counters), s (text), x (bytes in hexadecimal), o (OID) and
// a (address). "@name" begins a context. # is a remark.
type walked struct {
	contexts map[string][]session.Variable
	context  string

	requests *int
	fail     map[string]error // columns and objects that fail
}

func readWalk(t testing.TB, file string) *walked {
	t.Helper()
	data, err := os.ReadFile(path.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	w, err := parseWalk(data)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return w
}

func parseWalk(data []byte) (*walked, error) {
	w := &walked{contexts: map[string][]session.Variable{"": nil}, requests: new(int), fail: map[string]error{}}
	context := ""
	sc := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSpace(sc.Text())
		switch {
		case line == "" || line[0] == '#':
			continue
		case line[0] == '@':
			context = line[1:]
			continue
		}
		oid, rest, _ := strings.Cut(line, " ")
		kind, text, _ := strings.Cut(rest, " ")
		v, err := walkValue(kind, text)
		if err != nil || !isOID(oid) {
			return nil, fmt.Errorf("line %d: %q: %v", n, line, err)
		}
		w.contexts[context] = append(w.contexts[context], session.Variable{OID: oid, Value: v})
	}
	for _, list := range w.contexts {
		slices.SortStableFunc(list, func(a, b session.Variable) int { return compareOIDs(a.OID, b.OID) })
	}
	return w, nil
}

func walkValue(kind, text string) (session.Value, error) {
	number := func(k session.Kind) (session.Value, error) {
		n, err := strconv.ParseUint(text, 10, 64)
		return session.Value{Kind: k, U: n}, err
	}
	switch kind {
	case "i":
		n, err := strconv.ParseInt(text, 10, 64)
		return session.Value{Kind: session.Integer, N: n}, err
	case "c":
		return number(session.Counter32)
	case "g":
		return number(session.Gauge32)
	case "t":
		return number(session.TimeTicks)
	case "C":
		return number(session.Counter64)
	case "s":
		return session.Value{Kind: session.OctetString, B: []byte(text)}, nil
	case "x":
		b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		return session.Value{Kind: session.OctetString, B: b}, err
	case "o":
		return session.Value{Kind: session.ObjectID, S: text}, nil
	case "a":
		return session.Value{Kind: session.IPAddress, S: text}, nil
	}
	return session.Value{}, fmt.Errorf("kind %q", kind)
}

func compareOIDs(a, b string) int {
	x, y := longArcs(a), longArcs(b)
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return cmp.Compare(x[i], y[i])
		}
	}
	return cmp.Compare(len(x), len(y))
}

func (w *walked) list() []session.Variable { return w.contexts[w.context] }

// set changes an object, or adds or removes it.
func (w *walked) set(t testing.TB, oid, kind, text string) {
	t.Helper()
	list := slices.DeleteFunc(w.contexts[w.context], func(v session.Variable) bool { return v.OID == oid })
	if kind != "" {
		v, err := walkValue(kind, text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, session.Variable{OID: oid, Value: v})
	}
	slices.SortStableFunc(list, func(a, b session.Variable) int { return compareOIDs(a.OID, b.OID) })
	w.contexts[w.context] = list
}

// drop removes all below an OID.
func (w *walked) drop(oid string) {
	w.contexts[w.context] = slices.DeleteFunc(w.contexts[w.context], func(v session.Variable) bool { return under(v.OID, oid) })
}

func (w *walked) Get(_ context.Context, oids ...string) ([]session.Variable, error) {
	*w.requests++
	out := make([]session.Variable, len(oids))
	for i, oid := range oids {
		if err := w.fail[oid]; err != nil {
			return out[:i], err
		}
		out[i].OID = oid
		for _, v := range w.list() {
			if v.OID == oid {
				out[i] = v
			}
		}
	}
	return out, nil
}

func (w *walked) Table(_ context.Context, columns []string, l session.Limits) (session.Table, error) {
	*w.requests++
	t := session.Table{Complete: true}
	at := map[string]int{}
	for i, c := range columns {
		err := w.fail[c]
		if errors.Is(err, session.ErrTimeout) {
			return session.Table{Fault: err}, err
		}
		for n, v := range w.list() {
			index, ok := strings.CutPrefix(v.OID, c+".")
			if !ok {
				continue
			}
			if err != nil && n%2 == 1 {
				continue // half of it came
			}
			j, known := at[index]
			if !known {
				if l.Rows > 0 && len(t.Rows) >= l.Rows {
					t.Complete, t.Fault = false, session.ErrLimit
					continue
				}
				j = len(t.Rows)
				at[index] = j
				t.Rows = append(t.Rows, session.Row{Index: index, Cells: make([]session.Value, len(columns))})
			}
			t.Rows[j].Cells[i] = v.Value
		}
		if err != nil {
			t.Complete, t.Fault = false, err
		}
	}
	slices.SortStableFunc(t.Rows, func(a, b session.Row) int { return compareOIDs(a.Index, b.Index) })
	if len(t.Rows) == 0 {
		return t, t.Fault
	}
	return t, nil
}

func (w *walked) Walk(_ context.Context, root string, l session.Limits) ([]session.Variable, error) {
	*w.requests++
	var out []session.Variable
	for _, v := range w.list() {
		if under(v.OID, root) && v.OID != root {
			if l.Rows > 0 && len(out) >= l.Rows {
				return out, session.ErrLimit
			}
			out = append(out, v)
		}
	}
	return out, nil
}

func (w *walked) In(context string) session.Asker {
	c := *w
	c.context = context
	return &c
}

// longArcs reads names that are longer than an index.
func longArcs(s string) []uint32 {
	var out []uint32
	for part := range strings.SplitSeq(s, ".") {
		n, _ := strconv.ParseUint(part, 10, 32)
		out = append(out, uint32(n))
	}
	return out
}
