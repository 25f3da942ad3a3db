package sensor

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"muster/agent/host"
)

type sink map[string]float64

func (s sink) Put(_, _ string, v float64, labels ...string) { s[labels[1]] = v }

func tree(t *testing.T, files map[string]string) *host.Host {
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &host.Host{Root: dir}
}

func TestSample(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  sink
	}{
		"hwmon": {map[string]string{
			"sys/class/hwmon/hwmon0/name":          "coretemp\n",
			"sys/class/hwmon/hwmon0/temp1_input":   "45250\n",
			"sys/class/hwmon/hwmon0/temp1_label":   "Package id 0\n",
			"sys/class/hwmon/hwmon0/temp2_input":   "0\n", // not wired
			"sys/class/hwmon/hwmon1/name":          "nvme\n",
			"sys/class/hwmon/hwmon1/temp1_input":   "38850\n",
			"sys/class/hwmon/hwmon2/name":          "nvme\n",
			"sys/class/hwmon/hwmon2/temp1_input":   "-5000\n",
			"sys/class/hwmon/hwmon3/name":          "bad\n",
			"sys/class/hwmon/hwmon3/temp1_input":   "999999999\n",
			"sys/class/hwmon/hwmon4/name":          "drivetemp\n",
			"sys/class/hwmon/hwmon4/temp1_input":   "33000\n", // asking would keep the drive awake
			"sys/class/thermal/thermal_zone0/temp": "20000\n",
		}, sink{"coretemp_package_id_0": 45.3, "nvme_temp1": 38.9, "nvme_temp1_2": -5}},
		"only zones": {map[string]string{
			"sys/class/thermal/thermal_zone0/temp": "27800\n",
			"sys/class/thermal/thermal_zone0/type": "acpitz\n",
		}, sink{"acpitz": 27.8}},
		"none": {nil, sink{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := sink{}
			if err := (&Sampler{}).Sample(t.Context(), tree(t, c.files), got); err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
