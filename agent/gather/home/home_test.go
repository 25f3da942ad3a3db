package home

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"muster/agent/host"
)

func TestPeople(t *testing.T) {
	h := &host.Host{Root: t.TempDir()}
	for _, dir := range []string{"/etc", "/root", "/home/anna", "/home/ben", "/home/lost+found", "/var/lib/x", "/home/AGENCY/kim/.config", "/home/AGENCY/new"} {
		if err := os.MkdirAll(h.Path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	text := "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/var/lib/x:/bin/false\nanna:x:1000:1000:Anna:/home/anna/:/bin/bash\n" +
		"twin:x:1001:1001::/home/anna:/bin/bash\ngone:x:1002:1002::/home/gone:/bin/bash\nnobody:x:65534:65534::/nonexistent:/x\nshort:x:5\nbad:x:-1:0::/:/\n"
	if err := os.WriteFile(h.Path("/etc/passwd"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	list, err := People(h)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range list {
		got = append(got, x.User+"="+x.Dir)
	}
	if s := strings.Join(got, " "); s != `root=/root anna=/home/anna AGENCY\kim=/home/AGENCY/kim ben=/home/ben` {
		t.Error(s)
	}
	if n := Names(h); n[1] != "daemon" || n[1000] != "anna" || len(n) != 6 {
		t.Errorf("%v", n)
	}
}

// More homes than are looked into are told of.
func TestMany(t *testing.T) {
	h := &host.Host{Root: t.TempDir()}
	if err := os.MkdirAll(h.Path("/etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.Path("/etc/passwd"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for i := range Most + 1 {
		if err := os.MkdirAll(h.Path(fmt.Sprintf("/home/p%d", i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := People(h); err != ErrMany || len(list) != Most {
		t.Errorf("%d homes, %v", len(list), err)
	}
}

func TestHide(t *testing.T) {
	for in, want := range map[string]string{"/home/anna/bin/x": "~/bin/x", "/home/anna": "~", "/root/x": "~/x", "/usr/bin/x": "/usr/bin/x", "": ""} {
		if got := Hide(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := (Home{Dir: "/srv/h/anna"}).Short("/srv/h/anna/a"); got != "~/a" {
		t.Error(got)
	}
}

func FuzzPasswd(f *testing.F) {
	f.Add("root:x:0:0:root:/root:/bin/sh\n")
	f.Fuzz(func(t *testing.T, text string) {
		parse(strings.NewReader(text), func(x Home) {
			if x.User == "" || x.UID < 0 {
				t.Errorf("%+v", x)
			}
		})
	})
}
