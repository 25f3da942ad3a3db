package profile

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/report"
)

// moment is when all of these tests take place.
func moment() time.Time { return time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC) }

func own(t testing.TB) *Set {
	t.Helper()
	s, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	x := *s
	x.Now = moment
	return &x
}

// loaded are our own profiles, read once: there are many.
var loaded = sync.OnceValues(func() (*Set, error) { return Load(Own(), "") })

func identify(t *testing.T, w session.Asker) *Device {
	t.Helper()
	return identifyWith(t, own(t), w)
}

func identifyWith(t *testing.T, s *Set, w session.Asker) *Device {
	t.Helper()
	d, err := s.Identify(context.Background(), w, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t *testing.T, d *Device, w session.Asker, due ...string) Reading {
	t.Helper()
	r, err := d.Read(context.Background(), w, due)
	if err != nil {
		t.Fatal(err)
	}
	check(t, r)
	return r
}

// check holds a reading against the catalogues.
func check(t *testing.T, r Reading) {
	t.Helper()
	if len(r.Layout) != len(r.Values) {
		t.Fatalf("%d names for %d numbers", len(r.Layout), len(r.Values))
	}
	seen := map[string]bool{}
	for _, s := range r.Layout {
		m, _, ok := metric.Lookup(s.Measurement, s.Field)
		if !ok {
			t.Errorf("%s.%s is no number of the catalogue", s.Measurement, s.Field)
		}
		if !slices.IsSortedFunc(s.Labels, func(a, b report.Label) int { return strings.Compare(a.Key, b.Key) }) {
			t.Errorf("labels of %v are not sorted", s)
		}
		for _, l := range s.Labels {
			if !slices.ContainsFunc(m.Labels, func(x metric.Label) bool { return x.Name == l.Key }) || l.Value == "" {
				t.Errorf("label %s=%q of %s is not in the catalogue, or empty", l.Key, l.Value, s.Measurement)
			}
		}
		if k := fmt.Sprint(s); seen[k] {
			t.Errorf("%s comes twice", k)
		} else {
			seen[k] = true
		}
	}
	for _, s := range r.Sections {
		sec, ok := inventory.Lookup(s.Name)
		if !ok {
			t.Fatalf("there is no section %s", s.Name)
		}
		c, faults, err := sec.Conform(s.Table())
		if err != nil || len(faults) > 0 {
			t.Errorf("section %s: %v %v", s.Name, faults, err)
		}
		for _, row := range c.Rows {
			for i, x := range row {
				col := sec.Columns[i]
				if text, ok := x.(string); ok && col.Enum != nil && text != "" && !slices.Contains(col.Enum, text) {
					t.Errorf("%s.%s is %q, none of %v", s.Name, col.Name, text, col.Enum)
				}
			}
		}
	}
}

// shown is a reading as goldens have it.
func shown(d *Device, r Reading) string {
	var b strings.Builder
	id := d.Identity()
	fmt.Fprintf(&b, "profile %s\nidentity kind=%s name=%s vendor=%s model=%s serial=%s chassis=%s engine=%s macs=%v\n", d.Profile(), id.Kind, id.Name, id.Vendor, id.Model, id.Serial, id.Chassis, id.Engine, id.MACs)
	for _, s := range r.Sections {
		fmt.Fprintf(&b, "\n%s %s %s %v\n", s.Name, s.Status, s.Reason, s.Sources)
		sec, _ := inventory.Lookup(s.Name)
		c, _, _ := sec.Conform(s.Table())
		for _, row := range c.Rows {
			var cells []string
			for i, x := range row {
				if x != nil && x != "" {
					j, _ := json.Marshal(x)
					cells = append(cells, sec.Columns[i].Name+"="+string(j))
				}
			}
			b.WriteString("  " + strings.Join(cells, " ") + "\n")
		}
	}
	b.WriteString("\nnumbers\n")
	for i, s := range r.Layout {
		var labels []string
		for _, l := range s.Labels {
			labels = append(labels, l.Key+"="+l.Value)
		}
		v := "-"
		if !math.IsNaN(r.Values[i]) {
			v = fmt.Sprint(r.Values[i])
		}
		fmt.Fprintf(&b, "  %s.%s{%s} %s\n", s.Measurement, s.Field, strings.Join(labels, ","), v)
	}
	for _, e := range r.Events {
		fmt.Fprintf(&b, "event %s %v\n", e.Kind, e.Attributes)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := path.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not as it was; -update writes it anew\n%s", file, differing(string(want), got))
	}
}

func differing(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for i := range max(len(w), len(g)) {
		x, y := "", ""
		if i < len(w) {
			x = w[i]
		}
		if i < len(g) {
			y = g[i]
		}
		if x != y {
			fmt.Fprintf(&b, "-%s\n+%s\n", x, y)
		}
	}
	return b.String()
}

func TestWalksGiveTheirGoldens(t *testing.T) {
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	s := own(t)
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".walk")
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			w := readWalk(t, f.Name())
			d := identifyWith(t, s, w)
			golden(t, name, shown(d, read(t, d, w)))
		})
	}
}
