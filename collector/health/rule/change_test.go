package rule

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"muster/collector/health/rules"
	"muster/internal/settings"
)

func TestChangesCountOverFiles(t *testing.T) {
	office := fstest.MapFS{"D14.yaml": {Data: []byte("id: D14\nlimits: {warm_disk: {default: 49}, hot_disk: {default: 61}, warm_ssd: {default: 71}, hot_ssd: {default: 81}}\n")}, "O03.yaml": {Data: []byte("id: O03\ndisabled: true\n")}}
	changes := []Made{
		{Change: Change{Rule: "D14", Limits: map[string]Changed{"warm_disk": {Default: 52, Models: map[string]float64{"ST8000*": 55}}}, Holds: map[string]settings.Duration{"warn": settings.Duration(2 * time.Hour)}}, By: "ann"},
		{Change: Change{Rule: "O03", State: On}},
		{Change: Change{Rule: "S01", State: Off, Limits: map[string]Changed{"gone": {Default: 1}}}},
		{Change: Change{Rule: "X99", State: Off}},
	}
	set, err := Reload(rules.Files(), office, "office", changes, nil)
	if err != nil {
		t.Fatal(err)
	}
	d14, _ := set.Find("D14")
	if d14.Limit("warm_disk", "") != 52 || d14.Limit("warm_disk", "ST8000DM") != 55 || d14.Limit("hot_disk", "") != 61 || d14.Levels[0].Hold != 2*time.Hour || d14.Levels[1].Hold != 30*time.Minute || d14.Made.By != "ann" || d14.File != "office/D14.yaml" {
		t.Errorf("%+v", d14)
	}
	if d14.Plain.Limits["warm_disk"].Default != 49 || d14.Plain.Levels[0].Hold.D() != 30*time.Minute {
		t.Errorf("what the file says is lost: %+v", d14.Plain)
	}
	if r, _ := set.Find("O03"); r.Disabled || !r.Plain.Disabled {
		t.Error("a rule that its file switches off is not on again")
	}
	if r, _ := set.Find("S01"); !r.Disabled {
		t.Error("what fits of a change does not count")
	}
	text := set.Problems.Error()
	for _, want := range []string{"change of S01: limits.gone: the rule has no such limit; it has full,", "change of X99: there is no such rule any more: muster rule restore X99"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not told in:\n%s", want, text)
		}
	}

	draft, err := DraftChange(rules.Files(), set, Made{Change: Change{Rule: "D14", Limits: map[string]Changed{"hot_disk": {Default: 66}}}})
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := draft.Find("D14"); r.Limit("hot_disk", "") != 66 || r.Limit("warm_disk", "") != 49 {
		t.Error("a draft is laid over what it takes the place of")
	}
	if r, _ := draft.Find("O03"); r.Disabled {
		t.Error("a draft forgets other changes")
	}
	if _, err := DraftChange(rules.Files(), set, Made{Change: Change{Rule: "D14", Holds: map[string]settings.Duration{"info": 1}}}); err == nil || !strings.Contains(err.Error(), "hold.info: the rule has no such level; it has warn, critical") {
		t.Error(err)
	}
}

// Bad values are told with what would be right.
func TestChangesHaveBounds(t *testing.T) {
	set, err := Load(rules.Files(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	d14, _ := set.Find("D14")
	one := func(x float64, models map[string]float64) Change {
		return Change{Limits: map[string]Changed{"warm_disk": {x, models}}}
	}
	for _, c := range []struct {
		c    Change
		want string
	}{
		{one(1000, nil), `limits.warm_disk.default is "1000": 35 to 75 is expected (celsius); the files say 55`},
		{one(math.NaN(), nil), "35 to 75 is expected"},
		{one(math.Inf(1), nil), "35 to 75 is expected"},
		{one(70, nil), `limits.warm_disk.default is "70": less than hot_disk is expected, which is 60`},
		{one(50, map[string]float64{"ST8000*": 60}), `less than hot_disk of ST8000* is expected, which is 60`},
		{one(50, map[string]float64{"[": 50}), "a model is expected"},
		{one(50, map[string]float64{"a\nb": 50}), "a model is expected"},
		{one(50, map[string]float64{"ST8000*": 0}), "35 to 75 is expected"},
		{Change{Limits: map[string]Changed{"warm_disc": {50, nil}}}, `limits.warm_disc: the rule has no such limit (did you mean "warm_disk"?); it has hot_disk, hot_ssd, warm_disk, warm_ssd`},
		{Change{State: "maybe"}, "on or off is expected"},
		{Change{Holds: map[string]settings.Duration{"warn": settings.Duration(31 * 24 * time.Hour)}}, `0 to 30d is expected`},
		{Change{Holds: map[string]settings.Duration{"warn": -1}}, `0 to 30d is expected`},
	} {
		d, ps := c.c.Over(d14.Document)
		if len(ps) == 0 || !strings.Contains(ps.Error(), c.want) {
			t.Errorf("%+v: got %v\nwant %s", c.c, ps, c.want)
		}
		if d.Limits["warm_disk"].Default != 55 {
			t.Errorf("%+v counts all the same", c.c)
		}
	}
	if d14.Limits["warm_disk"].Default != 55 || d14.Levels[0].Hold != 30*time.Minute {
		t.Error("a change that was only tried has changed the rule")
	}
}

// A number of a file is the fence of a limit that names none.
func TestLimitsWithoutBounds(t *testing.T) {
	for _, c := range []struct{ is, least, most float64 }{{20, 2, 200}, {-70, -700, -7}, {0, -1e9, 1e9}} {
		if least, most := (Limits{Default: c.is}).Range(); least != c.least || most != c.most {
			t.Errorf("%g: %g to %g", c.is, least, most)
		}
	}
}

func TestEveryLimitOfOursHasBoundsAndWords(t *testing.T) {
	set, err := Load(rules.Files(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range set.Rules {
		for name, l := range r.Limits {
			n++
			if l.Label == "" || l.Least == 0 && l.Most == 0 {
				t.Errorf("%s: limit %s has no label or no bounds", r.ID, name)
			}
			if _, ok := r.Limits[l.Under]; l.Under != "" && !ok {
				t.Errorf("%s: %s is under %s, which is not there", r.ID, name, l.Under)
			}
		}
		if ps := inOrder(r.Limits); len(ps) > 0 {
			t.Errorf("%s: %v", r.ID, ps)
		}
	}
	if n < 60 {
		t.Errorf("%d limits", n)
	}
}

func TestAChangeIsReadAsItWasWritten(t *testing.T) {
	c := Change{Rule: "D14", State: Off, Limits: map[string]Changed{"warm_disk": {52.5, map[string]float64{`ST"8\*: x`: -1, "Größe #1": 1e6}}, "floor": {0.00001, nil}}, Holds: map[string]settings.Duration{"warn": settings.Duration(90 * time.Minute)}}
	got, err := ParseChange(c.Text())
	if err != nil || got.Text() != c.Text() || got.Limits["warm_disk"].Models[`ST"8\*: x`] != -1 || got.Limits["floor"].Default != 0.00001 || got.State != Off || got.Holds["warn"] != c.Holds["warn"] {
		t.Errorf("%+v, %v, from\n%s", got, err, c.Text())
	}
	if (&Change{Rule: "X"}).Empty() != true || c.Empty() {
		t.Error("what is empty")
	}
}

func FuzzChange(f *testing.F) {
	f.Add("rule: D14\nstate: \"off\"\nlimits:\n  warm_disk: {default: 50, models: {\"ST*\": 55}}\nhold:\n  warn: 1h\n")
	set, err := Load(rules.Files(), nil, "")
	if err != nil {
		f.Fatal(err)
	}
	d14, _ := set.Find("D14")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseChange(text)
		if err != nil {
			return
		}
		if d, _ := c.Over(d14.Document); d.Limits["warm_disk"].Default < 35 || d.Limits["warm_disk"].Default > 75 {
			t.Errorf("%g", d.Limits["warm_disk"].Default)
		}
	})
}
