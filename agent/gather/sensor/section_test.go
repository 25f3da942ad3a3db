package sensor

import (
	"os"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

// desktop has a processor and a drive that tell their limits, a board whose
// chip has plugs without a fan and limits that nobody set, a graphics card
// asleep, a battery and a SATA drive that must not be asked.
const desktop = `
-- values /sys/class/hwmon/hwmon0 --
name coretemp
temp1_input 45250
temp1_label Package id 0
temp1_max 80000
temp1_crit 100000
temp1_crit_alarm 0
temp2_input 47000
temp2_label Core 0
temp2_max 80000
temp2_crit 100000
temp2_crit_alarm 1
-- values /sys/class/hwmon/hwmon1 --
name nct6798
temp1_input 118000
temp1_label AUXTIN0
temp1_max 80000
temp1_crit 125000
temp1_max_alarm 1
fan1_input 0
fan1_alarm 1
fan2_input 812
fan2_min 0
in0_input 912
in0_min 0
in0_max 1744
in0_alarm 1
intrusion0_alarm 1
-- values /sys/class/hwmon/hwmon2 --
name nvme
temp1_input 38850
temp1_label Composite
temp1_max 84850
temp1_min -273150
temp1_crit 87850
temp1_alarm 0
temp2_input 39850
temp2_label Sensor 1
temp2_max 65261850
temp2_min -273150
-- values /sys/class/hwmon/hwmon3 --
name amdgpu
temp1_crit 100000
temp1_label edge
power1_average 5103000
power1_cap 180000000
power1_label PPT
fan1_input 0
fan1_min 0
fan1_max 3300
-- /sys/class/hwmon/hwmon3/temp1_input --
-- values /sys/class/hwmon/hwmon4 --
name BAT0
device/capacity 88
in0_input 12100
-- values /sys/class/hwmon/hwmon5 --
name drivetemp
temp1_input 33000
-- values /sys/class/hwmon/hwmon6 --
name thinkpad
fan1_input 0
temp1_input 41000
temp1_label CPU
temp2_input 0
temp3_input 44000
temp3_fault 1
-- values /sys/class/hwmon/hwmon7 --
name corsairpsu
curr1_input 1250
curr1_label curr +12v
curr1_crit 85000
in1_input 11984
in1_label v_out +12v
in1_crit 15600
in1_lcrit 8400
power1_input 74000000
power1_label power total
energy1_input 7200000000
humidity1_input 41500
`

const zones = `
-- values /sys/class/thermal/thermal_zone0 --
type acpitz
temp 27800
trip_point_0_type critical
trip_point_0_temp 105000
trip_point_1_type passive
trip_point_1_temp 95000
trip_point_2_type hot
trip_point_2_temp 99000
-- values /sys/class/thermal/thermal_zone1 --
type acpitz
temp 30000
`

func TestSection(t *testing.T) {
	for name, text := range map[string]string{"desktop": desktop, "zones": zones} {
		h := recorded.Unpack(t, []byte(text))
		r, err := (&Reader{}).Read(t.Context(), h)
		recorded.Golden(t, h, "sensor", "sensor."+name, r, err)
	}
}

// A fan that turned and then stands is one that stands, whatever its plug.
func TestFanThatTurned(t *testing.T) {
	h := recorded.Unpack(t, []byte(desktop))
	var r Reader
	if _, err := r.Read(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.Path("/sys/class/hwmon/hwmon1/fan2_input"), []byte("0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := r.Read(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	fans := map[string]any{}
	for _, row := range recorded.Check(t, "sensor", got) {
		if row["kind"] == "fan_speed" {
			fans[row["name"].(string)] = row["value"]
		}
	}
	if fans["nct6798_fan2"] != 0.0 || fans["nct6798_fan1"] != nil {
		t.Errorf("fans turn at %v", fans)
	}
}

// Series and section call a sensor by one name, so that a page and a rule can
// lay one beside the other.
func TestNamesAgree(t *testing.T) {
	h := recorded.Unpack(t, []byte(desktop))
	got := sink{}
	if err := (&Sampler{}).Sample(t.Context(), h, got); err != nil {
		t.Fatal(err)
	}
	r, err := (&Reader{}).Read(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	names := map[any]bool{}
	for _, row := range recorded.Check(t, "sensor", r) {
		if row["kind"] == "temperature" {
			names[row["name"]] = true
		}
	}
	for name := range got {
		if !names[name] {
			t.Errorf("series %s is not in the section: %v", name, names)
		}
	}
	if len(got) < 5 {
		t.Errorf("only %v", got)
	}
}

func TestNoSysfs(t *testing.T) {
	r, err := (&Reader{}).Read(t.Context(), recorded.Unpack(t, []byte("-- /etc/hostname --\nx\n")))
	if s, why := gather.StatusOf(r, err); s.String() != "unsupported" {
		t.Errorf("%s: %s", s, why)
	}
}
