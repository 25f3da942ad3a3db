package profile

import (
	"context"
	"errors"
	"math"
	"slices"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/report"
)

// round is one reading of a device.
type round struct {
	*reader
	d      *Device
	due    map[string]bool // paces
	parts  map[string][]*part
	out    Reading
	clocks Clocks
	failed bool            // something of the task at hand could not be read
	same   map[string]bool // sections whose part did not change
}

// Read asks for what is due: names of paces, and sections, which stand for the
// paces at which they are read. Nothing named: all. An error says that the
// device answered nothing; what failed of it alone stands in the sections'
// status.
func (d *Device) Read(ctx context.Context, a session.Asker, due []string) (Reading, error) {
	r := &round{reader: newReader(a), d: d, due: map[string]bool{}, parts: map[string][]*part{}, same: map[string]bool{}}
	d.rounds++
	r.reader.round = d.rounds
	defer d.forget()
	// Of one that nothing is remembered of, a part of a section would be taken for
	// all of it.
	all := len(due) == 0 || d.rounds == 1 && len(d.state.Had) == 0
	for _, t := range d.tasks {
		if all || slices.Contains(due, t.pace) || slices.ContainsFunc(t.sections, func(s string) bool { return slices.Contains(due, s) }) {
			r.due[t.pace] = true
			d.read[t.pace] = true
		}
	}
	if err := r.begin(ctx); err != nil {
		return Reading{}, err
	}
	touched := map[string]bool{}
	todo := r.order()
	for i, t := range todo {
		if ctx.Err() != nil && r.heard {
			r.leave(todo[i:])
			break
		}
		delete(d.left, t.name)
		r.failed = false
		begun := d.set.now()
		t.run(ctx, r)
		note(&d.slow, t.name, d.set.now().Sub(begun) >= slowTask)
		d.absent[t.name] = !r.failed && len(t.sections) > 0 && r.nothing(t)
		for _, s := range t.sections {
			touched[s] = true
		}
		if r.failed && !slices.Contains(r.out.Again, t.pace) {
			r.out.Again = append(r.out.Again, t.pace)
		}
	}
	if ctx.Err() != nil && !r.heard {
		return Reading{}, ctx.Err()
	}
	r.finish(touched)
	r.out.Clocks = r.clocks
	return r.out, nil
}

// slowTask is from when on a task is slow: it comes last then, so that what a
// device answers slowly does not cost the counters and all else.
const slowTask = mostTable / 2

// order lists the tasks of a round: those that were slow come last, and of these
// first the ones that the last round had no time for.
func (r *round) order() []*task {
	var out []*task
	for _, t := range r.d.tasks {
		// What a device does not have is asked for once an hour.
		if r.due[t.pace] && (!r.d.absent[t.name] || r.due[paceSlow]) {
			out = append(out, t)
		}
	}
	rank := func(t *task) int {
		switch {
		case !r.d.slow[t.name]:
			return 0
		case r.d.left[t.name]:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b *task) int { return rank(a) - rank(b) })
	return out
}

// leave notes tasks that a round has no time for. What they gave last stands.
func (r *round) leave(list []*task) {
	for _, t := range list {
		note(&r.d.left, t.name, true)
		if !slices.Contains(r.out.Again, t.pace) {
			r.out.Again = append(r.out.Again, t.pace)
		}
	}
}

func note(set *map[string]bool, name string, is bool) {
	if !is {
		delete(*set, name)
		return
	}
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[name] = true
}

// forget lets go of what only a round needs: thousands of devices are kept.
func (d *Device) forget() {
	if d.ports != nil {
		d.ports.byName = nil
	}
}

// begin asks for the clocks, the signs of change, and the single objects of all
// tasks that are due.
func (r *round) begin(ctx context.Context) error {
	ask := []string{oidSysUpTime}
	if r.d.system.Clocks.Host != nil {
		ask = append(ask, oidHostUptime)
	}
	if r.d.system.Clocks.Engine != nil {
		ask = append(ask, oidEngineTime, oidEngineBoots)
	}
	signs := map[string]bool{}
	for _, t := range r.d.tasks {
		for _, s := range t.signs {
			if r.d.state.Learned["missing/"+s] == "" || r.due[paceSlow] {
				ask = append(ask, s)
				signs[s] = true
			}
		}
		if r.due[t.pace] {
			for _, o := range t.objects {
				if r.d.state.Learned["missing/"+o] == "" || r.due[paceSlow] {
					ask = append(ask, o)
				} else {
					r.objects[o] = answer{}
				}
			}
		}
	}
	r.prefetch(ctx, ask)
	if r.down != nil {
		return r.down
	}
	if first := r.objects[oidSysUpTime]; first.err != nil && !r.heard {
		return first.err
	}
	at := map[string]session.Value{}
	for _, oid := range ask {
		a := r.objects[oid]
		at[oid] = a.Value
		if a.err != nil || oid == oidSysUpTime {
			continue
		}
		missing := ""
		if a.Kind == session.Missing {
			missing = "yes"
		}
		if missing != "" || r.d.state.Learned["missing/"+oid] != "" {
			r.d.state.learn("missing/"+oid, missing)
		}
	}
	r.clocks = clocksOf(at)
	r.d.state.follow(r.d.system.Clocks, r.clocks)
	r.d.system.Clocks = r.clocks.or(r.d.system.Clocks)
	for _, t := range r.d.tasks {
		for _, s := range t.signs {
			if a := r.objects[s]; signs[s] && a.err == nil && a.Kind != session.Missing && r.d.state.sign(t.name+"/"+s, textOf(a.Value)) {
				r.early(t.pace)
			}
		}
	}
	return nil
}

// or takes what did not answer from before.
func (c Clocks) or(o Clocks) Clocks {
	if c.System == nil {
		c.System = o.System
	}
	if c.Host == nil {
		c.Host = o.Host
	}
	if c.Engine == nil {
		c.Engine = o.Engine
	}
	if c.Boots == nil {
		c.Boots = o.Boots
	}
	return c
}

// put takes what a task gave of a section.
func (r *round) put(p *part) {
	p.fresh = true
	key := p.task + "/" + p.section.Name
	had := r.d.state.had(key)
	switch {
	case p.err != nil:
		// Of what is too large for a round no more comes by asking sooner.
		r.failed = r.failed || !errors.Is(p.err, session.ErrLimit)
		if had == 0 && len(p.rows) == 0 {
			// Nothing is known of it yet: whether the device has it at all is
			// not told by a question that failed.
			p.none = !r.expected(p.section.Name)
		}
	case len(p.rows) == 0 && had == 0:
		p.none = true
	case len(p.rows) == 0 && !emptying(p.section.Name) && (p.section.Name != "port" || p.task == "IF-MIB"):
		p.err = gone(p.task)
		r.failed = true
	default:
		r.d.state.setHad(key, len(p.rows))
	}
	r.parts[p.section.Name] = append(r.parts[p.section.Name], p)
	// Ports are remembered as such.
	if r.slower(p.section.Name) && p.task != taskPorts {
		r.d.remember(key, p)
	}
}

// remember keeps a part until it is read again.
func (d *Device) remember(key string, p *part) {
	if d.state.last == nil {
		d.state.last = map[string]*packed{}
	}
	d.state.last[key] = p.pack()
}

// nothing says that the device had nothing for a task.
func (r *round) nothing(t *task) bool {
	given := false
	for _, name := range t.sections {
		if r.same[name] {
			return false
		}
		for _, p := range r.parts[name] {
			if p.task == t.name {
				if !p.none {
					return false
				}
				given = true
			}
		}
	}
	return given
}

// quiet says that what a task gives of a section is what it gave before. Unless
// another task gives something, the section is not told again.
func (r *round) quiet(section string) { r.same[section] = true }

// early asks for a pace before its time.
func (r *round) early(pace string) {
	if !r.due[pace] && !slices.Contains(r.out.Early, pace) {
		r.out.Early = append(r.out.Early, pace)
	}
}

// expected says that every device has a section, so that a failure is told even
// if it never worked.
func (r *round) expected(section string) bool {
	return section == "port" || section == "system" || section == "os" || section == "snmp_agent"
}

// slower says that not all tasks of a section have one pace, so that parts have
// to be remembered.
func (r *round) slower(section string) bool {
	pace := ""
	for _, t := range r.d.tasks {
		if !slices.Contains(t.sections, section) {
			continue
		}
		if pace != "" && t.pace != pace {
			return true
		}
		pace = t.pace
	}
	return false
}

// put takes rows of a catalogue struct. index may be nil; err says why they are
// not complete.
func put[T inventory.Sectioner](r *round, task string, rows []T, index []string, err error) {
	var zero T
	s, ok := inventory.Lookup(zero.Section().Name)
	if !ok {
		return
	}
	full, bad := encode(s, rows)
	r.put(&part{section: s, task: task, rows: full, index: index, err: fault(err, bad)})
}

// finish makes sections of the parts, and numbers of their rows.
func (r *round) finish(touched map[string]bool) {
	// Sensors come last: those of power supplies follow from other sections.
	names := slices.DeleteFunc(sortedKeys(touched), func(s string) bool { return s == "sensor" })
	var mirrors []*part
	for _, name := range append(names, "sensor") {
		s, ok := inventory.Lookup(name)
		if !ok || r.same[name] && len(r.parts[name]) == 0 {
			continue
		}
		parts := r.gathered(name)
		if r.lacking(name) {
			continue
		}
		if name == "sensor" {
			if !touched[name] && len(mirrors) == 0 {
				continue
			}
			parts = append(parts, mirrors...)
		}
		a, ok := assemble(s, parts)
		if !ok {
			continue
		}
		if reflects(name) {
			mirrors = append(mirrors, r.mirror(mirrored(&a)))
		}
		r.out.Sections = append(r.out.Sections, a.report())
		r.series(&a)
		r.d.alarms(&a, &r.out)
	}
}

// gathered are the parts of a section, of this round and, of tasks that were
// not due, of the last.
func (r *round) gathered(name string) []*part {
	var parts []*part
	for _, t := range r.d.tasks {
		if !slices.Contains(t.sections, name) {
			continue
		}
		key := t.name + "/" + name
		if i := slices.IndexFunc(r.parts[name], func(p *part) bool { return p.task == t.name }); i >= 0 {
			parts = append(parts, r.parts[name][i])
		} else if t.name == taskPorts && name == "port" && r.d.ports != nil && r.d.ports.told {
			parts = append(parts, r.d.ports.part())
		} else if old := r.d.state.last[key]; old != nil {
			parts = append(parts, old.unpack())
		}
	}
	if name == "sensor" {
		for _, of := range []string{"poe_supply", "power_line", "ups"} {
			if old := r.d.state.last["mirror/"+of]; old != nil && len(r.parts[of]) == 0 {
				parts = append(parts, old.unpack())
			}
		}
	}
	return parts
}

// lacking says that a section cannot be told: a task of it is not due, and what
// it gave last is not known any more, as after a restart. It is asked for soon.
func (r *round) lacking(name string) bool {
	out := false
	for _, t := range r.d.tasks {
		if slices.Contains(t.sections, name) && !r.d.read[t.pace] && r.d.state.had(t.name+"/"+name) > 0 {
			out = true
			r.early(t.pace)
		}
	}
	return out
}

// mirror remembers sensors that follow from another section.
func (r *round) mirror(p *part) *part {
	r.d.remember("mirror/"+p.task, p)
	return p
}

// add adds a number.
func (r *round) add(s report.Series, value float64) {
	r.out.Layout = append(r.out.Layout, s)
	r.out.Values = append(r.out.Values, value)
}

// numbers reads the numbers that stand in no section.
func (r *round) numbers(ctx context.Context) {
	s := &scope{d: r.d, r: r.reader}
	for _, n := range r.d.profile.numbers {
		s.err = nil
		f, ok := s.first(ctx, n.sources).number()
		key := "number/" + n.measurement + "." + n.field
		switch {
		case ok:
			r.d.state.setHad(key, 1)
		case r.d.state.had(key) == 0:
			continue // this model does not have it
		default:
			f = math.NaN()
		}
		if s.err != nil {
			r.failed = true
		}
		r.add(report.Series{Measurement: n.measurement, Field: n.field}, f)
	}
}
