package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/collector/search"
)

func (s *session) deviceCommand() *cobra.Command {
	return nounCommand("device", "Devices: list, show, compare, keep in order", `
		muster device list 'os:windows ram<8GB'
		muster device show pc-104
		muster device history pc-104 --since 7d`,
		s.deviceList(),
		s.deviceCount(),
		s.deviceShow(),
		s.deviceRows(),
		s.deviceHistory(),
		s.deviceEvents(),
		s.deviceDiff(),
		s.deviceSettings(),
		s.deviceSet(),
		s.deviceImport(),
		s.deviceMerge(),
		s.deviceMerges(),
		s.deviceUnmerge(),
		s.deviceRetire("retire", "Mark a device as out of use; its history stays"),
		s.deviceRetire("unretire", "Take a retired device back into use"),
		s.deviceRefresh(),
		s.deviceRevoke(),
	)
}

// filterHelp is what every command with a filter tells of it.
const filterHelp = `A FILTER is words that must all hold: os:windows, ram<8GB, seen>7d (not seen for
longer than 7 days), site:health/hartford, label:kiosk, software:"Adobe Reader"<23,
disk.size_bytes>=1TB (any section.column), - or not before a word to turn it
round, or between two, brackets around several. A word without a field is
looked for in names, serial numbers, asset tags and addresses. Quote the whole
filter so that the shell leaves it alone; write -- before one that begins with -.`

// deviceColumn is a column of lists of devices.
type deviceColumn struct {
	name, unit string
	value      func(*api.Device) any
}

// deviceColumns are in the order of the API's CSV.
func deviceColumns() []deviceColumn {
	return []deviceColumn{
		{"id", "", func(d *api.Device) any { return d.ID }},
		{"name", "", func(d *api.Device) any { return d.Name }},
		{"kind", "", func(d *api.Device) any { return d.Kind }},
		{"presence", "", func(d *api.Device) any { return d.Presence }},
		{"severity", "", func(d *api.Device) any { return d.Severity }},
		{"agency", "", func(d *api.Device) any { return d.Agency }},
		{"site", "", func(d *api.Device) any { return d.Site }},
		{"labels", "", func(d *api.Device) any { return d.Labels }},
		{"os", "", func(d *api.Device) any { return d.OS }},
		{"vendor", "", func(d *api.Device) any { return d.Vendor }},
		{"model", "", func(d *api.Device) any { return d.Model }},
		{"serial", "", func(d *api.Device) any { return d.Serial }},
		{"memory_bytes", "byte", func(d *api.Device) any { return known(d.MemoryBytes) }},
		{"user", "", func(d *api.Device) any { return d.User }},
		{"address", "", func(d *api.Device) any { return d.Address }},
		{"agent_version", "", func(d *api.Device) any { return d.AgentVersion }},
		{"asset_tag", "", func(d *api.Device) any { return d.People.AssetTag }},
		{"owner", "", func(d *api.Device) any { return d.People.Owner }},
		{"department", "", func(d *api.Device) any { return d.People.Department }},
		{"purchased", "", func(d *api.Device) any { return d.People.Purchased }},
		{"warranty", "", func(d *api.Device) any { return d.People.Warranty }},
		{"note", "", func(d *api.Device) any { return d.People.Note }},
		{"first_seen", unitAgo, func(d *api.Device) any { return d.FirstSeen }},
		{"last_seen", unitAgo, func(d *api.Device) any { return d.LastSeen }},
		{"clock_offset_seconds", "second", func(d *api.Device) any { return d.ClockOffset }},
		{"retired_at", unitAgo, func(d *api.Device) any { return d.RetiredAt }},
		{"merged_into", "", func(d *api.Device) any { return d.MergedInto }},
		{"forked_from", "", func(d *api.Device) any { return d.ForkedFrom }},
	}
}

// known leaves out a zero that means "not known".
func known(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// usualColumns are what a table of devices shows unless told otherwise, the
// most telling first: a narrow terminal leaves out from the right.
func usualColumns() []string {
	return []string{"name", "presence", "last_seen", "kind", "agency", "site", "os", "model", "address"}
}

// chosenColumns finds columns by name. Without names they are the usual ones,
// and in CSV all.
func (s *session) chosenColumns(names []string) ([]deviceColumn, error) {
	all := deviceColumns()
	if len(names) == 0 && s.output == "csv" {
		return all, nil
	}
	if len(names) == 0 {
		names = usualColumns()
	}
	var known []string
	for _, c := range all {
		known = append(known, c.name)
	}
	var out []deviceColumn
	for _, n := range names {
		i := slices.Index(known, strings.ToLower(strings.TrimSpace(n)))
		if i < 0 {
			if meant := near(n, known); meant != "" {
				return nil, usage("--columns: there is no column %s; did you mean %s?", quoteWord(n), meant)
			}
			return nil, usage("--columns: there is no column %s; there is: %s", quoteWord(n), strings.Join(known, ", "))
		}
		out = append(out, all[i])
	}
	return out, nil
}

// pageSize is how many devices are asked for at a time.
const pageSize = 5000

func (s *session) deviceList() *cobra.Command {
	var in api.DeviceListInput
	var columns []string
	c := s.command(verb{
		use:   "list [FILTER...]",
		short: "List devices, all or those that a filter chooses",
		long:  "List devices, all or those that a filter chooses.\n\n" + filterHelp,
		example: `
			muster device list
			muster device list 'os:windows ram<8GB' --sort -last_seen
			muster device list site:health/hartford --columns name,serial,warranty -o csv`,
		run: func(ctx context.Context, args []string) error {
			in.Filter = strings.Join(args, " ")
			return s.listDevices(ctx, in, columns)
		},
	})
	c.Flags().StringVar(&in.Sort, "sort", "", "`column` to sort by, with - before it for descending (default name)")
	c.Flags().IntVar(&in.Limit, "limit", 0, "show at most `n` devices (default all)")
	c.Flags().StringSliceVar(&columns, "columns", nil, "`names` of the columns to show, separated by commas")
	c.Flags().BoolVar(&in.Merged, "merged", false, "also records that were merged into others")
	return c
}

// listDevices asks page by page and prints the whole.
func (s *session) listDevices(ctx context.Context, in api.DeviceListInput, columns []string) error {
	chosen, err := s.chosenColumns(columns)
	if err != nil {
		return err
	}
	if in.Limit < 0 {
		return usage("--limit %d: 0 is all, else a number of devices", in.Limit)
	}
	c, err := s.client()
	if err != nil {
		return err
	}
	most := in.Limit
	list := api.DeviceList{Devices: []api.Device{}}
	for {
		in.Limit = pageSize
		if most > 0 {
			in.Limit = min(pageSize, most-len(list.Devices))
		}
		page, err := c.DeviceList(ctx, in)
		if err != nil {
			return err
		}
		list.Devices = append(list.Devices, page.Devices...)
		list.Total, list.Next, list.Hidden = page.Total, page.Next, page.Hidden
		if page.Next == "" || len(page.Devices) == 0 || most > 0 && len(list.Devices) >= most {
			break
		}
		in.After = page.Next
	}
	return s.showDevices(list, chosen, len(columns) > 0, in.Filter)
}

func (s *session) showDevices(list api.DeviceList, chosen []deviceColumn, flat bool, filter string) error {
	g := &grid{}
	for _, c := range chosen {
		g.columns = append(g.columns, column{name: c.name, unit: c.unit, key: c.name == "name" || c.name == "id"})
	}
	for i := range list.Devices {
		row := make([]any, len(chosen))
		for j, c := range chosen {
			row[j] = c.value(&list.Devices[i])
		}
		g.rows = append(g.rows, row)
	}
	var answer any = list
	if flat && s.output == "json" {
		answer = flatDevices(list, chosen)
	}
	empty := "no devices match"
	if e, err := search.Parse(filter); err == nil { // the collector has read it, and may know more
		if why := search.Unheard(e); why != "" {
			empty += ": " + why
		}
	}
	if err := s.show(g, answer, empty); err != nil {
		return err
	}
	if n := len(list.Devices); n < list.Total {
		s.note("%d of %d devices are shown; --limit 0 shows all", n, list.Total)
	}
	if s.output == "table" || flat {
		// What is not shown need not be called hidden.
		list.Hidden = slices.DeleteFunc(list.Hidden, func(name string) bool {
			return !slices.ContainsFunc(chosen, func(c deviceColumn) bool { return c.name == name })
		})
	}
	s.hiddenNote(list.Hidden)
	return nil
}

// flatDevices is a list with only the columns that were asked for.
func flatDevices(list api.DeviceList, chosen []deviceColumn) any {
	out := struct {
		Devices []map[string]any `json:"devices"`
		Total   int              `json:"total"`
		Next    string           `json:"next,omitempty"`
		Hidden  []string         `json:"hidden,omitempty"`
	}{Devices: []map[string]any{}, Total: list.Total, Next: list.Next, Hidden: list.Hidden}
	for i := range list.Devices {
		row := map[string]any{}
		for _, c := range chosen {
			row[c.name] = c.value(&list.Devices[i])
		}
		out.Devices = append(out.Devices, row)
	}
	return out
}

// hiddenNote tells what is empty for lack of a right, so that nobody takes it
// for unknown.
func (s *session) hiddenNote(hidden []string) {
	if len(hidden) > 0 {
		s.note("hidden, because this account may not see personal facts: %s", strings.Join(hidden, ", "))
	}
}

// placeOf is AGENCY/SITE as people write it.
func placeOf(d *api.Device) string {
	if d.Agency == "" || d.Site == "" {
		return d.Site
	}
	return d.Agency + "/" + d.Site
}

// nameOf is what to call a device in a sentence.
func nameOf(d *api.Device) string {
	if d.Name == "" {
		return string(d.ID)
	}
	return fmt.Sprintf("%s (%s)", d.Name, d.ID)
}
