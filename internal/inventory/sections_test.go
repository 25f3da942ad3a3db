package inventory

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// reserved are words that SQLite or PostgreSQL may take for syntax, so that
// nobody who writes SQL over the views has to quote a column.
const reserved = ` abort action add after all alter always analyse analyze and any array as asc asymmetric asynchronous attach
 authorization autoincrement before begin between binary both by cascade case cast check collate collation column commit concurrently
 conflict constraint create cross current current_catalog current_date current_role current_schema current_time current_timestamp
 current_user database default deferrable deferred delete desc detach distinct do drop each else end escape except exclude exclusive
 exists explain fail false fetch filter first following for foreign freeze from full generated glob grant group groups having if ignore
 ilike immediate in index indexed initially inner insert instead intersect into is isnull join key last lateral leading left like limit
 localtime localtimestamp match materialized natural no not nothing notnull null nulls of offset on only or order others outer over
 overlaps overlay partition placing plan position pragma preceding precision primary query raise range recursive references regexp
 reindex release rename replace restrict returning right rollback row rows savepoint select session_user set similar some substring
 symmetric system_user table tablesample temp temporary then ties to trailing transaction treat trigger trim true unbounded union unique
 update user using vacuum values variadic verbose view virtual when where window with within without `

// units ties the end of a column's name to the unit it must carry; the
// longest ending that fits decides.
var units = map[string]string{
	"_bytes":                "byte",
	"_seconds":              "second",
	"_hours":                "hour",
	"_days":                 "day",
	"_celsius":              "celsius",
	"_percent":              "percent",
	"_bits_per_second":      "bit_per_second",
	"_transfers_per_second": "transfer_per_second",
	"_hertz":                "hertz",
	"_watts":                "watt",
	"_watt_hours":           "watt_hour",
	"_volts":                "volt",
	"_millivolts":           "millivolt",
	"_volt_amperes":         "volt_ampere",
	"_amperes":              "ampere",
	"_milliamperes":         "milliampere",
	"_dbm":                  "dbm",
	"_decibels":             "decibel",
	"_rpm":                  "rpm",
	"_millimeters":          "millimeter",
	"_pixels":               "pixel",
	"_bits":                 "bit",
	"_count":                "count",
}

// unitOf is the unit that a column's name promises, or empty.
func unitOf(column string) string {
	longest := ""
	for suffix := range units {
		if strings.HasSuffix(column, suffix) && len(suffix) > len(longest) {
			longest = suffix
		}
	}
	return units[longest]
}

func eachColumn(t *testing.T, f func(t *testing.T, s *Section, c Column)) {
	t.Helper()
	for _, s := range Schema() {
		for _, c := range s.Columns {
			t.Run(s.Name+"."+c.Name, func(t *testing.T) { f(t, s, c) })
		}
	}
}

func TestSectionsAreDescribed(t *testing.T) {
	for _, s := range Schema() {
		t.Run(s.Name, func(t *testing.T) {
			if !snake.MatchString(s.Name) {
				t.Error("the name is not snake_case")
			}
			if s.Name != "user" && strings.Contains(reserved, " "+s.Name+" ") {
				t.Error("the name is a word of SQL")
			}
			if !sentence(s.Doc) {
				t.Errorf("doc is not one sentence with a full stop: %q", s.Doc)
			}
			if s.Windows+s.Darwin+s.Linux+s.SNMP == "" {
				t.Error("no side says where it reads it")
			}
			if s.Cadence < time.Minute || s.Cadence > 24*time.Hour {
				t.Errorf("cadence %v is not between a minute and a day", s.Cadence)
			}
			if s.Linger != 0 && (s.Single || s.Linger < s.Cadence) {
				t.Errorf("linger %v fits neither a single row nor a cadence of %v", s.Linger, s.Cadence)
			}
			state := slices.ContainsFunc(s.Columns, func(c Column) bool { return !c.Latest })
			if !state {
				t.Error("every column is latest: nothing would ever be hashed")
			}
		})
	}
}

func TestColumnsAreDescribed(t *testing.T) {
	banned := []string{"device_id", "from_at", "until_at", "id", "hostname", "host", "rowid", "oid"}
	eachColumn(t, func(t *testing.T, s *Section, c Column) {
		if !snake.MatchString(c.Name) {
			t.Error("the name is not snake_case")
		}
		if strings.Contains(reserved, " "+c.Name+" ") {
			t.Error("the name is a word of SQL")
		}
		if slices.Contains(banned, c.Name) {
			t.Error("the name belongs to the store")
		}
		if !sentence(c.Doc) {
			t.Errorf("doc is not one sentence with a full stop: %q", c.Doc)
		}
		for _, e := range c.Enum {
			if e == "" || strings.TrimSpace(e) != e {
				t.Errorf("enum has a value %q", e)
			}
		}
		if len(c.Enum) > 0 && c.Kind != Text {
			t.Error("only texts have enums")
		}
		if set := map[string]bool{}; slices.ContainsFunc(c.Enum, func(e string) bool { twice := set[e]; set[e] = true; return twice }) {
			t.Error("enum holds a value twice")
		}
	})
}

func TestUnitsAgreeWithNames(t *testing.T) {
	eachColumn(t, func(t *testing.T, s *Section, c Column) {
		numeric := c.Kind == Int || c.Kind == Float
		want := unitOf(c.Name)
		if byColumn, ok := s.Column(c.Unit); ok { // the unit differs by row and stands in another column
			if byColumn.Kind != Text || want != "" {
				t.Errorf("unit %q names a column that cannot hold it", c.Unit)
			}
			return
		}
		if c.Unit != want {
			t.Errorf("unit is %q, the name says %q", c.Unit, want)
		}
		if c.Unit != "" && !numeric {
			t.Errorf("a %s has no unit", c.Kind)
		}
		if at := strings.HasSuffix(c.Name, "_at") || c.Name == "at"; at != (c.Kind == Time) {
			t.Errorf("a %s column: times, and only they, end in _at", c.Kind)
		}
	})
}

// TestUnknownIsNotZero wants a pointer where zero is an answer: counts,
// shares, and every yes or no.
func TestUnknownIsNotZero(t *testing.T) {
	for _, row := range all() {
		typ := reflect.TypeOf(row)
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, opts, _ := strings.Cut(f.Tag.Get("inv"), ",")
			if slices.Contains(strings.Split(opts, ","), "key") {
				continue
			}
			if f.Type.Kind() == reflect.Bool {
				t.Errorf("%s.%s: a plain bool cannot say no", row.Section().Name, name)
			}
			unit := f.Tag.Get("unit")
			if k := f.Type.Kind(); (k == reflect.Int64 || k == reflect.Float64) && (unit == "percent" || unit == "celsius" || unit == "dbm" || unit == "watt") {
				t.Errorf("%s.%s: 0 %s is an answer, a plain field cannot give it", row.Section().Name, name, unit)
			}
		}
	}
}

// TestPersonal holds the privacy sheet to what names promise.
func TestPersonal(t *testing.T) {
	person := regexp.MustCompile(`(^|_)(user|owner|person|account|login|home|ssid|bssid|contact|author|joined_by)(_|$)`)
	// What reads like a person and is none.
	not := map[string]string{
		"platform_security.remote_login":    "a switch",
		"platform_security.automatic_login": "a switch",
		"wireless_network.ssid":             "the office's own network",
		"logon.primary_user_source":         "where a fact comes from",
		"logon.distinct_user_count":         "a number",
	}
	seen := map[string]bool{}
	eachColumn(t, func(t *testing.T, s *Section, c Column) {
		full := s.Name + "." + c.Name
		_, excused := not[full]
		seen[full] = true
		if person.MatchString(c.Name) && !c.Personal && !excused {
			t.Error("tells of a person and is not personal")
		}
		if c.Personal && excused {
			t.Error("is excused and yet personal")
		}
	})
	for full := range not {
		if !seen[full] {
			t.Errorf("%s is excused and does not exist", full)
		}
	}
	for _, name := range []string{"user.name", "user.full_name", "software.user_name", "session.remote_address", "session.started_at", "wifi.ssid", "logon.last_logon_at"} {
		section, column, _ := strings.Cut(name, ".")
		s, ok := Lookup(section)
		if !ok {
			t.Fatalf("no section %s", section)
		}
		if c, ok := s.Column(column); !ok || !c.Personal {
			t.Errorf("%s must be personal", name)
		}
	}
}

// TestNeverGathered keeps the catalogue free of what no agent may read.
func TestNeverGathered(t *testing.T) {
	never := regexp.MustCompile(`(^|_)(argument|arguments|argv|args|cmdline|command_line|environ|environment|env|secret|password|passphrase|recovery_key|product_key|private_key|token|hash|community|history)(_|$)`)
	not := map[string]string{
		"platform_security.firmware_password":    "whether there is one",
		"platform_security.endorsement_key_hash": "of a public key",
		"user.password_required":                 "whether there is one",
		"user.password_set_at":                   "a date",
		"user.password_expires_at":               "a date",
		"certificate.has_private_key":            "whether there is one",
		"agent.settings_hash":                    "of settings without secrets",
	}
	eachColumn(t, func(t *testing.T, s *Section, c Column) {
		if _, ok := not[s.Name+"."+c.Name]; never.MatchString(c.Name) && !ok {
			t.Error("reads like something that must never leave a machine")
		}
	})
}

// TestHowSectionsAreKept pins what the design decides by name.
func TestHowSectionsAreKept(t *testing.T) {
	for _, name := range []string{"fdb", "arp", "neighbor", "wireless_client", "session", "listening_port"} {
		if s, ok := Lookup(name); !ok || s.Linger != 24*time.Hour {
			t.Errorf("section %s must linger for a day", name)
		}
	}
	for _, name := range []string{"port", "entity", "vlan", "fdb", "neighbor", "arp", "sensor", "poe_port", "printer_supply", "ups", "access_point", "wireless_client", "storage", "processor"} {
		if s, ok := Lookup(name); !ok || s.SNMP == "" {
			t.Errorf("section %s must come over SNMP", name)
		}
	}
	for _, name := range []string{"system", "os", "cpu", "disk", "volume", "interface", "software", "service", "user"} {
		if s, ok := Lookup(name); !ok || s.Linux == "" || s.Windows == "" || s.Darwin == "" {
			t.Errorf("section %s must come from all three systems", name)
		}
	}
	keys := map[string]string{"software": "source scope user_name name arch instance", "user": "name", "disk": "name", "port": "name", "fdb": "vlan_id mac"}
	for name, want := range keys {
		s, ok := Lookup(name)
		if !ok {
			t.Fatalf("no section %s", name)
		}
		if got := strings.Join(keyNames(s), " "); got != want {
			t.Errorf("section %s: key is %q, want %q", name, got, want)
		}
	}
}

// TestReferencesResolve checks that a doc which points at another column, as
// in (disk.name), points at one that exists.
func TestReferencesResolve(t *testing.T) {
	ref := regexp.MustCompile(`\(([a-z_]+\.[a-z_0-9]+(?:, [a-z_]+\.[a-z_0-9]+)*)\)`)
	eachColumn(t, func(t *testing.T, s *Section, c Column) {
		m := ref.FindStringSubmatch(c.Doc)
		if m == nil {
			return
		}
		for full := range strings.SplitSeq(m[1], ", ") {
			section, column, _ := strings.Cut(full, ".")
			if to, ok := Lookup(section); !ok || to.Index(column) < 0 {
				t.Errorf("doc points at %s, which does not exist", full)
			}
		}
	})
}

// TestOneFileASection wants each section in the file of its name, so that a
// fact is found by name and work merges.
func TestOneFileASection(t *testing.T) {
	for _, row := range all() {
		name, typ := row.Section().Name, reflect.TypeOf(row).Name()
		f, err := parser.ParseFile(token.NewFileSet(), name+".go", nil, 0)
		if err != nil {
			t.Errorf("section %s: %v", name, err)
			continue
		}
		if !slices.ContainsFunc(f.Decls, func(d ast.Decl) bool { return declares(d, typ) }) {
			t.Errorf("%s.go does not declare %s", name, typ)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, 0)
		if err != nil || strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != "Section" || len(fn.Recv.List) != 1 {
				continue
			}
			typ, ok := fn.Recv.List[0].Type.(*ast.Ident)
			if ok && !slices.ContainsFunc(all(), func(s Sectioner) bool { return reflect.TypeOf(s).Name() == typ.Name }) {
				t.Errorf("%s: %s is not listed in all()", file, typ.Name)
			}
		}
	}
}

func declares(d ast.Decl, typ string) bool {
	g, ok := d.(*ast.GenDecl)
	return ok && slices.ContainsFunc(g.Specs, func(s ast.Spec) bool {
		ts, ok := s.(*ast.TypeSpec)
		return ok && ts.Name.Name == typ
	})
}

func keyNames(s *Section) []string {
	var names []string
	for _, k := range s.Keys() {
		names = append(names, s.Columns[k].Name)
	}
	return names
}

func sentence(s string) bool {
	return strings.Contains(s, " ") && strings.HasSuffix(s, ".") && strings.TrimSpace(s) == s && !strings.Contains(s, "  ")
}

// ExampleSchema shows how the catalogue is walked.
func ExampleSchema() {
	s, _ := Lookup("group_member")
	fmt.Println(s.Doc, keyNames(s))
	// Output: Members of local groups. [group_name user_name]
}
