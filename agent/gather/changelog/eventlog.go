package changelog

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/event/windows"
	"muster/internal/inventory"
)

// ReadEventLog reads the section of Windows: what its event log says that was
// installed and removed.
func ReadEventLog(ctx context.Context, h *host.Host) (gather.Reading, error) {
	now := h.Now()
	from := now.Add(-window)
	since := fmt.Sprintf("TimeCreated[@SystemTime>='%s']", from.UTC().Format("2006-01-02T15:04:05.000Z"))
	c := collected{}
	var asked, faults []string
	for _, q := range []struct{ source, channel, which string }{
		{"WindowsUpdateClient", "System", "Provider[@Name='Microsoft-Windows-WindowsUpdateClient'] and (EventID=19 or EventID=20)"},
		{"UserPnp", "System", "Provider[@Name='Microsoft-Windows-UserPnp'] and EventID=20001"},
		{"MsiInstaller", "Application", "Provider[@Name='MsiInstaller'] and (EventID=1033 or EventID=1034)"},
	} {
		list, skipped, err := h.Records(q.channel, "*[System["+q.which+" and "+since+"]]", true, maxRows)
		if err != nil {
			return gather.Reading{}, err
		}
		asked = append(asked, q.source)
		for _, b := range list {
			if ctx.Err() != nil {
				return gather.Reading{}, ctx.Err()
			}
			r, err := windows.ParseXML(b)
			if err != nil {
				skipped++
				continue
			}
			if row, ok := change(r); ok && !row.At.Before(from) && !row.At.After(now.Add(time.Hour)) {
				row.Source = q.source
				c.add(row)
			}
		}
		if skipped > 0 {
			faults = append(faults, fmt.Sprintf("%s: %d records are not understood", q.source, skipped))
		}
	}
	r, err := gather.Rows(c.rows(), asked...)
	r.Faults = faults
	if c.over > 0 {
		r.Faults = append(r.Faults, fmt.Sprintf("%d older changes are left out", c.over))
	}
	return r, err
}

// definitions is the article by which Defender's signatures come, some times a
// day: section antivirus tells of them.
const definitions = "KB2267602"

// change is what a record tells that changed.
func change(r windows.Record) (inventory.ChangeLog, bool) {
	row := inventory.ChangeLog{At: r.Time.Truncate(time.Second), Action: "install", Outcome: "ok"}
	named := func(name string) string {
		for _, v := range r.Data {
			if v.Name == name || strings.HasSuffix(v.Name, "/"+name) {
				return strings.TrimSpace(v.Text)
			}
		}
		return ""
	}
	placed := func(i int) string {
		if i < len(r.Data) {
			return strings.TrimSpace(r.Data[i].Text)
		}
		return ""
	}
	switch {
	case strings.EqualFold(r.Provider, "Microsoft-Windows-WindowsUpdateClient"):
		row.Name, row.Kind = named("updateTitle"), "update"
		if strings.Contains(row.Name, definitions) {
			return row, false
		}
		switch lower := strings.ToLower(row.Name); {
		case strings.HasPrefix(lower, "feature update") || strings.HasPrefix(lower, "windows 11, version") || strings.HasPrefix(lower, "windows 10, version"):
			row.Kind = "feature_update"
		case strings.Contains(lower, " - firmware - "):
			row.Kind = "firmware"
		case strings.Contains(lower, "driver update") || strings.Count(lower, " - ") >= 2:
			row.Kind = "driver" // Maker - Class - Version
		}
		if r.EventID == 20 {
			row.Outcome, row.Error = "failed", named("errorCode")
		}
	case strings.EqualFold(r.Provider, "Microsoft-Windows-UserPnp"):
		row.Kind, row.Name, row.After = "driver", named("DriverDescription"), named("DriverVersion")
		if row.Name == "" {
			row.Name, _, _ = strings.Cut(named("DriverName"), ".inf_")
		}
		if strings.EqualFold(named("UpgradeDevice"), "true") {
			row.Action = "upgrade"
		}
		if s := named("InstallStatus"); s != "" {
			if n, err := strconv.ParseUint(s, 0, 64); err == nil && n != 0 {
				row.Outcome, row.Error = "failed", s
			}
		}
	case strings.EqualFold(r.Provider, "MsiInstaller"):
		row.Kind, row.Name, row.After = "software", placed(0), placed(1)
		if r.EventID == 1034 {
			row.Action, row.Before, row.After = "remove", row.After, ""
		}
		switch status := placed(3); status {
		case "0", "":
		case "3010", "1641": // done, a restart is needed or was begun
			row.Outcome = "pending"
		default:
			row.Outcome, row.Error = "failed", status
		}
	default:
		return row, false
	}
	if len(row.Name) > 300 {
		row.Name = strings.ToValidUTF8(row.Name[:300], "")
	}
	return row, row.Name != ""
}
