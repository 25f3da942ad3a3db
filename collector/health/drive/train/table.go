package main

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"muster/collector/health/drive"
)

// row is one line of a table, by the names of its columns.
type row struct {
	at    map[string]int
	cells []string
}

func (r row) text(column string) string {
	i, ok := r.at[column]
	if !ok {
		return ""
	}
	return r.cells[i]
}

// num is the number in a column, NaN where there is none.
func (r row) num(column string) float64 {
	v, err := strconv.ParseFloat(r.text(column), 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// read goes through a gzipped CSV file and says what it was. What is done with
// each line is the caller's.
func read(dir, name string, columns []string, each func(row) error) (drive.Data, error) {
	d := drive.Data{Name: name}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return d, err
	}
	defer f.Close()
	sum := sha256.New()
	in, err := gzip.NewReader(io.TeeReader(f, sum))
	if err != nil {
		return d, fmt.Errorf("%s: %w", name, err)
	}
	lines := csv.NewReader(in)
	lines.ReuseRecord = true
	head, err := lines.Read()
	if err != nil {
		return d, fmt.Errorf("%s: %w", name, err)
	}
	r := row{at: map[string]int{}}
	for i, c := range head {
		r.at[c] = i
	}
	for _, c := range columns {
		if _, ok := r.at[c]; !ok {
			return d, fmt.Errorf("%s: there is no column %s", name, c)
		}
	}
	for {
		r.cells, err = lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = each(r)
		}
		if err != nil {
			return d, fmt.Errorf("%s, line %d: %w", name, d.Rows+2, err)
		}
		d.Rows++
	}
	if _, err := io.Copy(sum, f); err != nil {
		return d, fmt.Errorf("%s: %w", name, err)
	}
	d.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return d, nil
}
