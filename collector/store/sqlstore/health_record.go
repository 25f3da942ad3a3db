package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// Record makes what was judged durable in one transaction.
func (x *Inventory) Record(ctx context.Context, j *store.Judged) error {
	var r *recording
	err := x.d.write(ctx, func(t *tx) error {
		r = newRecording(x, t, j)
		return r.run()
	})
	if err != nil {
		return fmt.Errorf("record what was judged: %w", err)
	}
	for i, n := range r.numbers {
		j.Incidents[i].Number = n
	}
	for i := range r.ids {
		j.Findings[i].ID, j.Findings[i].Incident = r.ids[i], r.belongs[i]
	}
	for i, n := range r.told {
		j.News[i].Incident.Number = n
	}
	return nil
}

// recording is one transaction of judgements. What it answers is kept apart
// from what it was given, until it is durable.
type recording struct {
	*tx
	x *Inventory
	j *store.Judged

	byKey   map[string][]int64 // numbers of the incidents of a key, in the order of Judged
	devices map[inventory.DeviceID]int64

	numbers, ids, belongs, told []int64
}

func newRecording(x *Inventory, t *tx, j *store.Judged) *recording {
	return &recording{tx: t, x: x, j: j, byKey: map[string][]int64{}, devices: map[inventory.DeviceID]int64{},
		numbers: make([]int64, len(j.Incidents)), ids: make([]int64, len(j.Findings)), belongs: make([]int64, len(j.Findings)), told: make([]int64, len(j.News))}
}

func (r *recording) run() error {
	for i := range r.j.Incidents {
		if err := r.incident(i); err != nil {
			return fmt.Errorf("incident %s: %w", r.j.Incidents[i].Key, err)
		}
	}
	for i := range r.j.Findings {
		if err := r.finding(i); err != nil {
			f := &r.j.Findings[i]
			return fmt.Errorf("finding of %s on %s: %w", f.Rule, f.Device, err)
		}
	}
	steps, news := turns{r: r}, turns{r: r}
	for i := range r.j.Steps {
		s := &r.j.Steps[i]
		number, err := steps.next(s.Key, s.Do == "cleared")
		if err == nil {
			err = r.step(number, s)
		}
		if err != nil {
			return fmt.Errorf("step of incident %s: %w", s.Key, err)
		}
	}
	for i := range r.j.News {
		n := &r.j.News[i]
		number, err := news.next(n.Key, n.Kind == "cleared")
		if err == nil {
			r.told[i] = number
			err = r.news(number, n)
		}
		if err != nil {
			return fmt.Errorf("news of incident %s: %w", n.Key, err)
		}
	}
	return nil
}

// device is the number of a device; 0 when it is not there.
func (r *recording) device(id inventory.DeviceID) (int64, error) {
	if h := r.x.heads[id]; h != nil {
		return h.no, nil
	}
	if no, ok := r.devices[id]; ok {
		return no, nil
	}
	no, err := r.deviceNo(id)
	if errors.Is(err, store.ErrNotFound) {
		no, err = 0, nil
	}
	r.devices[id] = no
	return no, err
}

// ofKey lists the incidents of a key: those that were just recorded, else the
// one that is open, else the last one.
func (r *recording) ofKey(key string) ([]int64, error) {
	if l, ok := r.byKey[key]; ok {
		return l, nil
	}
	var number int64
	found, err := r.one(incidentOpen, []any{key}, &number)
	if err == nil && !found {
		found, err = r.one("SELECT number FROM incident_rows WHERE key = ? ORDER BY opened_at DESC, number DESC LIMIT 1", []any{key}, &number)
	}
	if err != nil {
		return nil, err
	}
	var l []int64
	if found {
		l = []int64{number}
	}
	r.byKey[key] = l
	return l, nil
}

// turns leads steps and news to their incidents, where one of a key ended and
// another began before they were recorded.
type turns struct {
	r    *recording
	past map[string]int
}

// next is the incident of the next thing of a key, 0 when there is none; last
// says that nothing follows of that incident.
func (t *turns) next(key string, last bool) (int64, error) {
	l, err := t.r.ofKey(key)
	if err != nil || len(l) == 0 {
		return 0, err
	}
	at := min(t.past[key], len(l)-1)
	if last {
		if t.past == nil {
			t.past = map[string]int{}
		}
		t.past[key]++
	}
	return l[at], nil
}

const (
	incidentOpen  = "SELECT number FROM incident_rows WHERE key = ? AND status <> 'resolved'"
	incidentEnded = "SELECT number FROM incident_rows WHERE key = ? AND opened_at = ? AND (? = 1 OR resolved_by <> '') ORDER BY number DESC LIMIT 1"
)

// find answers which incident of the store one is: 0 for a new one.
func (r *recording) find(i *store.Incident) (number int64, resolved bool, _ error) {
	var status store.IncidentStatus
	if i.Number != 0 {
		found, err := r.one("SELECT status FROM incident_rows WHERE number = ? AND key = ?", []any{i.Number, i.Key}, &status)
		if err != nil || found {
			return i.Number, status == store.Closed, err
		}
	}
	found, err := r.one(incidentOpen, []any{i.Key}, &number)
	if err != nil || found {
		return number, false, err
	}
	// It may have been recorded before, and have ended since: by this judge,
	// which says so, or by a person.
	found, err = r.one(incidentEnded, []any{i.Key, stamp(i.OpenedAt), i.Status == store.Closed}, &number)
	return number, found, err
}

func (r *recording) incident(at int) error {
	i := &r.j.Incidents[at]
	number, resolved, err := r.find(i)
	if err != nil {
		return err
	}
	var cause any
	if c := i.Cause; c != nil {
		cause = asJSON(store.Cause{What: c.What, Value: c.Value, Members: c.Members, Size: c.Size, Lift: finite(c.Lift), Ratio: finite(c.Ratio), Chance: finite(c.Chance)})
	}
	terms := slices.Clone(i.Terms)
	for n := range terms {
		terms[n].Points = finite(terms[n].Points)
	}
	closed := i.Status == store.Closed
	switch {
	case resolved:
		// What a person has ended stays as it was then, but that it was over,
		// too.
		if closed {
			err = r.do("UPDATE incident_rows SET cleared_at = ? WHERE number = ? AND cleared_at = 0", stamp(i.ClearedAt), number)
		}
		if err != nil {
			return err
		}
		r.numbers[at] = number
		r.byKey[i.Key] = append(r.byKey[i.Key], number)
		return nil
	case number == 0:
		status := store.New
		if closed {
			status = store.Closed
		}
		number, err = r.insert("number", `INSERT INTO incident_rows (kind, key, title, rule, family, severity, backlog, hygiene, flapping, agency, site, site_id, cause, rank, terms, devices,
			opened_at, updated_at, cleared_at, resolved_at, told_at, told, status) VALUES (`+placeholders(23)+`)`,
			i.Kind, i.Key, i.Title, i.Rule, i.Family, i.Severity, i.Backlog, i.Hygiene, i.Flapping, i.Agency, i.Site, i.SiteID, cause, finite(i.Rank), jsonOf(terms), i.Count,
			stamp(i.OpenedAt), stamp(i.UpdatedAt), ended(closed, i.ClearedAt), ended(closed, i.ResolvedAt), stamp(i.ToldAt), i.Told, status)
	default:
		err = r.do(`UPDATE incident_rows SET kind = ?, title = ?, rule = ?, family = ?, severity = ?, backlog = ?, hygiene = ?, flapping = ?, agency = ?, site = ?, site_id = ?,
			cause = ?, rank = ?, terms = ?, devices = ?, updated_at = max(updated_at, ?), told_at = iif(told_at = 0, ?, told_at), told = ? WHERE number = ?`,
			i.Kind, i.Title, i.Rule, i.Family, i.Severity, i.Backlog, i.Hygiene, i.Flapping, i.Agency, i.Site, i.SiteID,
			cause, finite(i.Rank), jsonOf(terms), i.Count, stamp(i.UpdatedAt), stamp(i.ToldAt), i.Told, number)
		if err == nil && closed {
			err = r.do("UPDATE incident_rows SET status = 'resolved', rested = '', snoozed_to = 0, cleared_at = ?, resolved_at = ? WHERE number = ?",
				ended(true, i.ClearedAt), ended(true, i.ResolvedAt), number)
		}
	}
	if err != nil {
		return err
	}
	r.numbers[at] = number
	r.byKey[i.Key] = append(r.byKey[i.Key], number)
	return r.list(number, i)
}

// ended is when something ended, if it did.
func ended(yes bool, at time.Time) int64 {
	if !yes {
		return 0
	}
	return stamp(at)
}

// finite is a number that can be kept: what is none becomes 0.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// list makes the devices of an incident those that it lists. If it lists only
// some of them, those of its findings beyond stay.
func (r *recording) list(number int64, i *store.Incident) error {
	want := make([]int64, 0, len(i.Devices))
	for _, d := range i.Devices {
		no, err := r.device(d.ID)
		if err != nil {
			return err
		}
		if no != 0 && !slices.Contains(want, no) {
			want = append(want, no)
		}
	}
	var have, beyond []int64
	if err := r.each("SELECT device_no, place FROM incident_device_rows WHERE incident = ? ORDER BY place", []any{number}, func(scan scan) error {
		var no, place int64
		err := scan(&no, &place)
		if place < unlisted {
			have = append(have, no)
		} else {
			beyond = append(beyond, no)
		}
		return err
	}); err != nil {
		return err
	}
	whole := i.Count <= len(i.Devices)
	if slices.Equal(have, want) && (len(beyond) == 0 || !whole) {
		return nil
	}
	var err error
	if whole {
		err = r.do("DELETE FROM incident_device_rows WHERE incident = ?", number)
	} else {
		err = r.do("UPDATE incident_device_rows SET place = ? WHERE incident = ?", unlisted, number)
	}
	for place, no := range want {
		if err != nil {
			break
		}
		err = r.do("INSERT INTO incident_device_rows (incident, device_no, place) VALUES (?, ?, ?) ON CONFLICT (incident, device_no) DO UPDATE SET place = excluded.place", number, no, place)
	}
	return err
}

// step keeps what Muster did, once. Waking is done as well as noted.
func (r *recording) step(number int64, s *store.KeyedStep) error {
	if number == 0 {
		r.x.log.Warn("step of an incident that is not there", "key", s.Key, "step", s.Do)
		return nil
	}
	if s.Do == store.DoWake {
		n, err := r.count("UPDATE incident_rows SET status = rested, rested = '', snoozed_to = 0, updated_at = max(updated_at, ?) WHERE number = ? AND status = 'snoozed'", stamp(s.At), number)
		if err != nil || n == 0 {
			return err
		}
	}
	return r.addStep(number, s.Step)
}

func (t *tx) addStep(number int64, s store.Step) error {
	return t.do(`INSERT INTO incident_step_rows (incident, at, made_by, act, text, item, until_at, sent_to, useful, replaced, called) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		number, stamp(s.At), s.By, s.Do, s.Text, s.Item, stamp(s.Until), s.To, s.Useful, s.Replaced, s.Called)
}
