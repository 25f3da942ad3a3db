package profile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestOwnProfilesLoad(t *testing.T) {
	s, err := Load(Own(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Problems()) > 0 {
		t.Error(s.Problems())
	}
	if _, ok := s.Find("any"); !ok {
		t.Error("there is no profile for whatever answers")
	}
}

func office(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFaultsOfOfficesAreToldAndTheRestGoesOn(t *testing.T) {
	dir := office(t, map[string]string{
		"acme.yaml":  "name: acme\nmatch: [{object_id: [1.3.6.1.4.1.99999]}]\nextends: [switch]\n",
		"bad.yaml":   "name: bad\nmatch: [{object_id: [1.3.6.1.4.1.99998]}]\ntables:\n  - section: processor\n    entry: 1.3.6.1.4.1.99998.1.1\n    columns: {name: 2, load: 3}\n",
		"worse.yaml": "name: worse\nmatch: [{object_id: [1.3.6.1.4.1.99997]}]\nextends: [swich]\nmetadata:\n  modell: [{value: X}]\n",
		"any.yaml":   "name: any\npriority: 1000\n",
	})
	s, err := Load(Own(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := s.Find("acme"); !ok || !p.Office {
		t.Error("the good profile is not there")
	}
	if p, ok := s.Find("any"); !ok || p.Office || p.Priority != -100 {
		t.Error("a broken change took the own profile away")
	}
	if _, ok := s.Find("bad"); ok {
		t.Error("a broken profile is there")
	}
	text := s.Problems().Error()
	for _, want := range []string{
		`bad.yaml:6:30: tables[0].columns.load: section processor has no column load`,
		`worse.yaml:5:11: metadata.modell: there is no such fact (did you mean "model"?)`,
		`any.yaml:2:11: priority is "1000": expected -100 to 100`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

func TestStrictForm(t *testing.T) {
	const head = "name: x\nmatch: [{object_id: [1.3.6.1.4.1.99999]}]\n"
	for _, c := range []struct{ text, want string }{
		{"match: [{descr: x}]\nname: x\n", `no such setting`},
		{"name: x\nmatch: [{description: '('}]\n", `a regular expression is expected`},
		{"name: y\nmatch: [{description: y}]\n", `the file's name is expected`},
		{"name: x\n", `what it fits is missing`},
		{head + "extends: [nobody]\n", `there is no such profile`},
		{head + "extends: [x]\n", `cannot extend itself`},
		{head + "builtins: [port]\n", `did you mean "ports"?`},
		{head + "tables: [{section: sensr, entry: 1.3.6.1}]\n", `did you mean "sensor"?`},
		{head + "tables: [{section: sensor, entry: 1.3.6.1.4, set: {kind: temprature}, columns: {name: 1}}]\n", `did you mean "temperature"?`},
		{head + "tables: [{section: sensor, entry: 1.3.6.1.4, columns: {name: 1}, fields: {status: [{column: 2, map: '1=okay'}]}}]\n", `status is one of`},
		{head + "tables: [{section: sensor, entry: 1.3.6.1.4, fields: {name: [{index: slot}]}}]\n", `the index has no such piece`},
		{head + "tables: [{section: sensor, entry: 1.3.6.1.4, fields: {name: [{column: 1, value: x}]}}]\n", `one place is expected`},
		{head + "tables: [{section: sensor, entry: 1.3.6.1.4, fields: {name: [{column: 1, as: txt}]}}]\n", `expected one of`},
		{head + "tables: [{section: sensor, entry: 1.3.6.1.4, columns: {name: 1}, fields: {name: [{column: 2}]}}]\n", `name is filled twice`},
		{head + "tables: [{section: processor, entry: 1.3.6.1.4, columns: {load_percent: 1}}]\n", `the key of section processor is filled by nothing`},
		{head + "tables: [{section: arp, columns: {mac: 1}, set: {address: x}}]\n", `column belongs to a table with an entry`},
		{head + "scalars: [{section: sensor, entry: 1.3.6.1.4, columns: {name: 1}}]\n", `scalars have no entry`},
		{head + "numbers: {firewall.sesions: [{oid: 1.3.6.1.4.0}]}\n", `a number of the metric catalogue is expected`},
		{head + "numbers: {processor.usage_percent: [{oid: 1.3.6.1.4.0}]}\n", `follow from rows of a section`},
		{head + "metadata: {model: [{oid: 1.3.6.1.x}]}\n", `an OID in numbers is expected`},
		{head + "metadata: {model: [{metadata: vndor}]}\n", `did you mean "vendor"?`},
	} {
		own := fstest.MapFS{"switch.yaml": {Data: []byte("name: switch\nbase: true\n")}}
		s, err := Load(own, office(t, map[string]string{"x.yaml": c.text}))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Find("x"); ok {
			t.Errorf("%q stands", c.text)
		}
		if text := s.Problems().Error(); !strings.Contains(text, c.want) || !strings.Contains(text, "x.yaml:") {
			t.Errorf("%q:\n%s\nwant %s", c.text, text, c.want)
		}
	}
}

func TestPartsOfParentsAreReplacedAndLeftOut(t *testing.T) {
	own := fstest.MapFS{
		"base.yaml": {Data: []byte("name: base\nbase: true\nbuiltins: [ports, arp]\nmetadata: {vendor: [{value: Base}]}\ntables:\n" +
			"  - {name: cpu, section: processor, entry: 1.3.6.1.4.1, columns: {name: 1, load_percent: 2}}\n" +
			"  - {name: heat, section: sensor, entry: 1.3.6.1.4.2, set: {kind: temperature}, columns: {name: 1, value: 2}}\n")},
		"one.yaml": {Data: []byte("name: one\nextends: [base]\nwithout: [heat, arp]\nmatch: [{object_id: [1.3.6.1.4.1.1]}]\nmetadata: {vendor: [{value: One}]}\ntables:\n" +
			"  - {name: cpu, section: processor, entry: 1.3.6.1.4.3, columns: {name: 1, load_percent: 2}}\n")},
	}
	s, err := Load(own, "")
	if err != nil {
		t.Fatal(err)
	}
	p, _ := s.Find("one")
	if len(p.tables) != 1 || p.tables[0].Entry != "1.3.6.1.4.3" {
		t.Errorf("tables: %v", p.tables)
	}
	if len(p.readers) != 1 || p.readers[0] != "ports" {
		t.Errorf("builtins: %v", p.readers)
	}
	if f := p.facts["vendor"]; len(f) != 2 || f[0].Value != "One" || f[1].Value != "Base" {
		t.Errorf("facts: %v", f)
	}
}

// One form for products that each have a MIB of their own; an office may change
// the form and add products.
func TestRootsOfProducts(t *testing.T) {
	dir := office(t, map[string]string{
		"form.yaml":  "name: form\nbase: true\nmetadata:\n  serial: [{oid: root.1.2.0}]\ntables:\n  - section: processor\n    entry: root.3.1\n    columns: {name: 2, load_percent: 4}\n",
		"one.yaml":   "name: one\nextends: [form]\nroot: 1.3.6.1.4.1.99999.1\nmatch: [{object_id: [1.3.6.1.4.1.99999.1]}]\n",
		"two.yaml":   "name: two\nextends: [form]\nroot: 1.3.6.1.4.1.99999.2\nmatch: [{object_id: [1.3.6.1.4.1.99999.2]}]\n",
		"three.yaml": "name: three\nextends: [form]\nmatch: [{object_id: [1.3.6.1.4.1.99999.3]}]\n",
		"four.yaml":  "name: four\nextends: [form]\nroot: 1.3.6.x\nmatch: [{object_id: [1.3.6.1.4.1.99999.4]}]\n",
	})
	s, err := Load(Own(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"one": "1.3.6.1.4.1.99999.1", "two": "1.3.6.1.4.1.99999.2"} {
		p, ok := s.Find(name)
		if !ok {
			t.Fatal(s.Problems())
		}
		if got := p.facts["serial"][0].OID; got != want+".1.2.0" {
			t.Errorf("serial number of %s is %s", name, got)
		}
		if got := p.tables[0].Entry; got != want+".3.1" {
			t.Errorf("table of %s is %s", name, got)
		}
	}
	for _, name := range []string{"three", "four"} {
		if _, ok := s.Find(name); ok {
			t.Errorf("%s has no root and stands", name)
		}
	}
	for _, want := range []string{"three.yaml", `four.yaml:3:7: root is "1.3.6.x": an OID in numbers is expected`} {
		if text := s.Problems().Error(); !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}
