package sqlstore

import (
	"maps"
	"slices"
	"strings"

	"muster/internal/inventory"
)

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

// titleChanges is by how many devices each title's count moves. A commit
// collects them over its whole group: devices of a fleet have much in common.
type titleChanges map[title]titleChange

type titleChange struct {
	devices   int64
	publisher any
}

// count adds what one device had and has: a program that a device has twice,
// for two people or two architectures, counts once.
func (l titleChanges) count(before, after map[title]any) {
	for k := range before {
		if _, still := after[k]; !still {
			c := l[k]
			c.devices--
			l[k] = c
		}
	}
	for k, publisher := range after {
		if _, had := before[k]; !had {
			c := l[k]
			c.devices++
			if publisher != nil {
				c.publisher = publisher
			}
			l[k] = c
		}
	}
}

// countTitles notes the change of a device's software.
func (c *commit) countTitles(p *plan, current []row, after [][]any) {
	old := make([][]any, len(current))
	for i := range current {
		old[i] = current[i].values
	}
	c.titles.count(titlesOf(p.section, old), titlesOf(p.section, after))
}

// writeTitles keeps title_rows, in the order of its index.
func (t *tx) writeTitles(l titleChanges) error {
	keys := slices.SortedFunc(maps.Keys(l), func(a, b title) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		x, _ := a.version.(string)
		y, _ := b.version.(string)
		return strings.Compare(x, y)
	})
	written := map[title]bool{}
	for _, k := range keys {
		c := l[k]
		if c.devices == 0 {
			continue
		}
		// Names that a database may take for one are no rows apart.
		alike := title{strings.ToLower(plainText(k.name)), k.version}
		if v, ok := k.version.(string); ok {
			alike.version = strings.ToLower(plainText(v))
		}
		put := t.apart
		if written[alike] {
			put = t.do
		}
		written[alike] = true
		if err := put(`INSERT INTO title_rows (name, version, publisher, devices) VALUES (?, ?, ?, ?)
			ON CONFLICT (name, ifnull(version, char(0))) DO UPDATE SET devices = title_rows.devices + excluded.devices, publisher = ifnull(excluded.publisher, title_rows.publisher)`,
			k.name, k.version, c.publisher, c.devices); err != nil {
			return err
		}
	}
	return nil
}
