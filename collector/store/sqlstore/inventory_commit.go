package sqlstore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// head is what the writer remembers of a device, so that a report of samples
// costs one statement.
type head struct {
	no      int64
	site    int64
	byHand  bool // the site was set by a person
	merged  bool
	epoch   int64 // uint64 in the bits of an int64, as SQLite keeps it
	known   bool  // there is an epoch
	seq     int64
	body    inventory.Hash
	turn    int64
	seen    int64
	mark    int64
	offset  int64
	address string
	machine [8]byte
	ruled   uint64 // Inventory.ruled when the address was last judged
}

// commit is one transaction of entries.
type commit struct {
	*tx
	x       *Inventory
	heads   map[inventory.DeviceID]*head
	digests map[digest]int64
	titles  titleChanges
	moved   map[int64][2]int64  // by section: rows more, and of them current
	ahead   map[*plan]*standing // of the report under way
}

func (x *Inventory) newCommit(t *tx) *commit {
	return &commit{tx: t, x: x, heads: map[inventory.DeviceID]*head{}, digests: map[digest]int64{}, titles: titleChanges{}, moved: map[int64][2]int64{}}
}

// Commit takes a group of reports in one transaction: all or none. An entry
// whose head is not beyond the stored one of its epoch is a repeat and changes
// nothing, so that committing a group again after a crash is harmless.
func (x *Inventory) Commit(ctx context.Context, entries []store.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	err := x.d.write(ctx, func(t *tx) error {
		c := x.newCommit(t)
		for i := range entries {
			if err := c.take(&entries[i]); err != nil {
				return fmt.Errorf("device %s: %w", entries[i].Device, err)
			}
		}
		return c.finish()
	})
	if err != nil {
		return fmt.Errorf("commit reports: %w", err)
	}
	return nil
}

// take applies one entry; heads are written by finish.
func (c *commit) take(e *store.Entry) error {
	h, err := c.head(e.Device)
	if err != nil {
		return err
	}
	if e.Head != (store.Head{}) {
		switch repeat, err := c.advance(h, e.Head); {
		case err != nil:
			return err
		case repeat:
			return nil
		}
		h.seen = max(h.seen, e.ReceivedAt.UnixMilli())
		h.offset = e.Offset.Milliseconds()
		h.machine = e.Machine
	}
	moved := e.Address != "" && e.Address != h.address
	if moved {
		h.address = e.Address
	}
	if moved || h.ruled != c.x.ruled {
		if err := c.placeBySubnet(h); err != nil {
			return err
		}
	}
	for _, g := range e.Gaps {
		if err := c.do(`INSERT INTO gap_rows (device_no, epoch, from_seq, to_seq, at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (device_no, epoch, from_seq) DO UPDATE SET to_seq = max(gap_rows.to_seq, excluded.to_seq)`,
			h.no, h.epoch, int64(g.From), int64(g.To), e.At.UnixMilli()); err != nil {
			return err
		}
	}
	for _, l := range e.Layouts {
		if err := c.putLayout(l); err != nil {
			return err
		}
	}
	for i, ev := range e.Events {
		if err := c.putEvent(h, e, i, ev); err != nil {
			return err
		}
	}
	return c.takeSections(h, e, moved)
}

func (c *commit) takeSections(h *head, e *store.Entry, moved bool) error {
	if len(e.Sections) == 0 && !moved {
		return nil
	}
	order := make([]*store.SectionReading, len(e.Sections))
	for i := range e.Sections {
		order[i] = &e.Sections[i]
		if order[i].At.IsZero() {
			order[i].At = e.At
		}
	}
	// By their times, because rows of a device never begin before others.
	slices.SortStableFunc(order, func(a, b *store.SectionReading) int { return a.At.Compare(b.At) })
	if err := c.foresee(h.no, order); err != nil {
		return err
	}
	var facts facts
	for _, r := range order {
		after, changed, err := c.apply(h, r)
		if err != nil {
			return fmt.Errorf("section %s: %w", r.Section.Name, err)
		}
		if changed {
			facts.note(c.x.named[r.Section.Name], after)
		}
	}
	return c.refreshFacts(h, &facts, moved)
}

// head finds what is remembered of a device, or loads it.
func (c *commit) head(id inventory.DeviceID) (*head, error) {
	if h := c.heads[id]; h != nil {
		return h, nil
	}
	h := new(head)
	if old := c.x.heads[id]; old != nil {
		*h = *old
		c.heads[id] = h
		return h, nil
	}
	var epoch, site, merged *int64
	var body, machine []byte
	found, err := c.one(`SELECT d.device_no, d.site, d.site_by_hand, d.merged_into, s.epoch, s.seq, s.body, s.turn, s.seen_at, s.mark_at, s.offset_ms, s.address, s.machine
		FROM device_rows d JOIN seen_rows s USING (device_no) WHERE d.device_id = ?`, []any{string(id)},
		&h.no, &site, &h.byHand, &merged, &epoch, &h.seq, &body, &h.turn, &h.seen, &h.mark, &h.offset, &h.address, &machine)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFound("device", id)
	}
	if epoch != nil {
		h.epoch, h.known = *epoch, true
	}
	if site != nil {
		h.site = *site
	}
	h.merged = merged != nil
	copy(h.body[:], body)
	copy(h.machine[:], machine)
	c.heads[id] = h
	return h, nil
}

// advance moves the head; it answers true for a repeat.
func (c *commit) advance(h *head, to store.Head) (repeat bool, _ error) {
	epoch := int64(to.Epoch)
	if h.known && h.epoch == epoch {
		if to.Seq <= uint64(h.seq) {
			return true, nil
		}
	} else {
		var seq, highest int64
		old, err := c.one("SELECT seq FROM head_rows WHERE device_no = ? AND epoch = ?", []any{h.no, epoch}, &seq)
		if err != nil {
			return false, err
		}
		if old && to.Seq <= uint64(seq) {
			return true, nil
		}
		if _, err := c.one("SELECT ifnull(max(turn), 0) FROM head_rows WHERE device_no = ?", []any{h.no}, &highest); err != nil {
			return false, err
		}
		turn := max(highest, h.turn) + 1
		if h.known {
			if err := c.do("INSERT INTO head_rows (device_no, epoch, seq, body, turn) VALUES (?, ?, ?, ?, ?) ON CONFLICT (device_no, epoch) DO UPDATE SET seq = excluded.seq, body = excluded.body, turn = excluded.turn",
				h.no, h.epoch, h.seq, h.body[:], h.turn); err != nil {
				return false, err
			}
		}
		if err := c.do("DELETE FROM head_rows WHERE device_no = ? AND epoch = ?", h.no, epoch); err != nil {
			return false, err
		}
		h.epoch, h.known, h.turn = epoch, true, turn
	}
	h.seq, h.body = int64(to.Seq), to.Body
	return false, nil
}

// finish writes the heads, in the order of the table, and the counts.
func (c *commit) finish() error {
	if err := c.writeTitles(c.titles); err != nil {
		return err
	}
	for _, section := range slices.Sorted(maps.Keys(c.moved)) {
		n := c.moved[section]
		if err := c.apart(sectionMoved, n[0], n[1], section); err != nil {
			return err
		}
	}
	staged := make([]*head, 0, len(c.heads))
	for _, h := range c.heads {
		staged = append(staged, h)
	}
	slices.SortFunc(staged, func(a, b *head) int { return cmp.Compare(a.no, b.no) })
	for _, h := range staged {
		var epoch any
		if h.known {
			epoch = h.epoch
		}
		if err := c.apart(`UPDATE seen_rows SET epoch = ?, seq = ?, body = ?, turn = ?, seen_at = ?, mark_at = ?, offset_ms = ?, address = ?, machine = ? WHERE device_no = ?`,
			epoch, h.seq, h.body[:], h.turn, h.seen, h.mark, h.offset, h.address, h.machine[:], h.no); err != nil {
			return err
		}
	}
	c.after = append(c.after, func() {
		for id, h := range c.heads {
			c.x.heads[id] = h
		}
	})
	return nil
}

func (c *commit) putEvent(h *head, e *store.Entry, ordinal int, ev store.EventReading) error {
	var attributes any
	if len(ev.Attributes) > 0 {
		b, err := json.Marshal(ev.Attributes)
		if err != nil {
			return err
		}
		attributes = string(b)
	}
	var epoch, seq any
	if e.Head != (store.Head{}) {
		epoch, seq = h.epoch, h.seq
	}
	return c.apart(`INSERT OR IGNORE INTO event_rows (device_no, at, received_at, kind, count, attributes, epoch, seq, ordinal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		h.no, ev.At.UnixMilli(), e.ReceivedAt.UnixMilli(), ev.Kind, max(ev.Count, 1), attributes, epoch, seq, ordinal)
}

// AddDevice creates a device; ErrConflict when the ID exists.
func (x *Inventory) AddDevice(ctx context.Context, d store.NewDevice) error {
	err := x.d.write(ctx, func(t *tx) error {
		var site any
		if d.Site != 0 {
			site = d.Site
			var n int
			if ok, err := t.one("SELECT 1 FROM site WHERE id = ?", []any{d.Site}, &n); err != nil {
				return err
			} else if !ok {
				return notFound("site", d.Site)
			}
		}
		no, err := t.insert("device_no", `INSERT INTO device_rows (device_id, kind, name, site, first_seen, forked_from) VALUES (?, ?, ?, ?, ?, ?)`,
			string(d.ID), d.Kind, d.Name, site, d.At.UnixMilli(), string(d.ForkedFrom))
		if err != nil {
			return err
		}
		if err := t.do("INSERT INTO seen_rows (device_no) VALUES (?)", no); err != nil {
			return err
		}
		if err := t.setLabels(no, d.Labels); err != nil {
			return err
		}
		return x.refreshSearch(t, no)
	})
	if err != nil {
		return fmt.Errorf("add device %s: %w", d.ID, err)
	}
	return nil
}

// State loads what intake needs; ErrNotFound for an unknown device.
func (x *Inventory) State(ctx context.Context, id inventory.DeviceID) (store.DeviceState, error) {
	s := store.DeviceState{Sections: map[string]store.SectionState{}}
	err := x.d.read(ctx, func(v *view) error {
		var no, seq, turn, seen, first int64
		var epoch, retired *int64
		var into *string
		var body, machine []byte
		found, err := v.one(ctx, `SELECT d.device_no, d.name, d.first_seen, d.retired_at, m.device_id, s.epoch, s.seq, s.body, s.turn, s.seen_at, s.machine
			FROM device_rows d JOIN seen_rows s USING (device_no) LEFT JOIN device_rows m ON m.device_no = d.merged_into WHERE d.device_id = ?`, []any{string(id)},
			&no, &s.Name, &first, &retired, &into, &epoch, &seq, &body, &turn, &seen, &machine)
		if err != nil {
			return err
		}
		if !found {
			return notFound("device", id)
		}
		s.Retired = retired != nil
		if into != nil {
			s.Merged = inventory.DeviceID(*into)
		}
		s.FirstSeen = time.UnixMilli(first).UTC()
		if seen != 0 {
			s.SeenAt = time.UnixMilli(seen).UTC()
		}
		copy(s.Machine[:], machine)
		if err := v.heads(ctx, no, epoch, seq, body, turn, &s); err != nil {
			return err
		}
		return v.each(ctx, `SELECT n.name, s.hash, s.status, ifnull(s.asked, s.sources) FROM state_rows s JOIN section_name n USING (section) WHERE s.device_no = ?`, []any{no}, func(scan scan) error {
			var name string
			var hash []byte
			var status int64
			var sources *string
			if err := scan(&name, &hash, &status, &sources); err != nil {
				return err
			}
			st := store.SectionState{Status: report.Status(status), Sources: texts(sources)}
			copy(st.Hash[:], hash)
			s.Sections[name] = st
			return nil
		})
	})
	if err != nil {
		return store.DeviceState{}, fmt.Errorf("state of device: %w", err)
	}
	return s, nil
}

// heads lists the epochs of a device, newest first.
func (v *view) heads(ctx context.Context, no int64, epoch *int64, seq int64, body []byte, turn int64, s *store.DeviceState) error {
	type aged struct {
		turn int64
		head store.Head
	}
	var all []aged
	add := func(epoch, seq, turn int64, body []byte) {
		h := store.Head{Epoch: uint64(epoch), Seq: uint64(seq)}
		copy(h.Body[:], body)
		all = append(all, aged{turn, h})
	}
	if epoch != nil {
		add(*epoch, seq, turn, body)
	}
	err := v.each(ctx, "SELECT epoch, seq, turn, body FROM head_rows WHERE device_no = ?", []any{no}, func(scan scan) error {
		var epoch, seq, turn int64
		var body []byte
		if err := scan(&epoch, &seq, &turn, &body); err != nil {
			return err
		}
		add(epoch, seq, turn, body)
		return nil
	})
	slices.SortFunc(all, func(a, b aged) int { return cmp.Compare(b.turn, a.turn) })
	for _, a := range all {
		s.Heads = append(s.Heads, a.head)
	}
	return err
}

// texts reads a JSON array of strings; none for NULL.
func texts(s *string) []string {
	if s == nil {
		return nil
	}
	var out []string
	_ = json.Unmarshal([]byte(*s), &out) // written by jsonTexts
	return out
}

// jsonTexts is the inverse of texts: NULL for none.
func jsonTexts(l []string) any {
	if len(l) == 0 {
		return nil
	}
	b, _ := json.Marshal(l) // strings always marshal
	return string(b)
}
