package texts

import (
	"html/template"
	"maps"
	"slices"
	"strings"
	"testing"
)

func parsed(t *testing.T, text string, l *Language) *template.Template {
	t.Helper()
	x, err := template.New("x").Funcs(template.FuncMap{
		"say":  func(v any) any { return v },
		"icon": func(string) template.HTML { return "<svg></svg>" },
		"count": func(n int, one, many string) T {
			return T(l.Say(Count(n, T(one), T(many))))
		},
	}).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func picture(f string) bool { return f == "icon" }

func TestTextsOfTemplates(t *testing.T) {
	for _, c := range []struct {
		name, template string
		want           []string
	}{
		{"between tags", `<p>One.</p><p>Two.</p>`, []string{"One.", "Two."}},
		{"through inline tags and values", `<p>On <b>{{.A}}</b>, since <a href="/x/{{.B}}">{{.B}}</a>.</p>`, []string{"On <b>{1}</b>, since <a>{2}</a>."}},
		{"a value begins it", `<p>{{.A}} devices</p>`, []string{"{1} devices"}},
		{"a picture is no part", `<p>{{icon "x"}}Copy</p>`, []string{"Copy"}},
		{"two of a tag", `<p>Press <kbd>a</kbd> or <kbd>b</kbd></p>`, []string{"Press <kbd>a</kbd> or <kbd2>b</kbd2>"}},
		{"links side by side", "<nav><a href=\"/\">One</a>\n<a{{if .A}} class=\"x\"{{end}} href=\"/\">Two <i>{{.A}}</i></a></nav>", []string{"One", "Two <i>{1}</i>"}},
		{"attributes", `<input placeholder="Find it" value="no text" aria-label="The {{.A}} field"><img alt='A picture'>`, []string{"A picture", "Find it", "The {1} field"}},
		{"a condition in an attribute", `<svg aria-label="{{if .A}}Done{{else}}Not done{{end}}"></svg>`, []string{"Done", "Not done"}},
		{"a condition within", `<p>All {{if .A}}new <b>ones</b>{{else}}old{{end}} go.</p>`, []string{"All {1} go.", "new <b>ones</b>", "old"}},
		{"a condition at the end", `<p>All{{if .A}} of them{{end}}</p>`, []string{"All", "of them"}},
		{"a tag that a condition begins", `{{if .A}}<a href="x">{{else}}<a href="y">{{end}}Go there</a> <p>Now</p>`, []string{"Go there", "Now"}},
		{"a tag cut by a condition", `<a {{if .A}}title="Far">{{else}}title="Near">{{end}}Go</a>`, []string{"Far", "Go", "Near"}},
		{"what is no text", `<script>let a = "Text";</script><!-- Text --><style>a { content: "Text" }</style><p>1 · 2</p>`, nil},
		{"entities", `<p>Tom &amp; Jerry&nbsp;now</p>`, []string{"Tom & Jerry now"}},
		{"counted", `<p>{{count .N "page" "pages"}} here</p>`, []string{"page|pages", "{1} here"}},
	} {
		var got []string
		m := Markup{Picture: picture, Found: func(s string, _ []string) { got = append(got, s) }, Counted: func(one, many string) { got = append(got, one+"|"+many) }}
		m.Read(parsed(t, c.template, nil))
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}
}

// TestTemplatesTranslated holds that values and tags go where the language wants
// them, that what is not translated stays, and that nothing of a translation
// becomes HTML.
func TestTemplatesTranslated(t *testing.T) {
	const page = `<p title="The name"> {{icon "x"}}On <b class="{{.A}}">{{.A}}</b>, since {{.B}}. </p><p>{{count .N "page" "pages"}} stay</p>`
	l := &Language{words: map[string]string{"On <b>{1}</b>, since {2}.": "{2} <i>seit</i> <b>{1}</b>", "The name": `"Name" & mehr`}}
	data := map[string]any{"A": "<a>", "B": "x", "N": 2}
	var before, after strings.Builder
	x := parsed(t, page, l)
	(&Markup{Language: l, Picture: picture}).Read(x)
	if err := x.Execute(&after, data); err != nil {
		t.Fatal(err)
	}
	const want = `<p title="&#34;Name&#34; &amp; mehr"> <svg></svg>x &lt;i&gt;seit&lt;/i&gt; <b class="&lt;a&gt;">&lt;a&gt;</b> </p><p>2 pages stay</p>`
	if after.String() != want {
		t.Errorf("%s\nnot\n%s", after.String(), want)
	}
	// Reading alone changes nothing.
	y, z := parsed(t, page, nil), parsed(t, page, nil)
	(&Markup{Picture: picture, Found: func(string, []string) {}}).Read(y)
	after.Reset()
	if err := y.Execute(&after, data); err != nil {
		t.Fatal(err)
	}
	if err := z.Execute(&before, data); err != nil {
		t.Fatal(err)
	}
	if before.String() != after.String() {
		t.Errorf("%s\nbecame\n%s", before.String(), after.String())
	}
}

// FuzzMarkup holds that whatever a template says, replacing each of its texts by
// itself changes nothing that a browser shows.
func FuzzMarkup(f *testing.F) {
	f.Add(`<p>On <b>{{.A}}</b>, {{if .B}}now{{else}}then{{end}} or <i x="{{.A}}">so</i></p>`)
	f.Add(`<a title="{{if .A}}x">{{else}}y">{{end}}b</a></b><b>`)
	f.Add(`<!-- <p> --><script>"</p>"</script>{{range .L}}<li>{{.}} e{{end}}`)
	f.Fuzz(func(t *testing.T, s string) {
		x, err := template.New("x").Funcs(template.FuncMap{"say": func(v any) any { return v }}).Parse(s)
		if err != nil {
			return
		}
		found := map[string]string{}
		(&Markup{Found: func(k string, _ []string) { found[k] = k }}).Read(x)
		for k := range maps.Keys(found) {
			if strings.TrimSpace(k) == "" {
				t.Errorf("an empty text in %q", s)
			}
		}
		(&Markup{Language: &Language{words: found}}).Read(x)
		_ = x.Execute(&strings.Builder{}, map[string]any{"A": "a", "L": []string{"b"}})
	})
}
