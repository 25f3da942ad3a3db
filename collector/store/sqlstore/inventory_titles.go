package sqlstore

import "muster/internal/inventory"

// softwareSection is the one section with counts of its own: which programs
// are there, and on how many devices.
const softwareSection = "software"

// title is a program, or one version of it.
type title struct {
	name    string
	version any // nil: all versions
}

// titlesOf lists the titles of a device, with a publisher of each.
func titlesOf(s *inventory.Section, rows [][]any) map[title]any {
	name, version, publisher := s.Index("name"), s.Index("version"), s.Index("publisher")
	out := make(map[title]any, len(rows))
	for _, r := range rows {
		n, ok := r[name].(string)
		if !ok {
			continue
		}
		p := r[publisher]
		if out[title{n, nil}] == nil {
			out[title{n, nil}] = p
		}
		v, _ := r[version].(string)
		if k := (title{n, v}); out[k] == nil {
			out[k] = p
		}
	}
	return out
}

// countTitles keeps title_rows: a program that a device has twice, for two
// people or two architectures, counts once.
func (c *commit) countTitles(p *plan, current []row, after [][]any) error {
	old := make([][]any, len(current))
	for i := range current {
		old[i] = current[i].values
	}
	return c.moveTitles(titlesOf(p.section, old), titlesOf(p.section, after))
}

func (t *tx) moveTitles(before, after map[title]any) error {
	for k := range before {
		if _, still := after[k]; !still {
			if err := t.do("UPDATE title_rows SET devices = devices - 1 WHERE name = ? AND ifnull(version, char(0)) = ifnull(?, char(0))", k.name, k.version); err != nil {
				return err
			}
		}
	}
	for k, publisher := range after {
		if _, had := before[k]; !had {
			if err := t.do(`INSERT INTO title_rows (name, version, publisher, devices) VALUES (?, ?, ?, 1)
				ON CONFLICT (name, ifnull(version, char(0))) DO UPDATE SET devices = devices + 1, publisher = ifnull(excluded.publisher, publisher)`,
				k.name, k.version, publisher); err != nil {
				return err
			}
		}
	}
	return nil
}
