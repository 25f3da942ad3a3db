package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/web/texts"
	"muster/internal/inventory"
)

// shelf is sections that belong together, in the order of a page.
type shelf struct {
	Title    texts.T
	Sections []string
}

// shelves are how a device page is laid out; what is not named comes last.
func shelves() []shelf {
	return []shelf{
		{"Machine", []string{"system", "os", "boot", "pending_restart", "cpu", "memory", "memory_module", "gpu", "monitor", "battery", "power", "sensor"}},
		{"Storage", []string{"disk", "disk_health", "volume", "encryption", "raid_array", "raid_member", "disk_selftest", "smart_attribute"}},
		{"Network", []string{"interface", "address", "network", "wifi", "network_probe", "route", "listening_port"}},
		{"Gear", []string{"port", "poe_port", "vlan", "neighbor", "fdb", "arp", "entity", "stack_member", "processor", "memory_pool", "storage", "printer", "printer_supply", "printer_tray", "printer_alert", "ups", "power_line", "access_point", "radio", "wireless_network", "wireless_client"}},
		{"Programs", []string{"software", "service", "startup_item", "scheduled_task", "browser_extension", "container", "virtual_machine", "print_queue"}},
		{"Updates", []string{"patch_status", "patch", "change_log"}},
		{"Security", []string{"platform_security", "antivirus", "firewall", "certificate", "domain_join"}},
		{"People", []string{"logon", "session", "user", "user_group", "group_member"}},
	}
}

// sectionTitle is a section's name as people read it.
func sectionTitle(name string) texts.T {
	switch name {
	case "os":
		return "Operating system"
	case "cpu", "processor":
		return "Processors"
	case "memory_module":
		return "Memory modules"
	case "sensor", "service", "driver", "certificate", "user", "group", "session", "network", "route", "container", "port", "startup_item", "scheduled_task", "browser_extension", "virtual_machine", "print_queue", "memory_pool", "wireless_network", "wireless_client", "access_point", "radio", "printer_tray", "printer_alert", "monitor", "listening_port", "stack_member", "power_line", "user_group", "group_member":
		return texts.Known(words(name) + "s")
	case "battery":
		return "Batteries"
	case "process":
		return "Processes"
	case "patch":
		return "Patches"
	case "printer_supply":
		return "Printer supplies"
	case "neighbor":
		return "Neighbors"
	case "entity":
		return "Parts of the chassis"
	case "snmp_agent":
		return "SNMP"
	case "logon":
		return "Who uses it"
	case "change_log":
		return "Change log"
	case "gpu":
		return "Graphics"
	case "disk":
		return "Disks"
	case "volume":
		return "Volumes"
	case "disk_health":
		return "Disk health"
	case "smart_attribute":
		return "Disk attributes (SMART)"
	case "disk_selftest":
		return "Disk self-tests"
	case "raid_array":
		return "RAID"
	case "usb_device":
		return "USB devices"
	case "pci_device":
		return "PCI devices"
	case "wifi":
		return "Wi-Fi"
	case "interface":
		return "Network interfaces"
	case "address":
		return "Addresses"
	case "fdb":
		return "Addresses learned"
	case "arp":
		return "ARP"
	case "ups":
		return "UPS"
	case "poe_port":
		return "Power over Ethernet"
	case "vlan":
		return "VLANs"
	}
	return texts.Known(words(name))
}

// words makes a name of the catalogue one for people.
func words(name string) string {
	s := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

// columnTitle is a column's name without what its cells say anyway.
func columnTitle(c inventory.Column) texts.T {
	name := c.Name
	for _, unit := range []string{"_bytes", "_percent", "_seconds", "_celsius", "_bits_per_second", "_bits", "_at"} {
		if trimmed := strings.TrimSuffix(name, unit); trimmed != "" {
			name = trimmed
		}
	}
	switch name {
	case "mac":
		return "MAC"
	case "wwn":
		return "WWN"
	case "ip", "ipv4", "ipv6":
		return texts.As(strings.ToUpper(name[:2]) + name[2:])
	}
	return texts.Known(words(name))
}

// sectionView is a section as a page shows it.
type sectionView struct {
	Name, Doc string
	Title     texts.T
	Status    api.SectionStatus
	State     string  // fine, week (partly), unknown (not here), lock (denied), today (failed)
	Says      texts.T // the status in words
	Single    bool
	Pairs     []pair
	Columns   []inventory.Column
	Titles    []texts.T
	Rows      [][]cell
	Count     int // rows of the section
	Cut       int // rows that are not shown
	Open      bool
	Lazy      bool
	Hidden    bool // something is left out for want of the right
}

// pair is a column of a section that has one row.
type pair struct {
	Title texts.T
	Doc   string
	Value template.HTML
}

// rowsShown is how many rows of a section a page shows before one asks for all.
const rowsShown = 100

// sectionOf makes the view of one section. With all every row is shown.
func sectionOf(name string, data any, st api.SectionStatus, hidden []string, c clock, all bool) sectionView {
	meta, ok := inventory.Lookup(name)
	v := sectionView{Name: name, Title: sectionTitle(name), Status: st}
	v.State, v.Says = statusWords(st, c)
	if !ok {
		return v
	}
	v.Doc = meta.Doc
	v.Hidden = slices.ContainsFunc(hidden, func(h string) bool { return strings.HasPrefix(h, name+".") })
	var rows []map[string]any
	switch data := data.(type) {
	case map[string]any:
		rows, v.Single = []map[string]any{data}, true
	case []any:
		for _, x := range data {
			if m, ok := x.(map[string]any); ok {
				rows = append(rows, m)
			}
		}
	}
	v.Count = len(rows)
	// Readings of sensors say their unit in a column beside them.
	unit := func(col inventory.Column, r map[string]any) inventory.Column {
		if u, ok := r["value_unit"].(string); ok && col.Unit == "value_unit" {
			col.Unit = u
		}
		return col
	}
	if len(rows) == 0 {
		return v
	}
	for _, col := range meta.Columns {
		if col.Name == "value_unit" {
			continue
		}
		if slices.ContainsFunc(rows, func(r map[string]any) bool { return told(r[col.Name]) }) {
			v.Columns, v.Titles = append(v.Columns, col), append(v.Titles, columnTitle(col))
		}
	}
	if v.Single {
		for i, col := range v.Columns {
			v.Pairs = append(v.Pairs, pair{v.Titles[i], col.Doc, valueOf(col, rows[0][col.Name], c).Text})
		}
		return v
	}
	if !all && len(rows) > rowsShown {
		v.Cut = len(rows) - rowsShown
		rows = rows[:rowsShown]
	}
	for _, r := range rows {
		line := make([]cell, len(v.Columns))
		for i, col := range v.Columns {
			line[i] = valueOf(unit(col, r), r[col.Name], c)
		}
		v.Rows = append(v.Rows, line)
	}
	return v
}

// told says whether a value says anything.
func told(x any) bool {
	switch x := x.(type) {
	case nil:
		return false
	case string:
		return x != ""
	case []any:
		return len(x) > 0
	}
	return true
}

// statusWords is how a section was read, in words, and the mark beside it.
func statusWords(st api.SectionStatus, c clock) (state string, says texts.T) {
	ago := texts.F("{1} ago", span(c.now.Sub(st.ReadAt)))
	if c.now.Sub(st.ReadAt) < time.Minute {
		ago = "just now"
	}
	if st.ReadAt.IsZero() {
		ago = ""
	}
	because := func(what texts.T) texts.T {
		if st.Reason == "" {
			return what
		}
		return texts.F("{1}: {2}", what, st.Reason)
	}
	switch st.Status {
	case "ok":
		return "fine", texts.F("Read {1}", ago)
	case "partial":
		return "week", because(texts.F("Partly read {1}", ago))
	case "unsupported":
		return "unknown", because("Not on this device")
	case "denied":
		return "lock", because("Not allowed to read")
	case "failed":
		return "today", because(texts.F("Reading failed {1}", ago))
	}
	return "unknown", "Not read yet"
}

// valueOf is a value in its unit.
func valueOf(c inventory.Column, x any, k clock) cell {
	out := cell{Text: "–"}
	esc := template.HTMLEscapeString
	if !told(x) {
		out.Num = c.Kind == inventory.Int || c.Kind == inventory.Float
		return out
	}
	switch x := x.(type) {
	case bool:
		out.Text = "no"
		if x {
			out.Text = "yes"
		}
	case json.Number:
		out.Num = true
		f, err := x.Float64()
		if err != nil {
			out.Text = template.HTML(esc(x.String()))
			break
		}
		if c.Unit == "byte" {
			out.Text = template.HTML(esc(size(int64(f))))
			if f == 0 {
				out.Text = "0"
			}
			break
		}
		if c.Unit == "" || strings.HasSuffix(c.Name, "_id") || c.Name == "port" {
			out.Text = template.HTML(esc(x.String()))
			break
		}
		out.Text = template.HTML(esc(amount(f, c.Unit)))
	case string:
		if c.Kind == inventory.Time {
			if t, err := time.Parse(time.RFC3339, x); err == nil {
				out.Text = k.Time(t)
				out.Class = "nowrap"
				break
			}
		}
		out.Text = template.HTML(esc(x))
		if c.Name == "mac" || c.Name == "serial" || strings.HasSuffix(c.Name, "address") {
			out.Class = "mono"
		}
	case []any:
		var parts []string
		for _, e := range x {
			parts = append(parts, fmt.Sprint(e))
		}
		out.Text = template.HTML(esc(strings.Join(parts, ", ")))
	default:
		out.Text = template.HTML(esc(fmt.Sprint(x)))
	}
	return out
}
