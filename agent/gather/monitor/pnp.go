package monitor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"muster/agent/gather/pnp"
	"muster/agent/gather/wmi"
	"muster/agent/host"
	"muster/internal/inventory"
)

// fromPnP reads the displays that Windows has found. What a display says of
// itself stands in the registry since it was attached.
func fromPnP(ctx context.Context, h *host.Host) ([]inventory.Monitor, []string, error) {
	list, err := pnp.Present(h, "DISPLAY")
	if err != nil {
		return nil, nil, err
	}
	rows := []inventory.Monitor{}
	var faults []string
	for _, d := range list {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if d.Key.Class != pnp.ClassMonitor {
			continue
		}
		if len(rows) >= maxConnectors {
			faults = append(faults, fmt.Sprintf("only the first %d displays are read", maxConnectors))
			break
		}
		r := inventory.Monitor{Connector: d.ID, OSName: d.Key.Name, OSVendor: d.Key.Vendor, Gpu: adapter(h, d.Parent)}
		k, err := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Enum\`+d.ID+`\Device Parameters`, "EDID")
		switch {
		case err == nil:
			if b := k.Bytes("EDID"); len(b) <= maxEDID {
				r.EDID = whole(b)
			}
		case !errors.Is(err, fs.ErrNotExist):
			faults = append(faults, err.Error())
		}
		rows = append(rows, r)
	}
	return rows, faults, nil
}

// connect adds how displays are connected, which the driver of the adapter tells
// WMI alone. Without an answer that is not known, and the displays are.
func connect(rows []inventory.Monitor, ask func(wmi.Question) ([]wmi.Row, error)) []string {
	list, err := ask(wmi.Connections())
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	case err != nil:
		return []string{"how displays are connected: " + err.Error()}
	}
	for _, l := range list {
		id := l.Text("InstanceName")
		if i := strings.LastIndexByte(id, '_'); i > 0 {
			id = id[:i] // behind it the number of the instance
		}
		technology, ok := l.Number("VideoOutputTechnology")
		if !ok {
			continue
		}
		for i := range rows {
			if strings.EqualFold(rows[i].Connector, id) {
				rows[i].Link, rows[i].Builtin = linkOf(technology)
			}
		}
	}
	return nil
}

// linkOf reads D3DKMDT_VIDEO_OUTPUT_TECHNOLOGY (Microsoft, d3dkmdt.h).
func linkOf(n int64) (link string, builtin *bool) {
	const inside = 0x80000000
	switch uint32(n) {
	case 0:
		return "vga", new(false)
	case 4:
		return "dvi", new(false)
	case 5:
		return "hdmi", new(false)
	case 6:
		return "lvds", new(true)
	case 10:
		return "displayport", new(false)
	case 11:
		return "edp", new(true)
	case 13:
		return "other", new(true)
	case 15:
		return "wireless", new(false)
	case 16, 17:
		return "virtual", new(false)
	case inside:
		return "other", new(true)
	case 0xffffffff, 0xfffffffe:
		return "", nil // not known, not set up
	}
	return "other", new(false)
}

// adapter is the address of the adapter that a display hangs on, as section
// gpu has it.
func adapter(h *host.Host, id string) string {
	if !strings.HasPrefix(strings.ToUpper(id), `PCI\`) {
		return id
	}
	k, err := pnp.ReadKey(h, id)
	if err != nil {
		return ""
	}
	at, _ := pnp.Address(k.Location)
	return at
}
