package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"muster/collector/health/anomaly"
	"muster/collector/health/anomaly/nab"
)

const nabFolder = "nab"

// Goals of reference/health.md §6.
const (
	goalStandard = 70
	goalLowFalse = 60
)

// series lets the detector that watches numbers of PCs follow the recorded
// series, and scores it as the benchmark does.
func (e *evaluation) series(ctx context.Context) error {
	c, err := nab.Load(os.DirFS(filepath.Join(e.data, nabFolder)))
	if err != nil {
		return err
	}
	r := c.Run(func(probation int) nab.Step { return anomaly.New(anomaly.Offline(probation)).Add })
	if err := ctx.Err(); err != nil {
		return err
	}
	p := nab.Profiles()
	standard, few := r.Total.Score(p[0]), r.Total.Score(p[1])
	e.book.put(figure{Figure: "nab_standard", Value: standard, Unit: "points", Goal: goalStandard})
	e.book.put(figure{Figure: "nab_low_fp", Value: few, Unit: "points", Goal: goalLowFalse})
	e.book.put(figure{Figure: "nab_low_fn", Value: r.Total.Score(p[2]), Unit: "points"})

	e.page.section("Unusual series")
	e.page.say("The detector of `collector/health/anomaly` with its constants in use, one set for all %d files, told nothing but where the probation ends. "+
		"It found %d of %d windows and raised %d alerts outside of them. [health-anomaly.md](health-anomaly.md) has the method, cross-validation and peers.",
		len(c.Files), r.Total.Found, r.Total.Windows, r.Total.False)
	var rows [][]string
	row := func(name string, t nab.Tally) {
		line := []string{name}
		for _, x := range p {
			if t.Windows == 0 {
				line = append(line, "")
				continue
			}
			line = append(line, strconv.FormatFloat(t.Score(x), 'f', 1, 64))
		}
		rows = append(rows, append(line, fmt.Sprintf("%d of %d", t.Found, t.Windows), strconv.Itoa(t.False)))
	}
	for _, name := range c.Categories() {
		row(name, r.Category(name))
	}
	row("**all**", r.Total)
	e.page.table([]string{"series", "standard", "reward low FP", "reward low FN", "windows found", "false alerts"}, rows)
	return e.seriesAnswers(r)
}

// seriesAnswers writes what the detector said of each point, under the name that the
// labels call the file by and, since names are unique, under the bare one.
func (e *evaluation) seriesAnswers(r nab.Result) error {
	if e.out == "" {
		return nil
	}
	for _, f := range r.Files {
		var b bytes.Buffer
		if err := f.WriteCSV(&b); err != nil {
			return err
		}
		for _, name := range []string{f.File.Name, path.Base(f.File.Name)} {
			to := filepath.Join(e.out, nabFolder, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(to, b.Bytes(), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
