package search

import (
	"strings"

	"muster/internal/inventory"
)

// Kind is what a field holds and so what its operators mean.
type Kind uint8

// The kinds. Unless said otherwise ":" means the same as "=".
const (
	Free     Kind = iota // a word without a field: name, serial, asset tag, vendor, model, user, address contain it
	Text                 // ":" contains
	Word                 // a name from a small set: ":" is the whole word
	Number               // in Field.Unit
	Bytes                // 8GB, 512MiB; GB counts by 1,000, and by 1,024 where Field.Binary
	Seconds              // 90s, 2h, 7d, or a plain number of seconds
	BitRate              // 100M, 1Gbps, or a plain number of bits per second
	Percent              // 0 to 100, with or without %
	Yes                  // yes or no
	Time                 // a date, or an age: seen>7d is longer ago than 7 days
	Version              // ordered by inventory.VersionKey; ":" is that version or one below it: 23 finds 23.1
	Address              // an IP address or network; other text: contains
	Mac                  // a hardware address in any notation; a part: contains
	List                 // several texts; ":" one of them contains, "=" one of them is
	Software             // name, then perhaps a version
	Service              // name, then perhaps a state
	Port                 // DEVICE/PORT of network gear the device is connected to; DEVICE alone is any port
	Disk                 // size of any physical drive, or with ":" text in its model
	Space                // free bytes or free percent of any volume
)

var kindText = [...]string{"text", "text", "word", "number", "size", "duration", "bit rate", "percent",
	"yes or no", "date or age", "version", "IP address or network", "MAC address", "list",
	"program", "service", "device/port", "size or text", "size or percent"}

func (k Kind) String() string {
	if int(k) < len(kindText) {
		return kindText[k]
	}
	return "?"
}

// Field is something devices can be chosen by.
type Field struct {
	Name     string // as written; "section.column" for a column of the catalogue
	Aliases  []string
	Doc      string // one sentence
	Kind     Kind
	Unit     string   // of numbers, as the catalogue spells it
	Binary   bool     // GB means 1,024 × 1,024 × 1,024 bytes, as memory is sold (JEDEC 100B.01)
	Values   []string // values known, offered when completing
	Closed   bool     // no other values than Values exist
	Personal bool     // tells of a person
	Example  string

	// Set for a column of the catalogue, nil for the others.
	Section *inventory.Section
	Column  inventory.Column
}

// Ops lists the operators the field takes, ":" and known (":*") among them.
func (f Field) Ops() []Op {
	switch f.Kind {
	case Free:
		return []Op{Has, Glob}
	case Text, Word, List, Software, Service, Port, Address, Mac:
		return []Op{Has, Eq, Ne, Glob, Known}
	case Yes:
		return []Op{Has, Eq, Ne, Known}
	case Version:
		return []Op{Has, Eq, Ne, Lt, Le, Gt, Ge, Glob, Known}
	case Disk:
		return []Op{Has, Eq, Ne, Lt, Le, Gt, Ge, Glob, Known}
	default:
		return []Op{Has, Eq, Ne, Lt, Le, Gt, Ge, Known}
	}
}

func (f Field) takes(op Op) bool {
	for _, o := range f.Ops() {
		if o == op {
			return true
		}
	}
	return false
}

// Fields lists the fields of a device. Beside them every column of the
// catalogue is one: volume.used_percent>90, os.locale:de.
func Fields() []Field {
	return []Field{
		{Name: "name", Aliases: []string{"host", "hostname"}, Kind: Text, Example: "name:frontdesk*", Doc: "Name of the device."},
		{Name: "id", Kind: Word, Example: "id:0190c2f1*", Doc: "Device ID; with * its beginning."},
		{Name: "kind", Aliases: []string{"type"}, Kind: Word, Closed: true, Example: "kind:switch", Doc: "Kind of device.",
			Values: []string{"pc", "server", "switch", "router", "firewall", "access_point", "wireless_controller", "printer", "ups", "pdu", "nas", "camera", "phone"}},
		{Name: "os", Kind: Text, Example: "os:windows", Doc: "Family or name of the operating system.",
			Values: []string{"windows", "darwin", "linux", "network"}},
		{Name: "version", Kind: Version, Example: "version<10.0.22631", Doc: "Version of the operating system."},
		{Name: "build", Kind: Version, Example: "build<22631.3880", Doc: "Build of the operating system."},
		{Name: "eol", Aliases: []string{"end_of_life"}, Kind: Time, Example: "eol<2027-01-01", Values: []string{"past", "future"},
			Doc: "Day on which the maker's security updates of its operating system end; eol:past has none any more."},
		{Name: "kernel", Kind: Version, Example: "kernel<6.1", Doc: "Version of the running kernel."},
		{Name: "arch", Kind: Word, Example: "arch:arm64", Doc: "Architecture of the operating system.", Values: []string{"amd64", "arm64", "386", "arm"}},
		{Name: "ram", Aliases: []string{"memory"}, Kind: Bytes, Unit: "byte", Binary: true, Example: "ram<8GB", Doc: "Memory of the machine; GB counts as GiB here."},
		{Name: "cpu", Kind: Text, Example: "cpu:i5-8*", Doc: "Model of the processor."},
		{Name: "cores", Kind: Number, Unit: "count", Example: "cores<4", Doc: "Physical processor cores."},
		{Name: "serial", Kind: Text, Example: "serial:5CD1234XYZ", Doc: "Serial number of the machine."},
		{Name: "model", Kind: Text, Example: "model:EliteBook", Doc: "Model of the machine."},
		{Name: "vendor", Aliases: []string{"maker", "manufacturer"}, Kind: Text, Example: "vendor:Dell", Doc: "Maker of the machine."},
		{Name: "uuid", Kind: Text, Example: "uuid:4c4c4544*", Doc: "SMBIOS UUID of the machine."},
		{Name: "ip", Aliases: []string{"address"}, Kind: Address, Example: "ip:10.20.0.0/16", Doc: "An IP address of the device: one address, a network, or part of its text."},
		{Name: "mac", Kind: Mac, Example: "mac:00-25-90-ab-cd-ef", Doc: "A hardware address of the device, in any notation."},
		{Name: "user", Kind: Text, Personal: true, Example: "user:jdoe", Doc: "Person who uses the device most or is signed in."},
		{Name: "site", Kind: Text, Example: "site:health/hartford", Doc: "Site the device is at: AGENCY/SITE is that one, and text without a slash is contained in the site's name."},
		{Name: "agency", Kind: Text, Example: "agency:parks", Doc: "Agency the device belongs to."},
		{Name: "label", Aliases: []string{"tag"}, Kind: Word, Example: "label:loaner", Doc: "A label of the device."},
		{Name: "group", Kind: Word, Example: "group:kiosks", Doc: "A group the device is in."},
		{Name: "state", Aliases: []string{"presence", "status"}, Kind: Word, Closed: true, Example: "state:missing", Doc: "Whether the device can be expected to answer.",
			Values: []string{"online", "asleep", "away", "missing", "retired"}},
		{Name: "severity", Aliases: []string{"urgency"}, Kind: Word, Closed: true, Example: "severity:critical",
			Doc:    "How urgent its worst open incident is: critical is to act on today, warn this week, info is watched; none has none. Upkeep, what is snoozed and what was there when it came do not count.",
			Values: []string{"critical", "warn", "info", "none"}},
		{Name: "seen", Kind: Time, Example: "seen>7d", Doc: "When it last reported: seen>7d has not reported for 7 days."},
		{Name: "first", Kind: Time, Example: "first<30d", Doc: "When it was first seen: first<30d came within 30 days."},
		{Name: "enrolled", Kind: Time, Example: "enrolled>=2026-11-01", Doc: "When its agent enrolled."},
		{Name: "agent", Kind: Version, Example: "agent<1.4", Doc: "Version of its agent."},
		{Name: "asset", Aliases: []string{"asset_tag"}, Kind: Text, Example: "asset:CT-00417", Doc: "Asset tag, as people keep it."},
		{Name: "owner", Kind: Text, Personal: true, Example: `owner:"Jane Doe"`, Doc: "Owner, as people keep it."},
		{Name: "department", Aliases: []string{"dept"}, Kind: Text, Example: "department:finance", Doc: "Department, as people keep it."},
		{Name: "purchased", Kind: Time, Example: "purchased<2021", Doc: "Day of purchase, as people keep it."},
		{Name: "warranty", Kind: Time, Example: "warranty<2026-12-31", Doc: "Last day of warranty, as people keep it."},
		{Name: "note", Kind: Text, Example: "note:returned", Doc: "Note, as people keep it."},
		{Name: "disk", Kind: Disk, Unit: "byte", Example: "disk<256GB", Doc: "Size of any physical drive, or with : text in its model."},
		{Name: "free", Kind: Space, Unit: "byte", Example: "free<10%", Doc: "Free space of any volume, as bytes or as share of its size."},
		{Name: "software", Aliases: []string{"program", "package"}, Kind: Software, Example: `software:"Adobe Reader"<23`, Doc: "A program it has installed, and perhaps which versions."},
		{Name: "service", Kind: Service, Example: "service:spooler=stopped", Doc: "A service it has, and perhaps in which state."},
		{Name: "port", Kind: Port, Example: "port:sw-3/Gi1/0/7", Doc: "The network port it is connected to, as device/port; the device alone for any of its ports."},
	}
}

// columnField makes a field of a column; ok is false for columns that cannot
// be searched (bytes).
func columnField(s *inventory.Section, c inventory.Column) (Field, bool) {
	f := Field{
		Name: s.Name + "." + c.Name, Doc: c.Doc, Unit: c.Unit, Values: c.Enum, Personal: c.Personal,
		Section: s, Column: c,
	}
	switch c.Kind {
	case inventory.Text:
		switch {
		case c.Version:
			f.Kind = Version
		case len(c.Enum) > 0:
			f.Kind = Word
		case c.Name == "mac" || strings.HasSuffix(c.Name, "_mac"):
			f.Kind = Mac
		default:
			f.Kind = Text
		}
	case inventory.Int, inventory.Float:
		switch c.Unit {
		case "byte":
			f.Kind = Bytes
			// Modules and memory are sized in powers of two.
			f.Binary = strings.HasPrefix(s.Name, "memory")
		case "second":
			f.Kind = Seconds
		case "bit_per_second":
			f.Kind = BitRate
		case "percent":
			f.Kind = Percent
		default:
			f.Kind = Number
		}
	case inventory.Bool:
		f.Kind = Yes
	case inventory.Time:
		f.Kind = Time
	case inventory.List:
		f.Kind = List
	default:
		return Field{}, false
	}
	f.Example = f.Name + exampleOf(f)
	return f, true
}

func exampleOf(f Field) string {
	if len(f.Values) > 0 {
		return ":" + f.Values[0]
	}
	switch f.Kind {
	case Bytes:
		return "<8GB"
	case Seconds:
		return ">2h"
	case BitRate:
		return "<1Gbps"
	case Percent:
		return ">90%"
	case Number:
		return ">1"
	case Yes:
		return ":yes"
	case Time:
		return "<2026-01-01"
	case Version:
		return "<2.0"
	default:
		return ":text"
	}
}
