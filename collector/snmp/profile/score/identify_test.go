package score

import (
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"

	"muster/collector/snmp/profile"
)

var known = flag.String("known", "../../../../../shared/corpus/identify.csv", "file of sysObjectID and sysDescr of devices with what they are")

// knownDevice is a line of the list: what a device says, and what it is.
type knownDevice struct{ id, objectID, description, os, version, hardware, serial string }

func readKnown(t *testing.T, file string) []knownDevice {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("there is no list of devices to hold profiles against: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
	if len(lines) < 2 {
		t.Fatalf("%s has no lines", file)
	}
	at := map[string]int{}
	for i, name := range lines[0] {
		at[name] = i
	}
	var out []knownDevice
	for _, l := range lines[1:] {
		of := func(name string) string {
			i, ok := at[name]
			if !ok {
				t.Fatalf("%s has no column %s", file, name)
			}
			return l[i]
		}
		out = append(out, knownDevice{of("id"), of("sysObjectID"), of("sysDescr"), of("os"), of("version"), of("hardware"), of("serial")})
	}
	return out
}

// TestIdentify holds profiles against what many devices say of themselves in
// two objects. With -v it tells the devices that no profile of a vendor fits,
// and versions and models that stand in sysDescr and were not read there:
//
//	go test ./collector/snmp/profile/score -v -run Identify [-device ID] [-known FILE]
func TestIdentify(t *testing.T) {
	list := readKnown(t, *known)
	set, err := profile.Load(profile.Own(), "")
	if err != nil {
		t.Fatal(err)
	}
	var own Share
	facts := map[string]Share{}
	for _, k := range list {
		if !strings.Contains(k.id, *device) {
			continue
		}
		d, err := set.Identify(context.Background(), Saying(k.objectID, k.description), nil)
		if err != nil {
			t.Errorf("%s: %v", k.id, err)
			continue
		}
		if own.Expected++; General(d.Profile()) {
			t.Logf("no profile    %-26s %-18s %-40s %q", k.id, k.os, k.objectID, oneLine(k.description))
		} else {
			own.Found++
		}
		if p, ok := productOf(k.os); ok && p.vendor != "" {
			made := facts["vendor"]
			if made.Expected++; p.made(d.Fact("vendor")) {
				made.Found++
			} else {
				t.Logf("vendor  %-26s %-18s %q, want one of %s", k.id, d.Profile(), d.Fact("vendor"), p.vendor)
			}
			facts["vendor"] = made
		}
		for _, x := range []struct{ fact, want string }{{"version", k.version}, {"model", k.hardware}} {
			if x.want == "" || !strings.Contains(k.description, x.want) {
				continue // nobody can read it there
			}
			s := facts[x.fact]
			if s.Expected++; says(d.Fact(x.fact), x.want) {
				s.Found++
			} else {
				t.Logf("%-7s %-26s %-18s %q, want %q in %q", x.fact, k.id, d.Profile(), d.Fact(x.fact), x.want, oneLine(k.description))
			}
			facts[x.fact] = s
		}
	}
	t.Logf("profile of a vendor %s, vendor %s, version %s, model %s", own, facts["vendor"], facts["version"], facts["model"])
	if *device == "" && own.Expected < 100 {
		t.Errorf("only %d devices were held against profiles", own.Expected)
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
