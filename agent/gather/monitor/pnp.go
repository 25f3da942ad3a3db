package monitor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"muster/agent/gather/pnp"
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
