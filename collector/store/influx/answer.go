package influx

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Limits of an answer. A piece has at most 10,000 points, of some numbers;
// more is only what a server that does not keep to that may send.
const (
	mostPiece  = 32 << 20
	mostAnswer = 4 << 30
)

// row is a stretch of one series of an answer.
type row struct {
	Name    string            `json:"name"`
	Tags    map[string]string `json:"tags"`
	Columns []string          `json:"columns"`
	Values  [][]value         `json:"values"`
}

// column is the place of a column; -1: there is none.
func (r *row) column(name string) int { return slices.Index(r.Columns, name) }

// value is a number, a text, a truth (1 or 0) or nothing.
type value struct {
	number float64
	text   string
	ok     bool // it is a number or a truth
}

// UnmarshalJSON reads any value of an answer. What is neither is nothing.
func (v *value) UnmarshalJSON(b []byte) error {
	*v = value{}
	switch {
	case len(b) == 0:
	case b[0] == '"':
		return json.Unmarshal(b, &v.text)
	case b[0] == '-' || b[0] >= '0' && b[0] <= '9':
		n, err := strconv.ParseFloat(string(b), 64)
		if err != nil {
			return fmt.Errorf("number in an answer: %w", err)
		}
		v.number, v.ok = n, true
	case string(b) == "true":
		v.number, v.ok = 1, true
	case string(b) == "false":
		v.ok = true
	}
	return nil
}

// piece is one piece of a chunked answer.
type piece struct {
	Results []struct {
		Series []row  `json:"series"`
		Error  string `json:"error"`
	} `json:"results"`
	Error string `json:"error"`
}

// errAnswer is an answer that is not one of InfluxDB's.
var errAnswer = errors.New("InfluxDB gave an answer that cannot be read")

// readAnswer reads the pieces of an answer and hands on their rows, which are
// good until each returns. An answer that breaks off is an error.
func readAnswer(in io.Reader, each func(*row) error) error { return readPieces(in, mostPiece, each) }

func readPieces(in io.Reader, most int64, each func(*row) error) error {
	limited := &pieces{in: in}
	d := json.NewDecoder(limited)
	for n := 0; ; n++ {
		limited.room = most
		var p piece
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF) && n > 0:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%w: it is empty", errAnswer)
		case err != nil:
			return fmt.Errorf("%w: %w", errAnswer, err)
		case p.Error != "":
			return &statementError{plain(p.Error)}
		}
		for i := range p.Results {
			r := &p.Results[i]
			if r.Error != "" {
				return &statementError{plain(r.Error)}
			}
			for j := range r.Series {
				if err := each(&r.Series[j]); err != nil {
					return err
				}
			}
		}
	}
}

// pieces bounds what is read for one piece, and in all.
type pieces struct {
	in    io.Reader
	room  int64
	total int64
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.room <= 0 || p.total >= mostAnswer {
		return 0, errors.New("it is too large")
	}
	n, err := p.in.Read(b[:min(int64(len(b)), p.room)])
	p.room -= int64(n)
	p.total += int64(n)
	return n, err
}
