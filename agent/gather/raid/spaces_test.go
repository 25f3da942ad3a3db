package raid

import (
	"errors"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/gather/wmi"
	"muster/internal/inventory"
)

func TestSpaces(t *testing.T) {
	answers := map[string][]wmi.Row{
		"MSFT_VirtualDisk": {
			{"FriendlyName": "Data", "UniqueId": "A1", "HealthStatus": int32(1), "OperationalStatus": []any{int32(3), int32(0xd004)}, "ResiliencySettingName": "Mirror", "Size": "2000398934016"},
			{"FriendlyName": "Archive", "HealthStatus": int32(0), "OperationalStatus": []any{int32(11)}, "ResiliencySettingName": "Parity", "Size": "10"},
			{"HealthStatus": int32(0)}},
		"MSFT_StoragePool": {
			{"FriendlyName": "Primordial", "IsPrimordial": true, "HealthStatus": int32(0)},
			{"FriendlyName": "Pool 1", "IsPrimordial": false, "HealthStatus": int32(0), "OperationalStatus": []any{int32(2)}, "Size": "4000", "AllocatedSize": "1500"}},
	}
	list, asked, err := fromWMI(func(q wmi.Question) ([]wmi.Row, error) { return answers[q.Class], nil })
	rows := []inventory.RaidArray{}
	for _, a := range list {
		rows = append(rows, a.row)
	}
	r, bad := gather.Rows(rows, asked...)
	if bad != nil {
		t.Fatal(bad)
	}
	recorded.Golden(t, recorded.Unpack(t), "raid_array", "windows.spaces", r, err)
	if _, _, err := fromWMI(func(wmi.Question) ([]wmi.Row, error) { return nil, errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
