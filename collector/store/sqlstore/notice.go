package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"muster/collector/notify"
)

// noticeTables keep what is to be told. They stand in the inventory, because
// an announcement is committed with the change of its incident. Times are Unix
// milliseconds, 0 for never.
const noticeTables = `
CREATE TABLE notice_announcement (
	seq        INTEGER PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	at         INTEGER NOT NULL,
	incident   INTEGER NOT NULL,
	dispatched INTEGER NOT NULL DEFAULT 0,
	body       TEXT NOT NULL -- JSON; emptied when dispatched
) STRICT;
CREATE INDEX notice_announcement_pending ON notice_announcement (seq) WHERE dispatched = 0;
CREATE INDEX notice_announcement_old ON notice_announcement (at) WHERE dispatched = 1;

-- An announcement on its way to one channel. UNIQUE is what keeps it from
-- being told there twice.
CREATE TABLE notice_item (
	no           INTEGER PRIMARY KEY AUTOINCREMENT,
	channel      TEXT NOT NULL,
	announcement TEXT NOT NULL,
	incident     INTEGER NOT NULL,
	quiet        INTEGER NOT NULL,
	hold         INTEGER NOT NULL,
	due          INTEGER NOT NULL,
	at           INTEGER NOT NULL,           -- of the announcement
	state        INTEGER NOT NULL DEFAULT 0, -- 0 waits, 1 in a letter, 2 dropped
	letter       TEXT NOT NULL DEFAULT '',
	body         TEXT NOT NULL,              -- JSON; emptied when it no longer waits
	UNIQUE (channel, announcement)
) STRICT;
CREATE INDEX notice_item_due ON notice_item (channel, due) WHERE state = 0;
CREATE INDEX notice_item_incident ON notice_item (channel, incident, state);
CREATE INDEX notice_item_announcement ON notice_item (announcement);
CREATE INDEX notice_item_letter ON notice_item (letter) WHERE state = 1;
CREATE INDEX notice_item_dropped ON notice_item (at) WHERE state = 2;

CREATE TABLE notice_letter (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT,
	id        TEXT NOT NULL UNIQUE,
	channel   TEXT NOT NULL,
	kind      TEXT NOT NULL,
	routes    TEXT NOT NULL, -- JSON, as incidents
	incidents TEXT NOT NULL,
	subject   TEXT NOT NULL,
	formed    INTEGER NOT NULL,
	since     INTEGER NOT NULL,
	state     TEXT NOT NULL,
	attempts  INTEGER NOT NULL,
	tried     INTEGER NOT NULL,
	next      INTEGER NOT NULL,
	said      TEXT NOT NULL,
	message   TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX notice_letter_unsent ON notice_letter (channel, seq) WHERE state = 'unsent';
CREATE INDEX notice_letter_formed ON notice_letter (channel, formed);
CREATE INDEX notice_letter_state ON notice_letter (state, seq);

CREATE TABLE notice_digest (
	channel TEXT NOT NULL,
	route   TEXT NOT NULL,
	at      INTEGER NOT NULL,
	PRIMARY KEY (channel, route)
) STRICT, WITHOUT ROWID;
`

// slotTable remembers which messages at set times were put in line: of what
// source, for which time. Times are Unix milliseconds.
const slotTable = `
CREATE TABLE notice_slot (
	source TEXT NOT NULL,
	due    INTEGER NOT NULL,
	at     INTEGER NOT NULL, -- when that was
	PRIMARY KEY (source, due)
) STRICT, WITHOUT ROWID;
`

// Notices is notify.Store in the inventory's file.
type Notices struct {
	d *database
}

var _ notify.Store = (*Notices)(nil)

// Notices gives the store of what is to be told. It lives as long as x.
func (x *Inventory) Notices() *Notices { return &Notices{x.d} }

// announce adds an announcement in the transaction that changes its incident.
// One whose ID is known changes nothing. Notifier.Wake is the caller's, once
// the transaction is durable.
func (t *tx) announce(a notify.Announcement) error {
	if err := a.Check(); err != nil {
		return err
	}
	a = a.Bounded()
	return t.do(`INSERT INTO notice_announcement (id, at, incident, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		a.ID, stamp(a.At), a.Incident.Number, asJSON(a))
}

// Announce adds announcements that go with no other change.
func (n *Notices) Announce(ctx context.Context, list ...notify.Announcement) error {
	return n.write(ctx, "announce", func(t *tx) error {
		for _, a := range list {
			if err := t.announce(a); err != nil {
				return err
			}
		}
		return nil
	})
}

func (n *Notices) write(ctx context.Context, act string, f func(*tx) error) error {
	if err := n.d.write(ctx, f); err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	return nil
}

func (n *Notices) read(ctx context.Context, act string, f func(*view) error) error {
	if err := n.d.read(ctx, f); err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	return nil
}

// Pending implements notify.Store. An announcement that cannot be read is told
// as such: one broken row must not keep back all others, nor be lost.
func (n *Notices) Pending(ctx context.Context, limit int) ([]notify.Announcement, error) {
	var out []notify.Announcement
	err := n.read(ctx, "read announcements", func(v *view) error {
		return v.each(ctx, "SELECT id, at, incident, body FROM notice_announcement WHERE dispatched = 0 ORDER BY seq LIMIT ?", []any{limit}, func(s scan) error {
			var id, body string
			var at, incident int64
			if err := s(&id, &at, &incident, &body); err != nil {
				return err
			}
			var a notify.Announcement
			if json.Unmarshal([]byte(body), &a) != nil || a.Check() != nil || a.ID != id {
				a = notify.Announcement{ID: id, At: unstamp(at), Kind: notify.Opened, Incident: notify.Incident{
					Number: max(incident, 1), Severity: notify.Warn, OpenedAt: unstamp(at), Title: "An announcement that cannot be read: look at the incident itself"}}
			}
			out = append(out, a)
			return nil
		})
	})
	return out, err
}

// Dispatch implements notify.Store.
func (n *Notices) Dispatch(ctx context.Context, ids []string, items []notify.Item) error {
	return n.write(ctx, "dispatch announcements", func(t *tx) error {
		for _, it := range items {
			a := &it.Announcement
			err := t.do(`INSERT INTO notice_item (channel, announcement, incident, quiet, hold, due, at, body)
				SELECT ?1, ?2, CAST(?3 AS BIGINT), CAST(?4 AS BIGINT), CAST(?5 AS BIGINT), CAST(?6 AS BIGINT), CAST(?7 AS BIGINT), ?8
				WHERE CAST(?4 AS BIGINT) = 0 OR EXISTS (SELECT 1 FROM notice_item WHERE channel = ?1 AND incident = ?3 AND state = 0)
				ON CONFLICT (channel, announcement) DO NOTHING`,
				it.Channel, a.ID, a.Incident.Number, it.Quiet, stamp(it.Hold), stamp(it.Due), stamp(a.At), asJSON(it))
			if err != nil {
				return err
			}
		}
		for _, id := range ids {
			if err := t.do("UPDATE notice_announcement SET dispatched = 1, body = '' WHERE id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
}

// Waiting implements notify.Store.
func (n *Notices) Waiting(ctx context.Context, channel string, now time.Time, limit int) (out []notify.Item, due time.Time, err error) {
	at, far := stamp(now), stamp(now.Add(notify.Sane))
	err = n.read(ctx, "read what is to be told", func(v *view) error {
		var first int64
		found, err := v.one(ctx, "SELECT due FROM notice_item WHERE channel = ? AND state = 0 ORDER BY due LIMIT 1", []any{channel}, &first)
		if err != nil || !found {
			return err
		}
		if due = unstamp(first); first > at && first <= far {
			return nil
		}
		return v.each(ctx, `SELECT no, hold, due, body, (SELECT count(DISTINCT letter) FROM notice_item AS o WHERE o.channel = i.channel AND o.incident = i.incident AND o.state = 1)
			FROM notice_item AS i WHERE channel = ?1 AND state = 0
			AND incident IN (SELECT incident FROM notice_item WHERE channel = ?1 AND state = 0 AND (hold <= ?2 OR hold > ?3))
			ORDER BY no LIMIT ?4`, []any{channel, at, far, limit}, func(s scan) error {
			var no, hold, due int64
			var told int
			var body string
			if err := s(&no, &hold, &due, &body, &told); err != nil {
				return err
			}
			var it notify.Item
			if err := json.Unmarshal([]byte(body), &it); err != nil {
				return fmt.Errorf("item %d: %w", no, err)
			}
			it.No, it.Hold, it.Due, it.Told = no, unstamp(hold), unstamp(due), told
			out = append(out, it)
			return nil
		})
	})
	return out, due, err
}

const insertLetter = `INSERT INTO notice_letter (id, channel, kind, routes, incidents, subject, formed, since, state, attempts, tried, next, said, message)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`

func letterValues(channel string, l *notify.Letter) []any {
	return []any{l.ID, channel, l.Kind, asJSON(l.Routes), asJSON(l.Incidents), l.Subject, stamp(l.Formed), stamp(l.Since), l.State, l.Attempts, stamp(l.Tried), stamp(l.Next), l.Said, asJSON(l.Message)}
}

// Settle implements notify.Store.
func (n *Notices) Settle(ctx context.Context, channel string, s notify.Settlement) error {
	return n.write(ctx, "settle what is to be told", func(t *tx) error {
		if l := s.Letter; l != nil {
			added, err := t.count(insertLetter, letterValues(channel, l)...)
			if err != nil {
				return err
			}
			if added > 0 && l.Kind == notify.Summary {
				if err := t.do("INSERT INTO notice_digest VALUES (?, ?, ?) ON CONFLICT (channel, route) DO UPDATE SET at = excluded.at", channel, l.Routes[0], stamp(l.Formed)); err != nil {
					return err
				}
			}
			for _, no := range s.Carried {
				if err := t.do("UPDATE notice_item SET state = 1, letter = ?, body = '' WHERE no = ? AND channel = ? AND state = 0", l.ID, no, channel); err != nil {
					return err
				}
			}
		}
		for _, no := range s.Dropped {
			if err := t.do("UPDATE notice_item SET state = 2, body = '' WHERE no = ? AND channel = ? AND state = 0", no, channel); err != nil {
				return err
			}
		}
		for _, late := range s.Late {
			if err := t.do("UPDATE notice_item SET hold = ?, due = ? WHERE no = ? AND channel = ? AND state = 0", stamp(late.Hold), stamp(late.Due), late.No, channel); err != nil {
				return err
			}
		}
		return nil
	})
}
