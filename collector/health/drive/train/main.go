// Command train makes the coefficients of the drive risk model, and shows what
// they, the proposed conditions of the rules about drives, and the forecast of
// wear are worth on drives they have not seen.
//
//	go run ./collector/health/drive/train -data DIR
//	go run ./collector/health/drive/train -data DIR -date 2026-11-28 -write collector/health/drive/coefficients.json
//
// DIR has the sets of drives as docs/health-drive-model.md lists them. The same
// data, seed and date give the same bytes.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"muster/collector/health/drive"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

type settings struct {
	data, date, write string
	seed              uint64
	repeats           int
}

func run(args []string, out io.Writer) error {
	var s settings
	f := flag.NewFlagSet("train", flag.ContinueOnError)
	f.StringVar(&s.data, "data", "", "`directory` with the sets of drives")
	f.StringVar(&s.date, "date", "", "`day` that is written down as the model's date; needed with -write")
	f.StringVar(&s.write, "write", "", "`file` to write the coefficients to")
	f.Uint64Var(&s.seed, "seed", 1, "of the folds")
	f.IntVar(&s.repeats, "repeats", 20, "how often the cross-validation is repeated")
	if err := f.Parse(args); err != nil {
		return err
	}
	if s.data == "" || s.repeats < 1 || s.write != "" && s.date == "" {
		return errors.New("say where the sets of drives are with -data DIR, and with -write FILE the day too: -date 2026-01-31")
	}
	in, err := load(s.data)
	if err != nil {
		return fmt.Errorf("read the sets of drives: %w", err)
	}
	m := model(in, s)
	o := observe(in.daily, dailyTerms())
	shown := shown{w: out, s: s, in: in, o: &o}
	shown.coefficients(m)
	kind := m.Kinds["hdd"]
	kind.Figures = shown.ranking()
	m.Kinds["hdd"] = kind
	shown.conditions(m)
	shown.history(m)
	kind = m.Kinds["ssd"]
	kind.Figures = shown.worsening(m)
	m.Kinds["ssd"] = kind
	shown.wear()
	if shown.err != nil || s.write == "" {
		return shown.err
	}
	b, err := encode(m)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.write, b, 0o644); err != nil {
		return fmt.Errorf("write coefficients: %w", err)
	}
	return nil
}

// encode is the file. It is read back, so that what does not load is not
// written.
func encode(m drive.Model) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("encode coefficients: %w", err)
	}
	if _, err := drive.Parse(b.Bytes()); err != nil {
		return nil, fmt.Errorf("read what was encoded: %w", err)
	}
	return b.Bytes(), nil
}

// sets are all drives there are.
type sets struct {
	daily, failed, lastDay, repeated []past
	data                             []drive.Data // in that order
}

func load(dir string) (sets, error) {
	var in sets
	for _, l := range []struct {
		to   *[]past
		from func(string) ([]past, drive.Data, error)
		use  string
	}{
		{&in.daily, daily, "hdd: all terms but reads that failed; bands; cross-validation"},
		{&in.failed, failed, "tried only: drives of other models and years"},
		{&in.lastDay, lastDay, "hdd: the weight of reads that failed (187), against that of replaced sectors"},
		{&in.repeated, repeated, "ssd: all terms; hdd: tried only; wear: its constants were chosen on it"},
	} {
		ps, d, err := l.from(dir)
		if err != nil {
			return in, err
		}
		d.Use = l.use
		*l.to = ps
		in.data = append(in.data, d)
	}
	for _, b := range holdBack(in.repeated, nil) {
		if b.worse {
			in.data[3].Failures++
		}
	}
	return in, nil
}

// rnd is the chance of one repeat.
func (s settings) rnd(repeat int) *rand.Rand { return rand.New(rand.NewPCG(s.seed, uint64(repeat))) }
