package web

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/web/texts"
	"muster/internal/inventory"
)

// comparison is what two devices differ in, or one at two times.
type comparison struct {
	Ref, With, Then string // as asked: the device; another one; a time of the same
	A, B            api.DiffSide
	Name            string
	Sections        []sectionDiff
	Differ          int
	Asked           bool
	Hidden          bool

	Wrong        texts.T   // what is not understood of what was asked
	AloneA       []texts.T // titles of sections that only A has read, and only B
	AloneB       []texts.T
	Came         time.Time // when Muster first heard of the device
	Incomparable bool      // nothing has been read of both
}

// First is a time at which the first of a device had been read.
func (c *comparison) First() string { return c.Came.Add(time.Hour).UTC().Format(time.RFC3339) }

func (c *comparison) Head() (texts.T, string) {
	if !c.Asked {
		return texts.F("Compare {1}", c.Name), "devices"
	}
	if c.Incomparable {
		return "Nothing to compare", "devices"
	}
	return count(c.Differ, "difference", "differences"), "devices"
}

// sectionDiff is what a section differs in, row by row.
type sectionDiff struct {
	Title texts.T
	Only  string // which side alone has read it: a, b
	Lines []diffLine
}

// diffLine is one column of one row on both sides.
type diffLine struct {
	What   string
	Column texts.T
	A      template.HTML
	B      template.HTML
}

// mostLines is how many differences of one section are shown.
const mostLines = 200

func (s *Site) compare(v *visit) error {
	q := v.r.URL.Query()
	c := &comparison{Ref: v.r.PathValue("ref"), With: strings.TrimSpace(q.Get("with")), Then: strings.TrimSpace(q.Get("then"))}
	d, err := v.api.DeviceShow(v.ctx(), api.DeviceShowInput{Ref: c.Ref, Sections: []string{"system"}})
	if err != nil {
		return err
	}
	c.Ref, c.Name = string(d.Device.ID), d.Device.Name
	in := api.DeviceDiffInput{B: c.Ref}
	switch {
	case c.With != "":
		in.A, in.B = c.Ref, c.With
	case c.Then != "":
		at, ok := dayWritten(c.Then, s.o.Zone, v.now)
		if !ok {
			c.Wrong = texts.F("“{1}” is no day that is understood. Write it as Nov 17, 11/17/2026 or last Tuesday, or say how long ago: 7d.", clip(c.Then, 40))
			return s.render(v, http.StatusUnprocessableEntity, "compare", "", c)
		}
		in.A = c.Ref + "@" + at
	default:
		return s.render(v, http.StatusOK, "compare", "", c)
	}
	diff, err := v.api.DeviceDiff(v.ctx(), in)
	if problem, told := asProblem(err); told && problem.Status < 500 {
		c.Wrong = spoken(problem.Detail)
		return s.render(v, http.StatusUnprocessableEntity, "compare", "", c)
	}
	if err != nil {
		return err
	}
	c.Asked, c.A, c.B, c.Hidden = true, diff.A, diff.B, len(diff.Hidden) > 0
	k := s.clock(v)
	for _, name := range sortedKeys(diff.Sections) {
		sd := sectionDiff{Title: sectionTitle(name), Only: diff.Sections[name].Only}
		meta, ok := inventory.Lookup(name)
		if !ok {
			continue
		}
		x := diff.Sections[name]
		for _, r := range x.Changed {
			for _, col := range meta.Columns {
				_, inA := r.A[col.Name]
				_, inB := r.B[col.Name]
				if inA || inB {
					sd.Lines = append(sd.Lines, diffLine{rowName(meta, r.Key), columnTitle(col), valueOf(col, r.A[col.Name], k).Text, valueOf(col, r.B[col.Name], k).Text})
				}
			}
		}
		for _, r := range x.OnlyA {
			sd.Lines = append(sd.Lines, diffLine{rowName(meta, r), "", whatOf(meta, r, k), "not there"})
		}
		for _, r := range x.OnlyB {
			sd.Lines = append(sd.Lines, diffLine{rowName(meta, r), "", "not there", whatOf(meta, r, k)})
		}
		c.Differ += len(sd.Lines)
		sd.Lines = sd.Lines[:min(len(sd.Lines), mostLines)]
		switch {
		case sd.Only == "a":
			c.AloneA = append(c.AloneA, sd.Title)
		case sd.Only == "b":
			c.AloneB = append(c.AloneB, sd.Title)
		case len(sd.Lines) > 0:
			c.Sections = append(c.Sections, sd)
		}
	}
	c.Incomparable = c.Differ == 0 && len(c.AloneA)+len(c.AloneB) > 0 && !c.both(v, d.Device.FirstSeen)
	return s.render(v, http.StatusOK, "compare", "", c)
}

// both says that something has been read of both sides. Of a device with itself
// that is so since it came.
func (c *comparison) both(v *visit, came time.Time) bool {
	c.Came = came
	return c.With != "" || !c.A.At.Before(came)
}

// rowName is what a row is called by: the last text of its key that says
// something, else the whole key.
func rowName(meta *inventory.Section, r map[string]any) string {
	var parts []string
	for _, i := range meta.Keys() {
		col := meta.Columns[i]
		if x := r[col.Name]; told(x) {
			if col.Name == "name" || col.Name == "title" {
				return fmt.Sprint(x)
			}
			parts = append(parts, fmt.Sprint(x))
		}
	}
	return strings.Join(parts, " ")
}

// whatOf is a row that one side has, in a few words.
func whatOf(meta *inventory.Section, r map[string]any, k clock) template.HTML {
	var parts []string
	for _, col := range meta.Columns {
		if col.Key || !told(r[col.Name]) || len(parts) == 3 {
			continue
		}
		parts = append(parts, template.HTMLEscapeString(k.lang.Say(texts.Lower(columnTitle(col))))+" "+string(valueOf(col, r[col.Name], k).Text))
	}
	if len(parts) == 0 {
		return "there"
	}
	return template.HTML(strings.Join(parts, ", "))
}
