package texts

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"
)

// some is a few texts.
func some() *Catalogue {
	return &Catalogue{
		Texts:   map[string]Use{"Name": {}, "On <b>{1}</b>, since {2}.": {}, "{1} to run": {}, "act on {1}": {}},
		Counted: map[string]Use{"page|pages": {}, "{n} of them|all {n}": {}},
	}
}

// polish has more forms than English.
const polish = `{"language":"pl","name":"Polski","texts":{"Name":"Nazwa","{1} to run":"do uruchomienia: {1}","On <b>{1}</b>, since {2}.":"Od {2} na <b>{1}</b>."},
 "counted":{"page|pages":{"one":"strona","few":"strony","many":"stron","other":"strony"}}}`

func read(t *testing.T, data string) *Language {
	t.Helper()
	l, err := Read([]byte(data), some())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestSay(t *testing.T) {
	pl := read(t, polish)
	for _, c := range []struct {
		t               T
		english, polish string
	}{
		{"Name", "Name", "Nazwa"},
		{As("Name"), "Name", "Name"},
		{As(""), "", ""},
		{"nowhere said", "nowhere said", "nowhere said"},
		{F("{1} to run", Count(1, "page", "pages")), "1 page to run", "do uruchomienia: 1 strona"},
		{F("{1} to run", Count(3, "page", "pages")), "3 pages to run", "do uruchomienia: 3 strony"},
		{F("{1} to run", Count(1005, "page", "pages")), "1,005 pages to run", "do uruchomienia: 1,005 stron"},
		{F("{1} to run", "{1} \x01f1:x"), "{1} \x01f1:x to run", "do uruchomienia: {1} \x01f1:x"},
		{F("{1} to run", 12345), "12,345 to run", "do uruchomienia: 12,345"},
		{Count(7, "{n} of them", "all {n}"), "all 7", "all 7"},
		{List(", ", "Name", As("Name")), "Name, Name", "Nazwa, Name"},
		{List(", "), "", ""},
		{F("{2} and {9} {", "a"), "{2} and {9} {", "{2} and {9} {"},
	} {
		if got := c.t.String(); got != c.english {
			t.Errorf("%q in English: %q, not %q", c.t, got, c.english)
		}
		if got := pl.Say(c.t); got != c.polish {
			t.Errorf("%q in Polish: %q, not %q", c.t, got, c.polish)
		}
	}
	if b, err := json.Marshal(F("{1} to run", 2)); err != nil || string(b) != `"2 to run"` {
		t.Errorf("as JSON: %s, %v", b, err)
	}
}

func TestWrongTranslations(t *testing.T) {
	for _, c := range []struct{ data, why string }{
		{`{`, "unexpected EOF"},
		{`{"language":"es","name":"Español","word":{}}`, `unknown field "word"`},
		{`{"language":"no language","name":"x"}`, "is no language tag"},
		{`{"language":"es"}`, "name is missing"},
		{`{"language":"es","name":"x","texts":{"Nme":"y"}}`, `"Nme" is no text of the pages`},
		{`{"language":"es","name":"x","texts":{"Name":" "}}`, "it is empty"},
		{`{"language":"es","name":"x","texts":{"Name":"{1}"}}`, "{1} is not in the English"},
		{`{"language":"es","name":"x","texts":{"On <b>{1}</b>, since {2}.":"<b>{1}</b>"}}`, "{2} is missing"},
		{`{"language":"es","name":"x","texts":{"On <b>{1}</b>, since {2}.":"</b>{1}<b>{2}"}}`, "</b> ends what did not begin"},
		{`{"language":"es","name":"x","counted":{"page|leaves":{"other":"y"}}}`, "counts nothing"},
		{`{"language":"es","name":"x","counted":{"page|pages":{"one":"y"}}}`, "the form other is missing"},
		{`{"language":"es","name":"x","counted":{"page|pages":{"all":"y","other":"y"}}}`, `"all" is no form`},
	} {
		if _, err := Read([]byte(c.data), some()); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, not %q", c.data, err, c.why)
		}
	}
}

// TestFilesBeside holds that a translation is one file beside the list of
// texts, and that the file must have the name of its language.
func TestFilesBeside(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	l, err := translations(fstest.MapFS{"en.json": file(""), "es.json": file(`{"language":"es","name":"Español"}`)})
	if err != nil || len(l) != 1 || l[0].String() != "es" || l[0].Name != "Español" {
		t.Errorf("%v, %v", l, err)
	}
	if _, err := translations(fstest.MapFS{"en.json": file(""), "fr.json": file(`{"language":"es","name":"Español"}`)}); err == nil || !strings.Contains(err.Error(), "belongs into es.json") {
		t.Error(err)
	}
	if _, err := Translations(); err != nil {
		t.Error("a translation of this folder:", err)
	}
}

func TestChoose(t *testing.T) {
	pl, pt := read(t, polish), read(t, `{"language":"pt-BR","name":"Português"}`)
	list := []*Language{pl, pt}
	for _, c := range []struct{ chosen, accept, want string }{
		{"", "", "en-US"},
		{"", "pl", "pl"},
		{"", "pt-PT,en;q=0.5", "pt-BR"},
		{"", "de,en;q=0.9,pl;q=0.8", "en-US"},
		{"", "de", "en-US"},
		{"", "\x00;;q=x", "en-US"},
		{"pl", "en", "pl"},
		{"en-US", "pl", "en-US"},
		{"xx", "pl", "pl"},
	} {
		if got := Choose(list, c.chosen, c.accept).String(); got != c.want {
			t.Errorf("chosen %q, browser says %q: %s, not %s", c.chosen, c.accept, got, c.want)
		}
	}
	if got := Choose(nil, "pl", "pl"); got != nil {
		t.Error("there is only English:", got)
	}
}

// FuzzSay holds that no text with parts, however broken, breaks what reads it,
// and that data comes out as it went in.
func FuzzSay(f *testing.F) {
	f.Add(string(F("{1} to run", "x")), "y")
	f.Add("\x01f3:abc9:", "\x01n1:x")
	f.Add("\x01n1:25:pages", "{1}")
	f.Fuzz(func(t *testing.T, broken, data string) {
		_ = T(broken).String()
		if got := F("{1}", data).String(); got != data {
			t.Errorf("%q came out as %q", data, got)
		}
	})
}

// FuzzRead holds that no file of a translation breaks the start, and that one
// that is taken up says every text.
func FuzzRead(f *testing.F) {
	f.Add([]byte(polish))
	f.Add([]byte(`{"language":"es","name":"x","counted":{"page|pages":null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Read(data, some())
		if err != nil {
			return
		}
		for _, n := range []int{0, 1, 2, 5, -3, 1_000_000} {
			if l.Say(Count(n, "page", "pages")) == "" {
				t.Error("nothing said")
			}
		}
	})
}
