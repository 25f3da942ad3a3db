package score

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"muster/collector/snmp/profile"
)

var (
	dir    = flag.String("dir", "../../../../../shared/corpus/devices", "folder of recordings with expected.json")
	device = flag.String("device", "", "only recordings whose names hold this")
	most   = flag.Int("most", 0, "how many misses of each device are shown; with -device all")
)

// The least shares that must be reached. They only ever rise.
func least() map[string]float64 {
	return map[string]float64{
		"ports":     0.99,
		"neighbors": 0.95,
		"fdb":       0.99,
		"arp":       0.99,
	}
}

func TestCorpus(t *testing.T) {
	expected, err := Load(*dir)
	if err != nil {
		t.Skipf("there are no recordings to hold profiles against: %v", err)
	}
	set, err := profile.Load(profile.Own(), "")
	if err != nil {
		t.Fatal(err)
	}
	total := map[string]Share{}
	var b strings.Builder
	fmt.Fprintf(&b, "%-28s %-24s", "recording", "profile")
	for _, s := range Subjects() {
		fmt.Fprintf(&b, " %11s", s)
	}
	b.WriteByte('\n')
	for _, e := range expected {
		if !strings.Contains(e.ID, *device) {
			continue
		}
		r, err := Run(set, *dir, e)
		if err != nil {
			t.Error(err)
			continue
		}
		fmt.Fprintf(&b, "%-28s %-24s", r.ID, r.Profile)
		for _, s := range Subjects() {
			x := r.Shares[s]
			total[s] = Share{total[s].Found + x.Found, total[s].Expected + x.Expected}
			fmt.Fprintf(&b, " %11s", x)
		}
		b.WriteByte('\n')
		for i, m := range r.Missed {
			if *device == "" && i >= *most {
				break
			}
			fmt.Fprintf(&b, "    %s\n", m)
		}
	}
	fmt.Fprintf(&b, "%-53s", "total")
	for _, s := range Subjects() {
		fmt.Fprintf(&b, " %11s", total[s])
	}
	b.WriteByte('\n')
	for _, s := range Subjects() {
		if x := total[s]; x.Expected > 0 {
			fmt.Fprintf(&b, "%-12s %6.2f %%\n", s, 100*float64(x.Found)/float64(x.Expected))
			if share := float64(x.Found) / float64(x.Expected); *device == "" && share < least()[s] {
				t.Errorf("%s: %.3f of what is expected, at least %.3f", s, share, least()[s])
			}
		}
	}
	fmt.Fprintln(os.Stderr, b.String())
}
