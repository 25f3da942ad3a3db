package clock

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// fromRegistry reads the settings of Windows' time service. Whether the clock
// agrees is known to the service alone.
func fromRegistry(h *host.Host) (gather.Reading, error) {
	const service = `HKLM\SYSTEM\CurrentControlSet\Services\W32Time`
	r := inventory.Clock{Service: "w32time"}
	k, err := h.Key(host.View64, service, "Start")
	if errors.Is(err, fs.ErrNotExist) {
		return gather.Rows([]inventory.Clock{{Enabled: new(false)}}, "registry") // Windows without its time service
	}
	if err != nil {
		return gather.Reading{}, err
	}
	start, known := k.Number("Start")
	own, err := h.Key(host.View64, service+`\Parameters`, "Type", "NtpServer")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return gather.Reading{}, err
	}
	policy, err := h.Key(host.View64, `HKLM\SOFTWARE\Policies\Microsoft\W32Time\Parameters`, "Type", "NtpServer")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return gather.Reading{}, err
	}
	value := func(name string) string {
		if policy.Has(name) {
			return policy.Text(name)
		}
		return own.Text(name)
	}
	kind := strings.ToUpper(value("Type"))
	if known {
		r.Enabled = new(start != 4 && kind != "NOSYNC")
	}
	if kind == "NTP" || kind == "ALLSYNC" {
		r.Sources = ntpServers(value("NtpServer"))
	}
	if kind == "NT5DS" || kind == "ALLSYNC" {
		r.Sources = append(r.Sources, "domain") // the domain's own order of clocks
	}
	if zone, err := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation`, "RealTimeIsUniversal"); err == nil {
		n, _ := zone.Number("RealTimeIsUniversal")
		r.HardwareUTC = new(n != 0)
	}
	return gather.Rows([]inventory.Clock{r}, "registry")
}

// ntpServers reads names divided by spaces, each with flags behind a comma.
func ntpServers(s string) []string {
	var list []string
	for word := range strings.FieldsSeq(s) {
		name, _, _ := strings.Cut(word, ",")
		if name != "" && len(name) <= 253 && len(list) < maxServers && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}
