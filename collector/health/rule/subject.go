package rule

import (
	"slices"
	"strings"
	"sync"
)

// Subject is what a rule judges one by one: the device itself, or each of its
// drives, volumes, ports. It says by which columns, labels and attributes the
// catalogues speak of the same thing.
type Subject struct {
	Name string
	Doc  string // "the drive", as a sentence has it

	// Section has a row for each component, named by the first of the columns
	// Keys that has a text; further ones are other names of the same thing.
	// Without a section components are known by their numbers and events alone.
	Section string
	Keys    []string
	Label   []string // columns that people know it by, the first that are there
	Model   string   // column by which limits differ; empty: the device's model

	// How others name it: the first of the columns, labels or attributes that
	// has a text.
	Rows   map[string][]string // by section
	Series map[string][]string // by measurement
	Events map[string][]string // by kind

	// Self says that the device can be the thing itself, which then has no
	// name: it is called as the subject is.
	Self bool

	// Keep is what a row must be to be looked at: sections of hundreds of rows
	// of which a few matter.
	Keep []Match

	// Whole names, by measurement, the value of its first label that speaks of
	// the device as a whole.
	Whole map[string]string
}

// Subjects lists them. The value is shared: callers must not change it.
func Subjects() []Subject { return subjects().list }

// FindSubject finds one by name.
func FindSubject(name string) (Subject, bool) {
	i, ok := subjects().byName[name]
	if !ok {
		return Subject{}, false
	}
	return subjects().list[i], true
}

// SubjectOfSeries is the subject that a measurement's series belong to: the
// device where there is no other.
func SubjectOfSeries(measurement string) Subject {
	return subjects().list[subjects().bySeries[measurement]]
}

type subjectIndex struct {
	list             []Subject
	byName, bySeries map[string]int
}

// subjects joins the table once. That two subjects claim the same name is a
// fault of the program, found by its tests.
var subjects = sync.OnceValue(func() subjectIndex {
	x := subjectIndex{list: table(), byName: map[string]int{}, bySeries: map[string]int{}}
	for i, s := range x.list {
		x.byName[s.Name] = i
		for name := range s.Series {
			x.bySeries[name] = i
		}
	}
	return x
})

// Plural is what several of it are called.
func (s Subject) Plural() string {
	one := strings.TrimPrefix(s.Doc, "the ")
	if stem, ok := strings.CutSuffix(one, "y"); ok && !strings.HasSuffix(stem, "a") {
		return stem + "ies"
	}
	return one + "s"
}

// Device is the subject of rules that judge the device as a whole.
const Device = "device"

func table() []Subject {
	drive := []string{"serial", "disk"}
	return []Subject{
		// First: what nobody claims is the device's.
		{Name: Device, Doc: "the device", Whole: map[string]string{"cpu": "cpu-total"}},
		{
			Name: "drive", Doc: "the drive", Section: "disk", Keys: []string{"serial", "name"}, Label: []string{"model", "name"}, Model: "model",
			Rows:   map[string][]string{"disk_health": drive, "disk_selftest": {"disk"}},
			Series: map[string][]string{"smart_device": {"serial_no", "device"}, "smart_attribute": {"serial_no", "device"}, "diskio": {"name"}},
			Events: map[string][]string{"disk_error": drive, "disk_failure_predicted": drive, "self_test_failed": drive, "disk_removed": drive},
		},
		{
			Name: "volume", Doc: "the volume", Section: "volume", Keys: []string{"mount", "source"}, Label: []string{"mount", "label"},
			Series: map[string][]string{"disk": {"path"}},
			Events: map[string][]string{"fs_error": {"volume"}},
		},
		{
			Name: "array", Doc: "the array", Section: "raid_array", Keys: []string{"name"}, Label: []string{"name", "raid_level"},
			Rows:   map[string][]string{"raid_member": {"array_name"}},
			Events: map[string][]string{"raid_degraded": {"array"}},
		},
		{
			Name: "interface", Doc: "the network card", Section: "interface", Keys: []string{"name"}, Label: []string{"name", "description"}, Model: "model",
			Series: map[string][]string{"net": {"interface"}, "wifi": {"interface"}},
			Rows:   map[string][]string{"wifi": {"interface_name"}},
			Events: map[string][]string{"link_flap": {"interface"}},
		},
		{
			Name: "battery", Doc: "the battery", Section: "battery", Keys: []string{"name"}, Label: []string{"name", "model"}, Model: "model",
			Series: map[string][]string{"battery": {"battery"}},
		},
		{
			Name: "sensor", Doc: "the sensor", Section: "sensor", Keys: []string{"name"}, Label: []string{"name"},
			Series: map[string][]string{"sensor": {"sensor"}, "temp": {"sensor"}},
			Events: map[string][]string{"sensor_alarm": {"sensor"}, "overheated": {"sensor"}},
		},
		{Name: "memory_place", Doc: "the memory slot", Events: map[string][]string{"memory_error_corrected": {"location"}, "memory_error_uncorrected": {"location"}}},
		{Name: "bus_device", Doc: "the card", Events: map[string][]string{"pcie_error_corrected": {"device"}}},
		{Name: "program", Doc: "the program", Events: map[string][]string{"app_crash": {"program"}, "app_hang": {"program"}}},
		{
			Name: "service", Doc: "the service", Section: "service", Keys: []string{"name"}, Label: []string{"display_name", "name"},
			Keep:   []Match{{Name: "failed", Values: []string{"true"}}},
			Events: map[string][]string{"service_failed": {"service"}},
		},
		{Name: "update", Doc: "the update", Events: map[string][]string{"update_failed": {"update"}}},
		{Name: "antivirus", Doc: "the protection", Section: "antivirus", Keys: []string{"name"}, Label: []string{"name"}},
		{Name: "certificate", Doc: "the certificate", Section: "certificate", Keys: []string{"fingerprint_sha256"}, Label: []string{"common_name", "subject"},
			Keep: []Match{{Name: "has_private_key", Values: []string{"true"}}}},
		{Name: "name_server", Doc: "the name server", Series: map[string][]string{"dns_query": {"server"}}},
		{Name: "ping_target", Doc: "the way", Series: map[string][]string{"ping": {"url"}}},
		{
			Name: "port", Doc: "the port", Section: "port", Keys: []string{"name"}, Label: []string{"name", "alias"},
			Series: map[string][]string{"interface": {"ifName"}, "poe_port": {"ifName"}},
			Events: map[string][]string{"link_flap": {"interface"}},
		},
		{
			Name: "processor", Doc: "the processor", Section: "processor", Keys: []string{"name"}, Label: []string{"name"},
			Series: map[string][]string{"processor": {"processor"}},
		},
		{
			Name: "memory_pool", Doc: "the memory pool", Section: "memory_pool", Keys: []string{"name"}, Label: []string{"name"},
			Series: map[string][]string{"memory_pool": {"pool"}},
		},
		{
			Name: "storage", Doc: "the storage area", Section: "storage", Keys: []string{"name"}, Label: []string{"name"},
			Series: map[string][]string{"storage": {"storage"}},
		},
		{
			Name: "supply", Doc: "the supply", Section: "printer_supply", Keys: []string{"description", "supply_index"}, Label: []string{"description"},
			Series: map[string][]string{"printer_supply": {"supply"}},
		},
		{
			Name: "ups", Doc: "the UPS", Section: "ups", Keys: []string{"name"}, Self: true, Label: []string{"name", "model"}, Model: "model",
			Series: map[string][]string{"upsd": {"ups_name"}},
		},
		{Name: "poe_group", Doc: "the power group", Section: "poe_supply", Keys: []string{"group_number"}, Series: map[string][]string{"poe": {"group"}}},

		// Worked out by the collector.
		{Name: "series", Doc: "the number"},
		{Name: "cause", Doc: "what the devices share"},
		{Name: "change", Doc: "the change"},
		{Name: "site", Doc: "the site"},
	}
}

// Has says whether the subject names series, rows or events of that name.
func (s Subject) Has(what, name string) bool {
	switch what {
	case "series":
		return len(s.Series[name]) > 0
	case "section":
		return s.Section == name || len(s.Rows[name]) > 0
	case "event":
		return len(s.Events[name]) > 0
	}
	return false
}

// Kept says whether a row is looked at.
func (s Subject) Kept(column func(string) string) bool {
	for _, m := range s.Keep {
		if !m.Holds(column(m.Name)) {
			return false
		}
	}
	return true
}

// KeyColumns are the columns of a section that name a component.
func (s Subject) KeyColumns(section string) []string {
	if section == s.Section {
		return s.Keys
	}
	return s.Rows[section]
}

// subjectNames is for messages.
func subjectNames() []string {
	var out []string
	for _, s := range Subjects() {
		out = append(out, s.Name)
	}
	slices.Sort(out)
	return out
}
