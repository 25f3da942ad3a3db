package sqlstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"muster/collector/store"
	"muster/internal/inventory"
)

// purgeBatch is how many rows one transaction of a purge changes, so that
// reports do not wait.
const purgeBatch = 200

// removedWord stands in free texts where a name stood.
const removedWord = "(removed)"

// person matches what is kept of one person.
type person struct {
	name string
	word *regexp.Regexp
	home *regexp.Regexp // his folder, within a path
	like string         // what SQL narrows down by
}

func newPerson(name string) person {
	esc := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(name)
	// LIKE of SQLite knows the case of ASCII letters alone: others are any sign
	// there, and word decides.
	esc = strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '_'
		}
		return r
	}, esc)
	quoted := regexp.QuoteMeta(name)
	return person{name: name, like: "%" + esc + "%",
		word: regexp.MustCompile(`(?i)(^|[^\pL\pN])` + quoted + `($|[^\pL\pN])`),
		home: regexp.MustCompile(`(?i)([/\\](?:home|users|profiles|documents and settings)[/\\])` + quoted + `($|[^\pL\pN])`)}
}

// is says whether a value names the person: as it is, with a domain before or
// behind it, or as the last part of a path, as of a home folder.
func (p person) is(v string) bool {
	v = strings.TrimRight(strings.TrimSpace(v), `/\`)
	base := path.Base(strings.ReplaceAll(v, `\`, "/"))
	local, _, _ := strings.Cut(v, "@")
	return strings.EqualFold(v, p.name) || strings.EqualFold(base, p.name) || strings.EqualFold(local, p.name)
}

// strike takes the name out of a text.
func (p person) strike(v string) string {
	for range 2 { // names side by side share the sign between them
		v = p.word.ReplaceAllString(v, "${1}"+removedWord+"${2}")
	}
	return v
}

// homeless takes the name out of paths of his home in a text.
func (p person) homeless(v string) string {
	for range 2 { // as in strike
		v = p.home.ReplaceAllString(v, "${1}"+removedWord+"${2}")
	}
	return v
}

// strikeStored takes the name out of a stored text. Of JSON only values that
// are texts are read: a name may be a number, or what a field is called.
func (p person) strikeStored(v string) string {
	if !strings.HasPrefix(v, "{") && !strings.HasPrefix(v, "[") {
		return p.strike(v)
	}
	d := json.NewDecoder(strings.NewReader(v))
	d.UseNumber()
	var x any
	if err := d.Decode(&x); err != nil || d.More() {
		return p.strike(v)
	}
	changed := false
	var walk func(any) any
	walk = func(x any) any {
		switch x := x.(type) {
		case string:
			s := p.strike(x)
			changed = changed || s != x
			return s
		case []any:
			for i := range x {
				x[i] = walk(x[i])
			}
		case map[string]any:
			for k := range x {
				x[k] = walk(x[k])
			}
		}
		return x
	}
	if x = walk(x); !changed {
		return v
	}
	return asJSON(x)
}

// Purge removes what is kept of a person: rows of sections that are about him,
// as they are and as they were, values of personal columns that name him (with
// what else the same row says of him), his home in paths of any column,
// attributes of events, people's fields, and his name in notes, evidence,
// messages and reasons. dry only counts.
//
// What a device still says of him comes back with its next reading, and series
// hold no persons.
func (x *Inventory) Purge(ctx context.Context, name string, dry bool) ([]store.Purged, error) {
	if !dry && x.d.server == nil {
		done, err := x.d.overwriting(ctx, "device_search")
		if err != nil {
			return nil, err
		}
		defer done()
	}
	u := &purge{x, newStriking(x.d, name, dry)}
	for _, p := range x.plans {
		if err := errors.Join(u.section(ctx, p), u.shared(ctx, p)); err != nil {
			return nil, fmt.Errorf("purge %s: %w", p.section.Name, err)
		}
	}
	steps := []func(context.Context) error{u.events, u.devices, u.texts, u.left}
	if !dry {
		steps = append(steps, x.d.emptyLog)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("purge: %w", err)
		}
	}
	return u.list(), nil
}

type purge struct {
	x *Inventory
	striking
}

// purgeRow is a row that names the person, and what becomes of it.
type purgeRow struct {
	device, row int64
	open        bool
	remove      bool
	change      map[string]any // columns: a text without the name, or nil
}

// section purges the rows of one section. A row whose key is the person is
// about him and goes; of others the value goes, with what is named alike:
// primary_user_name takes primary_user_full_name along. Of longer texts only the
// name goes, and of what tells of no person only where it is the name of a home.
func (u *purge) section(ctx context.Context, p *plan) error {
	columns := textColumns(p, p.own)
	if len(columns) == 0 {
		return nil
	}
	var rows []purgeRow
	err := u.x.d.read(ctx, func(v *view) error {
		values := make([]*string, len(columns))
		names, where, args := u.among(columns)
		return v.each(ctx, "SELECT device_no, row_no, until_at IS NULL, "+names+" FROM "+p.rows+" WHERE "+where, args, func(s scan) error {
			r := purgeRow{change: map[string]any{}}
			into := []any{&r.device, &r.row, &r.open}
			for i := range values {
				into = append(into, &values[i])
			}
			if err := s(into...); err != nil {
				return err
			}
			for i, c := range columns {
				if values[i] != nil {
					u.look(p, &r, c, *values[i])
				}
			}
			switch {
			case r.remove:
				u.count(p.section.Name, "removed", 1)
			case len(r.change) > 0:
				for c := range r.change {
					u.count(p.section.Name+"."+c, "emptied", 1)
				}
			default:
				return nil
			}
			rows = append(rows, r)
			return nil
		})
	})
	if err != nil || u.dry {
		return err
	}
	for batch := range slices.Chunk(rows, purgeBatch) {
		if err := u.x.d.write(ctx, func(t *tx) error { return u.strike(t, p, batch) }); err != nil {
			return err
		}
	}
	return nil
}

// look decides what becomes of a value.
func (u *purge) look(p *plan, r *purgeRow, c inventory.Column, v string) {
	var without any
	switch {
	case !c.Personal:
		if without = u.who.homeless(v); without == v {
			return
		}
	case !u.who.is(v):
		if without = u.who.strike(v); without == v {
			return
		}
	}
	if c.Key {
		r.remove = true
		return
	}
	r.change[c.Name] = without
	stem, named := strings.CutSuffix(c.Name, "_name")
	for _, o := range p.own {
		k := p.section.Columns[o]
		if without == nil && named && k.Personal && !k.Key && k.Name != c.Name && strings.HasPrefix(k.Name, stem+"_") {
			r.change[k.Name] = nil
		}
	}
}

// textColumns are those of some columns that hold text.
func textColumns(p *plan, of []int) (out []inventory.Column) {
	for _, i := range of {
		if c := p.section.Columns[i]; c.Kind == inventory.Text || c.Kind == inventory.List {
			out = append(out, c)
		}
	}
	return out
}

// among is SQL for rows in which one of the columns may name the person.
func (u *purge) among(columns []inventory.Column) (names, where string, args []any) {
	var list, likes []string
	for _, c := range columns {
		list = append(list, quote(c.Name))
		likes = append(likes, quote(c.Name)+` LIKE ? ESCAPE '\'`)
		args = append(args, u.who.like)
	}
	return strings.Join(list, ", "), strings.Join(likes, " OR "), args
}

func (u *purge) strike(t *tx, p *plan, rows []purgeRow) error {
	for _, r := range rows {
		if r.remove {
			n, err := t.count("DELETE FROM "+p.rows+" WHERE device_no = ? AND row_no = ?", r.device, r.row)
			if err != nil {
				return err
			}
			open := int64(0)
			if r.open {
				open = n
			}
			if err := t.do("UPDATE section_name SET rows = rows - ?, open = open - ? WHERE section = ?", n, open, p.no); err != nil {
				return err
			}
		} else {
			for _, c := range slices.Sorted(maps.Keys(r.change)) {
				if err := t.do("UPDATE "+p.rows+" SET "+quote(c)+" = ? WHERE device_no = ? AND row_no = ?", r.change[c], r.device, r.row); err != nil {
					return err
				}
			}
		}
		if err := u.changed(t, p, r.device); err != nil {
			return err
		}
	}
	return nil
}

// changed notes that what is here of a section is not what the device told any
// more.
func (u *purge) changed(t *tx, p *plan, device int64) error {
	if err := t.do("UPDATE state_rows SET hash = NULL WHERE device_no = ? AND section = ?", device, p.no); err != nil {
		return err
	}
	var id inventory.DeviceID
	if _, err := t.one("SELECT device_id FROM device_rows WHERE device_no = ?", []any{device}, &id); err != nil {
		return err
	}
	u.x.forget(t, id)
	return u.x.refreshSearch(t, device)
}

// shared takes homes out of what rows of many devices share. Such a text gets
// a digest of its own, so that whoever still tells it gets a row anew.
func (u *purge) shared(ctx context.Context, p *plan) error {
	columns := textColumns(p, p.shared)
	if len(columns) == 0 {
		return nil
	}
	type fact struct {
		no     int64
		change map[string]string
	}
	var list []fact
	err := u.x.d.read(ctx, func(v *view) error {
		values := make([]*string, len(columns))
		names, where, args := u.among(columns)
		return v.each(ctx, "SELECT fact_no, "+names+" FROM "+p.facts+" WHERE "+where, args, func(s scan) error {
			f := fact{change: map[string]string{}}
			into := []any{&f.no}
			for i := range values {
				into = append(into, &values[i])
			}
			if err := s(into...); err != nil {
				return err
			}
			for i, c := range columns {
				if values[i] == nil {
					continue
				}
				if without := u.who.homeless(*values[i]); without != *values[i] {
					f.change[c.Name] = without
					u.count(p.section.Name+"."+c.Name, "emptied", 1)
				}
			}
			if len(f.change) > 0 {
				list = append(list, f)
			}
			return nil
		})
	})
	if err != nil || u.dry {
		return err
	}
	for _, f := range list {
		err := u.x.d.write(ctx, func(t *tx) error {
			var digest [32]byte
			rand.Read(digest[:])
			if err := t.do("UPDATE "+p.facts+" SET fact_digest = ? WHERE fact_no = ?", digest[:], f.no); err != nil {
				return err
			}
			for _, c := range slices.Sorted(maps.Keys(f.change)) {
				if err := t.do("UPDATE "+p.facts+" SET "+quote(c)+" = ? WHERE fact_no = ?", f.change[c], f.no); err != nil {
					return err
				}
			}
			var devices []int64
			err := t.each("SELECT DISTINCT device_no FROM "+p.rows+" WHERE fact_no = ?", []any{f.no}, func(s scan) error {
				var no int64
				err := s(&no)
				devices = append(devices, no)
				return err
			})
			for _, no := range devices {
				if err == nil {
					err = u.changed(t, p, no)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		u.x.facts.clear()
	}
	return nil
}

// events takes attributes out that name the person.
func (u *purge) events(ctx context.Context) error {
	return u.rewrite(ctx, place{"event_rows", "attributes", "event attributes"}, func(text string) (string, error) {
		var a map[string]string
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			return "", fmt.Errorf("attributes of an event: %w", err)
		}
		for k, v := range a {
			if u.who.is(v) {
				delete(a, k)
			} else if s := u.who.strike(v); s != v {
				a[k] = s
			}
		}
		return asJSON(a), nil
	})
}

// devices empties what lists show of a person, and people's fields, which are
// searched too.
func (u *purge) devices(ctx context.Context) error {
	columns := []string{"user_name", "owner", "department", "note"}
	var likes []string
	var args []any
	for _, c := range columns {
		likes = append(likes, c+` LIKE ? ESCAPE '\'`)
		args = append(args, u.who.like)
	}
	type device struct {
		no  int64
		now []string
	}
	var list []device
	err := u.x.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT device_no, "+strings.Join(columns, ", ")+" FROM device_rows WHERE "+strings.Join(likes, " OR "), args, func(s scan) error {
			d := device{now: make([]string, len(columns))}
			into := []any{&d.no}
			for i := range d.now {
				into = append(into, &d.now[i])
			}
			if err := s(into...); err != nil {
				return err
			}
			changed := false
			for i, text := range d.now {
				if d.now[i] = u.who.strike(text); u.who.is(text) {
					d.now[i] = ""
				}
				if d.now[i] != text {
					u.count("device."+columns[i], "emptied", 1)
					changed = true
				}
			}
			if changed {
				list = append(list, d)
			}
			return nil
		})
	})
	if err != nil || u.dry {
		return err
	}
	for batch := range slices.Chunk(list, purgeBatch) {
		err := u.x.d.write(ctx, func(t *tx) error {
			for _, d := range batch {
				if err := t.do("UPDATE device_rows SET user_name = ?, owner = ?, department = ?, note = ? WHERE device_no = ?", d.now[0], d.now[1], d.now[2], d.now[3], d.no); err != nil {
					return err
				}
				if err := u.x.refreshSearch(t, d.no); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// texts strikes the name out of what people and rules wrote. A name has no
// sign that means something in JSON.
func (u *purge) texts(ctx context.Context) error {
	return u.strikeAll(ctx, []place{
		{"state_rows", "reason", "reasons of sections"},
		{"incident_step_rows", "text", "notes of incidents"},
		{"incident_step_rows", "made_by", "who worked on incidents"},
		{"incident_step_rows", "sent_to", "who incidents were handed to"},
		{"incident_rows", "assignee", "who has incidents"},
		{"incident_rows", "resolved_by", "who resolved incidents"},
		{"incident_rows", "escalated", "who incidents were handed to"},
		{"incident_rows", "title", "what incidents are about"},
		{"incident_rows", "cause", "what incidents are about"},
		{"incident_rows", "key", "what incidents are about"},
		{"finding_rows", "evidence", "evidence of findings"},
		{"finding_rows", "label", "what findings are about"},
		{"finding_rows", "title", "what findings are about"},
		{"finding_rows", "component", "what findings are about"},
		{"finding_rows", "reason", "evidence of findings"},
		{"maintenance_rows", "name", "maintenance"},
		{"maintenance_rows", "reason", "maintenance"},
		{"maintenance_rows", "made_by", "maintenance"},
		{"merge_rows", "carried", "fields copied by merges"},
		{"merge_rows", "reason", "reasons of merges"},
		{"merge_rows", "made_by", "who merged"},
		{"merge_rows", "undone_by", "who merged"},
		{"notice_announcement", "body", "messages"},
		{"notice_item", "body", "messages"},
		{"notice_letter", "message", "messages"},
		{"notice_letter", "subject", "messages"},
		{"notice_letter", "said", "messages"},
	})
}

// left counts what works by the name, so that somebody changes it by hand.
func (u *purge) left(ctx context.Context) error {
	return u.stays(ctx, []place{
		{"group_rows", "filter", "filters of groups: muster group set"},
		{"maintenance_rows", "filter", "filters of maintenance"},
		{"device_rows", "name", "names of devices"},
	})
}
