package inventory_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/metric"
)

var update = flag.Bool("update", false, "write docs/data-dictionary.md and docs/privacy.md anew")

// The data dictionary and the privacy sheet are made from the catalogues, so
// that neither can tell of a fact that does not exist, or hide one that does.
func TestDocumentsAreUpToDate(t *testing.T) {
	for _, d := range []struct {
		name  string
		fresh string
	}{
		{"data-dictionary.md", dictionary()},
		{"privacy.md", privacySheet()},
	} {
		path := filepath.Join("..", "..", "docs", d.name)
		if *update {
			if err := os.WriteFile(path, []byte(d.fresh), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		old, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if string(old) != d.fresh {
			t.Errorf("docs/%s is out of date: run `go test ./internal/inventory -update`", d.name)
		}
	}
}

// page is a document in the making.
type page struct{ strings.Builder }

func (p *page) f(format string, args ...any) { fmt.Fprintf(&p.Builder, format, args...) }

// row writes one line of a table.
func (p *page) row(cells ...string) { p.f("| %s |\n", strings.Join(cells, " | ")) }

// head writes the head of a table.
func (p *page) head(cells ...string) {
	p.row(cells...)
	p.f("|%s\n", strings.Repeat("---|", len(cells)))
}

// plain keeps a text of the catalogue from being read as Markdown.
func plain(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", `\<`, "*", `\*`, "`", "\\`", "[", `\[`, "\n", " ").Replace(s)
}

// code shows a text as it is written. A code span ends at the next run of as
// many backticks, and a table's cell at a bar.
func code(s string) string {
	s = strings.ReplaceAll(s, "|", `\|`)
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}

func codes(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = code(s)
	}
	return strings.Join(out, ", ")
}

// each writes an interval as people say it; 0 is no interval.
func each(d time.Duration) string {
	switch {
	case d == 0:
		return "as it happens"
	case d%(24*time.Hour) == 0 && d > 24*time.Hour:
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// rhythm is an interval in a sentence.
func rhythm(d time.Duration) string {
	if d == 0 {
		return "when it happens"
	}
	return "each " + each(d)
}

// sides names where something is read, in the words of people.
func sides(windows, darwin, linux, snmp string) [][2]string {
	var out [][2]string
	for _, s := range [][2]string{{"Windows", windows}, {"macOS", darwin}, {"Linux", linux}, {"SNMP", snmp}} {
		if s[1] != "" {
			out = append(out, s)
		}
	}
	return out
}

func side(os string) string {
	switch os {
	case "windows":
		return "Windows"
	case "darwin":
		return "macOS"
	case "linux":
		return "Linux"
	case "snmp":
		return "SNMP"
	}
	return os
}

func tick(there bool) string {
	if there {
		return "✓"
	}
	return ""
}

const dictionaryHead = `# Data dictionary

Everything that Muster can know of a device: facts (sections), numbers over time (measurements) and what happened
(events). Made from the catalogues in the code by ` + "`go test ./internal/inventory -update`" + `; the same test fails when
they differ. ` + "`muster schema`" + ` shows the same without a collector, ` + "`-o json`" + ` for programs.

The catalogue is whole from the start, for all systems. What is *read* today is less: ` + "`muster-agent report`" + ` on a PC
shows every section that its agent reads there, and ` + "`muster-agent collect`" + ` names them; for Windows
[windows-sections.md](windows-sections.md), for macOS [macos-sections.md](macos-sections.md) lists them. A section that nobody reads is absent from a device; it is never shown as
empty.

What tells of a person is collected in [privacy.md](privacy.md).

## How to read it

A **section** has one row per device, or many rows with a **key**, the columns that tell one row from another. In SQL
each is a view of its name with what is true now, and ` + "`SECTION_history`" + ` with what was, from ` + "`from_at`" + ` until
` + "`until_at`" + `. A value that is not known is absent (NULL), never zero or false.
Beside them are the views ` + "`device`, `event`, `finding`, `incident`, `incident_device` and `incident_step`" + `; what a finding
is about and rests on (` + "`component`, `label`, `evidence`" + `) needs the right read_personal there, as it may tell of a person.

| kind | is |
|---|---|
| text | UTF-8 |
| int, float | number in the unit given; units are in the names |
| bool | true or false |
| time | an instant; RFC 3339 in JSON and CSV |
| list | texts; a JSON array |
| bytes | raw bytes |

| kept | means |
|---|---|
| key | tells one row from another |
| history | each change closes the old value and opens a new one; all are kept for retention.rows |
| latest | overwritten in place, no history: free bytes, counters, readings |

**shared** columns repeat over a fleet and are stored once per distinct value. **version** columns sort as versions:
` + "`1.10`" + ` is above ` + "`1.9`" + `. **personal** columns need the right read_personal to be seen. *Values* are those the
catalogue knows; others are kept as they come. Where a section **lingers**, a row closes only after that long an
absence, because its subject comes and goes by itself.

Rows close only by a good reading of the same sources. A reading that failed, was denied or was partial closes nothing;
` + "`muster device show`" + ` tells when and how each section was last read.
`

// dictionary is docs/data-dictionary.md.
func dictionary() string {
	var p page
	p.f("%s", dictionaryHead)
	columns, fields := 0, 0
	for _, s := range inventory.Schema() {
		columns += len(s.Columns)
	}
	for _, m := range metric.Catalogue() {
		fields += len(m.Fields)
	}
	p.f("\nThere are %d sections with %d columns, %d measurements with %d numbers, and %d kinds of event.\n",
		len(inventory.Schema()), columns, len(metric.Catalogue()), fields, len(event.Catalogue()))

	p.f("\n## Sections\n\n")
	p.head("section", "rows", "read each", "Windows", "macOS", "Linux", "SNMP", "what it holds")
	for _, s := range inventory.Schema() {
		rows := "many"
		if s.Single {
			rows = "one"
		}
		p.row("["+s.Name+"](#section-"+s.Name+")", rows, each(s.Cadence), tick(s.Windows != ""), tick(s.Darwin != ""), tick(s.Linux != ""), tick(s.SNMP != ""), plain(s.Doc))
	}
	for _, s := range inventory.Schema() {
		p.section(s)
	}

	p.f("\n## Numbers\n\nA series is named measurement_field in the embedded store, with the labels of the measurement and these: ")
	for i, l := range metric.Added() {
		if i > 0 {
			p.f("; ")
		}
		p.f("%s, %s", code(l.Name), plain(strings.TrimSuffix(strings.ToLower(l.Doc[:1])+l.Doc[1:], ".")))
	}
	p.f(`.
Counters stay cumulative: ask for the rate. Numbers that are sent *on request* are sent when a group or the agent's
settings ask for them; what a profile of the SNMP poller reads is always sent. *From* is empty where every side of the
measurement has the number. Where a plugin of Telegraf covers the subject, names and units are its own.

`)
	p.head("measurement", "numbers", "read each", "Telegraf", "what it tells")
	for _, m := range metric.Catalogue() {
		p.row("["+m.Name+"](#measurement-"+m.Name+")", fmt.Sprint(len(m.Fields)), each(m.Every), m.Telegraf, plain(m.Doc))
	}
	for _, m := range metric.Catalogue() {
		p.measurement(m)
	}

	p.f("\n## Events\n\nUrgent kinds are sent at once, not with the next report.\n\n")
	p.head("event", "about", "urgent", "what happened")
	for _, k := range event.Catalogue() {
		p.row("["+k.Name+"](#event-"+k.Name+")", k.Group.String(), tick(k.Urgent), plain(k.Doc))
	}
	for _, k := range event.Catalogue() {
		p.event(k)
	}
	return p.String()
}

func (p *page) section(s *inventory.Section) {
	p.f("\n### section %s\n\n%s ", s.Name, plain(s.Doc))
	if s.Single {
		p.f("One row per device, ")
	} else {
		var keys []string
		for _, i := range s.Keys() {
			keys = append(keys, s.Columns[i].Name)
		}
		p.f("One row per %s, ", codes(keys))
	}
	p.f("read %s", rhythm(s.Cadence))
	if s.OnRequest {
		p.f(", and only where a cadence is set for it (`sections.every` of the agent, `--cadence` of a group)")
	}
	p.f(".")
	if s.Linger > 0 {
		p.f(" A row closes after %s of absence.", each(s.Linger))
	}
	p.f("\n\n")
	for _, from := range sides(s.Windows, s.Darwin, s.Linux, s.SNMP) {
		p.f("- %s: %s\n", from[0], plain(from[1]))
	}
	p.f("\n")
	p.head("column", "kind", "unit", "kept", "meaning")
	for _, c := range s.Columns {
		kept := []string{"history"}
		switch {
		case c.Key:
			kept[0] = "key"
		case c.Latest:
			kept[0] = "latest"
		}
		if c.Dict {
			kept = append(kept, "shared")
		}
		if c.Version {
			kept = append(kept, "version")
		}
		if c.Personal {
			kept = append(kept, "**personal**")
		}
		doc := plain(c.Doc)
		if len(c.Enum) > 0 {
			doc += " Values: " + codes(c.Enum) + "."
		}
		p.row(code(c.Name), c.Kind.String(), c.Unit, strings.Join(kept, ", "), doc)
	}
}

func (p *page) measurement(m metric.Measurement) {
	p.f("\n### measurement %s\n\n%s Read %s.", m.Name, plain(m.Doc), rhythm(m.Every))
	if m.Telegraf != "" {
		p.f(" Telegraf: %s.", code(m.Telegraf))
	}
	p.f("\n\n")
	for _, from := range sides(m.Windows, m.Darwin, m.Linux, m.SNMP) {
		p.f("- %s: %s\n", from[0], plain(from[1]))
	}
	for _, l := range m.Labels {
		p.f("- label %s: %s\n", code(l.Name), plain(l.Doc))
	}
	p.f("\n")
	p.head("series", "type", "unit", "nature", "sent", "from", "meaning")
	for _, f := range m.Fields {
		sent := "on request"
		if f.Default {
			sent = "always"
		}
		var from []string
		for _, s := range f.On {
			from = append(from, side(s))
		}
		if len(f.Media) > 0 {
			from = append(from, strings.Join(f.Media, ", ")+" drives")
		}
		p.row(code(metric.Series(m.Name, f.Name)), f.Type.String(), f.Unit, f.Nature.String(), sent, strings.Join(from, ", "), plain(f.Doc))
	}
}

func (p *page) event(k event.Kind) {
	p.f("\n### event %s\n\n%s About: %s", k.Name, plain(k.Doc), k.Group)
	if k.Urgent {
		p.f(", urgent")
	}
	p.f(".")
	if len(k.Key) > 0 {
		p.f(" Events of equal %s may be folded into one with a count.", codes(k.Key))
	}
	p.f("\n\n")
	if len(k.Attributes) > 0 {
		p.head("attribute", "type", "unit", "meaning")
		for _, a := range k.Attributes {
			doc := plain(a.Doc)
			if len(a.Values) > 0 {
				doc += " One of " + codes(a.Values) + "."
			}
			if a.Personal {
				doc += " **personal**"
			}
			p.row(code(a.Name), a.Type.String(), a.Unit, doc)
		}
		p.f("\n")
	}
	for _, s := range k.Sources {
		p.f("- %s: %s\n", side(s.OS), seenIn(s))
	}
}

// seenIn is a place where a kind is seen, in one line.
func seenIn(s event.Source) string {
	out := plain(s.Where)
	if len(s.IDs) > 0 {
		ids := make([]string, len(s.IDs))
		for i, id := range s.IDs {
			ids[i] = fmt.Sprint(id)
		}
		out += fmt.Sprintf(" %s, provider %s, %s", plain(s.Channel), plain(s.Provider), strings.Join(ids, ", "))
	}
	if s.Message != "" {
		out += ", MESSAGE_ID " + code(s.Message)
	}
	if s.Pattern != "" {
		out += ", lines like " + code(s.Pattern)
	}
	if s.When != "" {
		out += ", when " + plain(s.When)
	}
	return out
}
