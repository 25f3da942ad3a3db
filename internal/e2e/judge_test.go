//go:build linux

package e2e

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"muster/collector/api"
	_ "muster/collector/store/sqlstore" // brings the driver
	"muster/internal/event"
)

// verdict collects what a judge finds, at most so much that a person reads it.
type verdict struct {
	found []string
	more  int
}

func (v *verdict) say(format string, args ...any) {
	if len(v.found) == 20 {
		v.more++
		return
	}
	v.found = append(v.found, fmt.Sprintf(format, args...))
}

func (v *verdict) report(t *testing.T) {
	t.Helper()
	for _, f := range v.found {
		t.Error(f)
	}
	if v.more > 0 {
		t.Errorf("and %d more", v.more)
	}
}

// judge holds what a running collector answers against what was acknowledged.
// Everything issued must have been: call Settle before.
func (o *Oracle) judge(ctx context.Context, t *testing.T, c *api.Client) {
	t.Helper()
	var v verdict
	for _, f := range o.Faults() {
		v.say("%s", f)
	}
	o.judgeSeries(ctx, &v, c)
	for _, d := range o.Devices {
		if d.acked != d.issued {
			v.say("device %d: %d reports issued, %d acknowledged", d.N, d.issued, d.acked)
		}
		o.judgeEvents(ctx, &v, c, d)
		o.judgeJournal(ctx, &v, c, d)
		o.judgeNow(ctx, &v, c, d)
	}
	v.report(t)
}

// judgeSeries waits until the last numbers are readable, then compares all.
func (o *Oracle) judgeSeries(ctx context.Context, v *verdict, c *api.Client) {
	last := uint64(0)
	for _, d := range o.Devices {
		last = max(last, d.acked)
	}
	from, to := o.Time(1).Format(time.RFC3339Nano), o.Time(last+1).Format(time.RFC3339Nano)
	for i, field := range numbers() {
		q := api.SeriesQueryInput{Measurement: "mem", Field: field, From: from, To: to, Step: "0", Limit: 10000}
		deadline := time.Now().Add(30 * time.Second)
		for {
			a, err := c.SeriesQuery(ctx, q)
			var found verdict
			if err != nil {
				found.say("series mem_%s: %v", field, err)
			} else {
				o.compareSeries(&found, a, field, i)
			}
			if len(found.found) == 0 {
				break
			}
			if time.Now().After(deadline) || ctx.Err() != nil {
				v.found = append(v.found, found.found...)
				v.more += found.more
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

func (o *Oracle) compareSeries(v *verdict, a api.SeriesAnswer, field string, i int) {
	points := map[string]map[int64]float64{}
	for _, s := range a.Series {
		id := s.Labels["device_id"]
		if points[id] == nil {
			points[id] = map[int64]float64{}
		}
		for _, p := range s.Points {
			at := p.At.UnixMilli()
			if before, twice := points[id][at]; twice && before != p.Value {
				v.say("series mem_%s of %s: two values at %s", field, id, p.At)
			}
			points[id][at] = p.Value
		}
	}
	for _, d := range o.Devices {
		have := points[string(d.ID)]
		missing, first := 0, uint64(0)
		for seq := uint64(1); seq <= d.acked; seq++ {
			at := o.Time(seq).UnixMilli()
			got, ok := have[at]
			switch want := o.Value(d.N, seq, i); {
			case !ok:
				if missing++; missing == 1 {
					first = seq
				}
			case got != want:
				v.say("integrity: mem_%s of device %d, report %d: %v in the series, %v was said", field, d.N, seq, got, want)
			}
			delete(have, at)
		}
		if missing > 0 {
			v.say("conservation: mem_%s of device %d: %d of %d acknowledged numbers are not in the series, the first in report %d", field, d.N, missing, d.acked, first)
		}
		if len(have) > 0 {
			v.say("integrity: mem_%s of device %d: %d points that nobody said", field, d.N, len(have))
		}
		delete(points, string(d.ID))
	}
	for id, p := range points {
		if len(p) > 0 && !o.others[id] {
			v.say("integrity: series mem_%s of %s, which the oracle does not know", field, id)
		}
	}
}

func (o *Oracle) judgeEvents(ctx context.Context, v *verdict, c *api.Client, d *Device) {
	list, err := c.DeviceEvents(ctx, api.DeviceEventsInput{Ref: string(d.ID), Kinds: []string{event.HardwareError}, Limit: 100000})
	if err != nil {
		v.say("events of device %d: %v", d.N, err)
		return
	}
	times := map[string]int{}
	at := map[string]time.Time{}
	for _, e := range list.Events {
		if p := e.Attributes["location"]; p != nil {
			times[*p]++
			at[*p] = e.At
		}
	}
	for seq := uint64(1); seq <= d.acked; seq++ {
		if !o.Happens(seq) {
			continue
		}
		where := o.Location(d.N, seq)
		switch n := times[where]; {
		case n == 0:
			v.say("conservation: event %s is not stored", where)
		case n > 1:
			v.say("doubles: event %s is stored %d times", where, n)
		case !at[where].Equal(o.Time(seq)):
			v.say("integrity: event %s is stored at %s, not %s", where, at[where], o.Time(seq))
		}
		delete(times, where)
	}
	for where := range times {
		v.say("integrity: event %q of device %d, which nobody said", where, d.N)
	}
}

// judgeJournal holds the list of changes to the turns of the script.
func (o *Oracle) judgeJournal(ctx context.Context, v *verdict, c *api.Client, d *Device) {
	h, err := c.DeviceHistory(ctx, api.DeviceHistoryInput{Ref: string(d.ID), Sections: []string{"software"}, Limit: 100000})
	if err != nil {
		v.say("history of device %d: %v", d.N, err)
		return
	}
	want := map[string]int{}
	line := func(at time.Time, verb string, key any) string {
		return fmt.Sprintf("%s %s %v", at.UTC().Format(time.RFC3339Nano), verb, key)
	}
	want[line(o.Time(1), "first_read", "<nil>")]++
	for turn := uint64(1); turn <= o.Turn(d.acked); turn++ {
		at := o.Time(turn * o.Change)
		before, now := o.Programs(d.N, turn-1), o.Programs(d.N, turn)
		want[line(at, "changed", now[1].Name)]++
		want[line(at, "removed", before[2].Name)]++
		want[line(at, "added", now[2].Name)]++
	}
	for _, ch := range h.Changes {
		l := line(ch.At, ch.Verb, ch.Key["name"])
		if ch.Verb == "first_read" {
			l = line(ch.At, ch.Verb, "<nil>")
		}
		if want[l]--; want[l] < 0 {
			v.say("journal of device %d: phantom or double: %s", d.N, l)
		}
	}
	for _, l := range slices.Sorted(maps.Keys(want)) {
		if want[l] > 0 {
			v.say("journal of device %d: missing: %s", d.N, l)
		}
	}
}

// judgeNow holds the present rows against the last turn.
func (o *Oracle) judgeNow(ctx context.Context, v *verdict, c *api.Client, d *Device) {
	show, err := c.DeviceShow(ctx, api.DeviceShowInput{Ref: string(d.ID), Sections: []string{"software"}})
	if err != nil {
		v.say("show device %d: %v", d.N, err)
		return
	}
	if len(show.Gaps) > 0 {
		v.say("conservation: device %d has gaps %v", d.N, show.Gaps)
	}
	if show.Device.Name != o.Name(d.N) {
		v.say("integrity: device %d is called %s", d.N, show.Device.Name)
	}
	var have []string
	rows, _ := show.Sections["software"].([]any)
	for _, r := range rows {
		if m, ok := r.(map[string]any); ok {
			have = append(have, fmt.Sprint(m["name"], " ", m["version"]))
		}
	}
	var want []string
	for _, p := range o.Programs(d.N, o.Turn(d.acked)) {
		want = append(want, p.Name+" "+p.Version)
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		v.say("integrity: device %d has the programs %v, it said %v", d.N, have, want)
	}
}

// judgeFiles reads the database that a stopped collector left, without the
// collector's own code: heads, every version of every row, every event.
func (o *Oracle) judgeFiles(ctx context.Context, t *testing.T, data string) {
	t.Helper()
	var v verdict
	o.readFiles(ctx, &v, data)
	v.report(t)
}

func (o *Oracle) readFiles(ctx context.Context, v *verdict, data string) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "inventory.db")+"?mode=ro")
	if err != nil {
		v.say("%v", err)
		return
	}
	defer db.Close()
	var whole string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&whole); err != nil || whole != "ok" {
		v.say("the database is damaged: %s %v", whole, err)
	}
	o.readDatabase(ctx, v, db)
}

// judgeServer is judgeFiles of a collector whose inventory is on a server.
func (o *Oracle) judgeServer(ctx context.Context, t *testing.T, at string) {
	t.Helper()
	db, err := sql.Open("pgx", at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var v verdict
	o.readDatabase(ctx, &v, db)
	v.report(t)
}

// readDatabase reads with what both databases understand.
func (o *Oracle) readDatabase(ctx context.Context, v *verdict, db *sql.DB) {
	byID := map[string]*Device{}
	for _, d := range o.Devices {
		byID[string(d.ID)] = d
	}
	o.filesHeads(ctx, v, db, byID)
	o.filesRows(ctx, v, db, byID)
	o.filesEvents(ctx, v, db, byID)
	var gaps int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM gap_rows").Scan(&gaps); err != nil || gaps > 0 {
		v.say("conservation: %d gaps in the database (%v)", gaps, err)
	}
}

// each calls f for every row of a query.
func each(ctx context.Context, v *verdict, db *sql.DB, query string, into []any, f func()) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		v.say("%v", err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			v.say("%v", err)
			return
		}
		f()
	}
	if err := rows.Err(); err != nil {
		v.say("%v", err)
	}
}

func (o *Oracle) filesHeads(ctx context.Context, v *verdict, db *sql.DB, byID map[string]*Device) {
	var id string
	var epoch, seq int64
	seen := map[string]bool{}
	each(ctx, v, db, "SELECT d.device_id, s.epoch, s.seq FROM seen_rows s JOIN device_rows d USING (device_no) WHERE s.epoch IS NOT NULL",
		[]any{&id, &epoch, &seq}, func() {
			d := byID[id]
			switch {
			case d == nil && o.others[id]:
			case d == nil:
				v.say("device %s is in the database and was never made", id)
			case uint64(epoch) != d.Epoch:
				v.say("device %d: epoch %d in the database, %d was used", d.N, uint64(epoch), d.Epoch)
			case uint64(seq) < d.acked || uint64(seq) > d.issued:
				v.say("conservation: device %d: the database ends at %d, acknowledged were %d, issued %d", d.N, seq, d.acked, d.issued)
			}
			seen[id] = true
		})
	for id, d := range byID {
		if !seen[id] && d.acked > 0 {
			v.say("conservation: device %d has no head in the database", d.N)
		}
	}
}

func (o *Oracle) filesRows(ctx context.Context, v *verdict, db *sql.DB, byID map[string]*Device) {
	want := map[string]int{}
	line := func(device int, p Program, from, until any) string {
		return fmt.Sprintf("device %d: %s %s from %v until %v", device, p.Name, p.Version, from, until)
	}
	for _, d := range byID {
		begin := func(turn uint64) int64 { return o.Time(max(turn*o.Change, 1)).UnixMilli() }
		last := o.Turn(d.acked)
		if d.acked == 0 {
			continue
		}
		want[line(d.N, o.Programs(d.N, 0)[0], begin(0), "now")]++
		for turn := uint64(0); turn <= last; turn++ {
			var until any = "now"
			if turn < last {
				until = begin(turn + 1)
			}
			for _, p := range o.Programs(d.N, turn)[1:] {
				want[line(d.N, p, begin(turn), until)]++
			}
		}
	}
	var id string
	var name, version sql.NullString // NULL only in rows of strangers
	var from int64
	var until sql.NullInt64
	each(ctx, v, db, `SELECT d.device_id, f.name, f.version, r.from_at, r.until_at FROM software_rows r
		JOIN software_facts f USING (fact_no) JOIN device_rows d ON d.device_no = r.device_no`,
		[]any{&id, &name, &version, &from, &until}, func() {
			d := byID[id]
			if d == nil && o.others[id] {
				return
			}
			if d == nil {
				v.say("rows of device %s, which was never made", id)
				return
			}
			var end any = "now"
			if until.Valid {
				end = until.Int64
			}
			l := line(d.N, Program{name.String, version.String}, from, end)
			if want[l]--; want[l] < 0 {
				v.say("phantom or double row: %s", l)
			}
		})
	for _, l := range slices.Sorted(maps.Keys(want)) {
		if want[l] > 0 {
			v.say("missing row: %s", l)
		}
	}
}

func (o *Oracle) filesEvents(ctx context.Context, v *verdict, db *sql.DB, byID map[string]*Device) {
	want := map[string]int{}
	for _, d := range byID {
		for seq := uint64(1); seq <= d.acked; seq++ {
			if o.Happens(seq) {
				want[o.Location(d.N, seq)]++
			}
		}
	}
	var id, attributes string
	each(ctx, v, db, "SELECT device_id, attributes FROM event_rows JOIN device_rows USING (device_no) WHERE event_rows.kind = '"+event.HardwareError+"'", []any{&id, &attributes}, func() {
		if o.others[id] {
			return
		}
		var m map[string]string
		if err := json.Unmarshal([]byte(attributes), &m); err != nil {
			v.say("event %q: %v", attributes, err)
			return
		}
		if want[m["location"]]--; want[m["location"]] < 0 {
			v.say("phantom or double event: %s", m["location"])
		}
	})
	for _, l := range slices.Sorted(maps.Keys(want)) {
		if want[l] > 0 {
			v.say("missing event: %s", l)
		}
	}
}
