package sqlstore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// deviceColumns and deviceTables read a device as lists show it.
const (
	deviceColumns = `d.device_no, d.device_id, d.kind, d.name, ifnull(a.name, ''), ifnull(s.name, ''), d.presence, ifnull(n.address, ''), d.agent_version,
	d.os, d.vendor, d.model, d.serial, d.user_name, d.memory_bytes, d.first_seen, ifnull(n.seen_at, 0), ifnull(n.offset_ms, 0), ifnull(d.retired_at, 0), ifnull(m.device_id, ''), d.forked_from,
	d.asset_tag, d.owner, d.department, d.purchased, d.warranty, d.note`
	deviceTables = ` FROM device_rows d` + joinSeen + joinPlace + joinMerge
	joinSeen     = ` LEFT JOIN seen_rows n ON n.device_no = d.device_no`
	joinPlace    = ` LEFT JOIN site s ON s.id = d.site LEFT JOIN agency a ON a.id = s.agency`
	joinMerge    = ` LEFT JOIN device_rows m ON m.device_no = d.merged_into`
)

func scanDevice(scan scan) (no int64, d store.Device, _ error) {
	var first, seen, offset, retired int64
	err := scan(&no, &d.ID, &d.Kind, &d.Name, &d.Agency, &d.Site, &d.Presence, &d.Address, &d.AgentVersion,
		&d.OS, &d.Vendor, &d.Model, &d.Serial, &d.User, &d.MemoryBytes, &first, &seen, &offset, &retired, &d.MergedInto, &d.ForkedFrom,
		&d.People.AssetTag, &d.People.Owner, &d.People.Department, &d.People.Purchased, &d.People.Warranty, &d.People.Note)
	d.FirstSeen = timeOf(first)
	d.LastSeen = timeOf(seen)
	d.RetiredAt = timeOf(retired)
	d.ClockOffset = float64(offset) / 1000
	return no, d, err
}

// timeOf reads stored milliseconds; 0 is no time.
func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// order is what a list can be sorted by: an expression that is never NULL.
type order struct {
	expr     string
	join     string // tables that expr needs beside device_rows d
	number   bool
	personal bool
}

// orders maps the JSON names of store.Device to columns.
func orders() map[string]order {
	return map[string]order{
		"id":                   {expr: "d.device_id"},
		"kind":                 {expr: "d.kind"},
		"name":                 {expr: "d.name"},
		"agency":               {expr: "ifnull(a.name, '')", join: joinPlace},
		"site":                 {expr: "ifnull(s.name, '')", join: joinPlace},
		"labels":               {expr: "(SELECT ifnull(group_concat(label, ' '), '') FROM (SELECT label FROM label_rows l WHERE l.device_no = d.device_no ORDER BY label) AS o)"},
		"presence":             {expr: "d.presence"},
		"address":              {expr: "ifnull(n.address, '')", join: joinSeen},
		"agent_version":        {expr: "d.agent_version"},
		"os":                   {expr: "d.os"},
		"vendor":               {expr: "d.vendor"},
		"model":                {expr: "d.model"},
		"serial":               {expr: "d.serial"},
		"user":                 {expr: "d.user_name", personal: true},
		"memory_bytes":         {expr: "d.memory_bytes", number: true},
		"first_seen":           {expr: "d.first_seen", number: true},
		"last_seen":            {expr: "ifnull(n.seen_at, 0)", join: joinSeen, number: true},
		"clock_offset_seconds": {expr: "ifnull(n.offset_ms, 0)", join: joinSeen, number: true},
		"retired_at":           {expr: "ifnull(d.retired_at, 0)", number: true},
		"merged_into":          {expr: "ifnull(m.device_id, '')", join: joinMerge},
		"forked_from":          {expr: "d.forked_from"},
		"asset_tag":            {expr: "d.asset_tag"},
		"owner":                {expr: "d.owner", personal: true},
		"department":           {expr: "d.department"},
		"purchased":            {expr: "d.purchased"},
		"warranty":             {expr: "d.warranty"},
		"note":                 {expr: "d.note"},
		"severity":             {expr: levelOf, number: true},
	}
}

// levelOf is how bad the worst incident is that device_rows d has, 0 for none:
// what breakdowns count. Incidents of records that were merged into it are its
// own.
const levelOf = `(WITH RECURSIVE record (no) AS (SELECT d.device_no WHERE d.merged_into IS NULL AND d.presence <> 'retired'
	UNION ALL SELECT b.device_no FROM record CROSS JOIN device_rows b ON b.merged_into = record.no)
	SELECT ifnull(max(` + severityLevel + `), 0)
	FROM record CROSS JOIN incident_device_rows m ON m.device_no = record.no CROSS JOIN incident_rows i ON i.number = m.incident
	WHERE i.status <> 'resolved' AND ` + onTheBoard + `)`

// Of incident_rows i: how bad one is, and which that are not resolved count.
const (
	severityLevel = `CASE i.severity WHEN 'critical' THEN 3 WHEN 'warn' THEN 2 WHEN 'info' THEN 1 ELSE 0 END`
	onTheBoard    = `i.status <> 'snoozed' AND i.backlog = 0 AND i.hygiene = 0`
)

// severityOf names a level.
func severityOf(level int64) string {
	names := []string{"", "info", "warn", "critical"}
	return names[min(max(level, 0), int64(len(names)-1))]
}

// cursor is where a page ended: the last device's place in the order.
type cursor struct {
	Sort   string `json:"s"`
	Text   string `json:"t,omitempty"`
	Number int64  `json:"n,omitempty"`
	Device int64  `json:"d"`
}

func (c cursor) String() string {
	b, _ := json.Marshal(c) // strings and numbers always marshal
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(text, sort string) (cursor, error) {
	var c cursor
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || c.Sort != sort {
		return c, fmt.Errorf("the page %q does not belong to this list: ask for its first page again", text)
	}
	return c, nil
}

// errEnough ends a walk that has found what it wants.
var errEnough = errors.New("enough")

// where collects conditions that all must hold.
type where struct {
	conds []string
	args  []any
}

func (w *where) add(cond string, args ...any) {
	w.conds = append(w.conds, cond)
	w.args = append(w.args, args...)
}

func (w *where) String() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}

// scope adds who may be seen, over device_rows d.
func (w *where) scope(s store.Scope) {
	if s.All {
		return
	}
	w.add("d.site IN (SELECT id FROM site WHERE id IN (SELECT value FROM json_each(?)) OR agency IN (SELECT value FROM json_each(?)))",
		jsonNumbers(s.Sites), jsonNumbers(s.Agencies))
}

func jsonNumbers(l []int64) numberList { return append(numberList{}, l...) }

// textsOf is a parameter that stands for a list of texts.
func textsOf[T ~string](l []T) textList {
	out := make(textList, len(l))
	for i, s := range l {
		out[i] = string(s)
	}
	return out
}

// Devices lists. The order is total: what sorts equal goes by birth.
func (x *Inventory) Devices(ctx context.Context, q store.DeviceQuery) (store.DevicePage, error) {
	page, err := x.devices(ctx, q)
	if err != nil {
		return store.DevicePage{}, fmt.Errorf("list devices: %w", err)
	}
	return page, nil
}

func (x *Inventory) devices(ctx context.Context, q store.DeviceQuery) (store.DevicePage, error) {
	var page store.DevicePage
	sort := q.Sort
	if sort == "" {
		sort = "name"
	}
	name, down := strings.CutPrefix(sort, "-")
	by, ok := orders()[name]
	if !ok {
		return page, fmt.Errorf("there is no column %q to sort by", name)
	}
	if by.personal && !q.Personal {
		return page, fmt.Errorf("sorting by %s %w", name, store.ErrPersonal)
	}
	expr, direction, beyond := by.expr, "", ">"
	if !by.number {
		expr += " COLLATE NOCASE"
	}
	if down {
		direction, beyond = " DESC", "<"
	}
	return page, x.d.read(ctx, func(v *view) error {
		var w where
		var set devices
		walk := false // in the order of the list, past who is not in the set: it is dense there
		if q.Filter == nil {
			if !q.Merged {
				w.add("d.merged_into IS NULL")
			}
			w.scope(q.Scope)
			if _, err := v.one(ctx, "SELECT count(*) FROM device_rows d"+w.String(), w.args, &page.Total); err != nil {
				return err
			}
		} else {
			var err error
			if set, err = x.choose(ctx, v, q); err != nil {
				return err
			}
			page.Total = set.count()
			walk = q.Limit > 0 && page.Total > few && (name == "name" || page.Total > set.reach()/dense)
			if !walk {
				w.add("d.device_no IN (SELECT value FROM json_each(?))", jsonNumbers(set.numbers()))
			}
		}
		var at cursor // of the row seen last
		begun := q.After != ""
		if begun {
			var err error
			if at, err = parseCursor(q.After, sort); err != nil {
				return err
			}
		}
		ordered := " ORDER BY " + expr + direction + ", d.device_no" + direction
		beyondSeen := func() where {
			from := where{slices.Clone(w.conds), slices.Clone(w.args)}
			if begun {
				var place any = at.Text
				if by.number {
					place = at.Number
				}
				from.add("("+expr+", d.device_no) "+beyond+" (?, ?)", place, at.Device)
			}
			return from
		}
		if q.Limit <= 0 {
			var err error
			from := beyondSeen()
			page.Devices, err = v.devices(ctx, from.String()+ordered, from.args, nil, q.Severity)
			return err
		}
		// First who is on the page, then what is shown of them: sorting a
		// fleet must not carry all its columns along.
		var nos []int64
		var last cursor      // on the page
		chunk := q.Limit + 1 // one more tells that there is another page
		if walk {
			chunk *= 2 * (1 + set.reach()/page.Total)
		}
		for more := true; more; chunk *= 4 {
			seen, from := 0, beyondSeen()
			err := v.each(ctx, "SELECT d.device_no, "+by.expr+" FROM device_rows d"+by.join+from.String()+ordered+" LIMIT ?", append(from.args, chunk), func(scan scan) error {
				at = cursor{Sort: sort}
				var place any = &at.Text
				if by.number {
					place = &at.Number
				}
				if err := scan(&at.Device, place); err != nil {
					return err
				}
				seen++
				switch {
				case walk && !set.has(at.Device):
					return nil
				case len(nos) == q.Limit:
					page.Next = last.String()
					return errEnough
				}
				last = at
				nos = append(nos, at.Device)
				return nil
			})
			if err != nil && !errors.Is(err, errEnough) {
				return err
			}
			begun, more = true, err == nil && walk && seen == chunk
		}
		var err error
		page.Devices, err = v.numbered(ctx, nos, q.Severity)
		return err
	})
}

// numbered loads devices in the order of their numbers given, with their
// severity if asked for.
func (v *view) numbered(ctx context.Context, nos []int64, severity bool) ([]store.Device, error) {
	if len(nos) == 0 {
		return nil, nil
	}
	list := jsonNumbers(nos)
	return v.devices(ctx, " JOIN json_each(?) j ON j.value = d.device_no ORDER BY j.key", []any{list}, list, severity)
}

// devices loads devices with their labels; only is their numbers, or
// nil when they are many.
func (v *view) devices(ctx context.Context, rest string, args []any, only numberList, severity bool) ([]store.Device, error) {
	var out []store.Device
	at := map[int64]int{}
	err := v.each(ctx, "SELECT "+deviceColumns+deviceTables+rest, args, func(scan scan) error {
		no, d, err := scanDevice(scan)
		at[no] = len(out)
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	var w where
	if only != nil {
		w.add("device_no IN (SELECT value FROM json_each(?))", only)
	}
	if severity {
		if err := v.each(ctx, "SELECT d.device_no, "+levelOf+" FROM device_rows d"+w.String(), w.args, func(scan scan) error {
			var no, level int64
			err := scan(&no, &level)
			if i, ok := at[no]; ok {
				out[i].Severity = severityOf(level)
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	return out, v.each(ctx, "SELECT device_no, label FROM label_rows"+w.String()+" ORDER BY device_no, label", w.args, func(scan scan) error {
		var no int64
		var label string
		err := scan(&no, &label)
		if i, ok := at[no]; ok {
			out[i].Labels = append(out[i].Labels, label)
		}
		return err
	})
}

// Device finds one by ID; a merged one is found too.
func (x *Inventory) Device(ctx context.Context, s store.Scope, id inventory.DeviceID) (store.Device, error) {
	var d store.Device
	err := x.d.read(ctx, func(v *view) error {
		var w where
		w.add("d.device_id = ?", string(id))
		w.scope(s)
		var no int64
		if found, err := v.one(ctx, "SELECT d.device_no FROM device_rows d"+w.String(), w.args, &no); err != nil {
			return err
		} else if !found {
			return notFound("device", id)
		}
		l, err := v.numbered(ctx, []int64{no}, true)
		if err == nil {
			d = l[0]
		}
		return err
	})
	return d, err
}

// shortID is how much of an ID is enough to name a device.
const shortID = 8

// Resolve finds a device by ID, start of ID (8 characters or more), name,
// serial or asset tag. Devices hidden by a merge answer only to their ID.
func (x *Inventory) Resolve(ctx context.Context, s store.Scope, ref string) (inventory.DeviceID, error) {
	var found []string
	var ids []inventory.DeviceID
	err := x.d.read(ctx, func(v *view) error {
		var w where
		if len(ref) >= shortID {
			// A range instead of LIKE, so that the index serves.
			low := strings.ToLower(ref)
			w.add(`(d.device_id >= ? AND d.device_id < ? OR d.merged_into IS NULL AND (d.name = ? OR d.serial <> '' AND d.serial = ? OR d.asset_tag <> '' AND d.asset_tag = ?))`,
				low, low+"\U0010FFFF", ref, ref, ref)
		} else {
			w.add(`d.merged_into IS NULL AND (d.name = ? OR d.serial <> '' AND d.serial = ? OR d.asset_tag <> '' AND d.asset_tag = ?)`, ref, ref, ref)
		}
		w.scope(s)
		return v.each(ctx, "SELECT d.device_id, d.name FROM device_rows d"+w.String()+" ORDER BY d.device_id LIMIT 20", w.args, func(scan scan) error {
			var id, name string
			err := scan(&id, &name)
			ids = append(ids, inventory.DeviceID(id))
			found = append(found, strings.TrimSpace(name+" "+id))
			return err
		})
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("find device %q: %w", ref, err)
	case ref == "" || len(ids) == 0:
		return "", notFound("device", fmt.Sprintf("%q", ref))
	case len(ids) == 1:
		return ids[0], nil
	}
	if i := slices.Index(ids, inventory.DeviceID(strings.ToLower(ref))); i >= 0 {
		return ids[i], nil
	}
	return "", fmt.Errorf("device %q is %w: %s", ref, store.ErrAmbiguous, strings.Join(found, ", "))
}
