package memory

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/internal/inventory"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	t.Run("memory", func(t *testing.T) {
		row, asked, faults, err := readMac(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows([]inventory.Memory{row}, asked...)
		r.Faults = faults
		recorded.Golden(t, h, "memory", "macbook", r, err)
	})
	t.Run("memory_module", func(t *testing.T) {
		rows, asked, faults, err := modulesMac(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows(rows, asked...)
		r.Faults = faults
		recorded.Golden(t, h, "memory_module", "macbook-memory_module", r, err)
	})
}

// Slots of Intel's Macs, two of four filled.
func TestMacSlots(t *testing.T) {
	h := recorded.Unpack(t, []byte(`
-- /usr/sbin/system_profiler --
-- run profiler-memory --
{"SPMemoryDataType":[{"_name":"global_name","global_ecc_state":"ecc_disabled","is_memory_upgradeable":"Yes","_items":[
{"_name":"BANK 0/DIMM0","dimm_manufacturer":"0x802C","dimm_part_number":"0x313641544636344448535A2D3247364534","dimm_serial_number":"0x2F3A4B5C","dimm_size":"8 GB","dimm_speed":"2667 MHz","dimm_status":"ok","dimm_type":"DDR4"},
{"_name":"BANK 1/DIMM0","dimm_manufacturer":"empty","dimm_size":"empty","dimm_speed":"empty","dimm_status":"empty","dimm_type":"empty"}]}]}
`))
	rows, _, _, err := modulesMac(t.Context(), h)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%+v, %v", rows, err)
	}
	r := rows[0]
	if r.Bank != "BANK 0" || r.Slot != "DIMM0" || r.SizeBytes != 8<<30 || r.ActualTransfers != 2_667_000_000 || r.Vendor != "Micron" || r.Model != "16ATF64DHSZ-2G6E4" || r.Serial != "0x2F3A4B5C" {
		t.Errorf("the first slot is %+v", r)
	}
	if e := rows[1]; *e.Populated || e.Vendor != "" || e.Technology != "" {
		t.Errorf("an empty slot is %+v", e)
	}
}
