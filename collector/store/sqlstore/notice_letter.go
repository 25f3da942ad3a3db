package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"muster/collector/notify"
)

const letterColumns = "id, channel, kind, routes, incidents, subject, formed, since, state, attempts, tried, next, said"

// scanLetter reads a letter; with a message when there is one more column.
func scanLetter(s scan, message ...any) (notify.Letter, error) {
	var l notify.Letter
	var routes, incidents string
	var formed, since, tried, next int64
	err := s(append([]any{&l.ID, &l.Channel, &l.Kind, &routes, &incidents, &l.Subject, &formed, &since, &l.State, &l.Attempts, &tried, &next, &l.Said}, message...)...)
	if err != nil {
		return l, err
	}
	l.Formed, l.Since, l.Tried, l.Next = unstamp(formed), unstamp(since), unstamp(tried), unstamp(next)
	if err := json.Unmarshal([]byte(routes), &l.Routes); err != nil {
		return l, fmt.Errorf("letter %s: its routes: %w", l.ID, err)
	}
	if err := json.Unmarshal([]byte(incidents), &l.Incidents); err != nil {
		return l, fmt.Errorf("letter %s: its incidents: %w", l.ID, err)
	}
	return l, nil
}

// State implements notify.Store.
func (n *Notices) State(ctx context.Context, channel string, since time.Time) (notify.State, error) {
	out := notify.State{Digests: map[string]time.Time{}}
	err := n.read(ctx, "read letters", func(v *view) error {
		err := v.each(ctx, "SELECT "+letterColumns+", message FROM notice_letter WHERE channel = ? AND state = 'unsent' ORDER BY seq", []any{channel}, func(s scan) error {
			var message string
			l, err := scanLetter(s, &message)
			if err == nil {
				err = json.Unmarshal([]byte(message), &l.Message)
			}
			out.Unsent = append(out.Unsent, l)
			return err
		})
		if err != nil {
			return err
		}
		err = v.each(ctx, "SELECT "+letterColumns+" FROM notice_letter WHERE channel = ? AND formed > ? ORDER BY seq", []any{channel, stamp(since)}, func(s scan) error {
			l, err := scanLetter(s)
			out.Recent = append(out.Recent, l)
			return err
		})
		if err != nil {
			return err
		}
		return v.each(ctx, "SELECT route, at FROM notice_digest WHERE channel = ?", []any{channel}, func(s scan) error {
			var route string
			var at int64
			err := s(&route, &at)
			out.Digests[route] = unstamp(at)
			return err
		})
	})
	return out, err
}

// Mark implements notify.Store.
func (n *Notices) Mark(ctx context.Context, id string, m notify.Mark) error {
	return n.write(ctx, "mark a letter", func(t *tx) error {
		return t.do("UPDATE notice_letter SET state = ?, tried = ?, next = ?, said = ?, attempts = attempts + 1 WHERE id = ? AND state = 'unsent'",
			m.State, stamp(m.At), stamp(m.Next), m.Said, id)
	})
}

// Letters implements notify.Store.
func (n *Notices) Letters(ctx context.Context, q notify.Query) ([]notify.Letter, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	var out []notify.Letter
	err := n.read(ctx, "list letters", func(v *view) error {
		return v.each(ctx, "SELECT "+letterColumns+" FROM notice_letter WHERE (?1 = '' OR channel = ?1) AND (?2 = '' OR state = ?2) ORDER BY seq DESC LIMIT ?3",
			[]any{q.Channel, string(q.State), q.Limit}, func(s scan) error {
				l, err := scanLetter(s)
				out = append(out, l)
				return err
			})
	})
	return out, err
}

// Again implements notify.Store.
func (n *Notices) Again(ctx context.Context, id string, now time.Time) error {
	return n.write(ctx, "send a letter again", func(t *tx) error {
		touched, err := t.count("UPDATE notice_letter SET state = 'unsent', since = ?, next = 0, attempts = 0 WHERE id = ? AND state = 'failed'", stamp(now), id)
		if err == nil && touched == 0 {
			err = notify.ErrNoLetter
		}
		return err
	})
}

// Counts implements notify.Store.
func (n *Notices) Counts(ctx context.Context) (out []notify.Count, pending int, err error) {
	err = n.read(ctx, "count notices", func(v *view) error {
		if _, err := v.one(ctx, "SELECT count(*) FROM notice_announcement WHERE dispatched = 0", nil, &pending); err != nil {
			return err
		}
		return v.each(ctx, `SELECT channel, sum(waiting), sum(unsent), sum(sent), sum(failed), sum(dropped), sum(storms), max(last) FROM (
			SELECT channel, count(*) FILTER (WHERE state = 0) AS waiting, 0 AS unsent, 0 AS sent, 0 AS failed,
				count(*) FILTER (WHERE state = 2) AS dropped, 0 AS storms, 0 AS last FROM notice_item GROUP BY channel
			UNION ALL
			SELECT channel, 0, count(*) FILTER (WHERE state = 'unsent'), count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state = 'failed'),
				0, count(*) FILTER (WHERE kind = 'storm'), ifnull(max(tried) FILTER (WHERE state = 'sent'), 0) FROM notice_letter GROUP BY channel) AS o
			GROUP BY channel ORDER BY channel`, nil, func(s scan) error {
			var c notify.Count
			var last int64
			err := s(&c.Channel, &c.Waiting, &c.Unsent, &c.Sent, &c.Failed, &c.Dropped, &c.Storms, &last)
			c.Last = unstamp(last)
			out = append(out, c)
			return err
		})
	})
	return out, pending, err
}

// Prune implements notify.Store.
func (n *Notices) Prune(ctx context.Context, before time.Time) error {
	return n.write(ctx, "drop old notices", func(t *tx) error {
		at := stamp(before)
		for _, q := range []string{
			"DELETE FROM notice_item WHERE state = 1 AND letter IN (SELECT id FROM notice_letter WHERE state <> 'unsent' AND formed < ?)",
			"DELETE FROM notice_letter WHERE state <> 'unsent' AND formed < ?",
			"DELETE FROM notice_item WHERE state = 2 AND at < ?",
			`DELETE FROM notice_announcement WHERE dispatched = 1 AND at < ?
				AND NOT EXISTS (SELECT 1 FROM notice_item WHERE notice_item.announcement = notice_announcement.id)`,
		} {
			if err := t.do(q, at); err != nil {
				return err
			}
		}
		return nil
	})
}

// slotsKept is how long it is remembered what was put in line for a time; far
// longer than anything is made up for.
const slotsKept = 400 * 24 * time.Hour

// Queue implements summary.Line.
func (n *Notices) Queue(ctx context.Context, l notify.Letter, source string, due, now time.Time) (added bool, _ error) {
	return added, n.write(ctx, "put a letter in line", func(t *tx) error {
		if source != "" {
			if err := t.do("DELETE FROM notice_slot WHERE due < ? OR (source = ? AND due > ?)", stamp(now.Add(-slotsKept)), source, stamp(now.Add(25*time.Hour))); err != nil {
				return err
			}
			fresh, err := t.count("INSERT INTO notice_slot (source, due, at) VALUES (?, ?, ?) ON CONFLICT (source, due) DO NOTHING", source, stamp(due), stamp(now))
			if err != nil || fresh == 0 {
				return err
			}
		}
		inserted, err := t.count(insertLetter, letterValues(l.Channel, &l)...)
		added = inserted > 0
		return err
	})
}
