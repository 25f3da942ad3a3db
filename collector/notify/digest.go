package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Digest is a summary at a time of the day. The zero value is none.
type Digest struct {
	At    string         `json:"at,omitempty"`   // 07:30
	Days  []time.Weekday `json:"days,omitempty"` // none: all
	Zone  string         `json:"zone,omitempty"` // as in Hours
	Empty bool           `json:"empty,omitempty"`
}

const (
	digestLate = 12 * time.Hour // a collector that was down sends it still, as long as it is that day's
	maxLines   = 50             // in each list
)

func (d Digest) check() error {
	if d.At == "" {
		return nil
	}
	if _, err := clock(d.At); err != nil {
		return err
	}
	return checkDays(d.Days, d.Zone)
}

// around gives the last time at or before now and the first after it at which
// a digest is due; zero when there is none within nine days.
func (d Digest) around(now time.Time) (last, next time.Time) {
	at, err := clock(d.At)
	if err != nil {
		return last, next
	}
	local := now.In(inZone(d.Zone))
	for n := -8; n <= 8; n++ {
		t := on(local, n, at)
		if !has(d.Days, t.Weekday()) {
			continue
		}
		if t.After(now) {
			return last, t
		}
		last = t
	}
	return last, next
}

// digests forms those that are due.
func (j *job) digests(ctx context.Context, state State, next *earliest) (formed bool, err error) {
	for i := range j.routes {
		r := &j.routes[i]
		if r.Digest.At == "" {
			continue
		}
		due, later := r.Digest.around(j.now)
		next.see(later)
		before := state.Digests[r.Name]
		if before.After(j.now.Add(24 * time.Hour)) {
			before = time.Time{} // the clock was wrong
		}
		first := r.Created
		if first.IsZero() {
			first = j.n.started
		}
		if due.IsZero() || !due.After(before) || before.IsZero() && due.Before(first) || j.now.Sub(due) > digestLate {
			continue
		}
		open, err := j.n.o.Open(ctx)
		if err != nil {
			if ctx.Err() == nil {
				j.n.o.Log.Error("the digest waits: open incidents cannot be read", "channel", j.name, "route", r.Name, "error", err)
			}
			next.see(j.now.Add(time.Minute))
			continue
		}
		since := before
		if since.IsZero() || due.Sub(since) > 8*24*time.Hour {
			since = due.Add(-24 * time.Hour)
		}
		if err := j.n.o.Store.Settle(ctx, j.name, Settlement{Letter: j.digest(r, due, since, open)}); err != nil {
			return formed, err
		}
		formed = true
	}
	return formed, nil
}

// digest writes the summary of a route.
func (j *job) digest(r *Route, due, since time.Time, open []Standing) *Letter {
	d := &DigestLines{Since: since}
	open = slices.Clone(open)
	slices.SortStableFunc(open, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(b.Incident.Severity.rank(), a.Incident.Severity.rank()), a.Incident.OpenedAt.Compare(b.Incident.OpenedAt))
	})
	for _, s := range open {
		if !r.takes(&s.Incident) {
			continue
		}
		i := r.item(Announcement{Incident: s.Incident}, j.now).Announcement.Incident
		if i.Backlog {
			d.Backlog = tally(d.Backlog, "", i.Severity)
			continue
		}
		if !s.Claimed {
			d.Unclaimed++
		}
		w := Waiting{Number: i.Number, Title: i.Title, Severity: i.Severity, Place: i.place(), Devices: machines(&i, 1),
			OpenedAt: i.OpenedAt, State: Line(s.State, maxName), URL: i.URL}
		count, lines := &d.WaitingCount, &d.Waiting
		if i.OpenedAt.After(since) {
			count, lines = &d.OpenedCount, &d.Opened
		}
		if *count++; len(*lines) < maxLines {
			*lines = append(*lines, w)
		}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s", j.name, r.Name, due.UTC().Format(time.RFC3339)))
	m := Message{ID: "d-" + hex.EncodeToString(sum[:12]), Kind: Summary, At: j.now, Digest: d, URL: j.n.o.URL, Zone: cmp.Or(r.Digest.Zone, j.zone)}
	l := &Letter{ID: m.ID, Channel: j.name, Kind: Summary, Routes: []string{r.Name}, Formed: j.now, Since: j.now, State: Unsent, Message: m}
	l.Subject = m.Subject()
	if d.OpenedCount+d.WaitingCount == 0 && !r.Digest.Empty {
		l.State, l.Said = Sent, "nothing to tell; nothing was sent"
	}
	return l
}
