package profile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Device is one device that was identified, with what is remembered of it
// between two readings. It is used from one goroutine at a time.
type Device struct {
	set     *Set
	profile *Profile
	system  System
	facts   map[string]string
	tasks   []*task
	state   state

	entities *entities // ENTITY-MIB as last read
	ports    *ports    // IF-MIB as last read
	bridge   *bridging // which port a bridge's port is
	lookups  map[string]lookedUp
	learnt   *int64   // addresses in its forwarding tables
	own      []string // addresses of its ports, as read when it was identified
	started  time.Time
	rounds   int
	read     map[string]bool // paces that were read since it was identified
	absent   map[string]bool // tasks for which it has nothing
	slow     map[string]bool // tasks that took long
	left     map[string]bool // tasks that the last round had no time for
}

// Identity is who answers, as far as it says so itself.
type Identity struct {
	Kind, Name, Vendor, Model, Serial string
	Chassis                           string   // of LLDP or the bridge, as aa:bb:cc:dd:ee:ff
	Engine                            string   // hexadecimal
	MACs                              []string // of its own ports
}

// Pace is a group of objects that are read at one rhythm.
type Pace struct {
	Name  string
	Every time.Duration
}

// Reading is what one reading brought.
type Reading struct {
	Sections []report.Section
	Layout   report.Layout
	Values   []float64 // NaN where nothing could be read
	Events   []report.Event
	Clocks   Clocks
	Early    []string // paces that the device's own signs of change ask for now
	Again    []string // paces of which a part failed
}

// Facts are what metadata can tell of a device.
func Facts() []string {
	return []string{
		"vendor",
		"model",
		"hardware",
		"os",
		"os_family",
		"version",
		"build",
		"serial",
		"firmware",
		"asset_tag",
		"name",
		"kind",
		"chassis",
	}
}

// Identify finds out who answers: it reads the system group, chooses the
// profile and reads the metadata. kept is what Device.Keep gave before, or nil.
func (s *Set) Identify(ctx context.Context, a session.Asker, kept []byte) (*Device, error) {
	sys, err := readSystem(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("read system group: %w", err)
	}
	r := newReader(a)
	p, err := s.choose(ctx, &sys, r)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, fmt.Errorf("no profile fits %s: a profile that fits every device is missing", firstText(sys.ObjectID, "a device without sysObjectID"))
	}
	d := &Device{set: s, profile: p, system: sys, facts: map[string]string{}, lookups: map[string]lookedUp{}, absent: map[string]bool{}, read: map[string]bool{}}
	if json.Unmarshal(kept, &d.state) != nil || d.state.Profile != p.Name {
		d.state = state{}
	}
	d.state.Profile = p.Name
	d.identify(ctx, r)
	if r.down != nil {
		return nil, fmt.Errorf("read metadata: %w", r.down)
	}
	d.tasks = d.plan()
	return d, nil
}

// Profile is the name of the profile that fits it.
func (d *Device) Profile() string { return d.profile.Name }

// System is the system group as last read.
func (d *Device) System() System { return d.system }

// Fact is what metadata tells: one of Facts.
func (d *Device) Fact(name string) string { return d.facts[name] }

// Identity is who answers.
func (d *Device) Identity() Identity {
	i := Identity{
		Kind: d.facts["kind"], Name: firstText(d.facts["name"], d.system.Name), Vendor: d.facts["vendor"], Model: d.facts["model"], Serial: d.facts["serial"],
		Chassis: d.facts["chassis"], Engine: d.system.Engine,
	}
	if i.MACs = d.own; d.ports != nil {
		i.MACs = d.ports.macs()
	}
	return i
}

// identify reads the metadata.
func (d *Device) identify(ctx context.Context, r *reader) {
	var ask []string
	for _, name := range sortedKeys(d.profile.facts) {
		for _, x := range d.profile.facts[name] {
			ask = append(ask, x.oids()...)
		}
	}
	ask = append(ask, guessed()...)
	ask = append(ask, oidBridgeAddress, oidLLDPChassisKind, oidLLDPChassis)
	r.prefetch(ctx, ask)
	s := &scope{d: d, r: r}
	for _, name := range Facts() {
		d.facts[name] = d.fact(ctx, s, name)
	}
	if d.facts["vendor"] == "" {
		d.facts["vendor"] = vendorOf(d.system.ObjectID)
	}
	if d.facts["kind"] == "" {
		d.facts["kind"] = d.guessKind(ctx, r)
	}
	if d.facts["chassis"] == "" {
		d.facts["chassis"] = d.chassisMAC(ctx, r)
	}
	if d.facts["model"] == "" {
		d.facts["model"] = d.chassisFact(ctx, r, "model")
	}
	c := r.column(ctx, ifEntry+"6")
	own := &ports{}
	for _, index := range c.order {
		own.list = append(own.list, port{Port: inventory.Port{Mac: macOf(c.cells[index])}})
	}
	d.own = own.macs()
	if d.facts["serial"] == "" {
		d.facts["serial"] = d.chassisFact(ctx, r, "serial")
	}
	if d.facts["version"] == "" {
		d.facts["version"] = d.chassisFact(ctx, r, "software")
	}
}

// oids lists the single objects that a source asks for.
func (x *source) oids() []string {
	var out []string
	if x.OID != "" {
		out = append(out, x.OID)
	}
	for _, i := range x.inner {
		out = append(out, i.oids()...)
	}
	return out
}

// fact is a fact of the metadata; facts may be made of others.
func (d *Device) fact(ctx context.Context, s *scope, name string) string {
	if f := d.facts[name]; f != "" || slices.Contains(s.asking, name) {
		return f
	}
	s.asking = append(s.asking, name)
	defer func() { s.asking = s.asking[:len(s.asking)-1] }()
	text := s.first(ctx, d.profile.facts[name]).string()
	d.facts[name] = text
	return text
}

func (d *Device) systemFact(name string) string {
	switch name {
	case "description":
		return d.system.Description
	case "object_id":
		return d.system.ObjectID
	case "name":
		return d.system.Name
	case "contact":
		return d.system.Contact
	case "location":
		return d.system.Location
	case "engine":
		return d.system.Engine
	}
	return ""
}

// Objects by which the kind of a device is guessed where no profile tells.
const (
	oidBridgePorts   = "1.3.6.1.2.1.17.1.2.0"     // dot1dBaseNumPorts
	oidBridgeAddress = "1.3.6.1.2.1.17.1.1.0"     // dot1dBaseBridgeAddress
	oidForwarding    = "1.3.6.1.2.1.4.1.0"        // ipForwarding
	oidPrinterIndex  = "1.3.6.1.2.1.43.5.1.1.1.1" // prtGeneralConfigChanges
	oidUPSModel      = "1.3.6.1.2.1.33.1.1.2.0"   // upsIdentModel
	oidUPSBattery    = "1.3.6.1.2.1.33.1.2.1.0"   // upsBatteryStatus
	oidHostProcesses = "1.3.6.1.2.1.25.1.6.0"     // hrSystemProcesses

	oidLLDPChassisKind = "1.0.8802.1.1.2.1.3.1.0" // lldpLocChassisIdSubtype
	oidLLDPChassis     = "1.0.8802.1.1.2.1.3.2.0" // lldpLocChassisId
)

func guessed() []string {
	return []string{
		oidBridgePorts,
		oidForwarding,
		oidPrinterIndex,
		oidUPSModel,
		oidUPSBattery,
		oidHostProcesses,
	}
}

// guessKind says what a device is by what it can tell of.
func (d *Device) guessKind(ctx context.Context, r *reader) string {
	has := func(oid string) bool { return r.object(ctx, oid).Kind != session.Missing }
	number := func(oid string) int64 {
		n, _ := integerOf(r.object(ctx, oid).Value)
		return n
	}
	switch {
	case has(oidPrinterIndex):
		return "printer"
	case has(oidUPSModel), has(oidUPSBattery):
		return "ups"
	case number(oidBridgePorts) > 4:
		return "switch"
	case has(oidHostProcesses):
		return "main_server"
	case number(oidBridgePorts) > 1:
		return "switch"
	case number(oidForwarding) == 1:
		return "router"
	}
	return ""
}

// chassisMAC is the address a device is known by to its neighbours.
func (d *Device) chassisMAC(ctx context.Context, r *reader) string {
	if n, ok := integerOf(r.object(ctx, oidLLDPChassisKind).Value); !ok || n == 4 {
		if m := macOf(r.object(ctx, oidLLDPChassis).Value); m != "" && !groupMAC(m) {
			return m
		}
	}
	if m := macOf(r.object(ctx, oidBridgeAddress).Value); m != "" && !groupMAC(m) {
		return m
	}
	return ""
}

// Keep is what the device wants to have back after a restart of the collector.
func (d *Device) Keep() ([]byte, error) {
	if d.state.kept == nil {
		b, err := json.Marshal(&d.state)
		if err != nil {
			return nil, fmt.Errorf("keep what is known of a device: %w", err)
		}
		d.state.kept = b
	}
	return d.state.kept, nil
}

// Paces lists the rhythms at which it is read, the quickest first.
func (d *Device) Paces() []Pace {
	var out []Pace
	for _, t := range d.tasks {
		if !slices.ContainsFunc(out, func(p Pace) bool { return p.Name == t.pace }) {
			out = append(out, Pace{t.pace, t.every})
		}
	}
	slices.SortStableFunc(out, func(a, b Pace) int {
		if a.Every != b.Every {
			return int(a.Every/time.Second) - int(b.Every/time.Second)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// state is what is remembered between two readings and over a restart. It is
// small: it is written down after each reading that changed it.
type state struct {
	Profile string            `json:"profile"`
	Had     map[string]int    `json:"had,omitempty"`     // rows that a task gave last, by task and section
	Signs   map[string]string `json:"signs,omitempty"`   // signs of change
	Learned map[string]string `json:"learned,omitempty"` // manners of the device
	Alarms  map[string]string `json:"alarms,omitempty"`  // what was bad, by event and key
	Wraps   int64             `json:"wraps,omitempty"`   // of sysUpTime

	last map[string]*packed // parts of sections that are not read each time
	kept []byte             // as JSON; nil: it changed
}

func (s *state) had(key string) int { return s.Had[key] }

func (s *state) setHad(key string, n int) {
	if (s.Had[key] > 0) == (n > 0) {
		return // how many does not matter, and changes all the time
	}
	if s.Had == nil {
		s.Had = map[string]int{}
	}
	s.Had[key] = n
	s.kept = nil
}

func (s *state) learn(key, value string) {
	if s.Learned[key] == value {
		return
	}
	if s.Learned == nil {
		s.Learned = map[string]string{}
	}
	s.Learned[key] = value
	s.kept = nil
}

// sign notes a sign of change and says whether it is another than before.
func (s *state) sign(key, value string) bool {
	before, known := s.Signs[key]
	if known && before == value {
		return false
	}
	if s.Signs == nil {
		s.Signs = map[string]string{}
	}
	s.Signs[key] = value
	s.kept = nil
	return known
}

// lookedUp is a column of another table that rows are joined with.
type lookedUp struct {
	at    time.Time
	cells map[string]session.Value
}

// lookupFor is how long a column that rows are joined with is believed: names
// and limits seldom change.
const lookupFor = time.Hour

// lookedUp reads a column that rows are joined with, once an hour. What could
// not be read is what it was before.
func (d *Device) lookedUp(ctx context.Context, r *reader, oid string) map[string]session.Value {
	now := d.set.now()
	l, ok := d.lookups[oid]
	if ok && now.Sub(l.at) < lookupFor && !now.Before(l.at) {
		return l.cells
	}
	c := r.column(ctx, oid)
	if c.err != nil && ok {
		return l.cells
	}
	l = lookedUp{at: now, cells: c.cells}
	if c.err == nil || errors.Is(c.err, session.ErrLimit) {
		for index, v := range l.cells {
			if len(v.B) > mostLookedUp {
				v.B = bytes.Clone(v.B[:mostLookedUp])
				l.cells[index] = v
			}
		}
		d.lookups[oid] = l
	}
	return l.cells
}

// mostLookedUp is how many bytes of a cell are kept for an hour: names of parts
// are shorter.
const mostLookedUp = 128

// identitySections makes the sections that follow from the identity.
func (d *Device) identitySections(r *round, task string) {
	f := d.facts
	kind := f["kind"]
	sys := inventory.System{Vendor: f["vendor"], Model: f["model"], ModelVersion: f["hardware"], Serial: f["serial"], AssetTag: f["asset_tag"], FirmwareVersion: f["firmware"], ChassisType: kind}
	os := inventory.OS{Family: firstText(f["os_family"], familyOf(kind)), Name: f["os"], Version: f["version"], Build: f["build"], HostName: d.system.Name}
	if kind == "main_server" {
		os.Server = new(true)
	}
	agent := inventory.SNMPAgent{
		Description: d.system.Description, ObjectID: d.system.ObjectID, SysName: d.system.Name, Contact: d.system.Contact, Location: d.system.Location,
		Services: d.system.Services, EngineID: d.system.Engine, Profile: d.profile.Name, EngineBoots: d.system.Clocks.Boots, UptimeSecs: d.system.Clocks.up(d.state.Wraps),
	}
	if d.bridge != nil {
		agent.Contexts = d.bridge.contexts
	}
	put(r, task, []inventory.System{sys}, nil, nil)
	put(r, task, []inventory.OS{os}, nil, nil)
	put(r, task, []inventory.SNMPAgent{agent}, nil, nil)
	var boots []inventory.Boot
	if up := r.clocks.up(d.state.Wraps); up != nil {
		// The same moment is worked out a little differently each time.
		if at := d.set.now().Add(-time.Duration(*up) * time.Second); at.Sub(d.started).Abs() > time.Minute {
			d.started = at.Truncate(time.Second).UTC()
		}
		boots = append(boots, inventory.Boot{StartedAt: d.started})
	}
	put(r, task, boots, nil, nil)
}

// familyOf is the family of systems of a kind of device.
func familyOf(kind string) string {
	switch kind {
	case "switch", "router", "firewall", "access_point", "wireless_controller", "phone":
		return "network"
	case "printer":
		return "printer"
	case "ups", "pdu":
		return "power"
	}
	return "other"
}

// wrapNear is how near to the end of TimeTicks a clock that begins anew has
// wrapped, and not its device started: 3 hours. Polls are closer together.
const wrapNear = 3 * 3600 * 100

// follow counts the wraps of sysUpTime, which is 32 bits of hundredths of a
// second: 497 days (RFC 2578 §7.1.8).
func (s *state) follow(before, now Clocks) {
	if before.System == nil || now.System == nil || *now.System >= *before.System {
		return
	}
	n := s.Wraps + 1
	if *before.System < math.MaxUint32-wrapNear || *now.System > wrapNear {
		n = 0
	}
	if n != s.Wraps {
		s.Wraps, s.kept = n, nil
	}
}

// up is the greatest of the clocks in seconds, or nil. wraps is how often
// sysUpTime did.
func (c Clocks) up(wraps int64) *int64 {
	var best *int64
	take := func(n int64) {
		if best == nil || n > *best {
			best = &n
		}
	}
	if c.System != nil {
		take((wraps<<32 + int64(*c.System)) / 100)
	}
	if c.Host != nil {
		take(int64(*c.Host) / 100)
	}
	if c.Engine != nil && *c.Engine > 0 && *c.Engine < 1<<31 {
		take(*c.Engine)
	}
	return best
}
