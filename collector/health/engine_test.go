package health

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"muster/collector/health/rule"
	"muster/internal/inventory"
	"muster/internal/report"
)

// ruleText is a rule with what every rule needs; body is the rest.
func ruleText(id, body string) string {
	return "id: " + id + `
title: A rule for a test
family: system
blocked_minutes: 1
basis: judgement
source: a test
meaning: m
checks: [a, b, c]
disproof: d
escalate: e
` + body
}

// What the engine owes every rule, each told by a rule with its case.
func TestTheEngineByCases(t *testing.T) {
	for name, body := range map[string]string{
		"a drive that is gone for good ends what was found on it": `
subject: drive
levels: [{severity: critical, when: disk.gone()}]
cases:
  - name: pulled
    device: seen=90d
    every: 6h
    rows:
      disk: ["name=sda serial=S1 kind=hdd", "name=sdb serial=S2 kind=hdd"]
      disk @2d: ["name=sda serial=S1 kind=hdd"]
    expect: ["1d none", "3d critical S2", "30d critical S2", "40d none"]
`,
		"gear that names its system still tells by SNMP": `
subject: device
kinds: [switch]
levels: [{severity: warn, when: 'link_flap.count("1h") >= 3'}]
cases:
  - name: flaps
    device: kind=switch os= seen=90d
    rows: {os: ["family=network"]}
    events: ["10m link_flap interface=Gi1 x5"]
    expect: ["5m none", "20m warn"]
`,
		"a UPS that is the device itself": `
subject: ups
kinds: [ups]
levels: [{severity: warn, when: 'ups.output_source == "battery" && upsd.load_percent > 50.0'}]
cases:
  - name: nameless
    device: kind=ups os= seen=90d
    rows: {ups: ["output_source=battery model=M"]}
    samples: {upsd.load_percent: "80x10"}
    expect: ["20m warn ups"]
  - name: by its name
    rows: {ups: ["name=U1 output_source=battery", "name=U2 output_source=mains"]}
    device: kind=ups os= seen=90d
    samples: {upsd.load_percent ups_name=U1: "80x10", upsd.load_percent ups_name=U2: "80x10"}
    expect: ["20m warn U1", "20m none U2"]
`,
		"members are counted with their array": `
subject: array
levels: [{severity: warn, when: 'raid_member.rows({"state": "failed"}) >= 1'}]
cases:
  - name: one of two
    device: seen=90d
    rows:
      raid_array: ["name=md0 raid_level=raid1", "name=md1 raid_level=raid1"]
      raid_member: ["array_name=md0 member=sda1 state=ok", "array_name=md0 member=sdb1 state=failed", "array_name=md1 member=sdc1 state=ok"]
    expect: ["5m warn md0", "5m none md1"]
`,
		"a milder level that was never true does not hold a finding": `
subject: ping_target
levels:
  - {severity: info, when: ping.average_response_ms > 100.0, clear: ping.average_response_ms < 50.0}
  - {severity: warn, when: ping.percent_packet_loss > 20.0, clear: ping.percent_packet_loss < 5.0}
cases:
  - name: loss ends, and no time is told
    device: seen=90d
    samples: {ping.percent_packet_loss url=gateway: "60x12 0x12"}
    expect: ["50m warn gateway", "80m none"]
  - name: slow as well
    device: seen=90d
    samples: {ping.percent_packet_loss url=gateway: "60x12 0x24", ping.average_response_ms url=gateway: "200x12 70x12 20x12"}
    expect: ["50m warn gateway", "80m info gateway", "170m none"]
`,
		"what is not known does not begin the wait for an end anew": `
subject: device
levels: [{severity: warn, when: mem.used_percent > 90.0, clear: mem.used_percent < 80.0, clear_for: 3h}]
cases:
  - name: a number every two hours
    device: seen=90d
    every: 2h
    samples: {mem.used_percent: "95x2 50x6"}
    expect: ["3h warn", "5h warn", "12h none"]
`,
		"what was told once and is stale is not what was never told": `
subject: device
levels: [{severity: warn, when: memory.total_bytes > 0 && mem.used_percent.or(0.0) < 10.0}]
cases:
  - name: never told
    device: seen=90d
    rows: {memory: ["total_bytes=8000000000"]}
    expect: ["5m warn"]
  - name: told, then no longer
    device: seen=90d
    rows: {memory: ["total_bytes=8000000000"]}
    samples: {mem.used_percent: "50x6"}
    expect: ["20m none", "3h none"]
`,
		"a number that is read every quarter of an hour may miss once": `
subject: supply
kinds: [printer]
levels: [{severity: warn, when: printer_supply.level_percent < 10.0, clear: printer_supply.level_percent > 20.0}]
cases:
  - name: one poll is lost
    device: kind=printer os= seen=90d
    every: 15m
    rows: {printer_supply: ["description=Black supply_index=1"]}
    samples: {printer_supply.level_percent supply=Black: "50x2 _x1 5x4"}
    expect: ["40m none Black", "65m warn Black"]
`,
		"an event names the device behind a mount": `
subject: volume
levels: [{severity: warn, when: 'fs_error.count("1d") >= 1'}]
cases:
  - name: as the kernel says it
    device: os=linux seen=90d
    rows: {volume: ["mount=/ source=/dev/sda1 kind=fixed", "mount=/data source=/dev/sda2 kind=fixed"]}
    events: ["1h fs_error volume=sda2 cause=corrupt"]
    expect: ["2h warn /data", "2h none /"]
`,
	} {
		t.Run(name, func(t *testing.T) {
			set, err := rule.Load(fstest.MapFS{"X9.yaml": &fstest.MapFile{Data: []byte(ruleText("X9", strings.TrimPrefix(body, "\n")))}}, nil, "")
			if err != nil {
				t.Fatal(err)
			}
			outcomes, err := Play(t.Context(), set, set.Rules[0])
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range outcomes {
				for _, f := range o.Faults {
					t.Errorf("%s: %s", o.Case, f)
				}
			}
		})
	}
}

func TestAChartCallsAComponentAsItsSeriesDoes(t *testing.T) {
	w := newWorld(t, ruleText("X9", `
subject: drive
levels: [{severity: warn, when: diskio.io_time > 5.0}]
evidence: [{chart: diskio.io_time, over: 1d}, {chart: smart_device.temp_c, over: 1d}]
cases: [{name: n, expect: ["1m none"]}]
`))
	id := w.meet(Info{ID: "pc"})
	w.read(id, reading(t, "disk", report.OK, w.now, inventory.Disk{Name: "PhysicalDrive0", Serial: "S1", Kind: "ssd"}))
	w.say(id, map[string]float64{"diskio.io_time name=PhysicalDrive0": 9, "smart_device.temp_c serial_no=S1": 30})
	w.tick()
	f, ok := w.finding(id, "X9")
	if !ok || f.Component != "S1" || len(f.Evidence) != 2 {
		t.Fatalf("%+v", f)
	}
	if got := f.Evidence[0].Labels["name"]; got != "PhysicalDrive0" {
		t.Errorf("the chart of diskio asks for name=%q", got)
	}
	if got := f.Evidence[1].Labels["serial_no"]; got != "S1" {
		t.Errorf("the chart of SMART asks for serial_no=%q", got)
	}
}

// A reading of which only a part could be had says nothing of what it lacks.
// (Cases have whole readings only.)
func TestWhatIsMissingInAPartOfAReadingMayStillBeThere(t *testing.T) {
	w := newWorld(t, ruleText("X9", `
subject: device
levels: [{severity: critical, when: antivirus.rows() == 0, clear: antivirus.rows() > 0}]
cases: [{name: n, expect: ["1m none"]}]
`))
	id := w.meet(Info{ID: "pc"})
	yes := true
	w.read(id, reading(t, "antivirus", report.OK, w.now, inventory.Antivirus{Name: "Shield", Enabled: &yes}))
	w.pass(time.Hour, func() { w.read(id, reading[inventory.Antivirus](t, "antivirus", report.Partial, w.now)) })
	if f, ok := w.finding(id, "X9"); ok {
		t.Errorf("half a reading has no product: %+v", f)
	}
	w.pass(time.Minute, func() { w.read(id, reading[inventory.Antivirus](t, "antivirus", report.OK, w.now)) })
	if _, ok := w.finding(id, "X9"); !ok {
		t.Error("a whole reading has none, and nothing is found")
	}
	// What a part does have is there.
	w.pass(10*time.Minute, func() {
		w.read(id, reading(t, "antivirus", report.Partial, w.now, inventory.Antivirus{Name: "Shield", Enabled: &yes}))
	})
	if f, ok := w.finding(id, "X9"); ok {
		t.Errorf("half a reading has one, and it goes on: %+v", f)
	}
}
