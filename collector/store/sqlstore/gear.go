package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/collector/store"
)

// gearTables keep with what, whom and where gear is asked. They stand in the
// control database, with everything that is secret. Times are Unix
// milliseconds; addresses have 16 bytes, IPv4 mapped (RFC 4291 §2.5.5.2), so
// that a network is a range. Numbers of targets are never given twice: a poll
// that ends late must not mark another target.
const gearTables = `
CREATE TABLE credential (
	id TEXT PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE, version TEXT NOT NULL, user TEXT NOT NULL, auth TEXT NOT NULL, priv TEXT NOT NULL,
	context TEXT NOT NULL, revision INTEGER NOT NULL, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, changed_by TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE credential_secret (
	credential TEXT NOT NULL REFERENCES credential ON DELETE CASCADE, name TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (credential, name)) STRICT, WITHOUT ROWID;
CREATE TABLE target (
	id INTEGER PRIMARY KEY AUTOINCREMENT, address BLOB NOT NULL, port INTEGER NOT NULL, credential TEXT REFERENCES credential ON DELETE SET NULL,
	pinned INTEGER NOT NULL, site INTEGER NOT NULL, origin TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, since INTEGER NOT NULL,
	polled_at INTEGER NOT NULL, good_at INTEGER NOT NULL, device TEXT NOT NULL, learned TEXT, revision INTEGER NOT NULL,
	created_at INTEGER NOT NULL, created_by TEXT NOT NULL, UNIQUE (address, port)) STRICT;
CREATE INDEX target_device ON target (device) WHERE device <> '';
CREATE INDEX target_credential ON target (credential);
CREATE TABLE subnet (
	first BLOB NOT NULL, bits INTEGER NOT NULL, site INTEGER NOT NULL, port INTEGER NOT NULL, v2c INTEGER NOT NULL, every_s INTEGER NOT NULL,
	exclude TEXT NOT NULL, rate INTEGER NOT NULL, scan TEXT NOT NULL, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, changed_by TEXT NOT NULL,
	PRIMARY KEY (first, bits)) STRICT, WITHOUT ROWID;
CREATE TABLE subnet_credential (
	first BLOB NOT NULL, bits INTEGER NOT NULL, place INTEGER NOT NULL, credential TEXT NOT NULL REFERENCES credential,
	PRIMARY KEY (first, bits, place), FOREIGN KEY (first, bits) REFERENCES subnet ON DELETE CASCADE) STRICT, WITHOUT ROWID;
CREATE INDEX subnet_credential_id ON subnet_credential (credential);
`

var _ store.Gear = (*Control)(nil)

// Credentials lists them by name, without what is secret.
func (c *Control) Credentials(ctx context.Context) ([]store.Credential, error) {
	var out []store.Credential
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, `SELECT id, name, version, "user", auth, priv, context, revision, created_at, changed_at, changed_by,
			(SELECT ifnull(json_group_array(s.name ORDER BY s.name), '[]') FROM credential_secret AS s WHERE s.credential = credential.id)
			FROM credential ORDER BY name`, nil, func(s scan) error {
			var k store.Credential
			var secrets string
			var created, changed int64
			if err := s(&k.ID, &k.Name, &k.Version, &k.User, &k.Auth, &k.Priv, &k.Context, &k.Revision, &created, &changed, &k.ChangedBy, &secrets); err != nil {
				return err
			}
			k.CreatedAt, k.ChangedAt = unstamp(created), unstamp(changed)
			if err := json.Unmarshal([]byte(secrets), &k.Secrets); err != nil {
				return fmt.Errorf("secrets of credential %s: %w", k.Name, err)
			}
			out = append(out, k)
			return nil
		})
	})
	return out, err
}

// PutCredential creates a credential, or changes the one with its ID.
func (c *Control) PutCredential(ctx context.Context, k store.Credential, sealed map[string][]byte, now time.Time) error {
	if err := k.Check(); err != nil {
		return err
	}
	return c.d.write(ctx, func(t *tx) error {
		var name string
		found, err := t.one("SELECT name FROM credential WHERE id = ?", []any{k.ID}, &name)
		switch {
		case err != nil:
			return err
		case found && name != k.Name:
			return fmt.Errorf("%w: credential %s keeps its name; make another credential", store.ErrConflict, name)
		case found:
			err = t.do(`UPDATE credential SET version = ?, "user" = ?, auth = ?, priv = ?, context = ?, revision = revision + 1, changed_at = ?, changed_by = ? WHERE id = ?`,
				k.Version, k.User, k.Auth, k.Priv, k.Context, stamp(now), k.ChangedBy, k.ID)
		default:
			err = t.do("INSERT INTO credential VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)",
				k.ID, k.Name, k.Version, k.User, k.Auth, k.Priv, k.Context, stamp(now), stamp(now), k.ChangedBy)
		}
		if err != nil {
			return fmt.Errorf("credential %q: %w", k.Name, err)
		}
		for secret, box := range sealed {
			if len(box) == 0 {
				err = t.do("DELETE FROM credential_secret WHERE credential = ? AND name = ?", k.ID, secret)
			} else {
				err = t.do("INSERT INTO credential_secret VALUES (?, ?, ?) ON CONFLICT (credential, name) DO UPDATE SET sealed = excluded.sealed", k.ID, secret, box)
			}
			if err != nil {
				return fmt.Errorf("secret %s of credential %q: %w", secret, k.Name, err)
			}
		}
		return nil
	})
}

// CredentialSecrets gives the sealed secrets of a credential by name.
func (c *Control) CredentialSecrets(ctx context.Context, id string) (map[string][]byte, error) {
	out := map[string][]byte{}
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT name, sealed FROM credential_secret WHERE credential = ?", []any{id}, func(s scan) error {
			var name string
			var box []byte
			err := s(&name, &box)
			out[name] = box
			return err
		})
	})
	return out, err
}

// DeleteCredential removes a credential that nothing names any more.
func (c *Control) DeleteCredential(ctx context.Context, name string) error {
	return c.d.write(ctx, func(t *tx) error {
		var id string
		if found, err := t.one("SELECT id FROM credential WHERE name = ?", []any{name}, &id); err != nil {
			return err
		} else if !found {
			return notFound("credential", fmt.Sprintf("%q", name))
		}
		var at []byte
		var n int
		if used, err := t.one("SELECT first, bits FROM subnet_credential WHERE credential = ? ORDER BY first, bits LIMIT 1", []any{id}, &at, &n); err != nil {
			return err
		} else if used {
			return fmt.Errorf("subnet %s is asked with credential %q; change or remove it first: %w", network(at, n), name, store.ErrConflict)
		}
		if used, err := t.one("SELECT address, port FROM target WHERE credential = ? AND pinned <> 0 ORDER BY address, port LIMIT 1", []any{id}, &at, &n); err != nil {
			return err
		} else if used {
			return fmt.Errorf("target %s is asked with credential %q; change or remove it first: %w", netip.AddrPortFrom(address(at), uint16(n)), name, store.ErrConflict)
		}
		return t.do("DELETE FROM credential WHERE id = ?", id)
	})
}

// credentialID finds a credential by name.
func (t *tx) credentialID(name string) (id string, found bool, err error) {
	found, err = t.one("SELECT id FROM credential WHERE name = ?", []any{name}, &id)
	return id, found, err
}

// Subnets lists them by network.
func (c *Control) Subnets(ctx context.Context) ([]store.Subnet, error) {
	var out []store.Subnet
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, `SELECT first, bits, site, port, v2c, every_s, exclude, rate, scan, created_at, changed_at, changed_by,
			(SELECT ifnull(json_group_array(k.name ORDER BY s.place), '[]') FROM subnet_credential AS s JOIN credential AS k ON k.id = s.credential
			 WHERE s.first = subnet.first AND s.bits = subnet.bits)
			FROM subnet ORDER BY first, bits`, nil, func(s scan) error {
			var x store.Subnet
			var first []byte
			var bits int
			var every, created, changed int64
			var exclude, last, names string
			if err := s(&first, &bits, &x.Site, &x.Port, &x.V2c, &every, &exclude, &x.Rate, &last, &created, &changed, &x.ChangedBy, &names); err != nil {
				return err
			}
			x.Network, x.Every, x.CreatedAt, x.ChangedAt = network(first, bits), time.Duration(every)*time.Second, unstamp(created), unstamp(changed)
			for _, part := range []struct {
				text string
				into any
			}{{exclude, &x.Exclude}, {last, &x.Scan}, {names, &x.Credentials}} {
				if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
					return fmt.Errorf("subnet %s: %w", x.Network, err)
				}
			}
			out = append(out, x)
			return nil
		})
	})
	return out, err
}

// PutSubnet creates the subnet of a network, or replaces it.
func (c *Control) PutSubnet(ctx context.Context, x store.Subnet, now time.Time) error {
	if err := x.Check(); err != nil {
		return err
	}
	first, bits := x.Network.Addr().As16(), mapped(x.Network)
	return c.d.write(ctx, func(t *tx) error {
		if err := t.do(`INSERT INTO subnet VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}', ?, ?, ?) ON CONFLICT (first, bits) DO UPDATE SET site = excluded.site, port = excluded.port, v2c = excluded.v2c,
			every_s = excluded.every_s, exclude = excluded.exclude, rate = excluded.rate, changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
			first[:], bits, x.Site, x.Port, x.V2c, int64(x.Every/time.Second), asJSON(append([]netip.Prefix{}, x.Exclude...)), x.Rate,
			stamp(now), stamp(now), x.ChangedBy); err != nil {
			return fmt.Errorf("subnet %s: %w", x.Network, err)
		}
		if err := t.do("DELETE FROM subnet_credential WHERE first = ? AND bits = ?", first[:], bits); err != nil {
			return err
		}
		for i, name := range x.Credentials {
			id, found, err := t.credentialID(name)
			if err == nil && !found {
				err = notFound("credential", fmt.Sprintf("%q", name))
			}
			if err == nil {
				err = t.do("INSERT INTO subnet_credential VALUES (?, ?, ?, ?)", first[:], bits, i, id)
			}
			if err != nil {
				return fmt.Errorf("subnet %s: %w", x.Network, err)
			}
		}
		return nil
	})
}

// MarkSubnet notes a scan.
func (c *Control) MarkSubnet(ctx context.Context, n netip.Prefix, s store.Scan) error {
	s.Fault = strings.ToValidUTF8(s.Fault, "")
	return c.onSubnet(ctx, n, "UPDATE subnet SET scan = ?3 WHERE first = ?1 AND bits = ?2", asJSON(s))
}

// DeleteSubnet ends looking in a network.
func (c *Control) DeleteSubnet(ctx context.Context, n netip.Prefix) error {
	return c.onSubnet(ctx, n, "DELETE FROM subnet WHERE first = ?1 AND bits = ?2")
}

func (c *Control) onSubnet(ctx context.Context, n netip.Prefix, query string, more ...any) error {
	first := n.Addr().As16()
	return c.d.write(ctx, func(t *tx) error {
		done, err := t.count(query, append([]any{first[:], mapped(n)}, more...)...)
		if err == nil && done == 0 {
			err = notFound("subnet", n)
		}
		return err
	})
}

// mapped is the length of a network of mapped addresses.
func mapped(n netip.Prefix) int { return n.Bits() + 128 - n.Addr().BitLen() }

// network is a network as it was kept.
func network(first []byte, bits int) netip.Prefix {
	a := address(first)
	return netip.PrefixFrom(a, bits-128+a.BitLen())
}

// address is an address as it was kept.
func address(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a.Unmap()
}
