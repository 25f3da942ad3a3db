package texts

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// Catalogue is every text of the pages, in English, and where it is used.
type Catalogue struct {
	Texts   map[string]Use `json:"texts"`
	Counted map[string]Use `json:"counted"` // one|many
}

// Use is where a text stands, and what its values are.
type Use struct {
	Files  []string `json:"files"`
	Values []string `json:"values,omitempty"` // what {1}, {2} … are, as the template says it
}

// English is the list of all texts.
func English() (*Catalogue, error) {
	data, err := files.ReadFile("en.json")
	if err != nil {
		return nil, err
	}
	c := &Catalogue{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("read en.json: %w", err)
	}
	return c, nil
}

// Translations are the languages there are beside English.
func Translations() ([]*Language, error) { return translations(files) }

func translations(from fs.FS) ([]*Language, error) {
	list, err := fs.Glob(from, "*.json")
	if err != nil || len(list) < 2 {
		return nil, err
	}
	all, err := English()
	if err != nil {
		return nil, err
	}
	var out []*Language
	for _, name := range list {
		if name == "en.json" {
			continue
		}
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		l, err := Read(data, all)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if want := l.Tag.String() + ".json"; path.Base(name) != want {
			return nil, fmt.Errorf("%s: a translation to %s belongs into %s", name, l.Tag, want)
		}
		out = append(out, l)
	}
	return out, nil
}

// Choose is the language for somebody: what they have chosen, else what their
// browser asks for (RFC 9110 §12.5.4), else English.
func Choose(list []*Language, chosen, accept string) *Language {
	if len(list) == 0 {
		return nil
	}
	tags := []language.Tag{language.AmericanEnglish}
	for _, l := range list {
		if l.String() == chosen {
			return l
		}
		tags = append(tags, l.Tag)
	}
	if chosen == (*Language)(nil).String() {
		return nil
	}
	wanted, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(wanted) == 0 {
		return nil
	}
	_, i, sure := language.NewMatcher(tags).Match(wanted...)
	if i == 0 || sure == language.No {
		return nil
	}
	return list[slices.IndexFunc(list, func(l *Language) bool { return l.Tag == tags[i] })]
}
