package influx

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// decoder reads the JSON of answers (RFC 8259) row by row, without a value for
// each number: the package encoding/json takes twenty times as long over the
// ten thousand short rows of a fleet as the server takes to write them.
type decoder struct {
	in   *bufio.Reader
	each func(*row) error
	more func() // another row may be as long as the longest
	// whole says that the answer was asked for whole: errPartial when it is not.
	whole bool

	buf    []byte            // of a text or number
	words  map[string]string // names that come again and again
	cells  []value           // of the row under way, all its values
	ends   []int             // where each of them ends in cells
	values [][]value
}

// Bounds of what an answer may nest and how long a text in it may be; tags of
// InfluxDB have 64 KiB at most.
const (
	mostNested = 20
	mostWord   = 1 << 20
	mostWords  = 1000
)

// piece reads one piece; io.EOF when there is none.
func (d *decoder) piece() error {
	c, err := d.next()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		return d.wrong(err)
	}
	if c != '{' {
		return d.stray(c)
	}
	return d.object(func(key string) error {
		switch key {
		case "error":
			return d.refusal()
		case "results":
			return d.array(func(c byte) error {
				if c != '{' {
					return d.stray(c)
				}
				return d.object(d.result)
			})
		}
		return d.skip(0)
	})
}

// result reads a field of the answer to one statement.
func (d *decoder) result(key string) error {
	switch key {
	case "error":
		return d.refusal()
	case "partial":
		return d.partial()
	case "series":
		return d.array(func(c byte) error {
			if c != '{' {
				return d.stray(c)
			}
			d.more()
			d.cells, d.ends = d.cells[:0], d.ends[:0]
			var r row
			if err := d.object(func(key string) error { return d.series(key, &r) }); err != nil {
				return err
			}
			d.values = d.values[:0]
			from := 0
			for _, end := range d.ends {
				d.values = append(d.values, d.cells[from:end:end])
				from = end
			}
			r.Values = d.values
			return d.each(&r)
		})
	}
	return d.skip(0)
}

// series reads a field of a row.
func (d *decoder) series(key string, r *row) (err error) {
	switch key {
	case "name":
		r.Name, err = d.word()
	case "columns":
		err = d.array(func(c byte) error {
			if c != '"' {
				return d.stray(c)
			}
			if err := d.text(); err != nil {
				return err
			}
			r.Columns = append(r.Columns, d.known())
			return nil
		})
	case "tags":
		c, err := d.must()
		switch {
		case err != nil:
			return err
		case c == 'n':
			return d.literal("ull")
		case c != '{':
			return d.stray(c)
		}
		r.Tags = make(map[string]string, 4)
		return d.object(func(key string) (err error) {
			r.Tags[key], err = d.word()
			return err
		})
	case "values":
		return d.array(func(c byte) error {
			if c != '[' {
				return d.stray(c)
			}
			if err := d.list(d.cell); err != nil {
				return err
			}
			d.ends = append(d.ends, len(d.cells))
			return nil
		})
	case "partial":
		err = d.partial()
	default:
		err = d.skip(0)
	}
	return err
}

// errPartial is an answer that the server cut short.
var errPartial = errors.New("InfluxDB cut its answer short")

// partial reads whether more was to come.
func (d *decoder) partial() error {
	c, err := d.must()
	if err == nil && c == 't' && d.whole {
		return errPartial
	}
	if err != nil {
		return err
	}
	return d.pass(c, 0)
}

// cell reads a value that begins with c.
func (d *decoder) cell(c byte) error {
	var v value
	switch {
	case c == '"':
		if err := d.text(); err != nil {
			return err
		}
		v.text = string(d.buf)
	case c == '-' || c >= '0' && c <= '9':
		n, err := d.number(c)
		if err != nil {
			return err
		}
		v.number, v.ok = n, true
	case c == 't':
		if err := d.literal("rue"); err != nil {
			return err
		}
		v.number, v.ok = 1, true
	case c == 'f':
		if err := d.literal("alse"); err != nil {
			return err
		}
		v.ok = true
	case c == 'n':
		if err := d.literal("ull"); err != nil {
			return err
		}
	default: // an array or an object is nothing
		if err := d.pass(c, 1); err != nil {
			return err
		}
	}
	d.cells = append(d.cells, v)
	return nil
}

// refusal reads what the server says instead of an answer.
func (d *decoder) refusal() error {
	c, err := d.must()
	if err != nil {
		return err
	}
	if c != '"' {
		return d.pass(c, 0)
	}
	if err := d.text(); err != nil {
		return err
	}
	if len(d.buf) == 0 {
		return nil
	}
	return &statementError{plain(string(d.buf))}
}

// word reads a text, or none for null.
func (d *decoder) word() (string, error) {
	c, err := d.must()
	switch {
	case err != nil:
		return "", err
	case c == 'n':
		return "", d.literal("ull")
	case c != '"':
		return "", d.stray(c)
	}
	if err := d.text(); err != nil {
		return "", err
	}
	return d.known(), nil
}

// known is the text that was read, of which short ones are kept: names of
// measurements, columns and tags are the same in every row.
func (d *decoder) known() string {
	if s, ok := d.words[string(d.buf)]; ok {
		return s
	}
	s := string(d.buf)
	if len(s) <= 64 && len(d.words) < mostWords {
		d.words[s] = s
	}
	return s
}

// object reads an object behind its brace; field reads what follows a key.
func (d *decoder) object(field func(key string) error) error {
	c, err := d.must()
	if err != nil || c == '}' {
		return err
	}
	for {
		if c != '"' {
			return d.stray(c)
		}
		if err := d.text(); err != nil {
			return err
		}
		key := d.known()
		if c, err = d.must(); err != nil {
			return err
		}
		if c != ':' {
			return d.stray(c)
		}
		if err := field(key); err != nil {
			return err
		}
		if c, err = d.must(); err != nil || c == '}' {
			return err
		}
		if c != ',' {
			return d.stray(c)
		}
		if c, err = d.must(); err != nil {
			return err
		}
	}
}

// array reads an array, or null; item reads what begins with c.
func (d *decoder) array(item func(c byte) error) error {
	c, err := d.must()
	switch {
	case err != nil:
		return err
	case c == 'n':
		return d.literal("ull")
	case c != '[':
		return d.stray(c)
	}
	return d.list(item)
}

// list reads an array behind its bracket.
func (d *decoder) list(item func(c byte) error) error {
	c, err := d.must()
	if err != nil || c == ']' {
		return err
	}
	for {
		if err := item(c); err != nil {
			return err
		}
		if c, err = d.must(); err != nil || c == ']' {
			return err
		}
		if c != ',' {
			return d.stray(c)
		}
		if c, err = d.must(); err != nil {
			return err
		}
	}
}

// skip passes over a value.
func (d *decoder) skip(depth int) error {
	c, err := d.must()
	if err != nil {
		return err
	}
	return d.pass(c, depth)
}

// pass passes over a value that begins with c.
func (d *decoder) pass(c byte, depth int) error {
	if depth > mostNested {
		return fmt.Errorf("%w: it is nested too deep", errAnswer)
	}
	switch {
	case c == '"':
		return d.text()
	case c == '{':
		return d.object(func(string) error { return d.skip(depth + 1) })
	case c == '[':
		return d.list(func(c byte) error { return d.pass(c, depth+1) })
	case c == 't':
		return d.literal("rue")
	case c == 'f':
		return d.literal("alse")
	case c == 'n':
		return d.literal("ull")
	case c == '-' || c >= '0' && c <= '9':
		_, err := d.number(c)
		return err
	}
	return d.stray(c)
}

// next is the next byte that is no white space.
func (d *decoder) next() (byte, error) {
	for {
		c, err := d.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c, nil
		}
	}
}

// must is next where the answer may not end.
func (d *decoder) must() (byte, error) {
	c, err := d.next()
	if err != nil {
		return 0, d.wrong(err)
	}
	return c, nil
}

func (d *decoder) wrong(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: %w", errAnswer, err)
}

func (d *decoder) stray(c byte) error {
	return fmt.Errorf("%w: invalid character %q", errAnswer, rune(c))
}

func (d *decoder) literal(rest string) error {
	for i := range len(rest) {
		c, err := d.in.ReadByte()
		if err != nil {
			return d.wrong(err)
		}
		if c != rest[i] {
			return d.stray(c)
		}
	}
	return nil
}

// text reads a text behind its first quotation mark into buf. One with escapes
// is left to encoding/json.
func (d *decoder) text() error {
	d.buf = d.buf[:0]
	escaped := false
	for {
		c, err := d.in.ReadByte()
		switch {
		case err != nil:
			return d.wrong(err)
		case c == '"' && !escaped:
			if !utf8.Valid(d.buf) {
				d.buf = []byte(string([]rune(string(d.buf))))
			}
			return nil
		case c == '"':
			var s string
			if err := json.Unmarshal(append(append([]byte{'"'}, d.buf...), '"'), &s); err != nil {
				return d.wrong(err)
			}
			d.buf = append(d.buf[:0], s...)
			return nil
		case c < ' ':
			return d.stray(c)
		}
		d.buf = append(d.buf, c)
		if c == '\\' {
			escaped = true
			if c, err = d.in.ReadByte(); err != nil {
				return d.wrong(err)
			}
			d.buf = append(d.buf, c)
		}
		if len(d.buf) > mostWord {
			return fmt.Errorf("%w: a text in it is too large", errAnswer)
		}
	}
}

// number reads a number that begins with c. What is an integer below 2^53 needs
// no more than counting; all others are strconv's.
func (d *decoder) number(c byte) (float64, error) {
	d.buf = append(d.buf[:0], c)
	whole := c != '-'
	n := uint64(c - '0')
	for {
		c, err := d.in.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, d.wrong(err)
		}
		switch {
		case c >= '0' && c <= '9':
			n = n*10 + uint64(c-'0')
		case c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-':
			whole = false
		default:
			if err := d.in.UnreadByte(); err != nil {
				return 0, d.wrong(err)
			}
			return d.parsed(whole, n)
		}
		if d.buf = append(d.buf, c); len(d.buf) > 400 { // the longest that JSON writers make of a float64 is shorter
			return 0, fmt.Errorf("%w: a number in it is too large", errAnswer)
		}
	}
	return d.parsed(whole, n)
}

func (d *decoder) parsed(whole bool, n uint64) (float64, error) {
	if whole && len(d.buf) <= 15 {
		return float64(n), nil
	}
	f, err := strconv.ParseFloat(string(d.buf), 64)
	if err != nil {
		return 0, fmt.Errorf("%w: number in an answer: %w", errAnswer, err)
	}
	return f, nil
}
