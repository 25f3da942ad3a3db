package cpu

import (
	"muster/agent/gather/smbios"
	"muster/internal/inventory"
)

// fromTables fills in what only the firmware knows. Its processors stand in
// the order of the sockets, of which the empty ones are left out already; when
// the numbers differ it is not known which is which.
func fromTables(rows []inventory.CPU, t *smbios.Tables) {
	if len(t.Processors) != len(rows) {
		return
	}
	for i := range rows {
		r, p := &rows[i], t.Processors[i]
		r.Designation = p.Designation
		if r.Model == "" {
			r.Model = p.Version
			r.Generation = generation(p.Version)
		}
		if r.Vendor == "" {
			r.Vendor = p.Vendor
		}
		// Turned-off cores and threads are not in the kernel's count.
		r.CoreCount, r.ThreadCount = max(r.CoreCount, int64(p.Cores)), max(r.ThreadCount, int64(p.Threads))
		if r.MaxHertz == 0 && p.MaxMHz < 20_000 {
			r.MaxHertz = int64(p.MaxMHz) * 1e6
		}
		if r.BaseHertz == 0 && p.CurrentMHz < 20_000 {
			r.BaseHertz = int64(p.CurrentMHz) * 1e6
		}
	}
}
