package influx

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Limits of an answer. A piece has at most 10,000 points, of some numbers;
// more is only what a server that does not keep to that may send.
const (
	mostPiece  = 32 << 20
	mostAnswer = 4 << 30
)

// row is a stretch of one series of an answer.
type row struct {
	Name    string
	Tags    map[string]string
	Columns []string
	Values  [][]value
}

// column is the place of a column; -1: there is none.
func (r *row) column(name string) int { return slices.Index(r.Columns, name) }

// value is a number, a text, a truth (1 or 0) or nothing.
type value struct {
	number float64
	text   string
	ok     bool // it is a number or a truth
}

// errAnswer is an answer that is not one of InfluxDB's.
var errAnswer = errors.New("InfluxDB gave an answer that cannot be read")

// readAnswer reads the pieces of an answer and hands on their rows, of which
// the values are good until each returns. An answer that breaks off is an error.
func readAnswer(in io.Reader, each func(*row) error) error {
	return readPieces(in, mostPiece, false, each)
}

func readPieces(in io.Reader, most int64, whole bool, each func(*row) error) error {
	limited := &pieces{in: in}
	d := &decoder{in: bufio.NewReaderSize(limited, 32<<10), each: each, words: map[string]string{}, whole: whole, more: func() { limited.room = most }}
	for n := 0; ; n++ {
		d.more()
		switch err := d.piece(); {
		case errors.Is(err, io.EOF) && n > 0:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%w: it is empty", errAnswer)
		case err != nil:
			return err
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
