package keyfile

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	var got []string
	err := Parse(strings.NewReader("a=1\n# b=2\n[One]\n c = d = e \n;x\nlong=first \\\n# within\nsecond\n[Two ]\n=none\nno\nempty=\n[not a section\nlast=\\"),
		func(s, k, v string) { got = append(got, fmt.Sprintf("%s/%s/%s", s, k, v)) })
	if err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(got, "|"); s != "/a/1|One/c/d = e|One/long/first  second|Two/empty/" {
		t.Error(s)
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string]string{`"a"`: "a", `'a'`: "a", `"a`: `"a`, "": "", `"`: `"`} {
		if got := Unquote(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if v, ok := Bool(`"YES"`); !v || !ok {
		t.Error("yes")
	}
	if _, ok := Bool("maybe"); ok {
		t.Error("maybe")
	}
}

func FuzzKeyFile(f *testing.F) {
	f.Add("[Unit]\nDescription=a\\\nb\n")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		Parse(strings.NewReader(text), func(s, k, v string) {
			if n += len(k) + len(v); k == "" || strings.ContainsAny(k+v, "\n") {
				t.Errorf("%q %q %q", s, k, v)
			}
		})
		if n > len(text)+1 {
			t.Errorf("%d bytes of %d", n, len(text))
		}
	})
}
