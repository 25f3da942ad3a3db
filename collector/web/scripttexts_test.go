package web

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/collector/web/texts"
)

// TestScriptsSayWhatIsListed holds that scripts say what the list of their texts
// has, all of it and no more, and put no words into a page beside it.
func TestScriptsSayWhatIsListed(t *testing.T) {
	files, err := filepath.Glob("src/*.js")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts: ", err)
	}
	said := regexp.MustCompile(`\b(?:say|word)\('([^']*[A-Za-z][^']*)'`)
	beside := regexp.MustCompile("(?:textContent|placeholder|ariaLabel|title) = ['`][A-Z]|(?:prompt|alert|confirm)\\(['`]|>[A-Z][a-z]+[^<$`]*<")
	found := map[texts.T]bool{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllStringSubmatch(string(b), -1) {
			found[texts.T(m[1])] = true
			if !slices.Contains(scriptTexts(), texts.T(m[1])) {
				t.Errorf("%s says %q, which scripttexts.go does not list", f, m[1])
			}
		}
		if m := beside.FindString(string(b)); m != "" {
			t.Errorf("%s puts words into a page by itself: %s", f, m)
		}
	}
	for _, x := range scriptTexts() {
		if !found[x] {
			t.Errorf("no script says %q", x)
		}
	}
}

// TestScriptsSpeakTheLanguageOfThePage holds that a page brings their words.
func TestScriptsSpeakTheLanguageOfThePage(t *testing.T) {
	if w := scriptWords(nil); w != nil {
		t.Errorf("of English: %v", w)
	}
	w := scriptWords(pseudo(t))
	b, err := json.Marshal(w)
	if err != nil || len(w) != len(scriptTexts()) {
		t.Fatalf("%d of %d: %v", len(w), len(scriptTexts()), err)
	}
	for english, other := range w {
		for _, v := range []string{"{1}", "{2}"} {
			if strings.Contains(english.String(), v) != strings.Contains(other, v) {
				t.Errorf("%q became %q", english, other)
			}
		}
	}
	if !strings.Contains(string(b), "⟦") {
		t.Error("nothing is in another language")
	}
}
