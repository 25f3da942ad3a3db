// Package score holds profiles against recordings of real devices: it replays
// each through an asker in memory and counts how much of what is expected of it
// was read. It is for whoever writes profiles:
//
//	go test ./collector/snmp/profile/score -v -run Corpus [-device ID] [-dir DIR]
//
// It must not know how profiles do it.
package score

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"muster/collector/snmp/profile"
	"muster/internal/inventory"
)

// Share is how much of what is expected was found.
type Share struct{ Found, Expected int }

// Result is how a device did, by subject, and what was missed, in words.
type Result struct {
	ID, Profile string
	Shares      map[string]Share
	Missed      []string
	Reading     profile.Reading
	Device      *profile.Device
}

// Subjects are what is counted, in the order of a report.
func Subjects() []string {
	return []string{
		"version",
		"hardware",
		"serial",
		"ports",
		"sensors",
		"wireless",
		"processors",
		"memory",
		"storage",
		"supplies",
		"neighbors",
		"vlans",
		"fdb",
		"arp",
		"entities",
	}
}

// Run replays a recording and counts.
func Run(set *profile.Set, dir string, e Expected) (*Result, error) {
	rec, err := Read(filepath.Join(dir, e.ID+".snmprec"))
	if err != nil {
		return nil, err
	}
	d, err := set.Identify(context.Background(), rec, nil)
	if err != nil {
		return nil, fmt.Errorf("identify %s: %w", e.ID, err)
	}
	got, err := d.Read(context.Background(), rec, nil)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", e.ID, err)
	}
	r := &Result{ID: e.ID, Profile: d.Profile(), Shares: map[string]Share{}, Reading: got, Device: d}
	r.identity(e)
	r.ports(e)
	r.sensors(e)
	r.capacities(e)
	r.supplies(e)
	r.neighbors(e)
	r.tables(e)
	return r, nil
}

func (r *Result) count(subject string, found bool, format string, args ...any) {
	s := r.Shares[subject]
	s.Expected++
	if found {
		s.Found++
	} else {
		r.Missed = append(r.Missed, subject+": "+fmt.Sprintf(format, args...))
	}
	r.Shares[subject] = s
}

// rows are those of a section.
func rows[T inventory.Sectioner](r *Result) []T {
	var zero T
	name := zero.Section().Name
	for _, s := range r.Reading.Sections {
		if s.Name == name {
			sec, _ := inventory.Lookup(name)
			t, _, err := sec.Conform(s.Table())
			if err != nil {
				return nil
			}
			out, _ := inventory.Decode[T](t)
			return out
		}
	}
	return nil
}

func same(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}

func (r *Result) identity(e Expected) {
	for _, x := range []struct{ subject, fact, want string }{
		{"version", "version", e.Known.Device.Version},
		{"hardware", "model", e.Known.Device.Hardware},
		{"serial", "serial", e.Known.Device.Serial},
	} {
		if x.want == "" || strings.Contains(x.want, "<private>") {
			continue
		}
		got := r.Device.Fact(x.fact)
		r.count(x.subject, same(got, x.want), "%q, want %q", got, x.want)
	}
}

func (r *Result) ports(e Expected) {
	at := map[int64]inventory.Port{}
	for _, p := range rows[inventory.Port](r) {
		at[p.Index] = p
	}
	for _, w := range e.Known.Ports {
		p, ok := at[w.IfIndex]
		alias := firstText(p.Alias, p.Description, p.Name)
		descr := firstText(p.Description, p.Name)
		name := firstText(p.Name, p.Description)
		name, _, _ = strings.Cut(name, " ["+strconv.FormatInt(w.IfIndex, 10)+"]")
		speed := w.IfSpeed == nil || *w.IfSpeed == p.SpeedBits || *w.IfSpeed > 1e13 || *w.IfSpeed == math.MaxUint32 || p.SpeedBits == 0 && *w.IfSpeed <= 0
		oper := w.IfOperStatus == "" || same(strings.NewReplacer("notPresent", "not_present", "lowerLayerDown", "lower_layer_down").Replace(w.IfOperStatus), p.Oper)
		good := ok && (same(name, w.IfName) || same(p.Description, w.IfName)) && same(descr, w.IfDescr) && (same(alias, w.IfAlias) || strings.Trim(w.IfAlias, ". ") == "") && speed && oper
		r.count("ports", good, "%d: name %q want %q, descr %q want %q, alias %q want %q, speed %d want %v, oper %s want %s",
			w.IfIndex, name, w.IfName, descr, w.IfDescr, alias, w.IfAlias, p.SpeedBits, deref(w.IfSpeed), p.Oper, w.IfOperStatus)
	}
	for _, w := range e.Decoded.Ports {
		if _, ok := at[w.IfIndex]; !ok {
			r.count("ports", false, "%d is not there", w.IfIndex)
		}
	}
}

func deref[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func firstText(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// near says that two values are one, as the recordings' page has it: within one
// in a hundred or a tenth.
func near(a, b float64) bool {
	return math.Abs(a-b) <= 0.1 || math.Abs(a-b) <= math.Abs(b)/100
}

// pool is values that were read, each of which answers for one expected.
type pool map[string][]float64

func (p pool) add(class string, v *float64, factor float64) {
	if v != nil {
		p[class] = append(p[class], *v*factor)
	}
}

func (p pool) take(class string, want float64, equal func(a, b float64) bool) bool {
	best := -1
	for i, v := range p[class] {
		if equal(v, want) && (best < 0 || math.Abs(v-want) < math.Abs(p[class][best]-want)) {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	p[class] = slices.Delete(p[class], best, best+1)
	return true
}

// classOf is the name that the expected values have for a kind of sensor.
func classOf(kind string) string {
	switch kind {
	case "fan_speed":
		return "fanspeed"
	}
	return kind
}

func (r *Result) sensors(e Expected) {
	p := pool{}
	for _, s := range rows[inventory.Sensor](r) {
		factor := 1.0
		if s.Kind == "runtime" {
			factor = 1.0 / 60
		}
		p.add(classOf(s.Kind), s.Value, factor)
		if s.Value == nil {
			p.add(classOf(s.Kind), new(0.0), 1) // kept as 0 there
		}
	}
	for _, w := range e.Known.Sensors {
		if w.Current == nil {
			continue
		}
		class := w.Class
		if class == "power_consumed" || class == "power_factor" || class == "energy" {
			class = strings.TrimSuffix(class, "_consumed")
		}
		found := p.take(class, *w.Current, near)
		if !found {
			for _, other := range kin(class) {
				if found = p.take(other, *w.Current, near); found {
					break
				}
			}
		}
		r.count("sensors", found, "%s %q %s = %v (%s)", w.Class, w.Descr, w.OID, *w.Current, w.Type)
	}
	wide := pool{}
	for _, x := range rows[inventory.Radio](r) {
		if x.Clients != nil {
			wide.add("any", new(float64(*x.Clients)), 1)
		}
		wide.add("any", x.Utilization, 1)
		wide.add("any", x.Noise, 1)
		wide.add("any", x.Power, 1)
		if x.Frequency != 0 {
			wide.add("any", new(float64(x.Frequency)), 1e-6)
		}
		if x.Channel != nil {
			wide.add("any", new(float64(*x.Channel)), 1)
		}
	}
	for _, x := range rows[inventory.WirelessNetwork](r) {
		if x.Clients != nil {
			wide.add("any", new(float64(*x.Clients)), 1)
		}
	}
	for _, x := range rows[inventory.AccessPoint](r) {
		if x.Clients != nil {
			wide.add("any", new(float64(*x.Clients)), 1)
		}
	}
	for _, s := range rows[inventory.Sensor](r) {
		wide.add("any", s.Value, 1)
		wide.add("any", s.Value, 1e-6)
	}
	for _, w := range e.Known.Wireless {
		if w.Current != nil {
			r.count("wireless", wide.take("any", *w.Current, near), "%s %q %s = %v", w.Class, w.Descr, w.OIDs, *w.Current)
		}
	}
}

// kin are kinds that say the same as a class in other words.
func kin(class string) []string {
	switch class {
	case "load":
		return []string{"percent"}
	case "charge":
		return []string{"percent"}
	case "percent":
		return []string{"load", "charge"}
	case "dbm":
		return []string{"signal"}
	case "signal":
		return []string{"dbm"}
	}
	return nil
}

func (r *Result) capacities(e Expected) {
	p := pool{}
	for _, x := range rows[inventory.Processor](r) {
		p.add("cpu", x.Load, 1)
	}
	point := func(a, b float64) bool { return math.Abs(a-b) <= 1 }
	for _, w := range e.Known.Processors {
		if w.Usage != nil {
			r.count("processors", p.take("cpu", *w.Usage, point), "%q %s = %v", w.Descr, w.OID, *w.Usage)
		}
	}
	pools := rows[inventory.MemoryPool](r)
	for _, w := range e.Known.Pools {
		if w.Total == nil {
			continue
		}
		found := slices.ContainsFunc(pools, func(x inventory.MemoryPool) bool {
			if *w.Total == 100 || x.SizeBytes == nil {
				return x.UsedPercent != nil && w.Share != nil && point(*x.UsedPercent, *w.Share)
			}
			return near(float64(*x.SizeBytes), *w.Total)
		})
		r.count("memory", found, "%q total %v used %v %v%%", w.Descr, deref(w.Total), deref(w.Used), deref(w.Share))
	}
	stores := rows[inventory.Storage](r)
	for _, w := range e.Known.Storage {
		found := slices.ContainsFunc(stores, func(x inventory.Storage) bool {
			return w.Size != nil && near(float64(x.SizeBytes), *w.Size) && (w.Used == nil || x.UsedBytes != nil && near(float64(*x.UsedBytes), *w.Used))
		})
		r.count("storage", found, "%q size %v used %v", w.Descr, deref(w.Size), deref(w.Used))
	}
}

func (r *Result) supplies(e Expected) {
	p := pool{}
	for _, x := range rows[inventory.PrinterSupply](r) {
		p.add("supply", x.LevelPercent, 1)
		if x.LevelText == "some_left" {
			p.add("supply", new(50.0), 1)
		}
	}
	for _, x := range rows[inventory.PrinterTray](r) {
		p.add("input", x.LevelPercent, 1)
		if x.LevelText == "some_left" {
			p.add("input", new(50.0), 1)
		}
	}
	for _, w := range e.Known.Supplies {
		if w.Current == nil {
			continue
		}
		class := "supply"
		if w.Type == "input" {
			class = "input"
		}
		r.count("supplies", p.take(class, *w.Current, func(a, b float64) bool { return math.Abs(a-b) <= 1 }), "%s %q = %v", w.Type, w.Descr, *w.Current)
	}
}

func (r *Result) neighbors(e Expected) {
	list := rows[inventory.Neighbor](r)
	ports := map[int64]string{}
	named := map[string]inventory.Port{}
	for _, p := range rows[inventory.Port](r) {
		ports[p.Index] = p.Name
		named[p.Name] = p
	}
	for _, w := range e.Known.Links {
		found := slices.ContainsFunc(list, func(n inventory.Neighbor) bool {
			p := named[n.LocalPort]
			local := same(n.LocalPort, w.IfName) || same(p.Description, w.IfDescr) && w.IfDescr != ""
			return local && (same(n.Name, w.Name) || same(n.Chassis, w.Name) || same(n.RemotePort, w.Port))
		})
		r.count("neighbors", found, "link %s %s: %s %s", w.Protocol, firstText(w.IfName, w.IfDescr), w.Name, w.Port)
	}
	for _, w := range e.Decoded.LLDP {
		if w.IfIndex == nil {
			continue
		}
		r.count("neighbors", slices.ContainsFunc(list, func(n inventory.Neighbor) bool { return n.Protocol == "lldp" && n.LocalPort == ports[*w.IfIndex] }), "lldp %d %s %s", *w.IfIndex, w.Name, w.PortID)
	}
	for _, w := range e.Decoded.CDP {
		if w.IfIndex == nil {
			continue
		}
		r.count("neighbors", slices.ContainsFunc(list, func(n inventory.Neighbor) bool { return n.Protocol != "lldp" && n.LocalPort == ports[*w.IfIndex] }), "cdp %d %s", *w.IfIndex, w.Device)
	}
}

func (r *Result) tables(e Expected) {
	ports := map[int64]string{}
	for _, p := range rows[inventory.Port](r) {
		ports[p.Index] = p.Name
	}
	flat := func(mac string) string { return strings.ReplaceAll(mac, ":", "") }
	fdb := map[string]bool{}
	for _, x := range rows[inventory.Fdb](r) {
		fdb[flat(x.Mac)+"/"+x.Port] = true
	}
	for _, w := range e.Decoded.FDB {
		if w.IfIndex == nil || len(w.MAC) != 12 || strings.ContainsRune("13579bdf", rune(w.MAC[1])) || w.MAC == "000000000000" {
			continue
		}
		r.count("fdb", fdb[w.MAC+"/"+ports[*w.IfIndex]], "%s on %d (%s)", w.MAC, *w.IfIndex, ports[*w.IfIndex])
	}
	arp := map[string]bool{}
	for _, x := range rows[inventory.Arp](r) {
		arp[x.Address+"/"+flat(x.Mac)] = true
	}
	for _, w := range e.Decoded.ARP {
		if len(w.MAC) != 12 || strings.ContainsRune("13579bdf", rune(w.MAC[1])) || w.MAC == "000000000000" {
			continue
		}
		ip, err := netip.ParseAddr(w.IP)
		if err != nil {
			continue
		}
		r.count("arp", arp[ip.Unmap().String()+"/"+w.MAC], "%s %s", w.IP, w.MAC)
	}
	vlans := map[int64]inventory.Vlan{}
	for _, x := range rows[inventory.Vlan](r) {
		vlans[x.VlanID] = x
	}
	for _, w := range e.Known.Vlans {
		if w.ID >= 1002 && w.ID <= 1005 || w.ID < 1 || w.ID > 4094 {
			continue
		}
		x, ok := vlans[w.ID]
		r.count("vlans", ok && (same(x.Name, w.Name) || w.Name == "" || x.Name == ""), "%d %q, got %q", w.ID, w.Name, x.Name)
	}
	n := len(rows[inventory.Entity](r))
	for i := range e.Decoded.Entities {
		r.count("entities", i < n, "%d of %d", n, len(e.Decoded.Entities))
	}
}
