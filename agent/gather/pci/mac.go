package pci

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// gpusOfMac reads section gpu on macOS. Adapters there have no address that is
// told: they are counted, in the order in which the Mac lists them.
func gpusOfMac(ctx context.Context, h *host.Host) ([]inventory.GPU, []string, error) {
	var all struct {
		List []struct {
			Name   apple.Text `json:"_name"`
			Model  apple.Text `json:"sppci_model"`
			Bus    apple.Text `json:"sppci_bus"` // spdisplays_builtin, spdisplays_pcie_device, …
			Cores  apple.Text `json:"sppci_cores"`
			Vendor apple.Text `json:"spdisplays_vendor"` // sppci_vendor_Apple, or AMD (0x1002)
			Device apple.Text `json:"spdisplays_device-id"`
			Own    apple.Text `json:"spdisplays_vram"`
			ROM    apple.Text `json:"spdisplays_rom-revision"`
			Egpu   apple.Text `json:"spdisplays_egpu_removable"`
		} `json:"SPDisplaysDataType"`
	}
	if err := apple.Profile(ctx, h, "profiler-displays", &all); err != nil {
		return nil, nil, err
	}
	rows := []inventory.GPU{}
	for i, a := range all.List[:min(len(all.List), 64)] {
		r := inventory.GPU{Address: fmt.Sprintf("gpu%d", i), Model: string(a.Model), Kind: "other", ProductID: hexID(string(a.Device)), MemoryBytes: apple.Bytes(string(a.Own))}
		if r.Model == "" {
			r.Model = string(a.Name)
		}
		r.Vendor, r.VendorID = macVendor(string(a.Vendor))
		if r.VendorID == "106b" || r.Vendor == "Apple" {
			r.VendorID = "106b"
		}
		switch {
		case a.Egpu != "":
			r.Kind = "external"
		case a.Bus == "spdisplays_builtin":
			r.Kind = "integrated"
		case strings.HasPrefix(string(a.Bus), "spdisplays_pcie"):
			r.Kind = "discrete"
		}
		if n, err := strconv.ParseInt(string(a.Cores), 10, 16); err == nil && n > 0 {
			r.CoreCount = new(n)
		}
		r.Firmware = string(a.ROM)
		rows = append(rows, r)
	}
	return rows, []string{"system_profiler"}, nil
}

// macVendor reads "sppci_vendor_Apple" or "AMD (0x1002)".
func macVendor(s string) (name, id string) {
	s = strings.TrimPrefix(s, "sppci_vendor_")
	name, rest, _ := strings.Cut(s, " (")
	return strings.TrimSpace(name), hexID(strings.TrimSuffix(rest, ")"))
}

// hexID reads 0x1002 as four digits; something else is none.
func hexID(s string) string {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 16)
	if err != nil || n == 0 {
		return ""
	}
	return four(uint16(n))
}
