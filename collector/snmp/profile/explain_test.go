package profile

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"muster/internal/inventory"
)

func TestWhyAProfileIsChosen(t *testing.T) {
	dir := office(t, map[string]string{
		"acme-switch.yaml": "name: acme-switch\nextends: [switch]\nmatch: [{object_id: [1.3.6.1.4.1.99999.1], description: 'Acme Switch'}]\n",
		"acme-probe.yaml":  "name: acme-probe\nextends: [switch]\nmatch: [{object_id: [1.3.6.1.4.1.99999.1], probe: 1.3.6.1.4.1.99999.5.1.0, probe_text: '^4'}]\n",
		"acme-none.yaml":   "name: acme-none\nextends: [switch]\nmatch: [{object_id: [1.3.6.1.4.1.99999.1], below: 1.3.6.1.4.1.99999.9}]\n",
		"other.yaml":       "name: other\nextends: [switch]\nmatch:\n  - {object_id: [1.3.6.1.4.1.88888]}\n  - {description: 'Other'}\n  - {not_description: 'Acme', object_id: [1.3.6.1.4.1.99999]}\n  - {object_id: [1.3.6.1.4.1.99999], not_object_id: [1.3.6.1.4.1.99999.1]}\n  - {sys_name: '^other'}\n",
		"off.yaml":         "name: off\ndisabled: true\nmatch: [{description: Acme}]\n",
	})
	s, err := Load(Own(), dir)
	if err != nil || len(s.Problems()) > 0 {
		t.Fatal(err, s.Problems())
	}
	w := readWalk(t, "switch.walk")
	w.set(t, "1.3.6.1.4.1.99999.5.1.0", "s", "model 3")
	list, err := s.Explain(context.Background(), w, "other", "off", "acme-switch", "nobody's")
	if err != nil {
		t.Fatal(err)
	}
	var chosen []string
	said := map[string]string{}
	for _, x := range list {
		if x.Chosen {
			chosen = append(chosen, x.Profile)
		}
		said[x.Profile] += x.Asks + ": " + x.Lacks + "\n"
	}
	if d, err := s.Identify(context.Background(), w, nil); err != nil || !slices.Equal(chosen, []string{d.Profile()}) || d.Profile() != "acme-switch" {
		t.Errorf("chosen are %v, identified %s, %v", chosen, d.Profile(), err)
	}
	for name, want := range map[string]string{
		"acme-switch": `sysObjectID below 1.3.6.1.4.1.99999.1, "Acme Switch" in sysDescr: ` + "\n",
		"acme-probe":  `"^4" in 1.3.6.1.4.1.99999.5.1.0: 1.3.6.1.4.1.99999.5.1.0 is "model 3", in which "^4" is not found`,
		"acme-none":   `it has something below 1.3.6.1.4.1.99999.9: the device has nothing below 1.3.6.1.4.1.99999.9`,
		"any":         `priority -100, it has something below 1.3.6.1.2.1.1: `,
		"off":         `it is disabled`,
	} {
		if !strings.Contains(said[name], want) {
			t.Errorf("of %s it is said %q, want %q", name, said[name], want)
		}
	}
	for _, want := range []string{
		"sysObjectID is 1.3.6.1.4.1.99999.1.4, not below 1.3.6.1.4.1.88888",
		`"Other" is not found in sysDescr "Acme Switch 4, Version 1.2.3"`,
		`"Acme" is found in sysDescr`,
		"sysObjectID is 1.3.6.1.4.1.99999.1.4, which it excludes",
		`"^other" is not found in sysName "sw-test"`,
	} {
		if !strings.Contains(said["other"], want) {
			t.Errorf("of other it is said %q, want %q", said["other"], want)
		}
	}
	if n := strings.Count(said["acme-switch"], "\n"); n != 1 {
		t.Errorf("one entry is told %d times", n)
	}
}

func TestWhatAProfileIsMadeOf(t *testing.T) {
	s, p, err := (&Set{}).With("a.yaml", nil)
	if err == nil {
		t.Errorf("an empty file is a profile: %v %v", s, p)
	}
	set := own(t)
	text := "name: acme\nextends: [switch]\nmatch: [{object_id: [1.3.6.1.4.1.99999]}, {sys_name: '^acme-'}]\ntables:\n  - section: processor\n    every: 5m\n    entry: 1.3.6.1.4.1.99999.3.1.1\n    columns: {load_percent: 4, name: 2}\n"
	_, p, err = set.With("acme.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Matches(); !slices.Equal(got, []string{"sysObjectID below 1.3.6.1.4.1.99999", `"^acme-" in sysName`}) {
		t.Errorf("it asks %q", got)
	}
	if got := p.Parts(); len(got) == 0 || got[0] != (Part{Name: "processor", Section: "processor", Entry: "1.3.6.1.4.1.99999.3.1.1", Every: 5 * time.Minute}) {
		t.Errorf("its parts are %+v", got)
	}
	if !slices.Contains(p.Readers(), "ports") || p.Text() != text {
		t.Errorf("its builtins are %q, its text %q", p.Readers(), p.Text())
	}
	if _, ok := set.Find("acme"); ok {
		t.Error("trying a file changed the set")
	}
}

func TestABrokenFileLeavesWhatWas(t *testing.T) {
	dir := office(t, nil)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := "name: acme\ntitle: first\nextends: [switch]\nmatch: [{object_id: [1.3.6.1.4.1.99999]}]\n"
	write("acme.yaml", good)
	write("any.yaml", "name: any\ntitle: ours\n")
	mine := fstest.MapFS{
		"switch.yaml": {Data: []byte("name: switch\nbase: true\nbuiltins: [ports]\n")},
		"any.yaml":    {Data: []byte("name: any\npriority: -100\nmatch: [{below: 1.3.6.1.2.1.1}]\n")},
	}
	s, err := Load(mine, dir)
	if err != nil || len(s.Problems()) > 0 {
		t.Fatal(err, s.Problems())
	}
	title := func(name string) string {
		p, ok := s.Find(name)
		if !ok {
			return "gone"
		}
		return p.Title
	}
	again := func(problems int) {
		t.Helper()
		var err error
		if s, err = s.Reload(mine, dir); err != nil {
			t.Fatal(err)
		}
		if len(s.Problems()) != problems {
			t.Errorf("problems: %v, want %d", s.Problems(), problems)
		}
	}
	for _, broken := range []string{"name: acme\ntables: [", "name: acmee\n", "name: acme\nextends: [nothing]\n", "name: acme\nbase: true\ntabels: []\n"} {
		write("acme.yaml", broken)
		again(1)
		if title("acme") != "first" {
			t.Errorf("after %q it is %s", broken, title("acme"))
		}
		again(1) // and it stays
		if title("acme") != "first" {
			t.Errorf("after %q twice it is %s", broken, title("acme"))
		}
	}
	write("any.yaml", "name: any\npriority: 1000\n")
	again(2)
	if title("any") != "ours" {
		t.Errorf("an own profile that was changed is %s", title("any"))
	}
	write("acme.yaml", strings.ReplaceAll(good, "first", "second"))
	write("any.yaml", "name: any\ntitle: still ours\n")
	again(0)
	if title("acme") != "second" || title("any") != "still ours" {
		t.Errorf("mended they are %s and %s", title("acme"), title("any"))
	}
	if err := os.Remove(filepath.Join(dir, "acme.yaml")); err != nil {
		t.Fatal(err)
	}
	again(0)
	if title("acme") != "gone" {
		t.Errorf("removed it is %s", title("acme"))
	}
}

// After a restart only what is due is read. A part of a section is not all of it.
func TestAPartOfASectionIsNotToldAfterARestart(t *testing.T) {
	w := readWalk(t, "switch.walk")
	d := identify(t, w)
	first := read(t, d, w)
	_, ports := section[inventory.Port](t, first)
	kept, err := d.Keep()
	if err != nil {
		t.Fatal(err)
	}
	d, err = d.set.Identify(context.Background(), w, kept)
	if err != nil {
		t.Fatal(err)
	}
	r := read(t, d, w, paceFast)
	if has(r, "port") || len(r.Early) == 0 {
		t.Errorf("ports are told with a part of what is known of them; asked for are %v", r.Early)
	}
	asked := append(r.Early, paceFast)
	r = read(t, d, w, asked...)
	if _, again := section[inventory.Port](t, r); !slices.EqualFunc(again, ports, func(a, b inventory.Port) bool {
		return reflect.DeepEqual(a.UntaggedVlan, b.UntaggedVlan) && a.TaggedVlans == b.TaggedVlans && a.Name == b.Name
	}) {
		t.Errorf("ports are %+v, before they were %+v", again, ports)
	}
	if len(r.Early) > 0 {
		t.Errorf("%v is asked for again", r.Early)
	}
	if f := figureOf(r, "interface", "ifHCInOctets", "gi1"); math.IsInf(f, -1) {
		t.Error("its counters are missing")
	}
	// One of which nothing is remembered is read wholly, whatever is due.
	d, err = d.set.Identify(context.Background(), w, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r = read(t, d, w, paceFast); !has(r, "port") || !has(r, "fdb") {
		t.Error("a device that is new is read in part")
	}
}

// Files of profiles come over the API: whatever stands in one, it is a profile
// that can be asked, or a problem.
func FuzzProfile(f *testing.F) {
	all := own(f)
	for _, text := range []string{
		"name: x\nextends: [switch]\nmatch: [{object_id: [1.3.6.1.4.1.99999], description: '^a'}]\n",
		"name: x\nbase: true\nmetadata: {model: [{oid: 1.3.6.1.4.1.99999.1.0, match: '(a+)+$'}]}\n",
		"name: x\nmatch: [{below: 1.3.6.1.2.1.1}]\ntables:\n  - section: sensor\n    entry: 1.3.6.1.4.1.9.9.1\n    index: [{name: i}]\n    set: {kind: temperature}\n    columns: {name: 2}\n    fields: {value: [{column: 3, divisor: 0, map: '1=2, *=x'}]}\n",
		"name: x\nextends: [x]\n",
	} {
		f.Add([]byte(text))
	}
	w := readWalk(f, "switch.walk")
	f.Fuzz(func(t *testing.T, data []byte) {
		set, p, err := all.With("x.yaml", data)
		if err != nil {
			return
		}
		p.Matches()
		p.Parts()
		d, err := set.Identify(context.Background(), w, nil)
		if err != nil {
			return
		}
		if _, err := d.Read(context.Background(), w, nil); err != nil {
			t.Errorf("a walk that always answers: %v", err)
		}
		if _, err := set.Explain(context.Background(), w, "x"); err != nil {
			t.Error(err)
		}
	})
}
