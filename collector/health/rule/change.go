package rule

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"muster/internal/settings"
)

// Change is what administrators set otherwise in a rule than the files say.
// It is laid over Muster's own rule and over the office's file, and names only
// what differs: what a later file says of the rest counts.
type Change struct {
	Rule   string                       `yaml:"rule" doc:"The rule's ID."`
	State  string                       `yaml:"state" doc:"on or off; none: as the files say."`
	Limits map[string]Changed           `yaml:"limits" doc:"Numbers in the place of the rule's, by name."`
	Holds  map[string]settings.Duration `yaml:"hold" doc:"How long a level must be true, by its severity."`
}

// Changed is a limit in the place of another.
type Changed struct {
	Default float64            `yaml:"default"`
	Models  map[string]float64 `yaml:"models"`
}

// Made is a change as it is kept.
type Made struct {
	Change
	By     string
	Reason string
	At     time.Time
}

// States of a change.
const (
	On  = "on"
	Off = "off"
)

// Bounds of a change.
const (
	MostModels  = 50                  // of one limit
	LongestHold = 30 * 24 * time.Hour // of a level
	mostPattern = 100                 // characters
)

// Empty says that nothing is changed.
func (c *Change) Empty() bool { return c.State == "" && len(c.Limits) == 0 && len(c.Holds) == 0 }

// Range is between which values a limit may be set. A rule that names none has
// a tenth to ten times of what its file says.
func (l Limits) Range() (least, most float64) {
	switch {
	case l.Least != 0 || l.Most != 0:
		return l.Least, l.Most
	case l.Default == 0:
		return -1e9, 1e9
	}
	least, most = l.Default/10, l.Default*10
	return min(least, most), max(least, most)
}

// Over lays the change over a document. What does not fit it is left out and
// told.
func (c *Change) Over(d Document) (Document, settings.Problems) {
	var ps settings.Problems
	switch c.State {
	case "":
	case On, Off:
		d.Disabled = c.State == Off
	default:
		ps.Add("state", c.State, "on or off is expected")
	}
	was := d.Limits
	d.Limits = maps.Clone(d.Limits)
	for _, name := range slices.Sorted(maps.Keys(c.Limits)) {
		x := c.Limits[name]
		key := "limits." + name
		l, ok := d.Limits[name]
		if !ok {
			ps.Add(key, "", "the rule has no such limit%s; it has %s", settings.Nearest(name, slices.Collect(maps.Keys(was))), listed(slices.Sorted(maps.Keys(was)), "none"))
			continue
		}
		bad := len(ps)
		l.check(&ps, key+".default", x.Default)
		if len(x.Models) > MostModels {
			ps.Add(key+".models", "", "at most %d models are expected", MostModels)
		}
		for _, pattern := range slices.Sorted(maps.Keys(x.Models)) {
			if _, err := path.Match(pattern, ""); err != nil || pattern == "" || len(pattern) > mostPattern || strings.ContainsFunc(pattern, unicode.IsControl) {
				ps.Add(key+".models", pattern, "a model is expected, in which * may stand for any text, such as ST8000*")
				continue
			}
			l.check(&ps, key+".models", x.Models[pattern])
		}
		if len(ps) == bad {
			l.Default, l.Models = x.Default, x.Models
			d.Limits[name] = l
		}
	}
	if more := inOrder(d.Limits); len(more) > len(inOrder(was)) {
		ps, d.Limits = append(ps, more...), was
	}
	d.Levels = slices.Clone(d.Levels)
	for _, severity := range slices.Sorted(maps.Keys(c.Holds)) {
		i := slices.IndexFunc(d.Levels, func(l LevelDocument) bool { return l.Severity == severity })
		switch hold := c.Holds[severity]; {
		case i < 0:
			var has []string
			for _, l := range d.Levels {
				has = append(has, l.Severity)
			}
			ps.Add("hold."+severity, "", "the rule has no such level; it has %s", listed(has, "none"))
		case hold < 0 || hold.D() > LongestHold:
			ps.Add("hold."+severity, hold.String(), "0 to %s is expected", settings.Duration(LongestHold))
		default:
			d.Levels[i].Hold = hold
		}
	}
	return d, ps
}

// check holds a value against the limit's range.
func (l Limits) check(ps *settings.Problems, key string, x float64) {
	least, most := l.Range()
	if x >= least && x <= most {
		return // what is no number is neither
	}
	unit := l.Unit
	if unit != "" {
		unit = " (" + unit + ")"
	}
	ps.Add(key, asText(x), "%s to %s is expected%s; the files say %s", asText(least), asText(most), unit, asText(l.Default))
}

// inOrder tells of limits that must stay below another and do not, for the
// models that either names and for all others.
func inOrder(list map[string]Limits) settings.Problems {
	var ps settings.Problems
	r := Rule{Document: Document{Limits: list}}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		under := list[name].Under
		if _, ok := list[under]; under == "" || !ok {
			continue
		}
		models := append(slices.Sorted(maps.Keys(list[name].Models)), slices.Sorted(maps.Keys(list[under].Models))...)
		for _, model := range append([]string{""}, slices.Compact(models)...) {
			a, b := r.Limit(name, model), r.Limit(under, model)
			if a < b {
				continue
			}
			of := ""
			if model != "" {
				of = " of " + model
			}
			ps.Add("limits."+name+".default", asText(a), "less than %s%s is expected, which is %s", under, of, asText(b))
			break
		}
	}
	return ps
}

// Less leaves away what a document says anyway.
func (c Change) Less(d Document) Change {
	if c.State == On && !d.Disabled || c.State == Off && d.Disabled {
		c.State = ""
	}
	c.Limits, c.Holds = maps.Clone(c.Limits), maps.Clone(c.Holds)
	maps.DeleteFunc(c.Limits, func(name string, x Changed) bool {
		l, ok := d.Limits[name]
		return ok && l.Default == x.Default && maps.Equal(l.Models, x.Models)
	})
	maps.DeleteFunc(c.Holds, func(severity string, x settings.Duration) bool {
		return slices.ContainsFunc(d.Levels, func(l LevelDocument) bool { return l.Severity == severity && l.Hold == x })
	})
	return c
}

// Text is the change as it is kept: YAML, as in a file of the office.
func (c *Change) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "rule: %s\n", c.Rule)
	if c.State != "" {
		fmt.Fprintf(&b, "state: %s\n", strconv.Quote(c.State))
	}
	if len(c.Limits) > 0 {
		b.WriteString("limits:\n")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Limits)) {
		x := c.Limits[name]
		fmt.Fprintf(&b, "  %s: {default: %s", name, asText(x.Default))
		if len(x.Models) > 0 {
			var list []string
			for _, m := range slices.Sorted(maps.Keys(x.Models)) {
				list = append(list, strconv.Quote(m)+": "+asText(x.Models[m]))
			}
			b.WriteString(", models: {" + strings.Join(list, ", ") + "}")
		}
		b.WriteString("}\n")
	}
	if len(c.Holds) > 0 {
		b.WriteString("hold:\n")
	}
	for _, severity := range slices.Sorted(maps.Keys(c.Holds)) {
		fmt.Fprintf(&b, "  %s: %s\n", severity, c.Holds[severity])
	}
	return b.String()
}

// ParseChange reads what Text wrote. Errors are settings.Problems.
func ParseChange(text string) (Change, error) {
	var c Change
	return c, settings.Decode("change", []byte(text), &c)
}

// asText is how a number is written in YAML and in messages: without an
// exponent, so that people read it.
func asText(x float64) string {
	if math.Abs(x) >= 1e15 {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

func listed(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return strings.Join(names, ", ")
}

// change lays what administrators set over the rules that are there. What does
// not fit is told, and the rest of it counts.
func (b *builder) change(list []Made) {
	b.set.changes = list
	for _, m := range list {
		i := slices.IndexFunc(b.set.Rules, func(r *Rule) bool { return r.ID == m.Rule })
		of := "change of " + m.Rule
		if i < 0 {
			b.blame(of, errors.New("there is no such rule any more: muster rule restore "+m.Rule+" forgets the change"))
			continue
		}
		was := b.set.Rules[i]
		d, ps := m.Over(was.Document)
		for _, p := range ps {
			p.File = of
			b.set.Problems = append(b.set.Problems, p)
		}
		r, more := b.compile(d, was.File, was.Office)
		if len(more) > 0 { // a number cannot break a condition
			b.blame(of, more)
			continue
		}
		r.Made, r.Plain = &m, &was.Document
		b.set.Rules[i] = r
	}
}
