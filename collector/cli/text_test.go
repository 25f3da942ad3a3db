package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanTakesTheStingOutOfDeviceTexts(t *testing.T) {
	for in, want := range map[string]string{
		"pc-104":                  "pc-104",
		"Müller":                  "Müller",
		"\x1b[2J\x1b]0;title\x07": "[2J]0;title",
		"\u009b31mred":            "31mred",       // the C1 form of ESC [
		"a\nb\tc\r":               "a b c ",       // one line stays one
		"photo\u202egpj.exe":      "photogpj.exe", // would be read backwards
		"zero\u200bwidth":         "zerowidth",
		"no\u00a0break":           "no break",
		"bad\xff":                 "bad\ufffd",
		"":                        "",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestGuardedStopsFormulas(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=1": "'\t=1", "＝1": "'＝1",
		"1=1": "1=1", "": "", "plain": "plain",
	} {
		if got := guarded(in); got != want {
			t.Errorf("guarded(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCutAndColumns(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		room  int
		out   string
	}{
		{"abc", 3, 3, "abc"},
		{"abcdef", 6, 4, "abc…"},
		{"日本語", 6, 4, "日…"},
		{"e\u0301te", 3, 3, "e\u0301te"},
	} {
		if got := columns(c.in); got != c.width {
			t.Errorf("columns(%q) = %d, want %d", c.in, got, c.width)
		}
		if got := cut(c.in, c.room); got != c.out {
			t.Errorf("cut(%q, %d) = %q, want %q", c.in, c.room, got, c.out)
		}
	}
}

func TestNear(t *testing.T) {
	known := []string{"device", "software", "series", "status"}
	for in, want := range map[string]string{
		"devcie": "device", "dev": "device", "Software": "software", "xyzzy": "", "sofa": "", "dveice": "device", strings.Repeat("x", 100): "",
	} {
		if got := near(in, known); got != want {
			t.Errorf("near(%q) = %q, want %q", in, got, want)
		}
	}
}

// Whatever a device says: nothing that drives a terminal comes through, a
// second pass changes nothing, and JSON keeps the value exactly.
func FuzzDeviceText(f *testing.F) {
	for _, seed := range []string{
		"pc-104", "\x1b[31m", "\u009b0m", "a\u202eb", "\x00", "\xff\xfe", "日本語", "\u2028", "\U000e0041", "=1+1", "tab\tnl\n", "\U0001f600",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		c := clean(in)
		for _, r := range c {
			if hostile(r) {
				t.Fatalf("clean(%q) lets %U through", in, r)
			}
		}
		if clean(c) != c || !utf8.ValidString(c) {
			t.Fatalf("clean(%q) is not settled: %q", in, c)
		}
		for _, r := range tame(in) {
			if hostile(r) && r != '\n' && r != '\t' {
				t.Fatalf("tame(%q) lets %U through", in, r)
			}
		}
		if g := exact(in); g != "" && strings.ContainsRune(formula, []rune(g)[0]) {
			t.Fatalf("exact(%q) = %q begins like a formula", in, g)
		}
		for _, room := range []int{1, 7} {
			if got := cut(c, room); columns(got) > room {
				t.Fatalf("cut(%q, %d) = %q is too wide", c, room, got)
			}
		}
		for _, line := range wrap(c, 9) {
			if columns(line) > 9 {
				t.Fatalf("wrap(%q, 9) has the line %q", c, line)
			}
		}
		var b, out bytes.Buffer
		if err := json.NewEncoder(&b).Encode(in); err != nil {
			t.Fatal(err)
		}
		if err := writeJSON(&out, b.Bytes()); err != nil {
			t.Fatal(err)
		}
		for _, r := range strings.TrimSuffix(out.String(), "\n") {
			if hostile(r) {
				t.Fatalf("JSON of %q lets %U through", in, r)
			}
		}
		var back string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || back != strings.ToValidUTF8(in, "\ufffd") && utf8.ValidString(in) {
			t.Fatalf("JSON of %q came back as %q (%v)", in, back, err)
		}
	})
}

func TestLevelHint(t *testing.T) {
	if got := levelHint("wrong digest"); got != "wrong digest" {
		t.Error(got)
	}
	if got := levelHint("it answers authorizationError"); !strings.Contains(got, "--auth") || !strings.Contains(got, "--priv") {
		t.Error(got)
	}
}

// What is shown to be copied is whole, and one word for a shell.
func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{
		"pc-104":               "pc-104",
		"cpu=cpu-total":        "cpu=cpu-total",
		"":                     `""`,
		"two words":            `"two words"`,
		"it's":                 `"it's"`,
		`a "b" c`:              `'a "b" c'`,
		"$HOME `id` it's":      `'$HOME ` + "`id`" + ` it'\''s'`,
		"a\x1b[31m;rm -rf b\n": `"a[31m;rm -rf b "`,
		"größe":                `"größe"`,
		"storage=devfs: dev file system, mounted on: /packages/mnt/jsdn-x86-32-20.4R3/a/very/long/path": `"storage=devfs: dev file system, mounted on: /packages/mnt/jsdn-x86-32-20.4R3/a/very/long/path"`,
	} {
		if got := shellWord(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
