package smart

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"muster/internal/inventory"
	"muster/internal/metric"
)

// at is an attribute with its normalized and raw values.
func at(id, normalized uint8, raw uint64) Attribute {
	return Attribute{ID: id, Normalized: normalized, Worst: normalized, Raw: raw}
}

func limit(a Attribute, flags uint16, worst, threshold uint8) Attribute {
	a.Flags, a.Worst, a.Threshold = flags, worst, new(threshold)
	return a
}

// numbers are those of a reading but for the exit status.
func numbers(r Reading) map[string]float64 {
	m := map[string]float64{}
	for _, n := range r.Numbers {
		m[n.Field] = n.Value
	}
	delete(m, "exit_status")
	return m
}

// What makers pack is undone, by model; what is a mark or cannot be is absent.
func TestMeaning(t *testing.T) {
	type want = map[string]float64
	for name, c := range map[string]struct {
		model  string
		medium Medium
		list   []Attribute
		want   want
	}{
		"Seagate, packed": {"ST8000NM0016-1U3101", HDD, []Attribute{
			at(1, 83, 0x0000_000b_0c35_1a2b), at(7, 90, 0x0003_2a00_0001), at(9, 57, 0xbe52000094d2),
			at(188, 100, 0x0885_0885_0d66), at(190, 79, 0x1e130015), at(194, 21, 0x1000000015),
		}, want{"read_error_rate": 0xb, "seek_error_rate": 3, "power_on_hours": 38098, "command_timeout": 3430, "temp_c": 21}},
		"Seagate, milliseconds above the hours": {"ST1000NM0008-2F2100", HDD, []Attribute{at(9, 47, 0x200e7a0000b7d4)}, want{"power_on_hours": 47060}},
		"Seagate, a counter that is full":       {"ST2000DM001-1ER164", HDD, []Attribute{at(187, 1, 65535), at(197, 1, 48488)}, want{"uncorrectable_errors": 65535, "pending_sector_count": 48488}},
		"Seagate, below zero":                   {"ST3000DM001", HDD, []Attribute{at(197, 100, 65528), at(198, 100, 65535)}, want{}},
		"Seagate, below zero in 32 bits":        {"ST3250820AS", HDD, []Attribute{at(197, 100, 0xfffffffa), at(198, 100, 0xfffffffa)}, want{}},
		"Hitachi, three words":                  {"Hitachi HTS725050A9A364", HDD, []Attribute{at(187, 100, 0x0006_01a6_0000), at(10, 100, 0x10000), at(5, 100, 0x0001_0002_0003)}, want{"uncorrectable_errors": 0, "spin_retry_count": 0, "reallocated_sectors_count": 3}},
		"WD, a large count":                     {"WDC WD10EZEX-60M2NA0", HDD, []Attribute{at(187, 1, 1131439), at(199, 200, 540208358)}, want{"uncorrectable_errors": 1131439, "udma_crc_errors": 540208358}},
		"lowest and highest beside it":          {"HGST HUS726020ALE614", HDD, []Attribute{at(194, 222, 0x270015001b)}, want{"temp_c": 27}},
		"below freezing":                        {"HGST HUS726020ALE614", HDD, []Attribute{at(194, 250, 0x0014fff6fff6)}, want{"temp_c": -10}},
		"190 alone":                             {"WDC WD7500BPKX", HDD, []Attribute{at(190, 70, 30)}, want{"temp_c": 30}},
		"no sensor":                             {"Corsair Force 3 SSD", SSD, []Attribute{at(194, 128, 128)}, want{}},
		"broken sensor":                         {"ST1000LM010-9YH146", HDD, []Attribute{at(194, 1, 186)}, want{}},
		"zero is no temperature":                {"Team T253X", SSD, []Attribute{at(194, 100, 0)}, want{}},
		"tenths of a degree":                    {"SAMSUNG SV0412H", HDD, []Attribute{at(194, 100, 305)}, want{"temp_c": 30}},
		"minutes":                               {"Maxtor 6Y080L0", HDD, []Attribute{at(9, 100, 1200000)}, want{"power_on_hours": 20000}},
		"half minutes":                          {"SAMSUNG SP1614C", HDD, []Attribute{at(9, 100, 1200000)}, want{"power_on_hours": 10000}},
		"seconds":                               {"FUJITSU MHT2060AT", HDD, []Attribute{at(9, 100, 36000000)}, want{"power_on_hours": 10000}},
		"older than drives are":                 {"INTEL SSDSC2CW120A3", SSD, []Attribute{at(9, 0, 943361), at(187, 100, 145636830), at(233, 97, 0)}, want{"percentage_used": 3, "media_wearout_indicator": 97}},
		"nothing set":                           {"INTEL SSDSC2BB240G4", SSD, []Attribute{at(1, 130, 0xffffffff), at(199, 100, 0xffffffff), at(12, 100, 0xffffff000000), at(183, 100, 65535), at(199, 100, 0)}, want{}},
		"198 on flash is noise":                 {"Crucial_CT500MX500SSD1", SSD, []Attribute{at(5, 100, 2), at(197, 100, 1), at(198, 100, 4), at(202, 87, 13), at(246, 100, 1000)}, want{"reallocated_sectors_count": 2, "pending_sector_count": 1, "percentage_used": 13, "percent_lifetime_remain": 87, "written_bytes": 512000}},
		"Micron beyond the rated life":          {"Crucial_CT500MX500SSD1", SSD, []Attribute{at(202, 248, 108)}, want{"percentage_used": 108, "percent_lifetime_remain": 0}},
		"Micron far beyond":                     {"M4-CT256M4SSD2", SSD, []Attribute{at(202, 60, 296)}, want{"percentage_used": 296, "percent_lifetime_remain": 0}},
		"Micron stopped at zero":                {"CT1000MX500SSD1", SSD, []Attribute{at(202, 0, 104)}, want{"percentage_used": 104, "percent_lifetime_remain": 0}},
		"Micron, raw is something else":         {"MTFDDAK480TDN", SSD, []Attribute{at(202, 94, 9650)}, want{"percentage_used": 6, "percent_lifetime_remain": 94}},
		"Samsung":                               {"SAMSUNG MZ7LH960HAJR-00005", SSD, []Attribute{at(177, 93, 467), at(202, 100, 0), at(241, 99, 1<<20), at(242, 99, 1<<21)}, want{"percentage_used": 7, "wear_leveling_count": 93, "written_bytes": 512 << 20}},
		"Intel counts in 32 MiB":                {"INTEL SSDSC2KB480G8", SSD, []Attribute{at(225, 100, 14308), at(233, 88, 0), at(241, 100, 14308)}, want{"percentage_used": 12, "media_wearout_indicator": 88, "written_bytes": 14308 << 25}},
		"Intel for Dell":                        {"SSDSCKJB240G7R", SSD, []Attribute{at(233, 100, 129493), at(241, 100, 129493), at(245, 91, 91)}, want{"percentage_used": 9, "percent_lifetime_remain": 91, "written_bytes": 129493 << 25}},
		"Phison, normalized stays":              {"KINGSTON SKC400S371T", SSD, []Attribute{at(231, 100, 74), at(241, 100, 391741)}, want{"percentage_used": 26, "percent_lifetime_remain": 74, "written_bytes": 391741 << 30}},
		"Phison, nothing left":                  {"KINGSTON SA400S37120G", SSD, []Attribute{at(231, 100, 0)}, want{"percentage_used": 100, "percent_lifetime_remain": 0}},
		"Kingston UV400, raw is used":           {"KINGSTON SUV400S37240G", SSD, []Attribute{at(231, 44, 56)}, want{"percentage_used": 56, "percent_lifetime_remain": 44}},
		"SandForce packs above":                 {"ADATA SX900", SSD, []Attribute{at(231, 99, 0xd00000001), at(187, 100, 7)}, want{"percentage_used": 1, "percent_lifetime_remain": 99}},
		"Seagate, low byte":                     {"BarraCuda SSD ZA250CM10002", SSD, []Attribute{at(231, 100, 0x64000000005f)}, want{"percentage_used": 5, "percent_lifetime_remain": 95}},
		"WD, bytes of a word":                   {"WDC WDS240G2G0A-00JH30", SSD, []Attribute{at(230, 1, 0x2506_0d28_2506)}, want{"percentage_used": 37, "percent_lifetime_remain": 63}},
		"WD, two spaces and beyond":             {"WDC  WDS100T2B0A", SSD, []Attribute{at(230, 100, 0x6c47_6c47_6c47)}, want{"percentage_used": 109, "percent_lifetime_remain": 0}},
		"SanDisk, another coding":               {"SanDisk SDSSDA960G", SSD, []Attribute{at(230, 100, 0x069b_049f_069b)}, want{}},
		"SanDisk U100, hundredths":              {"SanDisk SDSSDP064G", SSD, []Attribute{at(230, 100, 493)}, want{"percentage_used": 5, "percent_lifetime_remain": 95}},
		"Toshiba from 200":                      {"TOSHIBA KHK61RSE960G", SSD, []Attribute{at(173, 185, 15)}, want{"percentage_used": 15, "percent_lifetime_remain": 85}},
		"HPE":                                   {"VK003840GWSXL", SSD, []Attribute{at(173, 88, 1006)}, want{"percentage_used": 12, "percent_lifetime_remain": 88}},
		"Silicon Motion":                        {"ADATA SU800", SSD, []Attribute{at(169, 100, 83), at(231, 100, 100), at(241, 100, 1000)}, want{"percentage_used": 17, "percent_lifetime_remain": 83, "written_bytes": 1000 << 25}},
		"not listed, agreeing":                  {"Acme SSD", SSD, []Attribute{at(194, 60, 40), at(231, 97, 3)}, want{"temp_c": 40}},
		"not listed, life left":                 {"Acme SSD", SSD, []Attribute{at(194, 60, 40), at(231, 100, 85)}, want{"temp_c": 40, "percentage_used": 15, "percent_lifetime_remain": 85}},
		"not listed, a temperature":             {"Acme SSD", SSD, []Attribute{at(194, 60, 40), at(231, 100, 42)}, want{"temp_c": 40}},
		"not listed, contradiction":             {"Acme SSD", SSD, []Attribute{at(194, 60, 40), at(231, 10, 100), at(177, 20, 5), at(202, 30, 5), at(233, 40, 5), at(241, 100, 77)}, want{"temp_c": 40}},
		"not listed, somebody knows":            {"Acme SSD", SSD, []Attribute{{ID: 202, Name: "Percent_Lifetime_Remain", Normalized: 92, Raw: 8}}, want{"percentage_used": 8, "percent_lifetime_remain": 92}},
		"faster than its cable":                 {"SAMSUNG MZ7LH960HAJR-00005", SSD, []Attribute{at(9, 99, 10), at(241, 99, 1<<40)}, want{"power_on_hours": 10}},
		"190 counts errors there":               {"XF1230-1A0480", SSD, []Attribute{at(190, 65, 35), at(231, 92, 92)}, want{"percentage_used": 8, "percent_lifetime_remain": 92}},
		"too old to say what it is":             {"", Unknown, []Attribute{at(4, 100, 3), at(10, 100, 0), at(197, 100, 8)}, want{"spin_retry_count": 0, "pending_sector_count": 8}},
	} {
		r := ATA{Attributes: c.list}.Reading(Drive{Disk: "sda", Model: c.model, Medium: c.medium})
		if got := numbers(r); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		catalogued(t, r, c.medium.String())
	}
}

// catalogued: each number is one of smart_device's for that medium, once.
func catalogued(t *testing.T, r Reading, medium string) {
	t.Helper()
	seen := map[string]bool{}
	for _, n := range r.Numbers {
		_, f, ok := metric.Lookup("smart_device", n.Field)
		if !ok || seen[n.Field] || math.IsNaN(n.Value) {
			t.Errorf("%s is no number of smart_device, twice, or none: %g", n.Field, n.Value)
		}
		if medium != "unknown" && len(f.Media) > 0 && !slices.Contains(f.Media, medium) {
			t.Errorf("%s is not for a %s", n.Field, medium)
		}
		seen[n.Field] = true
	}
	keys := map[int64]bool{}
	for _, a := range r.Attributes {
		if a.Attribute < 1 || a.Attribute > 254 || keys[a.Attribute] || a.Name == "" {
			t.Errorf("attribute %d %q, or twice", a.Attribute, a.Name)
		}
		keys[a.Attribute] = true
	}
	type key struct {
		hours int64
		kind  string
	}
	tests := map[key]bool{}
	for _, s := range r.SelfTests {
		k := key{s.PowerOnHours, s.Kind}
		if tests[k] {
			t.Errorf("self-test %v twice", k)
		}
		tests[k] = true
	}
	for section, rows := range map[string]func() (inventory.Table, error){
		"disk_health":     func() (inventory.Table, error) { return inventory.Encode([]inventory.DiskHealth{r.Health}) },
		"disk_selftest":   func() (inventory.Table, error) { return inventory.Encode(r.SelfTests) },
		"smart_attribute": func() (inventory.Table, error) { return inventory.Encode(r.Attributes) },
	} {
		if _, err := rows(); err != nil {
			t.Errorf("%s: %v", section, err)
		}
	}
}

func TestThresholds(t *testing.T) {
	r := ATA{Attributes: []Attribute{
		limit(at(5, 100, 0), Prefailure|Online, 100, 10),
		limit(at(10, 60, 12), Prefailure|Online|SelfKeeping, 60, 97),
		limit(at(184, 99, 1), Online, 90, 97),
		limit(at(194, 40, 40), Online, 30, 0),
		limit(at(190, 40, 40), Online, 30, 254),
		limit(at(199, 254, 0), Online, 1, 1),
	}}.Reading(Drive{Disk: "sda", Model: "ST1000DM003", Medium: HDD})
	if want := []string{"10 Spin_Retry_Count", "184 End-to-End_Error"}; !slices.Equal(r.Health.FailingAttributes, want) {
		t.Errorf("failing %v, want %v", r.Health.FailingAttributes, want)
	}
	var fails, flags []string
	for i, s := range r.Samples {
		fails, flags = append(fails, s.Fail), append(flags, s.Flags)
		if r.Attributes[i].Failed == "never" != (s.Fail == "-") {
			t.Errorf("%d: %s and %s", s.ID, r.Attributes[i].Failed, s.Fail)
		}
	}
	if want := []string{"-", "now", "past", "-", "-", "-"}; !slices.Equal(fails, want) {
		t.Errorf("%v, want %v", fails, want)
	}
	if flags[1] != "PO---K" || Brief(0xff) != "POSRCK+" || Brief(0) != "------" {
		t.Errorf("flags %v", flags)
	}
	if r.Health.Passed == nil || *r.Health.Passed {
		t.Error("a drive that does not say is well, and an attribute that predicts failure is below its threshold")
	}
	r = ATA{Passed: new(true), Attributes: []Attribute{limit(at(10, 60, 12), Prefailure, 60, 97)}}.Reading(Drive{})
	if !*r.Health.Passed || r.Number("health_ok") != 1 {
		t.Error("the drive's own word was not taken")
	}
	if r = (ATA{}).Reading(Drive{}); r.Health.Passed != nil || !math.IsNaN(r.Number("health_ok")) {
		t.Error("a verdict out of nothing")
	}
}

func TestKnownAndStatistics(t *testing.T) {
	log := ATA{
		Attributes: []Attribute{at(9, 100, 1000), at(12, 100, 10), at(194, 100, 30), at(177, 90, 5), at(241, 99, 5)},
		Known:      Known{Celsius: new(int64(35)), PowerOnMinutes: new(int64(60*2000 + 30)), PowerCycles: new(int64(20))},
		Statistics: Statistics{PercentageUsed: new(int64(101)), SectorsWritten: new(int64(4000)), SectorsRead: new(int64(5000))},
		Errors:     new(int64(7)), WarnCelsius: 60, CriticalCelsius: 70,
	}
	r := log.Reading(Drive{Model: "Samsung SSD 870 EVO 1TB", Medium: SSD, LogicalBytes: 4096})
	want := map[string]float64{"temp_c": 35, "power_on_hours": 2000, "power_cycle_count": 20, "percentage_used": 101, "wear_leveling_count": 90, "written_bytes": 4000 * 4096}
	if got := numbers(r); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	h := r.Health
	if *h.PowerOnSeconds != 2000*3600+30*60 || *h.ReadBytes != 5000*4096 || *h.ErrorLogEntries != 7 || *h.WarnCelsius != 60 || *h.CriticalCelsius != 70 {
		t.Errorf("%+v", h)
	}
	log.Known, log.Attributes = Known{}, nil
	log.Statistics.PowerOnHours, log.Statistics.Celsius = new(int64(3000)), new(int64(41))
	r = log.Reading(Drive{Medium: SSD})
	if r.Number("power_on_hours") != 3000 || r.Number("temp_c") != 41 {
		t.Errorf("%v", numbers(r))
	}
}

func TestMediumOf(t *testing.T) {
	for name, c := range map[string]struct {
		rotation *int64
		list     []Attribute
		want     Medium
	}{
		"flash":           {new(int64(0)), []Attribute{at(4, 0, 0)}, SSD},
		"platters":        {new(int64(7200)), []Attribute{at(177, 0, 0)}, HDD},
		"a reserved rate": {new(int64(0x401)), nil, HDD},
		"no rate":         {new(int64(0x100)), nil, Unknown},
		"it spins":        {nil, []Attribute{at(10, 0, 0)}, HDD},
		"it wears":        {nil, []Attribute{at(7, 0, 0), at(173, 0, 0)}, SSD},
		"nothing":         {nil, []Attribute{at(9, 0, 0)}, Unknown},
	} {
		if got := MediumOf(c.rotation, c.list); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestSelfTests(t *testing.T) {
	hours := func(h int64) ATA { return ATA{Attributes: []Attribute{at(9, 1, uint64(h))}} }
	for name, c := range map[string]struct {
		log    ATA
		tests  []SelfTest
		result string
		rows   []inventory.DiskSelfTest
	}{
		"not read":   {hours(10), nil, "", nil},
		"none":       {hours(10), []SelfTest{}, "none", nil},
		"one passed": {hours(10), []SelfTest{ATATest(1, 0x00, 9, -1)}, "passed", []inventory.DiskSelfTest{{Disk: "sda", PowerOnHours: 9, Kind: "short", Result: "passed"}}},
		"failed, then aborted": {hours(100), []SelfTest{ATATest(2, 0x13, 99, 5), ATATest(0x82, 0x79, 90, 12345)}, "read", []inventory.DiskSelfTest{
			{Disk: "sda", PowerOnHours: 99, Kind: "extended", Result: "aborted", Remaining: new(int64(30))},
			{Disk: "sda", PowerOnHours: 90, Kind: "extended", Result: "read", FirstLBA: new(int64(12345)), Remaining: new(int64(90))},
		}},
		"only aborted": {hours(100), []SelfTest{ATATest(1, 0x20, 99, -1)}, "interrupted", []inventory.DiskSelfTest{{Disk: "sda", PowerOnHours: 99, Kind: "short", Result: "interrupted", Remaining: new(int64(0))}}},
		"running":      {hours(100), []SelfTest{ATATest(1, 0xf9, 100, -1)}, "none", []inventory.DiskSelfTest{{Disk: "sda", PowerOnHours: 100, Kind: "short", Result: "running", Remaining: new(int64(90))}}},
		"hours beyond 16 bits": {hours(70000), []SelfTest{ATATest(1, 0, 4400, -1), ATATest(1, 0, 60000, -1)}, "passed", []inventory.DiskSelfTest{
			{Disk: "sda", PowerOnHours: 65536 + 4400, Kind: "short", Result: "passed"},
			{Disk: "sda", PowerOnHours: 60000, Kind: "short", Result: "passed"},
		}},
		"two in an hour, the older one failed": {hours(100), []SelfTest{ATATest(1, 0, 99, -1), ATATest(1, 0x50, 99, -1)}, "passed", []inventory.DiskSelfTest{
			{Disk: "sda", PowerOnHours: 99, Kind: "short", Result: "electrical", Remaining: new(int64(0))},
		}},
	} {
		c.log.SelfTests = c.tests
		r := c.log.Reading(Drive{Disk: "sda", Medium: HDD})
		if r.Health.SelfTestResult != c.result {
			t.Errorf("%s: result %q, want %q", name, r.Health.SelfTestResult, c.result)
		}
		got, _ := inventory.Encode(r.SelfTests)
		want, _ := inventory.Encode(c.rows)
		if !equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got.Rows, want.Rows)
		}
		catalogued(t, r, "hdd")
	}
	// The status byte alone speaks only of failures: 0 is also a drive that
	// was never tested.
	for status, want := range map[uint8]string{0x00: "", 0xf5: "", 0x74: "read", 0x30: "fatal", 0x10: "aborted", 0x90: "unknown_failure"} {
		if r := (ATA{SelfTestStatus: new(status)}).Reading(Drive{}); r.Health.SelfTestResult != want {
			t.Errorf("status %#x: %q, want %q", status, r.Health.SelfTestResult, want)
		}
	}
}

func equal(a, b inventory.Table) bool {
	return slices.Equal(a.Columns, b.Columns) && slices.EqualFunc(a.Rows, b.Rows, func(x, y []any) bool { return slices.Equal(x, y) })
}

func TestNVMe(t *testing.T) {
	log := NVMe{
		Warning: warnTemperature, Celsius: new(int64(71)), Spare: new(int64(99)), SpareThreshold: new(int64(10)), Used: new(int64(104)),
		DataWritten: new(uint64(1000)), DataRead: new(uint64(1 << 62)), PowerCycles: new(uint64(12)), PowerOnHours: new(uint64(9000)),
		Unsafe: new(uint64(3)), MediaErrors: new(uint64(1<<64 - 1)), LogEntries: new(uint64(40)), WarningTime: new(uint64(7)), CriticalTime: new(uint64(0)),
		WarnCelsius: 70, CriticalCelsius: 80,
		SelfTests: []SelfTest{NVMeTest(1, 0, 8000, nil), NVMeTest(2, 7, 7000, new(uint64(55))), NVMeTest(14, 1, 6000, nil)},
	}
	r := log.Reading(Drive{Disk: "nvme0"})
	want := map[string]float64{
		"health_ok": 1, "critical_warning": 2, "temp_c": 71, "available_spare": 99, "available_spare_threshold": 10, "percentage_used": 104,
		"power_on_hours": 9000, "power_cycle_count": 12, "unsafe_shutdowns": 3, "media_errors": float64(math.MaxInt64), "error_log_entries": 40,
		"warning_temperature_time": 7, "critical_temperature_time": 0, "written_bytes": 512_000_000,
	}
	if got := numbers(r); !maps.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	h := r.Health
	if !*h.Passed || !*h.WarnTemperature || *h.WarnSpare || *h.WarningTempSeconds != 420 || *h.ReadBytes <= 0 || h.SelfTestResult != "passed" || len(r.SelfTests) != 3 || *r.SelfTests[1].FirstLBA != 55 || r.SelfTests[2].Kind != "vendor" {
		t.Errorf("%+v %+v", h, r.SelfTests)
	}
	catalogued(t, r, "nvme")
	for warning, passed := range map[uint8]bool{0: true, 1: false, 2: true, 4: false, 8: false, 16: false, 32: false, 3: false} {
		if got := (NVMe{Warning: warning}).Reading(Drive{}).Health.Passed; *got != passed {
			t.Errorf("warning %#x: passed %v", warning, *got)
		}
	}
	// What cannot be is not told.
	odd := numbers(NVMe{Celsius: new(int64(-273)), Spare: new(int64(255)), Used: new(int64(300)), PowerOnHours: new(uint64(1 << 40)), WarningTime: new(uint64(1 << 40))}.Reading(Drive{}))
	if want := map[string]float64{"health_ok": 1, "critical_warning": 0}; !maps.Equal(odd, want) {
		t.Errorf("%v", odd)
	}
}

func TestSCSI(t *testing.T) {
	r := SCSI{
		Passed: new(false), Celsius: new(int64(33)), TripCelsius: new(int64(68)), PowerOnMinutes: new(int64(6173)),
		GrownDefects: new(int64(260)), Uncorrected: []int64{535, 1}, ReadBytes: new(int64(5)), WrittenBytes: new(int64(6)),
		StartStops: new(int64(45)), LoadCycles: new(int64(1<<32 - 1)),
		SelfTests: []SelfTest{SCSITest(2, 4, 100, 77), SCSITest(1, 0, 90, 1<<64-1)},
	}.Reading(Drive{Disk: "sda", Medium: HDD})
	want := map[string]float64{"health_ok": 0, "temp_c": 33, "power_on_hours": 102, "reallocated_sectors_count": 260, "uncorrectable_errors": 536}
	if got := numbers(r); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	h := r.Health
	if *h.PowerOnSeconds != 6173*60 || *h.CriticalCelsius != 68 || *h.MediaErrors != 536 || *h.StartStops != 45 || h.LoadCycles != nil || h.SelfTestResult != "unknown_failure" || *r.SelfTests[0].FirstLBA != 77 {
		t.Errorf("%+v", h)
	}
	catalogued(t, r, "hdd")
	r = SCSI{Used: new(int64(4)), Celsius: new(int64(255)), WrittenBytes: new(int64(9))}.Reading(Drive{Medium: SSD})
	if got, want := numbers(r), (map[string]float64{"percentage_used": 4, "written_bytes": 9}); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	catalogued(t, r, "ssd")
}

func TestEMMC(t *testing.T) {
	for name, c := range map[string]struct {
		m    EMMC
		want map[string]float64
	}{
		"new":        {EMMC{1, 1, 1}, map[string]float64{"health_ok": 1, "percentage_used": 10}},
		"worn":       {EMMC{2, 3, 11}, map[string]float64{"health_ok": 1, "percentage_used": 110}},
		"urgent":     {EMMC{3, 9, 0}, map[string]float64{"health_ok": 0, "percentage_used": 90}},
		"not told":   {EMMC{}, map[string]float64{}},
		"out of all": {EMMC{9, 200, 12}, map[string]float64{}},
	} {
		r := c.m.Reading(Drive{Disk: "mmcblk0"})
		if got := numbers(r); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		catalogued(t, r, "ssd")
	}
}

func TestRawText(t *testing.T) {
	r := ATA{Attributes: []Attribute{
		at(1, 83, 0x000b_0c35_1a2b), at(3, 83, 0x0006_0156_015a), at(5, 100, 0x0001_0002_0003), at(9, 57, 0xbe52000094d2),
		at(188, 100, 0x0885_0885_0d66), at(190, 79, 0x1e130015), at(240, 100, 0x6d0c0001dfbb), at(199, 200, 12),
	}}.Reading(Drive{Model: "ST8000NM0016", Medium: HDD})
	var got []string
	for _, a := range r.Attributes {
		got = append(got, a.RawText)
	}
	want := []string{"11 errors in 204806699 operations", "346 (average 342)", "3 (2 1)", "38098", "3430 (2181 2181)", "21", "122811", "12"}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestName(t *testing.T) {
	for _, c := range []struct {
		id     uint8
		model  string
		medium Medium
		want   string
	}{
		{5, "", Unknown, "Reallocated_Sector_Ct"},
		{177, "Samsung SSD 870 EVO", SSD, "Wear_Leveling_Count"},
		{202, "Crucial_CT500MX500SSD1", SSD, "Percent_Lifetime_Remain"},
		{202, "ST1000DM003", HDD, "Data_Address_Mark_Errs"},
		{231, "KINGSTON SA400S37120G", SSD, "SSD_Life_Left"},
		{231, "", HDD, "Temperature_Celsius"},
		{241, "INTEL SSDSC2KB480G8", SSD, "Host_Writes_32MiB"},
		{241, "KINGSTON SA400S37120G", SSD, "Host_Writes_GiB"},
		{241, "Samsung SSD 870 EVO", SSD, "Total_LBAs_Written"},
		{246, "Micron_5300_MTFDDAK960TDS", SSD, "Total_LBAs_Written"},
		{99, "", HDD, "Unknown_HDD_Attribute"},
		{99, "", SSD, "Unknown_SSD_Attribute"},
		{99, "", Unknown, "Unknown_Attribute"},
	} {
		if got := Name(c.id, Drive{Model: c.model, Medium: c.medium}); got != c.want {
			t.Errorf("%d of %q: %s, want %s", c.id, c.model, got, c.want)
		}
	}
}
