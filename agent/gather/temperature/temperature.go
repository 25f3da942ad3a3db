// Package temperature samples the machine's own sensors (measurement temp),
// from what the system offers without any driver of ours.
package temperature

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
)

// Sampler reads hwmon, and the thermal zones where there is no hwmon.
type Sampler struct {
	names map[string]string // file to sensor name, kept while the files stay
	files []string
	age   int
}

// Name of the sampler in logs.
func (*Sampler) Name() string { return "temp" }

const (
	most = 16
	// relook is after how many samplings the list of sensors is made anew:
	// they come and go only with hardware and drivers.
	relook = 60
)

// Sample puts every sensor that gives a plausible number.
func (s *Sampler) Sample(_ context.Context, h *host.Host, to gather.Sink) error {
	if s.age%relook == 0 {
		s.find(h)
	}
	s.age++
	for _, f := range s.files {
		// Thousandths of a degree (Linux kernel, Documentation/hwmon/sysfs-interface).
		v, err := strconv.ParseInt(h.Line(f), 10, 64)
		if err != nil || v < -60_000 || v > 200_000 || v == 0 {
			continue // asleep, broken or not wired
		}
		to.Put("temp", "temp", math.Round(float64(v)/100)/10, "sensor", s.names[f])
	}
	return nil
}

func (s *Sampler) find(h *host.Host) {
	s.names = map[string]string{}
	used := map[string]int{}
	add := func(file, name string) {
		name = Clean(name)
		if used[name]++; used[name] > 1 {
			name += "_" + strconv.Itoa(used[name])
		}
		s.names[file] = name
	}
	files := h.Glob("/sys/class/hwmon/hwmon*/temp*_input")
	// Each reading of drivetemp is a command to a SATA drive, which keeps some
	// from ever falling asleep (Documentation/hwmon/drivetemp.rst). Drives tell
	// their temperature with their health, when they are awake.
	files = slices.DeleteFunc(files, func(f string) bool {
		return h.Line(f[:strings.LastIndexByte(f, '/')]+"/name") == "drivetemp"
	})
	for _, f := range files {
		dir, base := f[:strings.LastIndexByte(f, '/')], f[strings.LastIndexByte(f, '/')+1:]
		chip := h.Line(dir + "/name")
		label := h.Line(dir + "/" + strings.TrimSuffix(base, "_input") + "_label")
		if label == "" {
			label = strings.TrimSuffix(base, "_input")
		}
		add(f, chip+"_"+label)
	}
	if len(files) == 0 {
		files = h.Glob("/sys/class/thermal/thermal_zone*/temp")
		for _, f := range files {
			add(f, h.Line(strings.TrimSuffix(f, "temp")+"type"))
		}
	}
	slices.Sort(files)
	s.files = files[:min(len(files), most)]
}

// Clean makes a label of a sensor's name as Telegraf does: small letters,
// everything else an underscore.
func Clean(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(name)) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else if n := b.Len(); n > 0 && b.String()[n-1] != '_' {
			b.WriteByte('_')
		}
	}
	out := strings.Trim(b.String(), "_")
	if out == "" {
		return "sensor"
	}
	return out
}
