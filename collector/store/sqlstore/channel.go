package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"muster/collector/notify"
	"muster/collector/store"
)

// channelTables keep the ways by which people are told. They stand in the
// control database, with everything that is secret. Times are Unix
// milliseconds.
const channelTables = `
CREATE TABLE channel (
	id TEXT PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE, kind TEXT NOT NULL, settings TEXT NOT NULL, off INTEGER NOT NULL,
	brake TEXT NOT NULL, revision INTEGER NOT NULL, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, changed_by TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE channel_secret (
	channel TEXT NOT NULL REFERENCES channel ON DELETE CASCADE, name TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (channel, name)) STRICT, WITHOUT ROWID;
CREATE TABLE route (
	name TEXT PRIMARY KEY COLLATE NOCASE, channel TEXT NOT NULL REFERENCES channel (name), place INTEGER NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX route_channel ON route (channel);
`

// Channels lists them by name, without their secrets.
func (c *Control) Channels(ctx context.Context) ([]notify.ChannelRecord, error) {
	var out []notify.ChannelRecord
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, `SELECT id, name, kind, settings, off, brake, revision, created_at, changed_at, changed_by,
			(SELECT ifnull(json_group_array(s.name ORDER BY s.name), '[]') FROM channel_secret AS s WHERE s.channel = channel.id)
			FROM channel ORDER BY name`, nil, func(s scan) error {
			var r notify.ChannelRecord
			var settings, brake, secrets string
			var created, changed int64
			if err := s(&r.ID, &r.Name, &r.Kind, &settings, &r.Off, &brake, &r.Revision, &created, &changed, &r.ChangedBy, &secrets); err != nil {
				return err
			}
			r.Settings, r.CreatedAt, r.ChangedAt = json.RawMessage(settings), unstamp(created), unstamp(changed)
			if err := json.Unmarshal([]byte(brake), &r.Brake); err != nil {
				return fmt.Errorf("brake of channel %s: %w", r.Name, err)
			}
			if err := json.Unmarshal([]byte(secrets), &r.Secrets); err != nil {
				return fmt.Errorf("secrets of channel %s: %w", r.Name, err)
			}
			out = append(out, r)
			return nil
		})
	})
	return out, err
}

// PutChannel creates a channel, or changes the one with its ID; the name
// stays. secrets are sealed already, each for notify.ChannelRecord.SealPlace:
// those that are given replace what was there, an empty one takes it away, and
// what is not named is kept. store.ErrConflict when another has its name.
func (c *Control) PutChannel(ctx context.Context, r notify.ChannelRecord, secrets map[string][]byte, now time.Time) error {
	if err := r.Check(); err != nil {
		return err
	}
	return c.d.write(ctx, func(t *tx) error {
		var name string
		found, err := t.one("SELECT name FROM channel WHERE id = ?", []any{r.ID}, &name)
		switch {
		case err != nil:
			return err
		case found && name != r.Name:
			return fmt.Errorf("%w: channel %s keeps its name, because what was sent is kept under it; make another channel", store.ErrConflict, name)
		case found:
			err = t.do(`UPDATE channel SET kind = ?, settings = ?, off = ?, brake = ?, revision = revision + 1, changed_at = ?, changed_by = ? WHERE id = ?`,
				r.Kind, string(r.Settings), r.Off, asJSON(r.Brake), stamp(now), r.ChangedBy, r.ID)
		default:
			err = t.do(`INSERT INTO channel (id, name, kind, settings, off, brake, revision, created_at, changed_at, changed_by) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?)`,
				r.ID, r.Name, r.Kind, string(r.Settings), r.Off, asJSON(r.Brake), stamp(now), stamp(now), r.ChangedBy)
		}
		if err != nil {
			return fmt.Errorf("channel %q: %w", r.Name, err)
		}
		for secret, sealed := range secrets {
			if len(sealed) == 0 {
				err = t.do("DELETE FROM channel_secret WHERE channel = ? AND name = ?", r.ID, secret)
			} else {
				err = t.do("INSERT INTO channel_secret VALUES (?, ?, ?) ON CONFLICT (channel, name) DO UPDATE SET sealed = excluded.sealed", r.ID, secret, sealed)
			}
			if err != nil {
				return fmt.Errorf("secret %s of channel %q: %w", secret, r.Name, err)
			}
		}
		return nil
	})
}

// ChannelSecrets gives the sealed secrets of a channel by name, for the one
// who builds it. No operation may show them.
func (c *Control) ChannelSecrets(ctx context.Context, id string) (map[string][]byte, error) {
	out := map[string][]byte{}
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT name, sealed FROM channel_secret WHERE channel = ?", []any{id}, func(s scan) error {
			var name string
			var sealed []byte
			err := s(&name, &sealed)
			out[name] = sealed
			return err
		})
	})
	return out, err
}

// DeleteChannel removes a channel with its secrets. store.ErrConflict while a
// route names it.
func (c *Control) DeleteChannel(ctx context.Context, name string) error {
	return c.d.write(ctx, func(t *tx) error {
		var route string
		if used, err := t.one("SELECT name FROM route WHERE channel = (SELECT name FROM channel WHERE name = ?) ORDER BY name LIMIT 1", []any{name}, &route); err != nil {
			return err
		} else if used {
			return fmt.Errorf("%w: route %s goes to channel %q; change or delete it first", store.ErrConflict, route, name)
		}
		n, err := t.count("DELETE FROM channel WHERE name = ?", name)
		if err == nil && n == 0 {
			err = notFound("channel", fmt.Sprintf("%q", name))
		}
		return err
	})
}

// Routes lists them in the order in which they decide.
func (c *Control) Routes(ctx context.Context) ([]notify.Route, error) {
	var out []notify.Route
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT name, body FROM route ORDER BY place, name", nil, func(s scan) error {
			var name, body string
			if err := s(&name, &body); err != nil {
				return err
			}
			var r notify.Route
			if err := json.Unmarshal([]byte(body), &r); err != nil {
				return fmt.Errorf("route %s: %w", name, err)
			}
			out = append(out, r)
			return nil
		})
	})
	return out, err
}

// PutRoute creates a route, as the last to decide, or replaces the one of its
// name where it stands. store.ErrNotFound when its channel is not there.
func (c *Control) PutRoute(ctx context.Context, r notify.Route, now time.Time) error {
	if err := r.Check(); err != nil {
		return err
	}
	return c.d.write(ctx, func(t *tx) error {
		found, err := t.one("SELECT name FROM channel WHERE name = ?", []any{r.Channel}, &r.Channel) // as it is spelt there
		if err != nil {
			return err
		}
		if !found {
			return notFound("channel", fmt.Sprintf("%q", r.Channel))
		}
		r.Created = now.UTC()
		var body string
		if found, err := t.one("SELECT body FROM route WHERE name = ?", []any{r.Name}, &body); err != nil {
			return err
		} else if found {
			var before notify.Route
			if err := json.Unmarshal([]byte(body), &before); err != nil {
				return fmt.Errorf("route %s: %w", r.Name, err)
			}
			r.Name, r.Created = before.Name, before.Created
		}
		return t.do(`INSERT INTO route (name, channel, place, body) VALUES (?, ?, (SELECT ifnull(max(place), 0) + 1 FROM route), ?)
			ON CONFLICT (name) DO UPDATE SET channel = excluded.channel, body = excluded.body`, r.Name, r.Channel, asJSON(r))
	})
}

// OrderRoutes says in which order routes decide: those that are named first,
// then the others as they stood. store.ErrNotFound when one is not there.
func (c *Control) OrderRoutes(ctx context.Context, names []string) error {
	return c.d.write(ctx, func(t *tx) error {
		if err := t.do("UPDATE route SET place = place + ?", len(names)); err != nil {
			return err
		}
		for i, name := range names {
			n, err := t.count("UPDATE route SET place = ? WHERE name = ?", i, name)
			if err == nil && n == 0 {
				err = notFound("route", fmt.Sprintf("%q", name))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteRoute removes a route; what it has under way is still sent.
func (c *Control) DeleteRoute(ctx context.Context, name string) error {
	return c.d.write(ctx, func(t *tx) error {
		n, err := t.count("DELETE FROM route WHERE name = ?", name)
		if err == nil && n == 0 {
			err = notFound("route", fmt.Sprintf("%q", name))
		}
		return err
	})
}
