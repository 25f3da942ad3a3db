package sqlstore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

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
	like string // what SQL narrows down by
}

func newPerson(name string) person {
	esc := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(name)
	return person{name: name, word: regexp.MustCompile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(name) + `($|[^\pL\pN])`), like: "%" + esc + "%"}
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

// Purge removes what is kept of a person: rows of sections that are about him,
// as they are and as they were, values of personal columns that name him (with
// what else the same row says of him), attributes of events, people's fields,
// and his name in notes, evidence and messages. dry only counts.
//
// What a device still says of him comes back with its next reading, and series
// and the audit hold no persons.
func (x *Inventory) Purge(ctx context.Context, name string, dry bool) ([]store.Purged, error) {
	if !dry && x.d.server == nil {
		// What is freed is written over, not only let go of.
		secure := func(on string) error {
			return x.d.write(context.WithoutCancel(ctx), func(t *tx) error { return t.once("PRAGMA secure_delete = " + on) })
		}
		if err := secure("ON"); err != nil {
			return nil, fmt.Errorf("purge: %w", err)
		}
		defer secure("OFF") // a setting of the connection; leaving it on is slower and no harm
	}
	u := &purge{x: x, who: newPerson(name), dry: dry, found: map[store.Purged]int64{}}
	for _, p := range x.plans {
		if err := u.section(ctx, p); err != nil {
			return nil, fmt.Errorf("purge %s: %w", p.section.Name, err)
		}
	}
	for _, step := range []func(context.Context) error{u.events, u.devices, u.texts} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("purge: %w", err)
		}
	}
	var out []store.Purged
	for k, n := range u.found {
		k.Count = n
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b store.Purged) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Action, b.Action))
	})
	return out, nil
}

type purge struct {
	x     *Inventory
	who   person
	dry   bool
	found map[store.Purged]int64
}

func (u *purge) count(where, action string) { u.found[store.Purged{Where: where, Action: action}]++ }

// purgeRow is a row that names the person, and what becomes of it.
type purgeRow struct {
	device, row int64
	open        bool
	remove      bool
	empty       []string // columns
}

// section purges the rows of one section. A row whose key is the person is
// about him and goes; of others the value goes, with what is named alike:
// primary_user_name takes primary_user_full_name along.
func (u *purge) section(ctx context.Context, p *plan) error {
	var columns []inventory.Column
	for _, i := range p.own {
		if c := p.section.Columns[i]; c.Personal && c.Kind == inventory.Text {
			columns = append(columns, c)
		}
	}
	if len(columns) == 0 {
		return nil
	}
	var names, likes []string
	var args []any
	for _, c := range columns {
		names = append(names, quote(c.Name))
		likes = append(likes, quote(c.Name)+` LIKE ? ESCAPE '\'`)
		args = append(args, u.who.like)
	}
	var rows []purgeRow
	err := u.x.d.read(ctx, func(v *view) error {
		values := make([]*string, len(columns))
		return v.each(ctx, "SELECT device_no, row_no, until_at IS NULL, "+strings.Join(names, ", ")+" FROM "+p.rows+" WHERE "+strings.Join(likes, " OR "), args, func(s scan) error {
			var r purgeRow
			into := []any{&r.device, &r.row, &r.open}
			for i := range values {
				into = append(into, &values[i])
			}
			if err := s(into...); err != nil {
				return err
			}
			for i, c := range columns {
				if values[i] == nil || !u.who.is(*values[i]) {
					continue
				}
				if c.Key {
					r.remove = true
					u.count(p.section.Name, "removed")
					break
				}
				u.count(p.section.Name+"."+c.Name, "emptied")
				r.empty = append(r.empty, c.Name)
				stem, named := strings.CutSuffix(c.Name, "_name")
				for _, o := range p.own {
					if k := p.section.Columns[o]; named && k.Personal && !k.Key && k.Name != c.Name && strings.HasPrefix(k.Name, stem+"_") {
						r.empty = append(r.empty, k.Name)
					}
				}
			}
			if r.remove || len(r.empty) > 0 {
				rows = append(rows, r)
			}
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
		}
		for _, c := range r.empty {
			if r.remove {
				break
			}
			if err := t.once(fmt.Sprintf("UPDATE %s SET %s = NULL WHERE device_no = %d AND row_no = %d", p.rows, quote(c), r.device, r.row)); err != nil {
				return err
			}
		}
		// What is here is not what the device told any more.
		if err := t.do("UPDATE state_rows SET hash = NULL WHERE device_no = ? AND section = ?", r.device, p.no); err != nil {
			return err
		}
		var id inventory.DeviceID
		if _, err := t.one("SELECT device_id FROM device_rows WHERE device_no = ?", []any{r.device}, &id); err != nil {
			return err
		}
		u.x.forget(t, id)
		if err := u.x.refreshSearch(t, r.device); err != nil {
			return err
		}
	}
	return nil
}

// events takes attributes out that name the person.
func (u *purge) events(ctx context.Context) error {
	return u.rewrite(ctx, "event_rows", "event_no", "attributes", "event attributes", func(text string) (string, error) {
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

// devices empties what lists show of a person, and people's fields.
func (u *purge) devices(ctx context.Context) error {
	for _, c := range []string{"user_name", "owner"} {
		if err := u.rewrite(ctx, "device_rows", "device_no", c, "device."+c, func(text string) (string, error) {
			if u.who.is(text) {
				return "", nil
			}
			return u.who.strike(text), nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// texts strikes the name out of what people and rules wrote. A name has no
// sign that means something in JSON.
func (u *purge) texts(ctx context.Context) error {
	strike := func(text string) (string, error) { return u.who.strike(text), nil }
	for _, x := range []struct{ table, key, column, where string }{
		{"device_rows", "device_no", "note", "device.note"},
		{"incident_step_rows", "step_no", "text", "notes of incidents"},
		{"incident_step_rows", "step_no", "made_by", "who worked on incidents"},
		{"incident_step_rows", "step_no", "sent_to", "who incidents were handed to"},
		{"incident_rows", "number", "assignee", "who has incidents"},
		{"incident_rows", "number", "resolved_by", "who resolved incidents"},
		{"incident_rows", "number", "escalated", "who incidents were handed to"},
		{"finding_rows", "id", "evidence", "evidence of findings"},
		{"finding_rows", "id", "label", "what findings are about"},
		{"merge_rows", "id", "carried", "fields copied by merges"},
		{"merge_rows", "id", "reason", "reasons of merges"},
		{"notice_announcement", "seq", "body", "messages"},
		{"notice_item", "no", "body", "messages"},
		{"notice_letter", "seq", "message", "messages"},
		{"notice_letter", "seq", "subject", "messages"},
	} {
		if err := u.rewrite(ctx, x.table, x.key, x.column, x.where, strike); err != nil {
			return err
		}
	}
	return nil
}

// rewrite changes a column where it names the person.
func (u *purge) rewrite(ctx context.Context, table, key, column, where string, change func(string) (string, error)) error {
	type fresh struct {
		key  int64
		text string
	}
	var list []fresh
	err := u.x.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+key+", "+column+" FROM "+table+" WHERE "+column+` LIKE ? ESCAPE '\'`, []any{u.who.like}, func(s scan) error {
			var f fresh
			var old string
			if err := s(&f.key, &old); err != nil {
				return err
			}
			var err error
			if f.text, err = change(old); err != nil {
				return err
			}
			if f.text != old {
				u.count(where, "emptied")
				list = append(list, f)
			}
			return nil
		})
	})
	if err != nil || u.dry {
		return err
	}
	for batch := range slices.Chunk(list, purgeBatch) {
		if err := u.x.d.write(ctx, func(t *tx) error {
			for _, f := range batch {
				if err := t.do("UPDATE "+table+" SET "+column+" = ? WHERE "+key+" = ?", f.text, f.key); err != nil {
					return err
				}
				if table == "device_rows" {
					if err := u.x.refreshSearch(t, f.key); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}
