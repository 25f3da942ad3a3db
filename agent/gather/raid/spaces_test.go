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
			{"FriendlyName": "Pool 1", "IsPrimordial": false, "HealthStatus": int32(0), "OperationalStatus": []any{int32(2)}, "Size": "4000", "AllocatedSize": "1500", "ObjectId": `{1}\\PC\root/SPACES:{P1}`}},
		"MSFT_PhysicalDisk": {
			{"ObjectId": "{1}:PD:1", "FriendlyName": "ST4000", "SerialNumber": " Z1 ", "DeviceId": "2", "HealthStatus": int32(0), "OperationalStatus": []any{int32(2)}, "Usage": int32(1), "SlotNumber": int32(4)},
			{"ObjectId": `{1}:PD:"2"`, "FriendlyName": "ST4000", "SerialNumber": "Z2", "DeviceId": "3", "HealthStatus": int32(2), "OperationalStatus": []any{int32(5)}, "Usage": int32(1), "SlotNumber": int32(65535)},
			{"ObjectId": "{1}:PD:3", "FriendlyName": "Gone", "SerialNumber": "Z3", "HealthStatus": int32(1), "OperationalStatus": []any{int32(13)}},
			{"ObjectId": "{1}:PD:4", "FriendlyName": "System", "DeviceId": "0", "HealthStatus": int32(0)},
			{"ObjectId": "{1}:PD:5", "DeviceId": "5", "HealthStatus": int32(0), "Usage": int32(3)},
			{"ObjectId": "{1}:PD:6", "DeviceId": "6", "HealthStatus": int32(0), "Usage": int32(4)}},
		"MSFT_StoragePoolToPhysicalDisk": links(`{1}\\\\PC\\root/SPACES:{P1}`, "{1}:PD:1", `{1}:PD:\"2\"`, "{1}:PD:3", "{1}:PD:5", "{1}:PD:6", "{1}:PD:unknown"),
	}
	list, asked, err := fromWMI(func(q wmi.Question) ([]wmi.Row, error) { return answers[q.Class], nil })
	rows, members := []inventory.RaidArray{}, []inventory.RaidMember{}
	for _, a := range list {
		rows, members = append(rows, a.row), append(members, a.members...)
	}
	m, bad := gather.Rows(members, asked...)
	if bad != nil {
		t.Fatal(bad)
	}
	recorded.Golden(t, recorded.Unpack(t), "raid_member", "windows.members", m, err)
	r, bad := gather.Rows(rows, asked...)
	if bad != nil {
		t.Fatal(bad)
	}
	recorded.Golden(t, recorded.Unpack(t), "raid_array", "windows.spaces", r, err)
	if _, _, err := fromWMI(func(wmi.Question) ([]wmi.Row, error) { return nil, errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// links are rows of the class that says which drive is in a pool; ids stand
// guarded in them.
func links(pool string, drives ...string) []wmi.Row {
	var rows []wmi.Row
	for _, d := range drives {
		rows = append(rows, wmi.Row{"StoragePool": `\\PC\ROOT\Microsoft\Windows\Storage:SPACES_StoragePool.ObjectId="` + pool + `"`, "PhysicalDisk": `\\PC\ROOT\Microsoft\Windows\Storage:SPACES_PhysicalDisk.ObjectId="` + d + `"`})
	}
	return rows
}

func FuzzObjectID(f *testing.F) {
	f.Add(`x.ObjectId="{1}\\a\"b"`)
	f.Fuzz(func(t *testing.T, path string) {
		if got := objectID(path); len(got) > len(path) {
			t.Error(got)
		}
	})
}
