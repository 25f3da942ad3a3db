package score

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"muster/collector/snmp/session"
)

// Recording is a device as it was recorded: a session.Asker that answers from a
// list of objects.
type Recording struct {
	contexts map[string][]object
	name     string
	Requests *int
	Lines    int // of the file, empty ones left out
	Bad      int // lines that hold no object
	FirstBad int // the first of them, from 1
}

type object struct {
	arcs []uint32
	oid  string
	session.Value
}

// mostLine is the longest line of a recording, in bytes.
const mostLine = 1 << 20

// Read reads a recording in the form of snmpsim: a line OID|tag|value for each
// object. Lines that are no such thing are left out; of two with one OID the
// last counts.
func Read(file string) (*Recording, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(data), nil
}

// Parse does the same from bytes.
func Parse(data []byte) *Recording {
	r := &Recording{contexts: map[string][]object{}, Requests: new(int)}
	sc := bufio.NewScanner(bytes.NewReader(data))
	sc.Buffer(make([]byte, 64<<10), mostLine)
	at := map[string]int{}
	var list []object
	bad := func(line int) {
		if r.Bad++; r.FirstBad == 0 {
			r.FirstBad = line
		}
	}
	for line := 1; sc.Scan(); line++ {
		if len(bytes.TrimSpace(sc.Bytes())) == 0 {
			continue
		}
		r.Lines++
		oid, rest, ok := strings.Cut(sc.Text(), "|")
		tag, text, ok2 := strings.Cut(rest, "|")
		arcs := arcsOf(oid)
		if !ok || !ok2 || arcs == nil {
			bad(line)
			continue
		}
		v, ok := value(tag, text)
		if !ok {
			bad(line)
			continue
		}
		if i, twice := at[oid]; twice {
			list[i].Value = v
			continue
		}
		at[oid] = len(list)
		list = append(list, object{arcs, oid, v})
	}
	if sc.Err() != nil { // a line that is too long: nothing behind it was read
		bad(r.Lines + 1)
	}
	slices.SortFunc(list, func(a, b object) int { return slices.Compare(a.arcs, b.arcs) })
	r.contexts[""] = list
	return r
}

// value reads a value by its ASN.1 tag; x and e behind it say that it is in
// hexadecimal or has escapes.
func value(tag, text string) (session.Value, bool) {
	b := []byte(text)
	var err error
	switch {
	case strings.HasSuffix(tag, "x"):
		b, err = hex.DecodeString(strings.TrimPrefix(text, "0x"))
	case strings.HasSuffix(tag, "e"):
		var s string
		if s, err = strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`); err != nil {
			s, err = text, nil
		}
		b = []byte(s)
	}
	if err != nil {
		return session.Value{}, false
	}
	number := func(k session.Kind) (session.Value, bool) {
		n, err := strconv.ParseUint(text, 10, 64)
		return session.Value{Kind: k, U: n}, err == nil
	}
	switch strings.TrimRight(tag, "xe") {
	case "2":
		n, err := strconv.ParseInt(text, 10, 64)
		return session.Value{Kind: session.Integer, N: n}, err == nil
	case "4":
		return session.Value{Kind: session.OctetString, B: b}, true
	case "5":
		return session.Value{Kind: session.Null}, true
	case "6":
		return session.Value{Kind: session.ObjectID, S: strings.TrimPrefix(text, ".")}, true
	case "64":
		if strings.HasSuffix(tag, "x") && len(b) == 4 {
			text = fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3])
		}
		return session.Value{Kind: session.IPAddress, S: text}, true
	case "65":
		return number(session.Counter32)
	case "66":
		return number(session.Gauge32)
	case "67":
		return number(session.TimeTicks)
	case "68":
		return session.Value{Kind: session.Opaque, B: b}, true
	case "70":
		return number(session.Counter64)
	}
	return session.Value{}, false
}

func arcsOf(s string) []uint32 {
	out := make([]uint32, 0, 16)
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return nil
		}
		out = append(out, uint32(n))
	}
	return out
}

// Variables are all objects, in their order.
func (r *Recording) Variables() []session.Variable {
	var out []session.Variable
	for _, o := range r.list() {
		out = append(out, session.Variable{OID: o.oid, Value: o.Value})
	}
	return out
}

func (r *Recording) list() []object { return r.contexts[r.name] }

// from is the place of the first object at or behind a name.
func (r *Recording) from(arcs []uint32) int {
	i, _ := slices.BinarySearchFunc(r.list(), arcs, func(o object, a []uint32) int { return slices.Compare(o.arcs, a) })
	return i
}

// below lists what is below a name.
func (r *Recording) below(oid string) []object {
	arcs := arcsOf(oid)
	i := r.from(arcs)
	l := r.list()
	j := i
	for j < len(l) && len(l[j].arcs) >= len(arcs) && slices.Equal(l[j].arcs[:len(arcs)], arcs) {
		j++
	}
	return l[i:j]
}

// Get answers for single objects.
func (r *Recording) Get(_ context.Context, oids ...string) ([]session.Variable, error) {
	*r.Requests++
	out := make([]session.Variable, len(oids))
	for i, oid := range oids {
		out[i].OID = oid
		arcs := arcsOf(oid)
		if n := r.from(arcs); n < len(r.list()) && slices.Equal(r.list()[n].arcs, arcs) {
			out[i].Value = r.list()[n].Value
		}
	}
	return out, nil
}

// Table follows columns.
func (r *Recording) Table(_ context.Context, columns []string, l session.Limits) (session.Table, error) {
	*r.Requests++
	t := session.Table{Complete: true}
	at := map[string]int{}
	for i, c := range columns {
		for _, o := range r.below(c) {
			if len(o.oid) <= len(c)+1 {
				continue
			}
			index := o.oid[len(c)+1:]
			n, known := at[index]
			if !known {
				if l.Rows > 0 && len(t.Rows) >= l.Rows {
					t.Complete, t.Fault = false, session.ErrLimit
					continue
				}
				n = len(t.Rows)
				at[index] = n
				t.Rows = append(t.Rows, session.Row{Index: index, Cells: make([]session.Value, len(columns))})
			}
			t.Rows[n].Cells[i] = o.Value
		}
	}
	arcs := make(map[string][]uint32, len(t.Rows))
	for _, row := range t.Rows {
		arcs[row.Index] = arcsOf(row.Index)
	}
	slices.SortFunc(t.Rows, func(a, b session.Row) int {
		return cmp.Or(slices.Compare(arcs[a.Index], arcs[b.Index]), strings.Compare(a.Index, b.Index))
	})
	return t, nil
}

// Walk follows all below a name.
func (r *Recording) Walk(_ context.Context, root string, l session.Limits) ([]session.Variable, error) {
	*r.Requests++
	var out []session.Variable
	for _, o := range r.below(root) {
		if l.Rows > 0 && len(out) >= l.Rows {
			return out, session.ErrLimit
		}
		out = append(out, session.Variable{OID: o.oid, Value: o.Value})
	}
	return out, nil
}

// In is the device in a context, of which recordings have none.
func (r *Recording) In(name string) session.Asker {
	c := *r
	c.name = name
	return &c
}

// Saying is a device of which only sysObjectID and sysDescr are known.
func Saying(objectID, description string) *Recording {
	r := &Recording{contexts: map[string][]object{}, Requests: new(int)}
	for _, o := range []object{
		{oid: "1.3.6.1.2.1.1.1.0", Value: session.Value{Kind: session.OctetString, B: []byte(description)}},
		{oid: "1.3.6.1.2.1.1.2.0", Value: session.Value{Kind: session.ObjectID, S: objectID}},
	} {
		o.arcs = arcsOf(o.oid)
		r.contexts[""] = append(r.contexts[""], o)
	}
	return r
}

// General says that a profile is one of those for devices of any vendor.
func General(name string) bool { return name == "any" || strings.HasPrefix(name, "any-") }
