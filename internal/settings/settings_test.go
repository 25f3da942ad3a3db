package settings

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

type office struct {
	Name  string  `yaml:"name" doc:"What it is called."`
	Floor int     `yaml:"floor" min:"-2" max:"40" doc:"Which floor."`
	Open  bool    `yaml:"open" doc:"Whether people are in."`
	Share float64 `yaml:"share" min:"0" max:"1" doc:"Part in use."`
	Disk  struct {
		Size Size     `yaml:"size" min:"1MiB" max:"1GiB" doc:"Room for files."`
		Keep Duration `yaml:"keep" min:"1m" doc:"How long."`
	} `yaml:"disk"`
	Doors []string            `yaml:"doors" doc:"Ways in."`
	Every map[string]Duration `yaml:"every" min:"1s" max:"1d" doc:"Cleaning of each room."`
	Mood  string              `yaml:"mood" oneof:"calm,busy" doc:"How it is."`
	Inner int                 // no setting
}

func (o *office) Check() Problems {
	var ps Problems
	if o.Open && len(o.Doors) == 0 {
		ps.Add("doors", "", "an open office needs a door")
	}
	return ps
}

func newOffice() office {
	o := office{Name: "hall", Floor: 1, Share: 0.5, Mood: "calm"}
	o.Disk.Size, o.Disk.Keep = 64<<20, Duration(7*24*time.Hour)
	return o
}

func TestDecodeKeepsDefaultsAndReadsAll(t *testing.T) {
	o := newOffice()
	err := Decode("o.yaml", []byte(`
# a comment
name: "town hall"
floor: -2
open: true
share: 0.25
disk:
  size: 512MiB
doors: [north, "south"]
every:
  kitchen: 1h30m
mood: busy
`), &o)
	if err != nil {
		t.Fatal(err)
	}
	want := newOffice()
	want.Name, want.Floor, want.Open, want.Share, want.Mood = "town hall", -2, true, 0.25, "busy"
	want.Disk.Size = 512 << 20
	want.Doors = []string{"north", "south"}
	want.Every = map[string]Duration{"kitchen": Duration(90 * time.Minute)}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("got  %+v\nwant %+v", o, want)
	}
}

func TestEmptyFilesChangeNothing(t *testing.T) {
	for _, text := range []string{"", "\n\n", "# only a comment\n", "---\n", "disk:\n", "---\n# c\n"} {
		o := newOffice()
		if err := Decode("o.yaml", []byte(text), &o); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if !reflect.DeepEqual(o, newOffice()) {
			t.Errorf("%q changed the defaults: %+v", text, o)
		}
	}
}

// Each wrong file gets exactly these lines: what is wrong, where, what instead.
func TestEveryProblemSaysWhereAndWhat(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key": {"nmae: x\n",
			`o.yaml:1:1: "nmae": no such setting (did you mean "name"?); known: name, floor, open, share, disk, doors, every, mood`},
		"unknown inner key": {"disk:\n  sighs: 1MiB\n",
			`o.yaml:2:3: "sighs": no such setting; known in disk: size, keep`},
		"text for a number": {"floor: high\n", `o.yaml:1:8: floor is "high": a whole number is expected`},
		"out of range":      {"\nfloor: 41\n", `o.yaml:2:8: floor is "41": expected -2 to 40`},
		"number for text":   {"name: 7\n", `o.yaml:1:7: name is "7": text is expected; put it in quotes if you mean it`},
		"yes is no bool":    {"open: yes\n", `o.yaml:1:7: open is "yes": true or false is expected`},
		"size without unit": {"disk:\n  size: 64\n", `o.yaml:2:9: disk.size is "64": a size such as 64MiB is expected`},
		"size too large":    {"disk: {size: 2GiB}\n", `o.yaml:1:14: disk.size is "2GiB": expected 1MiB to 1GiB`},
		"odd duration":      {"disk:\n  keep: 7 fortnights\n", `o.yaml:2:9: disk.keep is "7 fortnights": a duration such as 90s, 15m or 7d is expected`},
		"too short":         {"disk:\n  keep: 5s\n", `o.yaml:2:9: disk.keep is "5s": expected 1m or more`},
		"list for a group":  {"disk: [1]\n", `o.yaml:1:7: disk: a group of settings is expected`},
		"word for a list":   {"doors: north\n", `o.yaml:1:8: doors is "north": a list is expected, written as [a, b] or as one "- a" a line`},
		"group for a word":  {"name:\n  a: 1\n", `o.yaml:2:3: name: text is expected, not a list or a group`},
		"inside a list":     {"doors:\n  - north\n  - 5\n", `o.yaml:3:5: doors[1] is "5": text is expected; put it in quotes if you mean it`},
		"inside a table":    {"every:\n  hall: 2d\n", `o.yaml:2:9: every.hall is "2d": expected 1s to 1d`},
		"not a known word":  {"mood: wild\n", `o.yaml:1:7: mood is "wild": expected one of calm, busy`},
		"not a number":      {"share: .nan\n", `o.yaml:1:8: share is ".nan": a number is expected`},
		"check, no line":    {"open: true\n", `o.yaml: doors: an open office needs a door`},
		"check with line":   {"open: true\ndoors: []\n", `o.yaml:2:8: doors: an open office needs a door`},
		"twice":             {"name: a\nname: b\n", `o.yaml:2:1: "name": YAML: mapping key "name" already defined at [1:1]`},
		"anchor":            {"name: &x a\n", `o.yaml:1:7: name is "&": anchors, aliases and tags are not used here: write the value itself`},
		"a list on top":     {"- name\n", `o.yaml:1:1: a group of settings is expected`},
		"two documents":     {"name: a\n---\nname: b\n", `o.yaml:3:1: only one YAML document is expected in a settings file`},
		"all at once, in order": {"floor: 99\nmodo: calm\ndisk:\n  keep: 1s\n", strings.Join([]string{
			`o.yaml:1:8: floor is "99": expected -2 to 40`,
			`o.yaml:2:1: "modo": no such setting (did you mean "mood"?); known: name, floor, open, share, disk, doors, every, mood`,
			`o.yaml:4:9: disk.keep is "1s": expected 1m or more`}, "\n")},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice()
			err := Decode("o.yaml", []byte(c.text), &o)
			if err == nil {
				t.Fatal("no error")
			}
			if err.Error() != c.want {
				t.Errorf("\ngot  %s\nwant %s", err, c.want)
			}
			var ps Problems
			if !errors.As(err, &ps) {
				t.Errorf("the error is a %T, want Problems", err)
			}
		})
	}
}

func TestBrokenYAMLHasAPosition(t *testing.T) {
	for _, text := range []string{"name: [a\n", "name: \"a\n", "a: b: c\n", "\tname: a\n"} {
		o := newOffice()
		err := Decode("o.yaml", []byte(text), &o)
		if err == nil || !strings.HasPrefix(err.Error(), "o.yaml:") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLoadSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	o := newOffice()
	missing := filepath.Join(dir, "none.yaml")
	if err := Load(missing, &o); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "create it") {
		t.Errorf("missing file: %v", err)
	}
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, make([]byte, MaxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Load(large, &o); err == nil || !strings.Contains(err.Error(), "larger than 256KiB") {
		t.Errorf("large file: %v", err)
	}
	if err := Load(dir, &o); err == nil {
		t.Error("a folder was read as a file")
	}
	good := filepath.Join(dir, "good.yaml")
	if err := os.WriteFile(good, []byte("floor: 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Load(good, &o); err != nil || o.Floor != 3 {
		t.Errorf("good file: floor %d, %v", o.Floor, err)
	}
}

func TestVerifyWithoutFile(t *testing.T) {
	o := newOffice()
	o.Floor = 77 // as a flag would set it
	ps := Verify(&o)
	if len(ps) != 1 || ps[0].Error() != `floor is "77": expected -2 to 40` {
		t.Errorf("got %v", ps)
	}
	if Problems(nil).Err() != nil {
		t.Error("no problem is no error")
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		text string
		want Size
		back string
	}{
		{"0", 0, "0"},
		{"1B", 1, "1B"},
		{"64MiB", 64 << 20, "64MiB"},
		{" 8 GiB ", 8 << 30, "8GiB"},
		{"1.5KiB", 1536, "1536B"},
		{"500kB", 500_000, "500000B"},
		{"1TB", 1e12, "976562500KiB"},
		{"2TiB", 2 << 40, "2TiB"},
	} {
		got, err := ParseSize(c.text)
		if err != nil || got != c.want || got.String() != c.back {
			t.Errorf("%q: got %d %q, %v; want %d %q", c.text, got, got.String(), err, c.want, c.back)
		}
	}
	for _, bad := range []string{"", "64", "MiB", "-1MiB", "1e3MiB", "9999999TiB", "1..5MiB", "64mb", "64 M", "0x5B", "9223372036854775808B"} {
		if got, err := ParseSize(bad); err == nil {
			t.Errorf("%q was read as %d", bad, got)
		}
	}
}

func TestDurations(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
		back string
	}{
		{"0", 0, "0"},
		{"90s", 90 * time.Second, "1m30s"},
		{"1h30m", 90 * time.Minute, "1h30m"},
		{"7d", 7 * 24 * time.Hour, "7d"},
		{"2w", 14 * 24 * time.Hour, "14d"},
		{"3y", 3 * 365 * 24 * time.Hour, "1095d"},
		{"1.5h", 90 * time.Minute, "1h30m"},
		{"250ms", 250 * time.Millisecond, "250ms"},
	} {
		got, err := ParseDuration(c.text)
		if err != nil || got.D() != c.want || got.String() != c.back {
			t.Errorf("%q: got %v %q, %v; want %v %q", c.text, got.D(), got.String(), err, c.want, c.back)
		}
	}
	for _, bad := range []string{"", "7", "d", "-7d", "7 d", "7dd", "300y", "1h30", "1M", "1..5h", "200y200y", ".s"} {
		if got, err := ParseDuration(bad); err == nil {
			t.Errorf("%q was read as %v", bad, got.D())
		}
	}
	if got := Duration(math.MinInt64 + 1).String(); !strings.HasPrefix(got, "-106751d") {
		t.Errorf("longest negative: %s", got)
	}
}

func TestDocument(t *testing.T) {
	o := newOffice()
	o.Doors = []string{"a|b"}
	got := Document(&o)
	for _, want := range []string{
		"| `floor` | whole number, -2 to 40 | `1` | Which floor. |",
		"| `disk.size` | size, 1MiB to 1GiB | `64MiB` | Room for files. |",
		"| `disk.keep` | duration, 1m or more | `7d` | How long. |",
		"| `doors` | list of text | `a\\|b` | Ways in. |",
		"| `every` | name: value, duration, 1s to 1d | none | Cleaning of each room. |",
		"| `mood` | `calm`, `busy` | `calm` | How it is. |",
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("missing %s\nin\n%s", want, got)
		}
	}
}

func TestSplice(t *testing.T) {
	const page = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n"
	got, err := Splice(page, "x", "new\n")
	if want := "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n"; got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"", "<!-- begin x -->\n"} {
		if _, err := Splice(bad, "x", ""); err == nil {
			t.Errorf("%q has no marks, yet was spliced", bad)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"name: a\nfloor: 3\ndisk:\n  size: 1MiB\ndoors: [a, b]\nevery: {x: 1h}\n",
		"? a\n: b\n", "<<: *a\n", "a: &a [*a]\n", "!!binary x", "name: |\n  text\n", "%YAML 1.2\n---\n", "{[", "- - - -\n", "name: ~\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o := newOffice()
		if err := Decode("o.yaml", data, &o); err == nil {
			// Whatever is accepted stands inside the bounds.
			if ps := Verify(&o); len(ps) > 0 {
				t.Fatalf("accepted, yet %v", ps)
			}
		} else if err.Error() == "" {
			t.Fatal("an error without a word")
		}
	})
}

func FuzzUnits(f *testing.F) {
	for _, seed := range []string{"64MiB", "7d", "1h30m", "1.5h", "-1", "9e9y", "٣d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseDuration(text); err == nil {
			if again, err := ParseDuration(d.String()); d < 0 || err != nil || again != d {
				t.Fatalf("%q: %d written as %q, read as %d, %v", text, d, d, again, err)
			}
		}
		if s, err := ParseSize(text); err == nil {
			if again, err := ParseSize(s.String()); s < 0 || err != nil || again != s {
				t.Fatalf("%q: %d written as %q, read as %d, %v", text, s, s, again, err)
			}
		}
	})
}
