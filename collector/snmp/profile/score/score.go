// Package score holds what was read of devices against what is expected of
// them. For whoever writes profiles it replays recordings of real devices
// through an asker in memory:
//
//	go test ./collector/snmp/profile/score -v -run Corpus [-device ID] [-dir DIR]
//
// The same comparison is fed with what a collector stored by internal/e2e/corpus.
// It must not know how profiles do it.
package score

import (
	"cmp"
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

// String is found/expected.
func (s Share) String() string {
	if s.Expected == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", s.Found, s.Expected)
}

// Found is what was read of a device, however it came here.
type Found struct {
	Profile string
	Facts   map[string]string          // of profile.Facts, those that are known
	Tables  map[string]inventory.Table // by the name of the section, conforming
}

// Result is how a device did, by subject, and what was missed, in words.
type Result struct {
	ID, Profile string
	Shares      map[string]Share
	Missed      []string
	Found       Found
	Equal       Share    // of version, hardware and serial, those that are equal to the letter
	Unequal     []string // what is not, in words
	Unknown     string   // a product line that products does not name: vendor and system are not counted
}

// Subjects are what is counted, in the order of a report.
func Subjects() []string {
	return []string{
		"vendor",
		"os",
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

// Identity are the subjects that say who a device is.
func Identity() []string {
	return []string{
		"vendor",
		"os",
		"version",
		"hardware",
		"serial",
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
	f := Found{Profile: d.Profile(), Facts: map[string]string{}, Tables: map[string]inventory.Table{}}
	for _, name := range profile.Facts() {
		f.Facts[name] = d.Fact(name)
	}
	for _, s := range got.Sections {
		sec, ok := inventory.Lookup(s.Name)
		if !ok {
			return nil, fmt.Errorf("read %s: there is no section %s", e.ID, s.Name)
		}
		if f.Tables[s.Name], _, err = sec.Conform(s.Table()); err != nil {
			return nil, fmt.Errorf("read %s: %w", e.ID, err)
		}
	}
	return Compare(e, f), nil
}

// Compare counts how much of what is expected was found.
func Compare(e Expected, f Found) *Result {
	r := &Result{ID: e.ID, Profile: f.Profile, Shares: map[string]Share{}, Found: f}
	r.identity(e)
	r.ports(e)
	r.sensors(e)
	r.capacities(e)
	r.supplies(e)
	r.neighbors(e)
	r.tables(e)
	return r
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
	out, err := inventory.Decode[T](r.Found.Tables[zero.Section().Name])
	if err != nil {
		return nil // tables conform
	}
	return out
}

func same(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}

func (r *Result) identity(e Expected) {
	fact, known := r.Found.Facts, e.Known.Device
	if p, ok := productOf(string(known.OS)); !ok {
		r.Unknown = string(known.OS)
	} else {
		if p.vendor != "" {
			r.count("vendor", p.made(fact["vendor"]), "%q, want one of %s", fact["vendor"], p.vendor)
		}
		r.count("os", p.runs(fact["os"], fact["vendor"], fact["kind"]), "%q of a %s, want what %s is", fact["os"], fact["kind"], known.OS)
	}
	for _, x := range []struct {
		subject string
		got     []string
		want    Text
		equal   func(got, want string) bool
	}{
		{"version", []string{fact["version"], fact["build"], fact["firmware"], fact["version"] + " " + fact["build"]}, known.Version, says},
		{"hardware", []string{fact["model"], fact["hardware"], fact["model"] + " " + fact["hardware"], fact["vendor"] + " " + fact["model"]}, known.Hardware, says},
		{"serial", []string{fact["serial"]}, known.Serial, func(got, want string) bool { return plain(got) == plain(want) }},
	} {
		want := string(x.want)
		if want == "" || strings.Contains(want, "<private>") {
			continue
		}
		r.count(x.subject, slices.ContainsFunc(x.got, func(got string) bool { return x.equal(got, want) }), "%q, want %q", x.got[0], want)
		r.Equal.Expected++
		if x.got[0] == want {
			r.Equal.Found++
		} else {
			r.Unequal = append(r.Unequal, fmt.Sprintf("%s: %q for %q", x.subject, x.got[0], want))
		}
	}
}

func (r *Result) ports(e Expected) {
	at := map[int64]inventory.Port{}
	for _, p := range rows[inventory.Port](r) {
		at[p.Index] = p
	}
	recorded := map[int64]Text{}
	for _, w := range e.Decoded.Ports {
		recorded[w.IfIndex] = w.MAC
		if _, ok := at[w.IfIndex]; !ok {
			r.count("ports", false, "%d is not there", w.IfIndex)
		}
	}
	for _, w := range e.Known.Ports {
		p, ok := at[w.IfIndex]
		// Where a device leaves a text empty, the expected values have the next.
		alias := cmp.Or(p.Alias, p.Description, p.Name)
		descr := cmp.Or(p.Description, p.Name)
		name := cmp.Or(p.Name, p.Description)
		name, _, _ = strings.Cut(name, " ["+strconv.FormatInt(w.IfIndex, 10)+"]")
		wantName, wantDescr, wantAlias := string(w.IfName), string(w.IfDescr), string(w.IfAlias)
		named := same(name, wantName) || same(p.Description, wantName)
		aliased := same(alias, wantAlias) || strings.Trim(wantAlias, ". ") == ""
		// A speed that is none: not numeric in the recording, or no port's.
		speed := w.IfSpeed == nil || *w.IfSpeed == float64(p.SpeedBits) || *w.IfSpeed > 1e13 || *w.IfSpeed == math.MaxUint32 || p.SpeedBits == 0 && *w.IfSpeed <= 0
		oper := w.IfOperStatus == "" || same(strings.NewReplacer("notPresent", "not_present", "lowerLayerDown", "lower_layer_down").Replace(string(w.IfOperStatus)), p.Oper)
		// Where the two that read the recording differ, it is damaged.
		mac := w.IfMAC == "" || w.IfMAC != recorded[w.IfIndex] || strings.Trim(string(w.IfMAC), "0") == "" || plain(p.Mac) == string(w.IfMAC)
		r.count("ports", ok && named && same(descr, wantDescr) && aliased && speed && oper && mac,
			"%d: name %q want %q, descr %q want %q, alias %q want %q, speed %d want %v, oper %s want %s, mac %s want %s",
			w.IfIndex, name, wantName, descr, wantDescr, alias, wantAlias, p.SpeedBits, deref(w.IfSpeed), p.Oper, w.IfOperStatus, p.Mac, w.IfMAC)
	}
}

func deref[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
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
		if s.Kind == "current" && s.Component == "transceiver" {
			p.add("current", s.Value, 1000) // milliamperes where the device has them: Muster makes amperes of all
		}
	}
	for _, x := range rows[inventory.PoePort](r) {
		p.add("power", x.Watts, 1)
		p.add("voltage", x.Volts, 1)
		p.add("current", x.Amperes, 1)
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
	case "charge", "loss":
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
			local := same(n.LocalPort, string(w.IfName)) || same(p.Description, string(w.IfDescr)) && w.IfDescr != ""
			return local && (same(n.Name, string(w.Name)) || same(n.Chassis, string(w.Name)) || same(n.RemotePort, string(w.Port)))
		})
		r.count("neighbors", found, "link %s %s: %s %s", w.Protocol, cmp.Or(w.IfName, w.IfDescr), w.Name, w.Port)
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
		if err != nil || ip.IsUnspecified() { // nobody has 0.0.0.0
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
		r.count("vlans", ok && (same(x.Name, string(w.Name)) || w.Name == "" || x.Name == ""), "%d %q, got %q", w.ID, w.Name, x.Name)
	}
	n := len(rows[inventory.Entity](r))
	for i := range e.Decoded.Entities {
		r.count("entities", i < n, "%d of %d", n, len(e.Decoded.Entities))
	}
}
