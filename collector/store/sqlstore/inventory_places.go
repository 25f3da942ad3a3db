package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/collector/search"
	"muster/collector/store"
)

// Agencies lists those of the scope, also of its sites, by name.
func (x *Inventory) Agencies(ctx context.Context, s store.Scope) ([]store.Agency, error) {
	var out []store.Agency
	var w where
	if !s.All {
		w.add("(id IN (SELECT value FROM json_each(?)) OR id IN (SELECT agency FROM site WHERE id IN (SELECT value FROM json_each(?))))",
			jsonNumbers(s.Agencies), jsonNumbers(s.Sites))
	}
	err := x.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT id, name FROM agency"+w.String()+" ORDER BY name", w.args, func(scan scan) error {
			var a store.Agency
			err := scan(&a.ID, &a.Name)
			out = append(out, a)
			return err
		})
	})
	return out, err
}

// PutAgency creates an agency (ID 0) or renames one.
func (x *Inventory) PutAgency(ctx context.Context, a store.Agency) (store.Agency, error) {
	a.Name = strings.TrimSpace(a.Name)
	err := x.d.write(ctx, func(t *tx) error {
		return t.put("agency", a.Name, &a.ID, "INSERT INTO agency (name) VALUES (?1)", "UPDATE agency SET name = ?1 WHERE id = ?2", a.Name)
	})
	return a, err
}

// put inserts when *id is 0 and else updates; the update's last parameter is
// the id.
func (t *tx) put(what, name string, id *int64, insert, update string, args ...any) error {
	if name == "" {
		return fmt.Errorf("%s needs a name", what)
	}
	if *id == 0 {
		no, err := t.insert("id", insert, args...)
		if err != nil {
			return fmt.Errorf("%s %q: %w", what, name, err)
		}
		*id = no
		return nil
	}
	n, err := t.count(update, append(args, *id)...)
	if err == nil && n == 0 {
		return notFound(what, *id)
	}
	if err != nil {
		return fmt.Errorf("%s %q: %w", what, name, err)
	}
	return nil
}

// DeleteAgency removes an agency without sites.
func (x *Inventory) DeleteAgency(ctx context.Context, name string) error {
	return x.d.write(ctx, func(t *tx) error {
		var id, sites int64
		found, err := t.one("SELECT id, (SELECT count(*) FROM site WHERE agency = a.id) FROM agency a WHERE name = ?", []any{name}, &id, &sites)
		switch {
		case err != nil:
			return err
		case !found:
			return notFound("agency", fmt.Sprintf("%q", name))
		case sites > 0:
			return fmt.Errorf("agency %q has %d sites: move or delete them first: %w", name, sites, store.ErrConflict)
		}
		return t.do("DELETE FROM agency WHERE id = ?", id)
	})
}

// Sites lists those of the scope by agency and name.
func (x *Inventory) Sites(ctx context.Context, s store.Scope) ([]store.Site, error) {
	var out []store.Site
	at := map[int64]int{}
	var w where
	if !s.All {
		w.add("(s.id IN (SELECT value FROM json_each(?)) OR s.agency IN (SELECT value FROM json_each(?)))", jsonNumbers(s.Sites), jsonNumbers(s.Agencies))
	}
	err := x.d.read(ctx, func(v *view) error {
		if err := v.each(ctx, "SELECT s.id, a.name, s.name FROM site s JOIN agency a ON a.id = s.agency"+w.String()+" ORDER BY a.name, s.name", w.args, func(scan scan) error {
			var s store.Site
			err := scan(&s.ID, &s.Agency, &s.Name)
			at[s.ID] = len(out)
			out = append(out, s)
			return err
		}); err != nil {
			return err
		}
		return v.each(ctx, "SELECT site, subnet FROM site_subnet ORDER BY site, subnet", nil, func(scan scan) error {
			var id int64
			var subnet string
			err := scan(&id, &subnet)
			if i, ok := at[id]; ok {
				out[i].Subnets = append(out[i].Subnets, subnet)
			}
			return err
		})
	})
	return out, err
}

// PutSite creates a site (ID 0) or replaces one. Its agency must exist; a
// subnet belongs to one site only. Devices are placed by the new subnets when
// they report next.
func (x *Inventory) PutSite(ctx context.Context, s store.Site) (store.Site, error) {
	s.Name = strings.TrimSpace(s.Name)
	subnets, err := maskedSubnets(s.Subnets)
	if err != nil {
		return s, fmt.Errorf("site %q: %w", s.Name, err)
	}
	s.Subnets = subnets
	err = x.d.write(ctx, func(t *tx) error {
		var agency int64
		found, err := t.one("SELECT id, name FROM agency WHERE name = ?", []any{s.Agency}, &agency, &s.Agency)
		if err != nil {
			return err
		}
		if !found {
			return notFound("agency", fmt.Sprintf("%q", s.Agency))
		}
		if err := t.put("site", s.Name, &s.ID, "INSERT INTO site (agency, name) VALUES (?1, ?2)", "UPDATE site SET agency = ?1, name = ?2 WHERE id = ?3", agency, s.Name); err != nil {
			return err
		}
		if err := t.do("DELETE FROM site_subnet WHERE site = ?", s.ID); err != nil {
			return err
		}
		for _, n := range s.Subnets {
			var other string
			found, err := t.one("SELECT s.name FROM site_subnet n JOIN site s ON s.id = n.site WHERE n.subnet = ?", []any{n}, &other)
			if err != nil {
				return err
			}
			if found {
				return fmt.Errorf("subnet %s belongs to site %q already: %w", n, other, store.ErrConflict)
			}
			if err := t.do("INSERT INTO site_subnet (site, subnet) VALUES (?, ?)", s.ID, n); err != nil {
				return err
			}
		}
		return x.loadRules(t)
	})
	return s, err
}

func maskedSubnets(list []string) ([]string, error) {
	var out []string
	for _, n := range list {
		p, err := netip.ParsePrefix(strings.TrimSpace(n))
		if err != nil {
			return nil, fmt.Errorf("%q is not a subnet: write it as 10.20.0.0/16", n)
		}
		if masked := p.Masked().String(); !slices.Contains(out, masked) {
			out = append(out, masked)
		}
	}
	return out, nil
}

// DeleteSite removes a site without devices.
func (x *Inventory) DeleteSite(ctx context.Context, agency, name string) error {
	return x.d.write(ctx, func(t *tx) error {
		var id, devices int64
		found, err := t.one(`SELECT s.id, (SELECT count(*) FROM device_rows WHERE site = s.id) FROM site s JOIN agency a ON a.id = s.agency
			WHERE a.name = ? AND s.name = ?`, []any{agency, name}, &id, &devices)
		switch {
		case err != nil:
			return err
		case !found:
			return notFound("site", fmt.Sprintf("%q of agency %q", name, agency))
		case devices > 0:
			return fmt.Errorf("site %q has %d devices: move them first: %w", name, devices, store.ErrConflict)
		}
		if err := t.do("DELETE FROM site WHERE id = ?", id); err != nil {
			return err
		}
		return x.loadRules(t)
	})
}

// Labels counts the devices of each label in scope.
func (x *Inventory) Labels(ctx context.Context, s store.Scope) (map[string]int, error) {
	out := map[string]int{}
	var w where
	w.add("d.merged_into IS NULL")
	w.scope(s)
	err := x.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT min(l.label), count(*) FROM label_rows l JOIN device_rows d USING (device_no)"+w.String()+" GROUP BY l.label", w.args, func(scan scan) error {
			var label string
			var n int
			err := scan(&label, &n)
			out[label] = n
			return err
		})
	})
	return out, err
}

// Groups lists all, the highest priority first.
func (x *Inventory) Groups(ctx context.Context) ([]store.Group, error) {
	var out []store.Group
	err := x.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT id, name, filter, priority, settings FROM group_rows ORDER BY priority DESC, name", nil, func(scan scan) error {
			var g store.Group
			var settings string
			if err := scan(&g.ID, &g.Name, &g.Filter, &g.Priority, &settings); err != nil {
				return err
			}
			out = append(out, g)
			return json.Unmarshal([]byte(settings), &out[len(out)-1].Settings)
		})
	})
	return out, err
}

// PutGroup creates a group (ID 0) or replaces one. Its filter must parse.
func (x *Inventory) PutGroup(ctx context.Context, g store.Group) (store.Group, error) {
	g.Name = strings.TrimSpace(g.Name)
	if _, err := search.Parse(g.Filter); err != nil {
		return g, fmt.Errorf("filter of group %q: %w", g.Name, err)
	}
	settings, err := json.Marshal(g.Settings)
	if err != nil {
		return g, err
	}
	err = x.d.write(ctx, func(t *tx) error {
		return t.put("group", g.Name, &g.ID, "INSERT INTO group_rows (name, filter, priority, settings) VALUES (?1, ?2, ?3, ?4)",
			"UPDATE group_rows SET name = ?1, filter = ?2, priority = ?3, settings = ?4 WHERE id = ?5", g.Name, g.Filter, g.Priority, string(settings))
	})
	return g, err
}

// DeleteGroup removes a group.
func (x *Inventory) DeleteGroup(ctx context.Context, name string) error {
	return x.d.write(ctx, func(t *tx) error {
		n, err := t.count("DELETE FROM group_rows WHERE name = ?", name)
		if err == nil && n == 0 {
			err = notFound("group", fmt.Sprintf("%q", name))
		}
		return err
	})
}
