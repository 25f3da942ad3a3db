package main

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Bounds of what is read: the sets have less than a million rows.
const (
	mostRows  = 20_000_000
	mostBytes = 8 << 30 // unpacked
)

// record is a row of a CSV file, by the names of its head.
type record struct {
	head map[string]int
	row  []string
}

// text is a cell; empty where there is no such column.
func (r record) text(column string) string {
	i, ok := r.head[column]
	if !ok || i >= len(r.row) {
		return ""
	}
	return r.row[i]
}

// number is a cell as a number; NaN where it is empty or none.
func (r record) number(column string) float64 {
	x, err := strconv.ParseFloat(r.text(column), 64)
	if err != nil {
		return math.NaN()
	}
	return x
}

// each calls f for each row of a CSV file, packed or not; needed columns must
// be there.
func (e *evaluation) each(name string, needed []string, f func(line int, r record) error) error {
	file, err := os.Open(filepath.Join(e.data, name))
	if err != nil {
		return err
	}
	defer file.Close()
	var in io.Reader = bufio.NewReaderSize(file, 1<<20)
	if filepath.Ext(name) == ".gz" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("%s: unpack gzip: %w", name, err)
		}
		in = z
	}
	return rowsOf(name, io.LimitReader(in, mostBytes), needed, f)
}

func rowsOf(name string, in io.Reader, needed []string, f func(line int, r record) error) error {
	c := csv.NewReader(in)
	c.ReuseRecord = true
	head, err := c.Read()
	if err != nil {
		return fmt.Errorf("%s: read the head: %w", name, err)
	}
	r := record{head: map[string]int{}}
	for i, h := range head {
		r.head[h] = i
	}
	for _, n := range needed {
		if !slices.Contains(head, n) {
			return fmt.Errorf("%s: there is no column %s", name, n)
		}
	}
	for line := 2; line < mostRows; line++ {
		r.row, err = c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", name, line, err)
		}
		if err := f(line, r); err != nil {
			return fmt.Errorf("%s: line %d: %w", name, line, err)
		}
	}
	return fmt.Errorf("%s: more than %d rows", name, mostRows)
}

// answers writes raw answers as CSV into the folder that was asked for; where
// none was, they are thrown away.
func (e *evaluation) answers(name string, head []string, write func(put func(...string) error) error) error {
	if e.out == "" {
		return nil
	}
	path := filepath.Join(e.out, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	err = w.Write(head)
	if err == nil {
		err = write(func(cells ...string) error { return w.Write(cells) })
	}
	w.Flush()
	return errors.Join(err, w.Error(), f.Close())
}
