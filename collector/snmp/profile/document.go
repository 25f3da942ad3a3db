package profile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"muster/internal/settings"
)

// Document is a profile file, as people write it. docs/snmp-profiles.md is its
// reference.
type Document struct {
	Name     string   `yaml:"name" doc:"The file's name without .yaml."`
	Title    string   `yaml:"title" doc:"What it is for, in a few words."`
	Base     bool     `yaml:"base" doc:"It is only extended and fits no device by itself."`
	Disabled bool     `yaml:"disabled" doc:"It fits no device."`
	Extends  []string `yaml:"extends" doc:"Profiles whose tables, builtins and metadata it has too; what it says itself comes first."`
	Without  []string `yaml:"without" doc:"Names of tables, scalars and builtins of those that it does not want."`
	Root     string   `yaml:"root" doc:"OID that root stands for in those such as root.1.1.5.1.0, here and in what it extends: for makers who give each product a MIB of its own, all of one form."`
	Priority int      `yaml:"priority" min:"-100" max:"100" doc:"Where two fit, the higher wins before anything else counts; usually left out."`

	Match    []MatchDocument     `yaml:"match" doc:"It fits a device that one of these fits."`
	Metadata map[string][]Source `yaml:"metadata" doc:"Who the device is: for each fact the places to look, the first that has a text wins."`
	Builtins []string            `yaml:"builtins" doc:"Readers written in Go; see the list."`
	Options  Options             `yaml:"options" doc:"What builtins have to know of this device."`
	Tables   []TableDocument     `yaml:"tables" doc:"Tables that fill rows of a section."`
	Scalars  []TableDocument     `yaml:"scalars" doc:"Single objects that fill one row of a section each."`
	Numbers  map[string][]Source `yaml:"numbers" doc:"Numbers of the metric catalogue that stand in no section, such as firewall.sessions."`
}

// MatchDocument fits a device when all that it says holds.
type MatchDocument struct {
	ObjectID    []string `yaml:"object_id" doc:"sysObjectID begins with one of these."`
	NotObjectID []string `yaml:"not_object_id" doc:"And with none of these."`
	Description string   `yaml:"description" doc:"Regular expression found in sysDescr."`
	NotDescr    string   `yaml:"not_description" doc:"And one that is not."`
	SysName     string   `yaml:"sys_name" doc:"Regular expression found in sysName."`
	Probe       string   `yaml:"probe" doc:"Object that the device has: an instance, such as one that ends in .0."`
	ProbeText   string   `yaml:"probe_text" doc:"Regular expression found in its value."`
	Below       string   `yaml:"below" doc:"Objects that the device has: any below this one."`
}

// TableDocument says how rows of one section follow from the rows of a table,
// or, without entry, from single objects.
type TableDocument struct {
	Name    string              `yaml:"name" doc:"Name for people and for without; none: the section's."`
	Section string              `yaml:"section" doc:"Section whose rows it fills."`
	Every   settings.Duration   `yaml:"every" min:"0s" max:"7d" doc:"How often it is read; none: as often as the section, at least once an hour."`
	Changed string              `yaml:"changed" doc:"Object whose change says that the table changed: it is then read at once."`
	Unless  []string            `yaml:"unless" doc:"Columns of other tables that say the same: where the device has one of them, this is not read."`
	Entry   string              `yaml:"entry" doc:"OID of the table's entry: columns are numbered below it."`
	Index   []IndexPart         `yaml:"index" doc:"What the index is made of, from the left."`
	Only    []Condition         `yaml:"only" doc:"Rows for which all of these hold."`
	Skip    []Condition         `yaml:"skip" doc:"But not those for which one of these does."`
	Set     map[string]string   `yaml:"set" doc:"Columns of the section with a text that is the same in all rows."`
	Columns map[string]int      `yaml:"columns" doc:"Columns of the section and the table's column they are, as it is."`
	Objects map[string]string   `yaml:"objects" doc:"Columns of the section and the single object they are, as it is."`
	Fields  map[string][]Source `yaml:"fields" doc:"Columns of the section and the places to look: the first that has something wins."`
	Limit   int                 `yaml:"limit" min:"0" max:"50000" doc:"Most rows that are read; none: 10,000."`
}

// IndexPart is a piece of a table's index.
type IndexPart struct {
	Name   string `yaml:"name" doc:"What the piece is called in index, by and only."`
	Kind   string `yaml:"kind" oneof:",integer,text,rest,mac,ipv4,ipv6,address,oid" doc:"integer: one arc (the default). text: length, then that many arcs. rest: text of all that is left. mac: six arcs. ipv4: four. ipv6: sixteen. address: kind of address, length, address (RFC 4001). oid: length, then arcs."`
	Length int    `yaml:"length" min:"0" max:"128" doc:"Of a text of fixed length: that many arcs and no length before them."`
}

// Condition holds or not for a row.
type Condition struct {
	Column  int       `yaml:"column" doc:"Column of the table."`
	Index   string    `yaml:"index" doc:"Or piece of the index."`
	Lookup  string    `yaml:"lookup" doc:"Or column of another table; as in a source."`
	By      string    `yaml:"by" doc:"Index there, as in a source."`
	Is      []float64 `yaml:"is" doc:"It is one of these numbers."`
	Match   string    `yaml:"match" doc:"This regular expression is found in its text."`
	Outside []float64 `yaml:"outside" doc:"Two numbers: it is lower than the first or higher than the second."`
	Missing bool      `yaml:"missing" doc:"The device does not give it, or it is empty."`
}

// Source is one place where a value may come from, and what is made of it.
type Source struct {
	Column   int       `yaml:"column" doc:"Column of the table."`
	OID      string    `yaml:"oid" doc:"Single object: an instance, such as one that ends in .0."`
	Lookup   string    `yaml:"lookup" doc:"Column of another table with the same index, or with the index that by says: its OID, or entity, entity.description, entity.model, entity.serial, port, base_port."`
	By       string    `yaml:"by" doc:"Of lookup: a piece of the index, or column:N for the value of a column."`
	Live     bool      `yaml:"live" doc:"Of lookup: it is read each time; otherwise once an hour, which is enough for names."`
	Index    string    `yaml:"index" doc:"Piece of the index; * is the index as it is."`
	First    string    `yaml:"first" doc:"Column of a table: its first cell that is not empty."`
	Where    string    `yaml:"where" doc:"Of first, sum and count: only rows in which this column is one of is."`
	Is       []float64 `yaml:"is" doc:"Of where."`
	Like     int       `yaml:"like" doc:"Of where, instead of is: the column of this row whose text it must have there, as all that are in one network."`
	Sum      string    `yaml:"sum" doc:"Column of a table: the sum of its cells."`
	Average  string    `yaml:"average" doc:"Column of a table: the mean of its cells."`
	Count    string    `yaml:"count" doc:"Column of a table: how many cells it has."`
	Entity   string    `yaml:"entity" oneof:",name,description,model,serial,hardware,firmware,software,vendor,asset_tag" doc:"Of the chassis in ENTITY-MIB."`
	System   string    `yaml:"system" oneof:",description,object_id,name,contact,location,engine" doc:"Of the system group."`
	Metadata string    `yaml:"metadata" doc:"What was found for another fact before: vendor, model, os, version, serial …"`
	Value    string    `yaml:"value" doc:"This text."`
	Parts    []Source  `yaml:"parts" doc:"Several, joined; those that have nothing are left out."`
	Glued    bool      `yaml:"glued" doc:"Parts follow one another without anything between."`
	Joined   string    `yaml:"joined" doc:"What stands between parts; none: a space."`

	As      string    `yaml:"as" oneof:",text,number,decibels,mac,address,hex,date,ticks,bits,oid_end,port,base_port" doc:"How its bytes are read: see the list."`
	Layout  string    `yaml:"layout" doc:"Of as: date, where the device writes a text: the form of Go's package time, 01/02/2006."`
	Skip    []float64 `yaml:"skip" doc:"Numbers that mean that there is nothing."`
	Between []float64 `yaml:"between" doc:"Two numbers: what is not between them is nothing."`
	Blank   string    `yaml:"blank" doc:"Regular expression of texts that mean that there is nothing."`
	Match   string    `yaml:"match" doc:"Regular expression that must be found in the text, else there is nothing."`
	Take    string    `yaml:"take" doc:"What is taken of it, $1 being its first group; none: the first group, or all where it has none."`
	Map     string    `yaml:"map" doc:"1=ok, 2=warning, *=unknown: the text for each number or text; without *, any other is nothing."`
	Scale   float64   `yaml:"scale" doc:"Factor."`
	Times   int       `yaml:"times" doc:"Column whose number is another factor."`
	Divisor float64   `yaml:"divisor" doc:"Divisor."`
	Offset  float64   `yaml:"offset" doc:"Added at the end."`
}

// Options are what builtins have to know of a device.
type Options struct {
	Ports     PortOptions     `yaml:"ports"`
	FDB       FDBOptions      `yaml:"fdb"`
	Neighbors NeighborOptions `yaml:"neighbors"`
}

// PortOptions are those of the builtin ports.
type PortOptions struct {
	Name     string `yaml:"name" oneof:",name,description,alias" doc:"What a port is called by; none: ifName, else ifDescr."`
	Skip     string `yaml:"skip" doc:"Regular expression of names of ports that nobody wants to see."`
	Counters string `yaml:"counters" oneof:",both,hc,narrow" doc:"Which counters are read; none: 64 bits where the device has them."`
}

// FDBOptions are those of the builtin fdb.
type FDBOptions struct {
	Contexts string   `yaml:"contexts" oneof:",never,vlan" doc:"vlan: where the table of all VLANs is empty, each VLAN is asked for in a context of its own."`
	Port     string   `yaml:"port" oneof:",base_port,if_index" doc:"What the port number is, where the device does not keep to the MIB."`
	Names    []string `yaml:"names" doc:"Names of the port with number {port}, as gigabitEthernet 1/0/{port}: where no other rule finds it."`
	VlanOf   string   `yaml:"vlan_of" doc:"Column that gives the VLAN for each number of a forwarding table, where dot1qVlanFdbId does not."`
}

// NeighborOptions are those of the builtin neighbors.
type NeighborOptions struct {
	Local string   `yaml:"local" oneof:",if_index,base_port" doc:"What the local port number of LLDP is, where the device does not say it by name."`
	Names []string `yaml:"names" doc:"Names of the local port with number {port}."`
}

var nameForm = regexp.MustCompile(`\A[a-z0-9][a-z0-9_-]{0,59}\z`)

// Check says what no tag can and what needs no other file.
func (d *Document) Check() settings.Problems {
	var ps settings.Problems
	if !nameForm.MatchString(d.Name) {
		ps.Add("name", d.Name, "small letters, digits, - and _ are expected, as the file is called")
	}
	if d.Base && len(d.Match) > 0 {
		ps.Add("match", "", "a base profile fits no device: leave match or base away")
	}
	if !d.Base && !d.Disabled && len(d.Match) == 0 {
		ps.Add("match", "", "what it fits is missing, or base: true")
	}
	known := Builtins()
	for i, b := range d.Builtins {
		if !slices.Contains(known, b) {
			ps.Add(fmt.Sprintf("builtins[%d]", i), b, "there is no such builtin%s; known: %s", settings.Nearest(b, known), strings.Join(known, ", "))
		}
	}
	facts := Facts()
	for _, name := range sortedKeys(d.Metadata) {
		if !slices.Contains(facts, name) {
			ps.Add("metadata."+name, "", "there is no such fact%s; known: %s", settings.Nearest(name, facts), strings.Join(facts, ", "))
		}
	}
	return ps
}

// Check holds a match against the form of its parts.
func (m *MatchDocument) Check() settings.Problems {
	var ps settings.Problems
	checkOIDs(&ps, "object_id", m.ObjectID)
	checkOIDs(&ps, "not_object_id", m.NotObjectID)
	checkRegexp(&ps, "description", m.Description)
	checkRegexp(&ps, "not_description", m.NotDescr)
	checkRegexp(&ps, "sys_name", m.SysName)
	checkRegexp(&ps, "probe_text", m.ProbeText)
	checkOID(&ps, "probe", m.Probe)
	checkOID(&ps, "below", m.Below)
	if m.Probe == "" && m.ProbeText != "" {
		ps.Add("probe_text", m.ProbeText, "it is held against the value of probe, which is missing")
	}
	if len(m.ObjectID) == 0 && m.Description == "" && m.SysName == "" && m.Probe == "" && m.Below == "" {
		ps.Add("", "", "object_id, description, sys_name, probe or below is expected: this would fit every device")
	}
	return ps
}

// Check holds a condition against the form of its parts.
func (c *Condition) Check() settings.Problems {
	var ps settings.Problems
	checkRegexp(&ps, "match", c.Match)
	checkPair(&ps, "outside", c.Outside)
	checkLookup(&ps, c.Lookup)
	if n := count(c.Column != 0, c.Index != "", c.Lookup != ""); n != 1 {
		ps.Add("", "", "one of column, index and lookup is expected")
	}
	if n := count(len(c.Is) > 0, c.Match != "", len(c.Outside) > 0, c.Missing); n != 1 {
		ps.Add("", "", "one of is, match, outside and missing is expected")
	}
	return ps
}

// Check holds a source against the form of its parts.
func (s *Source) Check() settings.Problems {
	var ps settings.Problems
	checkOID(&ps, "oid", s.OID)
	checkOID(&ps, "first", s.First)
	checkOID(&ps, "where", s.Where)
	checkOID(&ps, "sum", s.Sum)
	checkOID(&ps, "average", s.Average)
	checkOID(&ps, "count", s.Count)
	checkLookup(&ps, s.Lookup)
	checkRegexp(&ps, "match", s.Match)
	checkRegexp(&ps, "blank", s.Blank)
	checkPair(&ps, "between", s.Between)
	if n := count(s.Column != 0, s.OID != "", s.Lookup != "", s.Index != "", s.First != "", s.Sum != "", s.Average != "", s.Count != "",
		s.Entity != "", s.System != "", s.Metadata != "", s.Value != "", len(s.Parts) > 0); n != 1 {
		ps.Add("", "", "one place is expected: column, oid, lookup, index, first, sum, average, count, entity, system, metadata, value or parts; there are %d", n)
	}
	if s.By != "" && s.Lookup == "" {
		ps.Add("by", s.By, "it belongs to lookup, which is missing")
	}
	if s.Live && !isOID(s.Lookup) {
		ps.Add("live", "", "it belongs to a lookup by OID")
	}
	if s.Where != "" && s.First == "" && s.Sum == "" && s.Count == "" && s.Average == "" || count(len(s.Is) > 0, s.Like != 0) != count(s.Where != "") {
		ps.Add("where", s.Where, "where and one of is and like belong together, and to first, sum, average or count")
	}
	if _, err := parseMap(s.Map); err != nil {
		ps.Add("map", s.Map, "%v", err)
	}
	if s.Take != "" && s.Match == "" {
		ps.Add("take", s.Take, "it takes from what match found, which is missing")
	}
	if s.Layout != "" && s.As != "date" {
		ps.Add("layout", s.Layout, "it belongs to as: date")
	}
	return ps
}

func count(all ...bool) int {
	n := 0
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}

func checkOIDs(ps *settings.Problems, key string, list []string) {
	for i, s := range list {
		checkOID(ps, fmt.Sprintf("%s[%d]", key, i), s)
	}
}

func checkOID(ps *settings.Problems, key, s string) {
	if s != "" && !isOID(s) {
		ps.Add(key, s, "an OID in numbers is expected, such as 1.3.6.1.2.1.1.5.0")
	}
}

func checkRegexp(ps *settings.Problems, key, s string) {
	if _, err := regexp.Compile(s); err != nil {
		ps.Add(key, s, "a regular expression is expected: %v", err)
	}
}

func checkPair(ps *settings.Problems, key string, list []float64) {
	if len(list) != 0 && (len(list) != 2 || list[0] > list[1]) {
		ps.Add(key, "", "two numbers are expected, the lower one first")
	}
}

func checkLookup(ps *settings.Problems, s string) {
	if s != "" && !isOID(s) && !slices.Contains(lookups(), s) {
		ps.Add("lookup", s, "the OID of a column is expected, or one of %s", strings.Join(lookups(), ", "))
	}
}

// lookups are columns of other tables that have a name.
func lookups() []string {
	return []string{
		"entity",
		"entity.description",
		"entity.model",
		"entity.serial",
		"port",
		"base_port",
	}
}

// isOID says whether a text is an OID in numbers, without a leading dot.
func isOID(s string) bool {
	if len(s) == 0 || len(s) > 512 {
		return false
	}
	digits, arcs := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if digits++; digits > 10 {
				return false
			}
		case c == '.' && digits > 0:
			digits = 0
			arcs++
		default:
			return false
		}
	}
	return digits > 0 && arcs > 0 && arcs < 128
}

// parseMap reads "1=ok, 2=warning, *=unknown". A comma that is meant is
// written twice.
func parseMap(s string) (map[string]string, error) {
	if s == "" {
		return nil, nil
	}
	const twice = "\x00"
	m := map[string]string{}
	for part := range strings.SplitSeq(strings.ReplaceAll(s, ",,", twice), ",") {
		key, value, ok := strings.Cut(part, "=")
		key, value = strings.TrimSpace(key), strings.ReplaceAll(strings.TrimSpace(value), twice, ",")
		if !ok || key == "" {
			return nil, fmt.Errorf("%q: pairs such as 1=ok, joined by commas, are expected", strings.TrimSpace(part))
		}
		if _, twice := m[key]; twice {
			return nil, fmt.Errorf("%s stands twice", key)
		}
		m[key] = value
	}
	return m, nil
}
