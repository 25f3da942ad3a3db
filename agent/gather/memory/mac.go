package memory

import (
	"context"
	"strings"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// profile is system_profiler's SPMemoryDataType: one entry that names all of
// the memory (Apple's processors, on which it is fixed), or one with an item a
// slot.
type profile struct {
	List []struct {
		All         apple.Text `json:"SPMemoryDataType"` // 16 GB
		Type        apple.Text `json:"dimm_type"`
		Maker       apple.Text `json:"dimm_manufacturer"`
		ECC         apple.Text `json:"global_ecc_state"`
		Upgradeable apple.Text `json:"is_memory_upgradeable"`
		Items       []struct {
			Name   apple.Text `json:"_name"` // BANK 0/DIMM0
			Size   apple.Text `json:"dimm_size"`
			Type   apple.Text `json:"dimm_type"`
			Speed  apple.Text `json:"dimm_speed"`
			Maker  apple.Text `json:"dimm_manufacturer"`
			Part   apple.Text `json:"dimm_part_number"`
			Serial apple.Text `json:"dimm_serial_number"`
		} `json:"_items"`
	} `json:"SPMemoryDataType"`
}

// readMac reads section memory on macOS.
func readMac(ctx context.Context, h *host.Host) (inventory.Memory, []string, []string, error) {
	v, err := apple.Kernel(ctx, h)
	if err != nil {
		return inventory.Memory{}, nil, nil, err
	}
	row := inventory.Memory{TotalBytes: apple.Number(v, "hw.memsize")}
	asked := []string{"sysctl"}
	// "total = 2048.00M  used = 812.25M  free = 1235.75M  (encrypted)": files that
	// the system makes and takes away as it needs them.
	if fields := strings.Fields(v["vm.swapusage"]); len(fields) > 2 && fields[0] == "total" && strings.HasSuffix(fields[2], "M") {
		row.SwapBytes = new(apple.Bytes(strings.TrimSuffix(fields[2], "M") + " MB"))
		if *row.SwapBytes > 0 {
			row.SwapOn = []string{"/private/var/vm"}
		}
	}
	rows, from, faults, err := modulesMac(ctx, h)
	if err != nil {
		return row, asked, []string{err.Error()}, nil
	}
	asked = append(asked, from...)
	slots, used, soldered := int64(len(rows)), int64(0), len(rows) > 0
	for _, r := range rows {
		if r.Populated != nil && *r.Populated {
			used++
		}
		row.InstalledBytes += r.SizeBytes
		soldered = soldered && r.FormFactor == "soldered"
	}
	if slots > 0 {
		row.SlotCount, row.UsedSlotCount, row.Soldered = &slots, &used, &soldered
	}
	return row, asked, faults, nil
}

// maxModules bounds the slots kept; a Mac Pro has twelve.
const maxModules = 64

// modulesMac reads section memory_module on macOS.
func modulesMac(ctx context.Context, h *host.Host) ([]inventory.MemoryModule, []string, []string, error) {
	var p profile
	if err := apple.Profile(ctx, h, "profiler-memory", &p); err != nil {
		return nil, nil, nil, err
	}
	var rows []inventory.MemoryModule
	for _, x := range p.List {
		fixed := x.Upgradeable == "No"
		if len(x.Items) == 0 && x.All != "" {
			rows = append(rows, inventory.MemoryModule{SlotNumber: int64(len(rows)), Populated: new(true), SizeBytes: apple.Bytes(string(x.All)),
				Technology: string(x.Type), FormFactor: "soldered", Vendor: maker(string(x.Maker))})
		}
		for _, y := range x.Items {
			if len(rows) == maxModules {
				return rows, []string{"system_profiler"}, []string{"more slots than are kept"}, nil
			}
			r := inventory.MemoryModule{SlotNumber: int64(len(rows)), SizeBytes: apple.Bytes(string(y.Size))}
			r.Bank, r.Slot, _ = strings.Cut(string(y.Name), "/")
			if r.Slot == "" {
				r.Bank, r.Slot = "", string(y.Name)
			}
			r.Populated = new(r.SizeBytes > 0)
			if r.SizeBytes > 0 {
				r.Technology, r.ActualTransfers = string(y.Type), apple.Hertz(string(y.Speed))
				r.Vendor, r.Model, r.Serial = maker(string(y.Maker)), word(string(y.Part)), word(string(y.Serial))
				if fixed || strings.HasPrefix(r.Technology, "LPDDR") {
					r.FormFactor = "soldered"
				}
			}
			rows = append(rows, r)
		}
	}
	return rows, []string{"system_profiler"}, nil, nil
}

// maker is a maker by its name, or by its number of JEDEC (JEP106) as a module
// tells it: bank and code.
func maker(s string) string {
	switch strings.ToUpper(word(s)) {
	case "0X802C", "0X2C00":
		return "Micron"
	case "0X80AD", "0XAD00":
		return "SK hynix"
	case "0X80CE", "0XCE00":
		return "Samsung"
	case "0X859B", "0X059B":
		return "Crucial"
	case "0X0198", "0X9801":
		return "Kingston"
	}
	return word(s)
}

// word is a text that says something.
func word(s string) string {
	switch s {
	case "empty", "-", "Unknown", "0x":
		return ""
	}
	// Some modules' texts come as digits: "0x4D3437314131...".
	if digits, ok := strings.CutPrefix(s, "0x"); ok && len(digits) > 8 && len(digits)%2 == 0 {
		var b []byte
		for i := 0; i < len(digits); i += 2 {
			c := nibble(digits[i])<<4 | nibble(digits[i+1])
			if c < 0x20 || c > 0x7e {
				return s
			}
			b = append(b, c)
		}
		return strings.TrimSpace(string(b))
	}
	return s
}

func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0
}
