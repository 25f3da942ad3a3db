// Package sensor reads section sensor and samples the machine's temperatures
// (measurement temp), from what the system offers without any driver of ours.
//
// It owns the form of hwmon and of the thermal zones, and what their names and
// limits mean. It must not ask a drive or a chip itself, nor judge.
package sensor

import (
	"cmp"
	"context"
	"errors"
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
	zones counters // of Windows
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
	if s.zones == nil {
		s.zones = thermal()
	}
	list, err := readZones(s.zones)
	if !errors.Is(err, errors.ErrUnsupported) {
		putZones(list, to)
		return err
	}
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
	s.names, s.files = map[string]string{}, nil
	for _, i := range inputs(h) {
		if i.Kind == "temperature" {
			s.names[i.File] = i.Name
			s.files = append(s.files, i.File)
		}
	}
	slices.Sort(s.files)
	s.files = s.files[:min(len(s.files), most)]
}

// input is one file that gives a number.
type input struct {
	File string
	Kind string // of the catalogue
	Chip string
	Name string // unique within its kind; the label of its series
	// Stem is the file's path without its last word, before which limits and
	// alarms stand too.
	Stem string
	Unit string
	Per  float64 // of the file's numbers in one of Unit
}

// quantity is what hwmon measures: the first letters of its files, and how
// its numbers are to be read (Linux kernel, Documentation/hwmon/sysfs-interface).
type quantity struct {
	Files, Kind, Unit string
	Per               float64
}

func quantities() []quantity {
	return []quantity{
		{"temp*_input", "temperature", "celsius", 1000},
		{"fan*_input", "fan_speed", "rpm", 1},
		{"in*_input", "voltage", "volt", 1000},
		{"curr*_input", "current", "ampere", 1000},
		{"power*_input", "power", "watt", 1e6},
		{"power*_average", "power", "watt", 1e6},
		{"energy*_input", "energy", "watt_hour", 3.6e9},
		{"humidity*_input", "humidity", "percent", 1000},
	}
}

// maxInputs bounds those of one machine; a large server has about 200.
const maxInputs = 512

// inputs lists the sensors: those of hwmon, and the thermal zones where it
// has no temperature.
func inputs(h *host.Host) []input {
	var list []input
	used := map[string]int{}
	add := func(i input, name string) {
		i.Name = Clean(name)
		if used[i.Kind+i.Name]++; used[i.Kind+i.Name] > 1 {
			i.Name += "_" + strconv.Itoa(used[i.Kind+i.Name])
		}
		if len(list) < maxInputs {
			list = append(list, i)
		}
	}
	warm := false
	for _, q := range quantities() {
		for _, f := range h.Glob("/sys/class/hwmon/hwmon*/" + q.Files) {
			dir, base := f[:strings.LastIndexByte(f, '/')], f[strings.LastIndexByte(f, '/')+1:]
			chip := h.Line(dir + "/name")
			// Each reading of drivetemp is a command to a SATA drive, which keeps
			// some from ever falling asleep (Documentation/hwmon/drivetemp.rst).
			// Drives tell their temperature with their health, when they are awake.
			// Batteries and chargers have a section of their own.
			if chip == "drivetemp" || h.Exists(dir+"/device/capacity") || h.Exists(dir+"/device/online") {
				continue
			}
			stem := base[:strings.LastIndexByte(base, '_')]
			if q.Kind == "power" && strings.HasSuffix(base, "_average") && h.Exists(dir+"/"+stem+"_input") {
				continue
			}
			add(input{File: f, Kind: q.Kind, Chip: chip, Stem: dir + "/" + stem, Unit: q.Unit, Per: q.Per},
				chip+"_"+cmp.Or(h.Line(dir+"/"+stem+"_label"), stem))
			warm = warm || q.Kind == "temperature"
		}
	}
	if !warm {
		for _, f := range h.Glob("/sys/class/thermal/thermal_zone*/temp") {
			zone := strings.TrimSuffix(f, "temp")
			kind := h.Line(zone + "type")
			add(input{File: f, Kind: "temperature", Chip: kind, Stem: zone, Unit: "celsius", Per: 1000}, kind)
		}
	}
	return list
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
