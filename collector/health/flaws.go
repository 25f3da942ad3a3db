package health

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
)

// Flaws are security flaws known to be used in attacks, with the day by which
// each is to be mended: CISA's catalogue of known exploited vulnerabilities, as
// an office keeps it in a file. Muster fetches nothing.
type Flaws map[string]time.Time

// mostFlaws bounds the file: CISA's had some 1,500 entries in 2026.
const (
	mostFlaws     = 100_000
	flawsFileSize = 64 << 20
)

// ReadFlaws reads the JSON form of that catalogue.
func ReadFlaws(r io.Reader) (Flaws, error) {
	var doc struct {
		Vulnerabilities []struct {
			ID  string `json:"cveID"`
			Due string `json:"dueDate"`
		} `json:"vulnerabilities"`
	}
	if err := json.NewDecoder(io.LimitReader(r, flawsFileSize)).Decode(&doc); err != nil {
		return nil, fmt.Errorf("read known flaws: %w: CISA's known_exploited_vulnerabilities.json is expected", err)
	}
	if len(doc.Vulnerabilities) > mostFlaws {
		return nil, fmt.Errorf("read known flaws: %d entries, at most %d", len(doc.Vulnerabilities), mostFlaws)
	}
	out := Flaws{}
	for _, v := range doc.Vulnerabilities {
		if t, err := time.Parse(time.DateOnly, v.Due); err == nil && strings.HasPrefix(v.ID, "CVE-") {
			out[v.ID] = t
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("read known flaws: no entry has cveID and dueDate: CISA's known_exploited_vulnerabilities.json is expected")
	}
	return out, nil
}

// patches notes the earliest day by which a missing patch should have been
// installed.
func (d *device) patches(r store.SectionReading, flaws Flaws) {
	if r.Section.Name != "patch" || flaws == nil {
		return
	}
	d.due, d.dueKnown = time.Time{}, false
	for _, row := range r.Table.Rows {
		list := listOf(row[r.Section.Index("cves")])
		d.dueKnown = d.dueKnown || len(list) > 0
		if textAt(r, row, "state") == "installed" {
			continue
		}
		for _, id := range list {
			if due, ok := flaws[id]; ok && (d.due.IsZero() || due.Before(d.due)) {
				d.due = due
			}
		}
	}
}

// overdue is for how many days a patch is missing that should be there.
// Without a list of flaws, or of what patches mend, it is not known.
func (j *Judge) overdue(d *device, now time.Time) rule.Value {
	switch {
	case !d.dueKnown:
		return rule.Value{}
	case d.due.IsZero():
		return known(0)
	}
	return known(max(now.Sub(d.due).Hours()/24, 0))
}
