package sqlstore

import (
	"path/filepath"
	"testing"
)

func TestANameInJSONIsStruckFromTextsOnly(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"12345", `{"value":12345,"who":"12345"}`, `{"value":12345,"who":"(removed)"}`},
		{"user", `[{"user":"the user was here","n":1.50}]`, `[{"n":1.50,"user":"the (removed) was here"}]`},
		{"user", `{"user":"jdoe"}`, `{"user":"jdoe"}`},
		{"jdoe", `{not JSON jdoe`, `{not JSON (removed)`},
		{"jdoe", `asked JDOE and jdoe jdoe`, `asked (removed) and (removed) (removed)`},
	} {
		if got := newPerson(c.name).strikeStored(c.text); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.name, c.text, got, c.want)
		}
	}
	if got := newPerson("jdoe").homeless("/home/jdoe/home/jdoe/x"); got != "/home/(removed)/home/(removed)/x" {
		t.Error(got)
	}
}

func TestANameIsFoundInAnyCase(t *testing.T) {
	c, err := OpenControl(t.Context(), filepath.Join(t.TempDir(), "control.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	who := newPerson("Åsa Öberg")
	for text, want := range map[string]bool{"told ÅSA ÖBERG of it": true, "åsa öberg": true, "Asa Oberg": false, "nobody": false} {
		var like bool
		if err := c.d.read(t.Context(), func(v *view) error {
			return v.each(t.Context(), `SELECT ? LIKE ? ESCAPE '\'`, []any{text, who.like}, func(s scan) error { return s(&like) })
		}); err != nil {
			t.Fatal(err)
		}
		if got := like && who.strike(text) != text; got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
