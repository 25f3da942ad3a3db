package agent

import (
	"strings"
	"testing"
)

const someMaps = `00400000-00a00000 r-xp 00000000 fe:00 77 /usr/bin/muster-agent
Rss:                5736 kB
Private_Dirty:      5736 kB
Anonymous:             0 kB
Swap:                  0 kB
00a00000-01000000 r--p 00600000 fe:00 77 /usr/bin/muster-agent
Private_Dirty:         4 kB
Anonymous:             4 kB
Swap:                  0 kB
01000000-01060000 rw-p 00c00000 fe:00 77 /usr/bin/muster-agent
Private_Dirty:         0 kB
Anonymous:             0 kB
Swap:                  0 kB
02000000-02060000 r--p 00c00000 fe:00 78 /usr/bin/muster-agent of another
Private_Dirty:         0 kB
Anonymous:             0 kB
Swap:                  0 kB
03000000-03060000 r--s 00c00000 fe:00 77 /usr/bin/muster-agent
Private_Dirty:         0 kB
Anonymous:             0 kB
Swap:                  0 kB
04000000-04060000 r--p 00c00000 fe:00 77 /usr/bin/muster-agent
Private_Dirty:         0 kB
Swap:                  0 kB
05000000-05060000 r--p 00c00000 fe:00 77 /usr/bin/muster-agent
Anonymous:             0 kB
Swap:                  8 kB
7f0000000000-7f0000001000 r--p 00000000 00:00 0
Private_Dirty:         0 kB
Anonymous:             0 kB
Swap:                  0 kB
`

// Only what was never written to, of the program's own file, is given back.
func TestCleanMappings(t *testing.T) {
	var list []mapping
	for line := range strings.Lines(someMaps) {
		list = addMapping(list, []byte(strings.TrimSuffix(line, "\n")), "/usr/bin/muster-agent")
	}
	if len(list) != 8 {
		t.Fatalf("%d mappings", len(list))
	}
	for i, m := range list {
		if m.clean() != (i == 0) {
			t.Errorf("mapping %d (%x): clean is %v", i, m.from, m.clean())
		}
	}
}

// The program goes on, its own tables hold what they held, and less of it is
// in memory.
func TestShed(t *testing.T) {
	before := strings.Repeat(someMaps, 2)
	p := &pages{}
	held, err := fileBytes()
	if err != nil || held < fewPages {
		t.Fatalf("%d bytes of files are in memory, error %v: too few to give any back", held, err)
	}
	if err := p.shed(); err != nil {
		t.Fatal(err)
	}
	if left, err := fileBytes(); err != nil || left > held/2 {
		t.Errorf("of %d bytes of files, %d are left in memory, error %v", held, left, err)
	}
	if len(p.clean) == 0 {
		t.Error("no mapping is the program's own")
	}
	TestCleanMappings(t)
	if before != someMaps+someMaps || len(sections()) == 0 {
		t.Error("what was in memory has changed")
	}
}

func FuzzAddMapping(f *testing.F) {
	for line := range strings.Lines(someMaps) {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, m := range addMapping(addMapping(nil, line, "/x"), line, "/x") {
			if m.clean() {
				t.Errorf("one kind of line alone makes a mapping clean: %q", line)
			}
		}
	})
}
