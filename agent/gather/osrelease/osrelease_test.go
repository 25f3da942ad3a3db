package osrelease

import (
	"strings"
	"testing"
	"time"
)

func TestParseRelease(t *testing.T) {
	x := parseRelease(strings.NewReader("# comment\nID=ubuntu\nNAME='Ub\"untu'\nVERSION=\"22.04.4 LTS (Jammy \\\"J\\\" \\$x \\n)\"\nVERSION_ID=\"22.04\"\n\nBROKEN\nVARIANT=a\\ b\n"))
	if x.ID != "ubuntu" || x.Name != `Ub"untu` || x.Version != `22.04.4 LTS (Jammy "J" $x \n)` || x.Variant != "a b" {
		t.Errorf("%+v", x)
	}
	if v := x.version(""); v != "22.04.4" {
		t.Errorf("version %q", v)
	}
	if c := x.codename(); c != `Jammy "J" $x \n` {
		t.Errorf("codename %q", c)
	}
}

func TestVersion(t *testing.T) {
	for _, c := range []struct {
		x     release
		point string
		want  string
	}{
		{release{VersionID: "12"}, "12.5", "12.5"},
		{release{VersionID: "12"}, "trixie/sid", "12"},
		{release{VersionID: "1"}, "12.5", "1"},
		{release{VersionID: "7", Version: "7 (Core)"}, "7.9.2009 (Core)", "7.9.2009"},
		{release{BuildID: "rolling"}, "", "rolling"},
		{release{}, "", ""},
	} {
		if got := c.x.version(c.point); got != c.want {
			t.Errorf("%+v, %s: %q, want %q", c.x, c.point, got, c.want)
		}
	}
}

func TestHostNames(t *testing.T) {
	const hosts = `127.0.0.1 localhost db.localdomain
127.0.1.1 db.loop.example db
10.0.0.9 other.example other db2.example
10.0.0.5	www DB.real.example. db # comment db.no.example
`
	for name, want := range map[string]string{"db": "DB.real.example", "other": "other.example", "db2": "db2.example", "absent": ""} {
		if got := hostNames(strings.NewReader(hosts), name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := searchDomain(strings.NewReader("domain a.example\nsearch b.example c.example\n")); got != "b.example" {
		t.Errorf("search domain %q", got)
	}
}

func TestOldest(t *testing.T) {
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	y := func(year int) time.Time { return time.Date(year, 5, 1, 0, 0, 0, 0, time.UTC) }
	if got := oldest(now, y(1970), y(2022), y(2021), y(2030)); got != y(2021) {
		t.Errorf("%v", got)
	}
	if got := oldest(now, y(1980), y(2030)); !got.IsZero() {
		t.Errorf("%v", got)
	}
}

func TestArch(t *testing.T) {
	for machine, want := range map[string]string{"x86_64": "amd64", "i686": "386", "aarch64": "arm64", "armv7l": "arm", "mips64": "mips", "s390x": "s390x", "": "", "sparc64": "other"} {
		if got := goArch(machine); got != want {
			t.Errorf("%s: %q, want %q", machine, got, want)
		}
	}
	elf := func(class, order, machine byte) []byte {
		b := make([]byte, 20)
		copy(b, "\x7fELF")
		b[4], b[5], b[18] = class, order, machine
		return b
	}
	for want, b := range map[string][]byte{"amd64": elf(2, 1, 62), "386": elf(1, 1, 3), "arm64": elf(2, 1, 183), "riscv64": elf(2, 1, 243), "ppc64le": elf(2, 1, 21), "": []byte("#!/bin/sh")} {
		if got := elfArch(b); got != want {
			t.Errorf("%x: %q, want %q", b, got, want)
		}
	}
}

func FuzzRelease(f *testing.F) {
	f.Add("ID=debian\nVERSION=\"12 (bookworm)\"\nVERSION_ID='12'\n")
	f.Add("NAME=\\")
	f.Fuzz(func(t *testing.T, text string) {
		x := parseRelease(strings.NewReader(text))
		if strings.Contains(x.ID+x.Name+x.Version, "\n") {
			t.Errorf("%+v", x)
		}
		_ = x.version("12.5")
		_ = x.codename()
	})
}

func FuzzHosts(f *testing.F) {
	f.Add("127.0.1.1 a.example a\n", "a")
	f.Fuzz(func(t *testing.T, text, name string) {
		if full := hostNames(strings.NewReader(text), name); full != "" && len(full) <= len(name) {
			t.Errorf("%q is no full name of %q", full, name)
		}
	})
}
