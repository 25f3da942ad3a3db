package inventory

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"muster/internal/order"
)

// Table is the content of a section: columns named once, then the rows. Each
// value is nil (not known) or of the Go type that its column's Kind names.
type Table struct {
	Columns []string
	Rows    [][]any
}

// Limits of one table. A device that says more is broken or hostile; what is
// beyond is cut by Conform and told as a fault of the section.
const (
	MaxRows = 50_000
	MaxText = 4 << 10  // bytes of one text
	MaxBlob = 64 << 10 // bytes of one byte string or list
)

// Encode turns rows of a catalogue struct into a table without columns in
// which every row is nil.
func Encode[T Sectioner](rows []T) (Table, error) {
	s, ok := catalogue().byType[reflect.TypeFor[T]()]
	if !ok {
		return Table{}, fmt.Errorf("%T is not in the catalogue", *new(T))
	}
	return s.encode(reflect.ValueOf(rows))
}

// encode makes a table of a slice of the section's rows. It knows no types, so
// that it is compiled once.
func (s *Section) encode(rows reflect.Value) (Table, error) {
	full := make([][]any, rows.Len())
	used := make([]bool, len(s.Columns))
	for i := range full {
		v := rows.Index(i)
		full[i] = make([]any, len(s.Columns))
		for j, c := range s.Columns {
			x, err := valueOf(v.Field(c.field), c)
			if err != nil {
				return Table{}, fmt.Errorf("section %s row %d column %s: %w", s.Name, i, c.Name, err)
			}
			full[i][j] = x
			used[j] = used[j] || x != nil || c.Key
		}
	}
	t := Table{Rows: full}
	for j, c := range s.Columns {
		if used[j] {
			t.Columns = append(t.Columns, c.Name)
		}
	}
	for i, r := range full {
		slim := r[:0]
		for j := range r {
			if used[j] {
				slim = append(slim, r[j])
			}
		}
		full[i] = slim
	}
	return t, nil
}

func valueOf(v reflect.Value, c Column) (any, error) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil, nil
		}
		v = v.Elem()
	} else if v.IsZero() && !c.Key {
		return nil, nil
	}
	switch c.Kind {
	case Text:
		return cleanText(v.String()), nil
	case Int:
		return v.Int(), nil
	case Float:
		f := v.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, nil
		}
		return f, nil
	case Bool:
		return v.Bool(), nil
	case Time:
		t := v.Interface().(time.Time)
		if t.IsZero() {
			return int64(0), nil // only a key comes here
		}
		return t.UnixMilli(), nil
	case Bytes:
		return slices.Clone(v.Bytes()), nil
	case List:
		l := make([]string, 0, v.Len())
		for i := range v.Len() {
			l = append(l, cleanText(v.Index(i).String()))
		}
		b, err := json.Marshal(l)
		return string(b), err
	}
	return nil, fmt.Errorf("kind %s", c.Kind)
}

// cleanText makes any bytes that an operating system calls a name fit to be
// stored and shown: valid UTF-8, no NUL, no surrounding white space.
func cleanText(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.TrimSpace(s)
}

// Faults is what Conform had to leave out or bend, for the section's reason.
type Faults []string

func (f Faults) String() string {
	if len(f) > 3 {
		return strings.Join(f[:3], "; ") + fmt.Sprintf("; and %d more", len(f)-3)
	}
	return strings.Join(f, "; ")
}

// ErrTooManyRows says that a table is beyond MaxRows.
var ErrTooManyRows = errors.New("section has too many rows")

// Conform brings a table that came from outside into the catalogue's form:
// every column of the section in its order, values of the column's kind.
// Columns the catalogue does not know are left out (a newer agent), values of
// another type are converted when nothing is lost and else dropped and told
// in Faults. A row without its key, or with a key seen before, is dropped and
// told. The rows come back sorted by key.
func (s *Section) Conform(t Table) (Table, Faults, error) {
	if len(t.Rows) > MaxRows {
		return Table{}, nil, fmt.Errorf("%s: %d rows, at most %d: %w", s.Name, len(t.Rows), MaxRows, ErrTooManyRows)
	}
	var faults Faults
	told := map[string]bool{}
	tell := func(once, format string, args ...any) {
		if !told[once] {
			told[once] = true
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	from := make([]int, len(s.Columns))
	for i := range from {
		from[i] = -1
	}
	for i, name := range t.Columns {
		if j := s.Index(name); j >= 0 {
			if from[j] >= 0 {
				return Table{}, nil, fmt.Errorf("%s: column %s comes twice", s.Name, name)
			}
			from[j] = i
		}
	}
	out := Table{Columns: make([]string, len(s.Columns)), Rows: make([][]any, 0, len(t.Rows))}
	for i, c := range s.Columns {
		out.Columns[i] = c.Name
	}
	cells := make([]any, len(t.Rows)*len(s.Columns))
	for n, r := range t.Rows {
		row := cells[n*len(s.Columns) : (n+1)*len(s.Columns) : (n+1)*len(s.Columns)]
		for j, c := range s.Columns {
			if i := from[j]; i >= 0 && i < len(r) {
				v, ok := Normalize(c, r[i])
				if !ok {
					tell(c.Name, "%s: a value is not %s", c.Name, c.Kind)
				}
				row[j] = v
			}
			if row[j] == nil && c.Key {
				row[j] = zeroKey(c.Kind)
			}
		}
		out.Rows = append(out.Rows, row)
	}
	if s.Single {
		if len(out.Rows) > 1 {
			tell("", "%d rows where one is expected, the first is kept", len(out.Rows))
			out.Rows = out.Rows[:1]
		}
		return out, faults, nil
	}
	keys := s.Keys()
	order.Stable(out.Rows, func(a, b []any) int { return compareKeys(keys, a, b) })
	before := len(out.Rows)
	out.Rows = slices.CompactFunc(out.Rows, func(a, b []any) bool { return compareKeys(keys, a, b) == 0 })
	if n := before - len(out.Rows); n > 0 {
		tell("", "%d rows repeat a key, the first is kept", n)
	}
	return out, faults, nil
}

func zeroKey(k Kind) any {
	switch k {
	case Int, Time:
		return int64(0)
	case Bool:
		return false
	}
	return ""
}

// CompareKeys orders two conforming rows by their key columns.
func (s *Section) CompareKeys(a, b []any) int { return compareKeys(s.Keys(), a, b) }

func compareKeys(keys []int, a, b []any) int {
	for _, k := range keys {
		if c := compareValue(a[k], b[k]); c != 0 {
			return c
		}
	}
	return 0
}

func compareValue(a, b any) int {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
	case int64:
		if y, ok := b.(int64); ok {
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	case bool:
		if y, ok := b.(bool); ok {
			switch {
			case x == y:
				return 0
			case y:
				return -1
			}
			return 1
		}
	}
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

// Equal says whether two values of a column are the same fact.
func Equal(a, b any) bool {
	x, okX := a.([]byte)
	y, okY := b.([]byte)
	if okX || okY {
		return okX && okY && string(x) == string(y)
	}
	return a == b
}

// Normalize brings one value from outside into the Go type of its column's
// kind. It answers false when the value cannot be kept without loss; the
// value is then nil. Texts beyond MaxText are cut.
func Normalize(c Column, v any) (any, bool) {
	switch x := v.(type) {
	case nil:
		return nil, true
	case uint64:
		if x > math.MaxInt64 {
			return nil, false
		}
		v = int64(x)
	case int:
		v = int64(x)
	case float32:
		v = float64(x)
	case json.Number:
		if i, err := x.Int64(); err == nil {
			v = i
		} else if f, err := x.Float64(); err == nil {
			v = f
		}
	case time.Time:
		v = x.UnixMilli()
	}
	switch c.Kind {
	case Text:
		return normalText(c, v)
	case Int:
		switch x := v.(type) {
		case int64:
			return x, true
		case float64:
			if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
				return int64(x), true
			}
		case string:
			if i, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64); err == nil {
				return i, true
			}
		case bool:
			if x {
				return int64(1), true
			}
			return int64(0), true
		}
	case Float:
		switch x := v.(type) {
		case float64:
			if !math.IsNaN(x) && !math.IsInf(x, 0) {
				return x, true
			}
		case int64:
			return float64(x), true
		case string:
			if f, err := strconv.ParseFloat(strings.TrimSpace(x), 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
				return f, true
			}
		}
	case Bool:
		switch x := v.(type) {
		case bool:
			return x, true
		case int64:
			if x == 0 || x == 1 {
				return x == 1, true
			}
		case string:
			if b, err := strconv.ParseBool(x); err == nil {
				return b, true
			}
		}
	case Time:
		switch x := v.(type) {
		case int64:
			return x, true
		case float64:
			if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
				return int64(x), true
			}
		case string:
			for _, layout := range []string{time.RFC3339Nano, "2006-01-02"} {
				if t, err := time.Parse(layout, x); err == nil {
					return t.UnixMilli(), true
				}
			}
		}
	case Bytes:
		switch x := v.(type) {
		case []byte:
			if len(x) <= MaxBlob {
				return x, true
			}
		case string: // JSON has no byte strings
			if b, err := base64.StdEncoding.DecodeString(x); err == nil && len(b) <= MaxBlob {
				return b, true
			}
		}
	case List:
		return normalList(v)
	}
	return nil, false
}

func normalText(_ Column, v any) (any, bool) {
	var s string
	switch x := v.(type) {
	case string:
		s = x
	case []byte:
		s = string(x)
	case int64:
		s = strconv.FormatInt(x, 10)
	case float64:
		s = strconv.FormatFloat(x, 'g', -1, 64)
	case bool:
		s = strconv.FormatBool(x)
	default:
		return nil, false
	}
	s = cleanText(s)
	if len(s) > MaxText {
		s = strings.ToValidUTF8(s[:MaxText], "")
	}
	if s == "" {
		return nil, true
	}
	return s, true
}

func normalList(v any) (any, bool) {
	var l []string
	switch x := v.(type) {
	case string:
		if json.Unmarshal([]byte(x), &l) != nil {
			l = []string{x}
		}
	case []any:
		for _, e := range x {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			l = append(l, s)
		}
	case []string:
		l = x
	default:
		return nil, false
	}
	for i := range l {
		l[i] = cleanText(l[i])
	}
	if len(l) == 0 {
		return nil, true
	}
	b, err := json.Marshal(l)
	if err != nil || len(b) > MaxBlob {
		return nil, false
	}
	return string(b), true
}

// Decode turns a conforming table back into rows of the catalogue struct.
func Decode[T Sectioner](t Table) ([]T, error) {
	s, ok := catalogue().byType[reflect.TypeFor[T]()]
	if !ok {
		return nil, fmt.Errorf("%T is not in the catalogue", *new(T))
	}
	rows := make([]T, len(t.Rows))
	if err := s.decode(t, reflect.ValueOf(rows)); err != nil {
		return nil, err
	}
	return rows, nil
}

// decode fills a slice of the section's rows, as long as the table.
func (s *Section) decode(t Table, rows reflect.Value) error {
	for n, r := range t.Rows {
		v := rows.Index(n)
		for i, name := range t.Columns {
			c, ok := s.Column(name)
			if !ok || i >= len(r) {
				continue
			}
			x, ok := Normalize(c, r[i])
			if !ok {
				return fmt.Errorf("section %s row %d column %s: not %s", s.Name, n, name, c.Kind)
			}
			if x == nil {
				continue
			}
			setField(v.Field(c.field), c.Kind, x)
		}
	}
	return nil
}

func setField(f reflect.Value, k Kind, x any) {
	if f.Kind() == reflect.Pointer {
		p := reflect.New(f.Type().Elem())
		f.Set(p)
		f = p.Elem()
	}
	switch k {
	case Text:
		f.SetString(x.(string))
	case Int:
		f.SetInt(x.(int64))
	case Float:
		f.SetFloat(x.(float64))
	case Bool:
		f.SetBool(x.(bool))
	case Time:
		f.Set(reflect.ValueOf(time.UnixMilli(x.(int64)).UTC()))
	case Bytes:
		f.SetBytes(x.([]byte))
	case List:
		var l []string
		if json.Unmarshal([]byte(x.(string)), &l) == nil {
			f.Set(reflect.ValueOf(l))
		}
	}
}
