package health

import (
	"slices"
	"strings"
	"time"

	"muster/collector/health/rule"
	"muster/collector/health/window"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/metric"
)

// plan is what follows from a set of rules: what must be kept of a device, and
// which rules to ask when something of it changed.
type plan struct {
	set *rule.Set

	numbers  []numberPlan
	byNumber map[rule.Ref]int
	sections map[string]*sectionPlan
	kinds    map[string]*kindPlan

	// Rules, by their place in the set.
	timed      []int        // whose inputs change with time alone
	silent     []int        // that are about silence
	compared   []comparison // with peers
	aboutGone  []bool
	ranked     []int // that are about the order of drives
	remembers  bool  // the past of numbers can be had from a store
	pointsSlot int   // of the points of the drive risk model; -1: no rule asks
	places     map[string]int
}

// numberPlan is what is kept of one number.
type numberPlan struct {
	ref      rule.Ref
	subject  rule.Subject
	spec     window.Spec
	every    time.Duration // it is read
	slow     bool
	rules    []int
	watched  bool // by the rules about series
	detected bool // with a detector of what is unusual
}

// sectionPlan is what is kept of one section's rows.
type sectionPlan struct {
	section *inventory.Section
	columns []int          // kept, by their place in the section
	at      map[string]int // by name, into columns
	past    map[string]time.Duration
	counts  []int // slots of kind Rows
	gone    bool
	rules   []int
}

// kindPlan is what is kept of one kind of event.
type kindPlan struct {
	window     time.Duration
	attributes []string
	rules      []int
}

// Bounds of what is kept of one number of one device.
const (
	finest    = 2 * time.Hour // windows up to this are answered by points as they came
	mostFine  = 140           // points: two hours of minutes and some
	mostSlow  = 420           // of numbers that come a few times a day
	slowEvery = time.Hour
)

func newPlan(set *rule.Set) *plan {
	p := &plan{set: set, byNumber: map[rule.Ref]int{}, sections: map[string]*sectionPlan{}, kinds: map[string]*kindPlan{},
		aboutGone: make([]bool, len(set.Rules)), pointsSlot: -1, places: map[string]int{}}
	for i, r := range set.Rules {
		p.places[r.ID] = i
		if r.Disabled {
			continue
		}
		for _, slot := range r.Inputs {
			p.need(slot, i)
			in := set.Inputs[slot]
			if in.Kind == rule.Derived && in.Source == "drive_risk" && in.Field == "points" {
				p.pointsSlot = slot
			}
			if in.Kind == rule.Derived && (in.Field == "top_percent" || in.Field == "listed") && !slices.Contains(p.ranked, i) {
				p.ranked = append(p.ranked, i)
			}
			p.aboutGone[i] = p.aboutGone[i] || in.Kind == rule.Gone
			if in.Kind == rule.Derived && in.Source == "presence" && !slices.Contains(p.silent, i) {
				p.silent = append(p.silent, i)
			}
			if strings.HasPrefix(in.Op, "peers_") && in.Kind == rule.Window {
				p.compares(comparison{rule.Ref{Measurement: in.Source, Field: in.Field}, in.Per})
			}
			if in.Kind == rule.Derived && in.Source == "unusual" {
				p.unusual(r, in.Field)
			}
		}
		for _, slot := range r.Evidence {
			p.need(slot, -1)
		}
		for _, name := range r.Series {
			ref, _ := rule.ParseRef(name)
			n := p.number(ref, 0, -1)
			p.numbers[n].watched = true
			p.numbers[n].rules = add(p.numbers[n].rules, i)
		}
		// Its rows make the components of a rule.
		if s, ok := inventory.Lookup(r.On.Section); ok {
			p.columnsOf(s, append(append([]string{}, r.On.Keys...), append(r.On.Label, r.On.Model)...))
			for other, keys := range r.On.Rows {
				if sec, ok := inventory.Lookup(other); ok && p.sections[other] != nil {
					p.columnsOf(sec, keys)
				}
			}
		}
		if r.Subject == "change" {
			p.remembersFaults()
		}
		if p.changesWithTime(r) {
			p.timed = append(p.timed, i)
		}
	}
	// The drive risk model reads these, whatever rules ask for.
	if p.pointsSlot >= 0 {
		disk, _ := inventory.Lookup("disk")
		p.columnsOf(disk, []string{"kind"})
		for _, ref := range counters() {
			p.number(ref, 30*24*time.Hour, -1)
		}
	}
	for _, sp := range p.sections {
		for i, c := range sp.columns {
			sp.at[sp.section.Columns[c].Name] = i
		}
	}
	return p
}

// need notes what one input asks for.
func (p *plan) need(slot, by int) {
	in := p.set.Inputs[slot]
	switch in.Kind {
	case rule.Sample, rule.Window, rule.Future:
		w := in.Window
		if in.Op == "usual" || in.Op == "spread" || in.Op == "z" {
			w = min(w, 100*24*time.Hour)
		}
		p.number(rule.Ref{Measurement: in.Source, Field: in.Field}, w, by)
		if sec, ok := inventory.Lookup("boot"); ok && in.Kind == rule.Future && in.Word == "memory" {
			p.columnsOf(sec, []string{"restarted_at"}) // a leak begins with the restart
		}
		for _, other := range []rule.Ref{in.Per, in.Axis} {
			if other.Field != "" {
				p.number(other, w, by)
			}
		}
	case rule.Column, rule.Age, rule.Past, rule.Gone, rule.Rows:
		sec, ok := inventory.Lookup(in.Source)
		if !ok {
			return
		}
		sp := p.section(sec)
		switch in.Kind {
		case rule.Rows:
			sp.counts = append(sp.counts, slot)
		case rule.Gone:
			sp.gone = true
		case rule.Past:
			sp.past[in.Field] = max(sp.past[in.Field], in.Window)
		}
		if in.Field != "" {
			p.columnsOf(sec, []string{in.Field})
		}
		s, _ := rule.FindSubject(in.Subject)
		p.columnsOf(sec, s.KeyColumns(in.Source))
		sp.rules = add(sp.rules, by)
	case rule.Events:
		k := p.kinds[in.Source]
		if k == nil {
			k = &kindPlan{}
			p.kinds[in.Source] = k
		}
		k.window = max(k.window, in.Window)
		s, _ := rule.FindSubject(in.Subject)
		names := slices.Clone(s.Events[in.Source])
		for _, m := range in.Match {
			names = append(names, m.Name)
		}
		if in.Word != "" {
			names = append(names, in.Word)
		}
		kind, _ := event.Lookup(in.Source)
		for _, n := range names {
			if _, ok := kind.Attribute(n); ok && !slices.Contains(k.attributes, n) {
				k.attributes = append(k.attributes, n)
			}
		}
		k.rules = add(k.rules, by)
	}
}

func add(list []int, i int) []int {
	if i < 0 || slices.Contains(list, i) {
		return list
	}
	return append(list, i)
}

// remembersFaults keeps what changes are held against, whatever other rules
// ask for: as far back as changes are kept, and the week before.
func (p *plan) remembersFaults() {
	for _, kind := range faultKinds() {
		k := p.kinds[kind]
		if k == nil {
			k = &kindPlan{}
			p.kinds[kind] = k
		}
		k.window = max(k.window, keepChanges+aroundChange)
	}
}

// compares notes a number that is compared with peers.
func (p *plan) compares(c comparison) {
	if !slices.Contains(p.compared, c) {
		p.compared = append(p.compared, c)
	}
}

// unusual notes what a rule about series asks of its numbers.
func (p *plan) unusual(r *rule.Rule, field string) {
	for _, name := range r.Series {
		ref, _ := rule.ParseRef(name)
		if strings.HasPrefix(field, "peers_") {
			p.compares(comparison{ref: ref})
		} else {
			p.numbers[p.number(ref, 0, -1)].detected = true
		}
	}
}

// number makes sure that a number is kept for a window.
func (p *plan) number(ref rule.Ref, w time.Duration, by int) int {
	i, ok := p.byNumber[ref]
	if !ok {
		i = len(p.numbers)
		m, f, _ := metric.Lookup(ref.Measurement, ref.Field)
		p.byNumber[ref] = i
		n := numberPlan{ref: ref, subject: rule.SubjectOfSeries(ref.Measurement), every: m.Every, slow: m.Every == 0 || m.Every >= slowEvery}
		n.spec = window.Spec{Counter: f.Nature == metric.Counter, Recent: 15 * time.Minute, Most: mostFine}
		if n.slow {
			n.spec.Most, n.spec.Recent = mostSlow, 48*time.Hour
		}
		p.numbers = append(p.numbers, n)
	}
	n := &p.numbers[i]
	n.rules = add(n.rules, by)
	switch {
	case n.slow:
		n.spec.Recent = max(n.spec.Recent, w)
	case w <= finest:
		n.spec.Recent = max(n.spec.Recent, w)
	default:
		// Some thirty steps to a window say all that a rule can ask for.
		b := 24 * time.Hour
		for _, shorter := range []time.Duration{4 * time.Hour, time.Hour} {
			if b > w/28 {
				b = shorter
			}
		}
		if n.spec.Bucket == 0 || b < n.spec.Bucket {
			n.spec.Bucket = b
		}
		n.spec.Keep = max(n.spec.Keep, w+n.spec.Bucket)
	}
	return i
}

func (p *plan) section(sec *inventory.Section) *sectionPlan {
	sp := p.sections[sec.Name]
	if sp == nil {
		sp = &sectionPlan{section: sec, at: map[string]int{}, past: map[string]time.Duration{}}
		p.sections[sec.Name] = sp
	}
	return sp
}

func (p *plan) columnsOf(sec *inventory.Section, names []string) {
	sp := p.section(sec)
	for _, name := range names {
		if i := sec.Index(name); i >= 0 && !slices.Contains(sp.columns, i) {
			sp.columns = append(sp.columns, i)
			if u := sec.Columns[i].Unit; sec.Index(u) >= 0 {
				p.columnsOf(sec, []string{u}) // its unit, without which it says nothing
			}
		}
	}
}

// changesWithTime says whether a rule can begin to be true without anything
// new from the device.
func (p *plan) changesWithTime(r *rule.Rule) bool {
	for _, slot := range r.Inputs {
		switch in := p.set.Inputs[slot]; in.Kind {
		case rule.Age, rule.Firing, rule.Gone:
			return true
		case rule.Derived:
			return true
		}
	}
	return false
}

// index is a rule's place; -1 when there is none of that ID.
func (p *plan) index(id string) int {
	if i, ok := p.places[id]; ok {
		return i
	}
	return -1
}

// tells says whether a device of that kind can tell of an event.
func (p *plan) tells(kind string, i Info) bool {
	k, ok := event.Lookup(kind)
	if !ok {
		return false
	}
	for _, s := range k.Sources {
		switch s.OS {
		case event.Collector, i.OS:
			return true
		case event.SNMP:
			if i.Kind != "pc" && i.Kind != "server" {
				return true
			}
		}
	}
	return false
}
