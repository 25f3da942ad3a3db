package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"muster/collector/store"
	"muster/internal/inventory"
)

// Limits of an import.
const (
	maxImport      = 8 << 20 // bytes
	maxImportLines = 50_000
	maxImportFault = 200 // told of one file
)

// sheet is a CSV file, read but not yet understood.
type sheet struct {
	header  []string // normalised: asset_tag
	key     int      // column that says which device
	ignored []string
	lines   []sheetLine
}

type sheetLine struct {
	line  int
	cells []string
}

// importKeys are the columns that can say which device, best first: a list
// that was exported has them all.
func importKeys() []string { return []string{"id", "device", "serial", "name", "asset_tag"} }

// importColumns are the columns that an import takes in.
func importColumns() []string {
	var out []string
	for _, f := range peopleFields() {
		out = append(out, f.name)
	}
	return append(out, "site", "labels")
}

// readSheet takes a file apart. A file that cannot be understood as a whole
// gives an error, a bad line is told with the others later.
func readSheet(file []byte) (*sheet, []ImportError, error) {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf")) // as Excel saves UTF-8
	if !utf8.Valid(file) {
		return nil, nil, NewProblem(invalid, "the file is not UTF-8: save it as CSV UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(file))
	r.Comma = separator(file)
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err == io.EOF {
		return nil, nil, NewProblem(invalid, "the file is empty: the first line names the columns")
	}
	if err != nil {
		return nil, nil, NewProblem(invalid, "the file cannot be read: %v", err)
	}
	s := &sheet{key: -1}
	for _, h := range head {
		s.header = append(s.header, column(h))
	}
	if err := s.understand(); err != nil {
		return nil, nil, err
	}
	var faults []ImportError
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return s, faults, nil
		}
		if err != nil {
			line := 0
			var bad *csv.ParseError
			if errors.As(err, &bad) {
				line, err = bad.Line, bad.Err
			}
			return s, append(faults, ImportError{Line: line, Detail: fmt.Sprintf("the file cannot be read from here on: %v", err)}), nil
		}
		line, _ := r.FieldPos(0)
		if len(s.lines) == maxImportLines {
			return nil, nil, NewProblem(tooMuch, "the file has more than %d lines: split it", maxImportLines)
		}
		if len(cells) != len(s.header) {
			faults = append(faults, ImportError{Line: line, Detail: fmt.Sprintf("the header has %d columns, this line %d", len(s.header), len(cells))})
			continue
		}
		for i := range cells {
			cells[i] = unguarded(strings.TrimSpace(cells[i]))
		}
		s.lines = append(s.lines, sheetLine{line, cells})
	}
}

// column is a name of a column as people write it: Asset Tag.
func column(h string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(h)), " ", "_")
}

// separator is the one of the first line: Excel writes ; where the comma is
// the decimal point.
func separator(file []byte) rune {
	first, _, _ := bytes.Cut(file, []byte("\n"))
	best, most := ',', bytes.Count(first, []byte(","))
	for _, c := range []rune{';', '\t'} {
		if n := bytes.Count(first, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// understand finds the key and holds every column to those there are.
func (s *sheet) understand() error {
	for _, k := range importKeys() {
		if s.key = slices.Index(s.header, k); s.key >= 0 {
			break
		}
	}
	if s.key < 0 {
		return NewProblem(invalid, "no column says which device: name one of them %s", strings.Join(importKeys(), ", "))
	}
	takes := 0
	for i, h := range s.header {
		known := append(append(deviceColumns(), importColumns()...), importKeys()...)
		switch {
		case slices.Index(s.header, h) != i:
			return NewProblem(invalid, "the column %q stands there twice", clip(h, 40))
		case i == s.key:
		case slices.Contains(importColumns(), h):
			takes++
		case h == "agency" && slices.Contains(s.header, "site"): // says whose site
		case slices.Contains(known, h):
			s.ignored = append(s.ignored, h)
		default:
			return NewProblem(invalid, "the column %q is not known%s: an import takes %s", clip(printable(h), 40), near(h, known), strings.Join(importColumns(), ", "))
		}
	}
	if takes == 0 {
		return NewProblem(invalid, "no column has anything to take in: an import takes %s", strings.Join(importColumns(), ", "))
	}
	return nil
}

// change is what a line asks for: an empty cell changes nothing, - empties.
func (s *sheet) change(l sheetLine) DeviceChange {
	var c DeviceChange
	said := func(name string) *string {
		i := slices.Index(s.header, name)
		if i < 0 || i == s.key || l.cells[i] == "" {
			return nil
		}
		v := l.cells[i]
		if v == "-" {
			v = ""
		}
		return &v
	}
	c.AssetTag, c.Owner, c.Department = said("asset_tag"), said("owner"), said("department")
	c.Purchased, c.Warranty, c.Note = said("purchased"), said("warranty"), said("note")
	if c.Site = said("site"); c.Site != nil && *c.Site != "" && !strings.Contains(*c.Site, "/") {
		if agency := said("agency"); agency != nil && *agency != "" {
			whole := *agency + "/" + *c.Site
			c.Site = &whole
		}
	}
	if list := said("labels"); list != nil {
		for label := range strings.SplitSeq(*list, ";") {
			if label = strings.TrimSpace(label); label != "" {
				c.AddLabels = append(c.AddLabels, label)
			}
		}
	}
	return c
}

// fits says whether the device found is the one that the key column means:
// a serial number must not find a device that is only named so.
func (s *sheet) fits(d store.Device, text string) bool {
	switch s.header[s.key] {
	case "id":
		return strings.EqualFold(string(d.ID), text)
	case "serial":
		return strings.EqualFold(d.Serial, text)
	case "name":
		return strings.EqualFold(d.Name, text)
	case "asset_tag":
		return strings.EqualFold(d.People.AssetTag, text)
	}
	return true
}

func (s *Server) deviceImport(ctx context.Context, in *DeviceImportInput) (ImportResult, error) {
	onto(ctx, "")
	sheet, faults, err := readSheet(in.RawBody)
	if err != nil {
		return ImportResult{}, err
	}
	out := ImportResult{DryRun: in.DryRun, Ignored: sheet.ignored, Lines: len(sheet.lines)}
	var edits []edit
	lines := map[inventory.DeviceID]int{}
	find := s.remembered() // sites come again and again in a file
	for _, l := range sheet.lines {
		e, fault := s.importLine(ctx, sheet, l, lines, find)
		switch {
		case fault != nil:
			var p *Problem
			if !errors.As(fault.err, &p) {
				return out, fmt.Errorf("line %d: %w", l.line, fault.err)
			}
			faults = append(faults, ImportError{Line: l.line, Column: fault.column, Detail: p.Detail})
		case len(e.fields) == 0:
			out.Same++
		default:
			edits = append(edits, e)
		}
	}
	slices.SortStableFunc(faults, func(a, b ImportError) int { return a.Line - b.Line })
	if more := len(faults) - maxImportFault; more > 0 {
		faults = append(faults[:maxImportFault], ImportError{Line: faults[maxImportFault].Line, Detail: fmt.Sprintf("and %d more", more)})
	}
	out.Errors, out.Changed = faults, len(edits)
	note(ctx, "lines", fmt.Sprint(out.Lines))
	if in.DryRun {
		note(ctx, "dry_run", "true")
		return out, nil
	}
	if len(faults) > 0 && !in.Partial {
		out.Changed = 0
		p := NewProblem(invalid, "nothing was imported, %d of %d lines are wrong", len(faults), out.Lines)
		for _, f := range faults[:min(len(faults), 50)] {
			p.Errors = append(p.Errors, Fault{Location: strings.TrimSpace(fmt.Sprintf("line %d %s", f.Line, f.Column)), Detail: f.Detail})
		}
		return out, p
	}
	for i, e := range edits {
		if err := s.apply(ctx, e); err != nil {
			note(ctx, "changed", fmt.Sprint(i))
			return out, fmt.Errorf("import stopped after %d of %d devices: %w", i, len(edits), err)
		}
	}
	note(ctx, "changed", fmt.Sprint(len(edits)))
	if len(edits) > 0 {
		s.d.Changed()
	}
	return out, nil
}

type lineFault struct {
	column string
	err    error
}

// importLine checks one line; nothing is changed yet.
func (s *Server) importLine(ctx context.Context, sheet *sheet, l sheetLine, lines map[inventory.DeviceID]int, find siteFinder) (edit, *lineFault) {
	text, key := l.cells[sheet.key], sheet.header[sheet.key]
	if text == "" {
		return edit{}, &lineFault{key, NewProblem(invalid, "this line does not say which device")}
	}
	d, err := s.find(ctx, text)
	if err != nil {
		return edit{}, &lineFault{key, err}
	}
	if !sheet.fits(d, text) {
		return edit{}, &lineFault{key, NewProblem(notFound, "no device has the %s %q", strings.ReplaceAll(key, "_", " "), clip(printable(text), 80))}
	}
	if first, twice := lines[d.ID]; twice {
		return edit{}, &lineFault{key, NewProblem(conflict, "line %d is about the same device", first)}
	}
	lines[d.ID] = l.line
	e, err := checkEdit(ctx, d, sheet.change(l), find)
	if err != nil {
		return e, &lineFault{"", err}
	}
	return e, nil
}

// remembered finds each site once.
func (s *Server) remembered() siteFinder {
	known := map[string]store.Site{}
	return func(ctx context.Context, text string) (store.Site, error) {
		if x, ok := known[text]; ok {
			return x, nil
		}
		x, err := s.site(ctx, text)
		if err == nil {
			known[text] = x
		}
		return x, err
	}
}
