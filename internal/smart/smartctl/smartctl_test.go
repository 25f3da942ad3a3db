package smartctl

import (
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/internal/inventory"
	"muster/internal/smart"
)

func parse(t *testing.T, json string) Document {
	t.Helper()
	d, err := Parse([]byte(json), "disk2")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func numbers(r smart.Reading) map[string]float64 {
	m := map[string]float64{}
	for _, n := range r.Numbers {
		m[n.Field] = n.Value
	}
	return m
}

const head = `"json_format_version":[1,0],"smartctl":{"version":[7,4],"exit_status":0},`

// A disk that fails: its own word, thresholds passed, a self-test that found a
// sector, long after its hours have gone round.
func TestFailingDisk(t *testing.T) {
	d := parse(t, `{"json_format_version":[1,0],"smartctl":{"version":[7,3],"exit_status":88},
		"device":{"name":"/dev/sda","protocol":"ATA"},"model_family":"Acme","model_name":"ST2000DM001-1ER164","serial_number":" Z4Z1 ","firmware_version":"CC25",
		"wwn":{"naa":5,"oui":3152,"id":2147483649},"user_capacity":{"blocks":3907029168,"bytes":2000398934016},"logical_block_size":512,"physical_block_size":4096,
		"rotation_rate":7200,"form_factor":{"ata_value":2,"name":"3.5 inches"},"smart_status":{"passed":false},
		"ata_smart_attributes":{"table":[
			{"id":5,"name":"Reallocated_Sector_Ct","value":1,"worst":1,"thresh":10,"when_failed":"now","flags":{"value":51},"raw":{"value":48488,"string":"48488"}},
			{"id":9,"name":"Power_On_Hours","value":10,"worst":10,"thresh":0,"when_failed":"","flags":{"value":50},"raw":{"value":70000,"string":"70000"}},
			{"id":188,"name":"Command_Timeout","value":100,"worst":99,"thresh":0,"flags":{"value":50},"raw":{"value":8590065668,"string":"4 2 2"}},
			{"id":194,"name":"Temperature_Celsius","value":45,"worst":60,"thresh":0,"flags":{"value":34},"raw":{"value":240518168621,"string":"45 (0 7 0 0 0)"}},
			{"id":197,"name":"Current_Pending_Sector","value":1,"worst":1,"thresh":0,"flags":{"value":18},"raw":{"value":16,"string":"16"}}]},
		"power_on_time":{"hours":70000},"power_cycle_count":12,"temperature":{"current":45,"op_limit_max":60,"limit_max":70},
		"ata_smart_error_log":{"summary":{"revision":1,"count":300}},
		"ata_smart_self_test_log":{"standard":{"count":2,"table":[
			{"type":{"value":2},"status":{"value":121,"passed":false},"lifetime_hours":4400,"lba":123456},
			{"type":{"value":1},"status":{"value":0,"passed":true},"lifetime_hours":4000}]}}}`)
	want := Identity{
		Family: "Acme", Model: "ST2000DM001-1ER164", Serial: "Z4Z1", Firmware: "CC25", WWN: "5000c50080000001",
		SizeBytes: 2000398934016, LogicalBytes: 512, PhysicalBytes: 4096, RPM: 7200, Kind: "hdd", Protocol: "ata", FormFactor: "3.5 inches",
	}
	if d.Identity != want {
		t.Errorf("%+v\nwant %+v", d.Identity, want)
	}
	if got, want := numbers(d.Reading), (map[string]float64{
		"health_ok": 0, "exit_status": 88, "reallocated_sectors_count": 48488, "power_on_hours": 70000, "command_timeout": 4,
		"temp_c": 45, "pending_sector_count": 16, "power_cycle_count": 12,
	}); !maps.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	h := d.Reading.Health
	if *h.Passed || !slices.Equal(h.FailingAttributes, []string{"5 Reallocated_Sector_Ct"}) || h.SelfTestResult != "read" || *h.ErrorLogEntries != 300 ||
		*h.WarnCelsius != 60 || *h.CriticalCelsius != 70 || h.Serial != "Z4Z1" || h.Protocol != "ata" {
		t.Errorf("%+v", h)
	}
	rows := []inventory.DiskSelfTest{
		{Disk: "disk2", PowerOnHours: 65536 + 4400, Kind: "extended", Result: "read", FirstLBA: new(int64(123456)), Remaining: new(int64(90))},
		{Disk: "disk2", PowerOnHours: 65536 + 4000, Kind: "short", Result: "passed"},
	}
	if !reflect.DeepEqual(d.Reading.SelfTests, rows) {
		t.Errorf("%+v", d.Reading.SelfTests)
	}
	if len(d.Disagreements) != 0 {
		t.Error(d.Disagreements)
	}
}

func TestNVMe(t *testing.T) {
	d := parse(t, `{`+head+`"device":{"protocol":"NVMe"},"model_name":"Acme 1","nvme_total_capacity":1000204886016,
		"nvme_namespaces":[{"id":1,"eui64":{"oui":9528,"ext_id":391110459468}}],
		"smart_status":{"passed":false,"nvme":{"value":4}},"nvme_composite_temperature_threshold":{"warning":82,"critical":85},
		"nvme_smart_health_information_log":{"critical_warning":4,"temperature":40,"available_spare":90,"available_spare_threshold":10,"percentage_used":3,
			"data_units_written":18446744073709551615,"media_errors":2,"power_on_hours":1000},
		"nvme_self_test_log":{"table":[
			{"self_test_code":{"value":2,"string":"Extended"},"self_test_result":{"value":7},"power_on_hours":999,"lba":5},
			{"self_test_code":{"value":1,"string":"Short"},"self_test_result":{"value":0},"power_on_hours":900}]}}`)
	if got, want := numbers(d.Reading), (map[string]float64{
		"health_ok": 0, "exit_status": 0, "critical_warning": 4, "temp_c": 40, "available_spare": 90, "available_spare_threshold": 10,
		"percentage_used": 3, "media_errors": 2, "power_on_hours": 1000, "written_bytes": float64(math.MaxInt64/512000) * 512000,
	}); !maps.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	h := d.Reading.Health
	if *h.Passed || !*h.WarnReliability || *h.WarnSpare || *h.WarnCelsius != 82 || *h.CriticalCelsius != 85 || h.SelfTestResult != "unknown_failure" ||
		d.Identity.WWN != "0025385b1000004c" || d.Identity.SizeBytes != 1000204886016 || d.Identity.Kind != "nvme" {
		t.Errorf("%+v %+v", d.Identity, h)
	}
}

func TestSCSI(t *testing.T) {
	d := parse(t, `{`+head+`"device":{"protocol":"SCSI"},"scsi_vendor":"SEAGATE","scsi_product":"ST1200MM0088","scsi_model_name":"SEAGATE ST1200MM0088","scsi_revision":"N004",
		"logical_unit_id":"0x5000c50012345678","rotation_rate":10500,"smart_status":{"passed":true},"temperature":{"current":31,"drive_trip":60},
		"power_on_time":{"hours":5675,"minutes":39},"scsi_grown_defect_list":3,"scsi_start_stop_cycle_counter":{"accumulated_start_stop_cycles":45,"accumulated_load_unload_cycles":200},
		"scsi_error_counter_log":{"read":{"total_uncorrected_errors":1,"gigabytes_processed":"1.5"},"write":{"total_uncorrected_errors":2,"gigabytes_processed":"0.000"}},
		"scsi_self_test_0":{"code":{"value":1},"result":{"value":15},"power_on_time":{"hours":5675}},
		"scsi_self_test_1":{"code":{"value":2},"result":{"value":3},"power_on_time":{"hours":5000}}}`)
	if got, want := numbers(d.Reading), (map[string]float64{
		"health_ok": 1, "exit_status": 0, "temp_c": 31, "power_on_hours": 5675, "reallocated_sectors_count": 3, "uncorrectable_errors": 3,
	}); !maps.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	h := d.Reading.Health
	if *h.CriticalCelsius != 60 || *h.ReadBytes != 1_500_000_000 || *h.StartStops != 45 || *h.LoadCycles != 200 || h.SelfTestResult != "fatal" || len(d.Reading.SelfTests) != 2 {
		t.Errorf("%+v", h)
	}
	if d.Identity.Vendor != "SEAGATE" || d.Identity.Firmware != "N004" || d.Identity.WWN != "5000c50012345678" {
		t.Errorf("%+v", d.Identity)
	}
}

// What stands only in newer documents.
func TestStatistics(t *testing.T) {
	d := parse(t, `{`+head+`"device":{"protocol":"ATA"},"model_name":"Acme","rotation_rate":0,"logical_block_size":512,
		"ata_device_statistics":{"pages":[{"number":7,"table":[{"offset":8,"value":12,"flags":{"valid":true}}]},
			{"number":1,"table":[{"offset":24,"value":1000,"flags":{"valid":true}},{"offset":16,"value":9,"flags":{"valid":false}}]}]}}`)
	if got, want := numbers(d.Reading), (map[string]float64{"exit_status": 0, "percentage_used": 12, "percent_lifetime_remain": 88, "written_bytes": 512000}); !maps.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	d = parse(t, `{`+head+`"device":{"protocol":"ATA"},"rotation_rate":0,"endurance_used":{"current_percent":7},"smart_status":{"passed":true}}`)
	if d.Reading.Number("percentage_used") != 7 {
		t.Errorf("%v", d.Reading.Numbers)
	}
}

// A drive that cannot be asked says why, and is never taken for a healthy one.
func TestUnreadable(t *testing.T) {
	for name, c := range map[string]struct {
		json, reason string
		standby      bool
	}{
		"no such bridge": {`{"json_format_version":[1,0],"smartctl":{"exit_status":1,"messages":[{"string":"/dev/disk2: Unknown USB bridge [0x1234:0x5678]","severity":"error"}]}}`, "/dev/disk2: Unknown USB bridge [0x1234:0x5678]", false},
		"asleep":         {`{"json_format_version":[1,0],"smartctl":{"exit_status":2,"messages":[{"string":"Device is in STANDBY mode, exit(2)","severity":"information"}]},"device":{"protocol":"ATA"}}`, "", true},
		"no SMART":       {`{` + head + `"device":{"protocol":"SCSI"},"smart_support":{"available":false}}`, "the drive has no SMART", false},
		"switched off":   {`{` + head + `"device":{"protocol":"ATA"},"smart_support":{"available":true,"enabled":false}}`, "SMART is switched off in the drive", false},
		"NVMe, no log":   {`{` + head + `"device":{"protocol":"NVMe"}}`, "smartctl found no health log", false},
	} {
		d := parse(t, c.json)
		h := d.Reading.Health
		if h.Passed != nil || h.UnreadableReason != c.reason || *h.Readable != c.standby || (h.Standby != nil && *h.Standby) != c.standby || len(d.Reading.Numbers) != 1 {
			t.Errorf("%s: %+v %v", name, h, d.Reading.Numbers)
		}
	}
}

func TestNotSmartctl(t *testing.T) {
	for _, s := range []string{"", "null", "[]", "{}", `{"a":1}`, `{"json_format_version":[1,0]`, "\xff"} {
		if d, err := Parse([]byte(s), "disk2"); !errors.Is(err, ErrNotSmartctl) {
			t.Errorf("%q: %+v %v", s, d, err)
		}
	}
	if _, err := Parse([]byte(`{`+head+`"x":"`+strings.Repeat("a", MaxDocument)+`"}`), "disk2"); err == nil {
		t.Error("a document without end was read")
	}
}

// Types that are not those expected are as good as absent, and take nothing
// else along.
func TestOtherTypes(t *testing.T) {
	d := parse(t, `{`+head+`"device":"x","model_name":7,"rotation_rate":"7200","temperature":{"current":"31"},"power_on_time":[],"user_capacity":{"bytes":"9e30"},
		"smart_status":{"passed":"no"},"ata_smart_attributes":{"table":[{"id":5,"value":100,"worst":100,"thresh":10,"flags":{"value":"x"},"raw":{"value":3}},{"id":"9"},7,
		{"id":-1,"value":1,"raw":{"value":1}},{"id":5,"value":1,"raw":{"value":9}}]}}`)
	if got, want := numbers(d.Reading), (map[string]float64{"exit_status": 0, "reallocated_sectors_count": 3, "temp_c": 31}); !maps.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	if d.Identity.RPM != 7200 || d.Identity.SizeBytes != 0 || len(d.Reading.Attributes) != 1 {
		t.Errorf("%+v", d.Identity)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{` + head + `"device":{"protocol":"ATA"},"rotation_rate":0,"ata_smart_attributes":{"table":[{"id":231,"name":"SSD_Life_Left","value":97,"raw":{"value":3}}]}}`))
	f.Add([]byte(`{` + head + `"nvme_smart_health_information_log":{"critical_warning":1,"percentage_used":200}}`))
	f.Add([]byte(`{` + head + `"device":{"protocol":"SCSI"},"scsi_grown_defect_list":1,"scsi_self_test_0":{"code":{"value":1},"result":{"value":3}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Parse(b, "disk2")
		if err != nil {
			return
		}
		j := judge{checks: map[string]int{}}
		j.catalogued(d)
		for _, w := range j.wrong {
			t.Error(w)
		}
		for _, n := range d.Reading.Numbers {
			if n.Value < 0 && n.Field != "temp_c" {
				t.Errorf("%s is %g", n.Field, n.Value)
			}
		}
		for section, encode := range map[string]func() (inventory.Table, error){
			"disk_health":     func() (inventory.Table, error) { return inventory.Encode([]inventory.DiskHealth{d.Reading.Health}) },
			"disk_selftest":   func() (inventory.Table, error) { return inventory.Encode(d.Reading.SelfTests) },
			"smart_attribute": func() (inventory.Table, error) { return inventory.Encode(d.Reading.Attributes) },
		} {
			if _, err := encode(); err != nil {
				t.Errorf("%s: %v", section, err)
			}
		}
	})
}
