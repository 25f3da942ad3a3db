package rule

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"muster/collector/health/rules"
)

func TestOwnRulesLoad(t *testing.T) {
	set, err := Load(rules.Files(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.Problems {
		t.Error(p)
	}
	for _, in := range set.Inputs {
		t.Log(in.Subject, in)
	}
}

// fields is a rule that can stand, to be bent.
const fields = `
title: A test
family: drive
subject: drive
basis: judgement
source: none
meaning: none
checks: [a, b, c]
disproof: none
escalate: never
`

func TestFaultsAreToldWithTheirLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"condition":    {"id: X1\n" + fields + "levels:\n  - severity: warn\n    when: disk.kindd == 'hdd'\n", "X1.yaml:14:11: levels[0].when is \"disk.kindd == 'hdd'\": section disk has no column kindd (did you mean \"kind\"?) (at character 5)"},
		"other things": {"id: X1\n" + fields + "levels: [{severity: warn, when: smart_devic.temp_c > 1}]", "did you mean \"smart_device\""},
		"types":        {"id: X1\n" + fields + "levels: [{severity: warn, when: disk.kind > 1}]", "_>_"},
		"no bool":      {"id: X1\n" + fields + "levels: [{severity: warn, when: smart_device.temp_c + 1}]", "true or false is expected, this gives a number"},
		"wrong name":   {"id: X2\n" + fields + "levels: [{severity: warn, when: disk.removable}]", "X1.yaml:1:1: id is \"X2\": the file's name is expected, X1"},
		"unknown key":  {"id: X1\n" + fields + "levels: [{severity: warn, when: disk.removable, hodl: 1h}]", `did you mean "hold"`},
		"missing":      {"id: X1\ntitle: x\nsubject: drive\nfamily: drive\nbasis: judgement\nlevels: [{severity: warn, when: disk.removable}]", "meaning: it is missing"},
		"order":        {"id: X1\n" + fields + "levels: [{severity: warn, when: disk.removable}, {severity: info, when: disk.removable}]", "mildest to the worst"},
		"event":        {"id: X1\n" + fields + "levels: [{severity: warn, when: 'disk_error.count(\"1d\", {\"cuase\": \"x\"}) > 1'}]", `disk_error has no "cuase" to choose by`},
		"time":         {"id: X1\n" + fields + "levels: [{severity: warn, when: 'smart_device.temp_c.max(\"soon\") > 1'}]", "15m or 7d is expected"},
		"loop":         {"id: X1\n" + fields + "levels: [{severity: warn, when: '[1,2].exists(x, x > 1)'}]", "exists stands behind a name"},
		"many rows":    {"id: X1\n" + fields + "levels: [{severity: warn, when: 'service.failed'}]", "service.rows"},
		"other thing":  {"id: X1\n" + fields + "levels: [{severity: warn, when: 'disk.free > 1'}]", "disk is known of each volume, and this rule judges each drive"},
		"limit":        {"id: X1\n" + fields + "levels: [{severity: warn, when: 'smart_device.temp_c > limit.hot'}]", "no limit hot"},
		"a time":       {"id: X1\n" + fields + "levels: [{severity: warn, when: 'boot.started_at > 1'}]", ".days_ago()"},
		"case":         {"id: X1\n" + fields + "levels: [{severity: warn, when: disk.removable}]\ncases: [{name: a, rows: {disk: ['nam=x']}, expect: ['1h warn']}]", "no such column"},
		"not YAML":     {"id: [X1", "YAML"},
		"not rules":    {"\x00\x01", "X1.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("X1.yaml", []byte(c.text), Document{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestAnOfficeChangesDisablesAndAdds(t *testing.T) {
	office := fstest.MapFS{
		"S01.yaml": {Data: []byte("id: S01\ntitle: Too full for us\n")},
		"X1.yaml":  {Data: []byte("id: X1\n" + fields + "levels: [{severity: warn, when: disk.removable}]")},
		"X2.yaml":  {Data: []byte("id: X2\n" + fields + "levels: [{severity: warn, when: disk.removble}]")},
		"X3.yaml":  {Data: []byte("id: X3\n" + fields + "levels: [{severity: warn, when: 'firing(\"X9\")'}]")},
		"notes.md": {Data: []byte("not a rule")},
	}
	set, err := Load(rules.Files(), office, "/etc/rules")
	if err != nil {
		t.Fatal(err)
	}
	s01, _ := set.Find("s01")
	if s01.Title != "Too full for us" || len(s01.Levels) != 2 || !s01.Office || s01.File != "/etc/rules/S01.yaml" {
		t.Errorf("%+v", s01)
	}
	if _, ok := set.Find("X1"); !ok {
		t.Error("the office's own rule is not there")
	}
	if _, ok := set.Find("X2"); ok {
		t.Error("a broken rule is there")
	}
	text := set.Problems.Error()
	for _, want := range []string{"/etc/rules/X2.yaml:12:33: levels[0].when", "there is no rule X9"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not told in:\n%s", want, text)
		}
	}
	// A broken change leaves the own rule standing.
	set, err = Load(rules.Files(), fstest.MapFS{"S01.yaml": {Data: []byte("id: S01\nlevels: [{severity: warn, when: nonsense}]")}}, "office")
	if err != nil || len(set.Problems) == 0 {
		t.Fatal(err, set.Problems)
	}
	if r, ok := set.Find("S01"); !ok || r.Office {
		t.Error("the own rule is gone")
	}
}

// fake gives values by the text of an input.
type fake struct {
	set    *Set
	values map[string]Value
}

func (f fake) Value(slot int) Value { return f.values[f.set.Inputs[slot].String()] }

func TestUnknownIsNeverFalse(t *testing.T) {
	for text, want := range map[string]Verdict{
		`smart_device.temp_c > 5`:                                    Unknown,
		`!(smart_device.temp_c > 5)`:                                 Unknown,
		`smart_device.temp_c > 5 || disk.removable`:                  True,
		`smart_device.temp_c > 5 && disk.removable`:                  Unknown,
		`smart_device.temp_c > 5 && !disk.removable`:                 False,
		`disk.kind == "hdd" && disk.size_bytes / 2 == 5`:             True,
		`disk.kind in ["ssd", "hdd"]`:                                True,
		`disk.kind in ["ssd"]`:                                       False,
		`disk.model.startsWith("ST")`:                                True,
		`disk.model.matches("^WD")`:                                  False,
		`"5" in disk_health.failing_attributes`:                      True,
		`smart_device.reallocated_sectors_count.rise("7d") >= 3`:     True,
		`disk_error.count("24h", {"cause": "hardware|timeout"}) > 1`: True,
		`disk_error.count("24h", {"cause": "hardware"}) > 1`:         Unknown,
		`(disk.removable ? 1 : 2) == 1`:                              True,
	} {
		set, err := Parse("X1.yaml", []byte("id: X1\n"+fields+"levels: [{severity: warn, when: '"+strings.ReplaceAll(text, "'", "''")+"'}]"), Document{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		v := map[string]Value{
			"disk.removable":                 {Known: true, F: true},
			"disk.kind":                      {Known: true, T: "hdd"},
			"disk.model":                     {Known: true, T: "ST4000"},
			"disk.size_bytes":                {Known: true, N: 10},
			"disk_health.failing_attributes": {Known: true, L: []string{"5"}},
			`smart_device.reallocated_sectors_count.rise("7d")`:     {Known: true, N: 3},
			`disk_error.count("1d", {"cause": "hardware|timeout"})`: {Known: true, N: 2},
		}
		got, err := set.Rules[0].Levels[0].When.Judge(fake{set, v})
		if err != nil || got != want {
			t.Errorf("%s is %d, want %d (%v)", text, got, want, err)
		}
	}
}

func TestLimitsByModel(t *testing.T) {
	r := Rule{Document: Document{Limits: map[string]Limits{"spots": {Default: 16, Models: map[string]float64{"ST*": 24, "ST8*": 32}}}}}
	for model, want := range map[string]float64{"ST4000": 24, "ST8000": 32, "WD1": 16, "": 16} {
		if got := r.Limit("spots", model); got != want {
			t.Errorf("%s: %g, want %g", model, got, want)
		}
	}
}

func FuzzRule(f *testing.F) {
	f.Add("id: X1\n" + fields + "levels: [{severity: warn, when: disk.removable}]")
	f.Add("id: X1\n" + fields + "levels: [{severity: warn, when: 'disk_error.count(\"1d\") > 1'}]\ncases: [{name: a, samples: {'disk.free path=C:': '0x3 1+1x4'}, expect: ['1h none']}]")
	f.Fuzz(func(t *testing.T, text string) {
		Parse("X1.yaml", []byte(text), Document{})
	})
}

func BenchmarkCondition(b *testing.B) {
	set, err := Parse("X1.yaml", []byte("id: X1\n"+fields+`levels: [{severity: warn, when: 'disk.kind == "hdd" && smart_device.pending_sector_count >= 1 && smart_device.pending_sector_count.rise("7d") > 0'}]`), Document{})
	if err != nil {
		b.Fatal(err)
	}
	v := fake{set, map[string]Value{"disk.kind": {Known: true, T: "hdd"}, "smart_device.pending_sector_count": {Known: true, N: 8}}}
	slots := make([]Value, len(set.Inputs))
	for i := range slots {
		slots[i] = v.Value(i)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := set.Rules[0].Levels[0].When.Judge(flat(slots)); err != nil {
			b.Fatal(err)
		}
	}
}

type flat []Value

func (f flat) Value(slot int) Value { return f[slot] }

// A file that is broken while it is in use stays as it was; a draft is tried
// beside what is in use, and changes nothing.
func TestWhatBreaksInUseStaysAsItWas(t *testing.T) {
	good := func(limit string) []byte {
		return []byte("id: X17\ntitle: Own\nfamily: space\nsubject: volume\nbasis: judgement\nsource: none\nmeaning: M.\nchecks: [a, b, c]\ndisproof: d\nescalate: e\nlevels:\n  - {severity: warn, when: disk.used_percent >= " + limit + "}\n")
	}
	office := fstest.MapFS{"X17.yaml": {Data: good("91")}, "D14.yaml": {Data: []byte("id: D14\nlimits: {warm_disk: {default: 49}, hot_disk: {default: 61}, warm_ssd: {default: 71}, hot_ssd: {default: 81}}\n")}}
	first, err := Load(rules.Files(), office, "office")
	if err != nil || len(first.Problems) > 0 || len(first.Broken) > 0 {
		t.Fatal(err, first.Problems, first.Broken)
	}
	office["X17.yaml"], office["X18.yaml"], office["D14.yaml"] = &fstest.MapFile{Data: []byte("id: X17\nfamily: spice\n")}, &fstest.MapFile{Data: []byte("nonsense")}, &fstest.MapFile{Data: []byte("id: D14\nlimits: 7\n")}
	then, err := Reload(rules.Files(), office, "office", nil, first)
	if err != nil || len(then.Problems) == 0 {
		t.Fatal(err, then.Problems)
	}
	if r, ok := then.Find("X17"); !ok || r.Document.Levels[0].When != "disk.used_percent >= 91" {
		t.Errorf("X17 is %+v", r)
	}
	if r, _ := then.Find("D14"); r.Limit("warm_disk", "") != 49 {
		t.Errorf("D14 warns from %v", r.Limit("warm_disk", ""))
	}
	if want := map[string]Standing{"X17": AsBefore, "X18": Nothing, "D14": AsBefore}; !maps.Equal(then.Broken, want) {
		t.Errorf("%v, want %v", then.Broken, want)
	}
	again, err := Reload(rules.Files(), office, "office", nil, then)
	if r, ok := again.Find("X17"); err != nil || !ok || r.Document.Levels[0].When != "disk.used_percent >= 91" {
		t.Errorf("read twice, X17 is %+v, %v", r, err)
	}
	fresh, err := Load(rules.Files(), office, "office")
	if want := map[string]Standing{"X17": Nothing, "X18": Nothing, "D14": AsBrought}; err != nil || !maps.Equal(fresh.Broken, want) {
		t.Errorf("after a start: %v, want %v", fresh.Broken, want)
	}

	draft, err := Draft(rules.Files(), again, "X17.yaml", good("77"))
	if r, ok := draft.Find("X17"); err != nil || !ok || r.Document.Levels[0].When != "disk.used_percent >= 77" {
		t.Errorf("%+v, %v", r, err)
	}
	if r, _ := draft.Find("D14"); r.Limit("warm_disk", "") != 49 {
		t.Error("beside a draft, the office's other rules count")
	}
	if _, err := Draft(rules.Files(), again, "X19.yaml", []byte("id: X19\nfamily: spice\n")); err == nil || !strings.Contains(err.Error(), "X19.yaml:") {
		t.Errorf("a draft with faults: %v", err)
	}
}
