package search

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/internal/inventory"
)

// bare takes positions off, by which a text and its canonical form differ.
func bare(e Expr) Expr {
	switch e := e.(type) {
	case And:
		out := And{}
		for _, x := range e {
			out = append(out, bare(x))
		}
		return out
	case Or:
		out := Or{}
		for _, x := range e {
			out = append(out, bare(x))
		}
		return out
	case Not:
		return Not{X: bare(e.X)}
	case Term:
		e.Pos = 0
		return e
	}
	return e
}

func canonical(e Expr) string {
	if e == nil {
		return ""
	}
	return e.String()
}

func TestCanonicalText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"  \t ", ""},
		{`os:windows ram<8GB software:"Adobe Reader"<23 seen>7d port:sw-3/Gi1/0/7 site:hartford`,
			`os:windows ram<8GB software:"Adobe Reader"<23 seen>7d port:sw-3/Gi1/0/7 site:hartford`},
		{"ram < 8GB", "ram<8GB"},
		{"hostname:a and (tag:b AND label:c)", "name:a label:b label:c"},
		{"a or b c | d", "a or b c or d"},
		{"(a or b) c", "(a or b) c"},
		{"(a or (b or c))", "a or b or c"},
		{"-(a b)", "-(a b)"},
		{"not not a", "a"},
		{"--a", "a"},
		{"name!=x", "-name=x"},
		{"-name!=x", "name=x"},
		{"name<>x", "-name=x"},
		{"name:web*", `name~"web*"`},
		{`name:"web*"`, `name:"web*"`},
		{"asset:*", "asset:*"},
		{`asset:"*"`, `asset:"*"`},
		{"-asset:*", "-asset:*"},
		{"web* 10.0.0.?", "web* 10.0.0.?"},
		{`"or"`, `"or"`},
		{`"-x"`, `"-x"`},
		{`"say ""hi"""`, `"say ""hi"""`},
		{"aa:bb:cc:dd:ee:ff", `"aa:bb:cc:dd:ee:ff"`},
		{"fe80::1", `"fe80::1"`},
		{"software:openssl < 3.0.2", "software:openssl<3.0.2"},
		{"software=openssl!=3", "software=openssl!=3"},
		{"software:notepad++", "software:notepad++"},
		{"service:spooler=stopped", "service:spooler=stopped"},
		{"volume.used_percent>90%", "volume.used_percent>90%"},
		{"SOFTWARE.Publisher:adobe", "software.publisher:adobe"},
		{"orlando notebook android", "orlando notebook android"},
		{"name:and", "name:and"},
		{"-ip:10.0.0.0/8 | user:ACME\\*", `-ip:10.0.0.0/8 or user~"ACME\*"`},
	} {
		e, err := Parse(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := canonical(e); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
			continue
		}
		again, err := Parse(c.want)
		if err != nil || !reflect.DeepEqual(bare(e), bare(again)) {
			t.Errorf("%s: %s does not parse to the same: %v\n%#v\n%#v", c.in, c.want, err, bare(e), bare(again))
		}
	}
}

func TestValues(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		in   string
		want Value
	}{
		{"ram<8GB", Value{Text: "8GB", Form: FormNumber, Number: 8 << 30}},
		{"ram<8GiB", Value{Text: "8GiB", Form: FormNumber, Number: 8 << 30}},
		{"disk>1.5tb", Value{Text: "1.5tb", Form: FormNumber, Number: 1.5e12}},
		{"disk:samsung", Value{Text: "samsung"}},
		{"free<10%", Value{Text: "10%", Form: FormPercent, Number: 10}},
		{"free<512MiB", Value{Text: "512MiB", Form: FormNumber, Number: 512 << 20}},
		{"seen>1w2d", Value{Text: "1w2d", Form: FormAge, Age: 9 * 24 * time.Hour}},
		{"seen<30m", Value{Text: "30m", Form: FormAge, Age: 30 * time.Minute}},
		{"warranty<2026-11-01", Value{Text: "2026-11-01", Form: FormTime, From: day("2026-11-01T00:00:00Z"), Until: day("2026-11-02T00:00:00Z")}},
		{"warranty:2026-11", Value{Text: "2026-11", Form: FormTime, From: day("2026-11-01T00:00:00Z"), Until: day("2026-12-01T00:00:00Z")}},
		{"warranty:2026", Value{Text: "2026", Form: FormTime, From: day("2026-01-01T00:00:00Z"), Until: day("2027-01-01T00:00:00Z")}},
		{"first>2026-11-01T10:00:00+02:00", Value{Text: "2026-11-01T10:00:00+02:00", Form: FormTime, From: day("2026-11-01T08:00:00Z"), Until: day("2026-11-01T08:00:01Z")}},
		{"cores>=4", Value{Text: "4", Form: FormNumber, Number: 4}},
		{"mac:0025.90AB.CDEF", Value{Text: "0025.90AB.CDEF", Form: FormMac, Mac: "00:25:90:ab:cd:ef"}},
		{"mac:00-25-90", Value{Text: "00-25-90"}},
		{"system.virtual_machine:no", Value{Text: "no", Form: FormBool}},
		{"port.speed_bits_per_second<1Gbps", Value{Text: "1Gbps", Form: FormNumber, Number: 1e9}},
		{"version<10.0.22631", Value{Text: "10.0.22631"}},
		{"5CD1234XYZ", Value{Text: "5CD1234XYZ"}},
		{"00-25-90-ab-cd-ef", Value{Text: "00-25-90-ab-cd-ef", Form: FormMac, Mac: "00:25:90:ab:cd:ef"}},
	} {
		e, err := Parse(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := e.(Term).Value; got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.in, got, c.want)
		}
	}
	e, err := Parse("ip:10.1.2.3/8")
	if err != nil || e.(Term).Value.Prefix.String() != "10.0.0.0/8" {
		t.Errorf("%v %v", e, err)
	}
	e, err = Parse(`software:"Adobe Reader" >= 23.1`)
	if sub := e.(Term).Sub; err != nil || sub == nil || sub.Op != Ge || sub.Value.Text != "23.1" {
		t.Errorf("%v %v", e, err)
	}
	if e, _ := Parse("port:sw-3/Gi1/0/7"); e != nil {
		if d, p := e.(Term).Value.PortParts(); d != "sw-3" || p != "Gi1/0/7" {
			t.Errorf("%q %q", d, p)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"os:windows   rma<8GB", `at 14: "rma" is not a field; did you mean ram?`},
		{"ünder:x", ""}, // cannot be a field, so it is looked for as it stands
		{"ram<8", `at 5: "8" has no unit: write it like 8GB or 8MB`},
		{"ram<8XB", `at 5: "8XB" has a unit that is none of B, KB`},
		{"ram<", "at 5: ram needs a value: ram<8GB"},
		{"ram< or os:x", `at 6: "or" is not a size`},
		{"ram~8GB", "at 4: ram is a size and takes : = != < <= > >=, not ~: ram<8GB"},
		{"name<x", "at 5: name is a text and takes : = != ~, not <"},
		{`name:""`, "at 6: name needs a value; -name:* finds"},
		{`name:"abc`, "at 6: this quote is never closed"},
		{`"abc`, "at 1: this quote is never closed"},
		{"(a", "at 1: this ( is never closed"},
		{"a)", "at 2: this ) closes no bracket"},
		{"()", "at 1: nothing stands in these brackets"},
		{"a or", `at 5: "or" needs a condition on both sides`},
		{"| a", `at 1: "or" needs`},
		{"a and", `at 3: "and" needs`},
		{"and a", `at 1: "and" needs`},
		{"-", "at 1: a condition must follow"},
		{"not or a", "at 1: a condition must follow"},
		{"state:onlin", `at 7: "onlin" is not a state; did you mean online?; it is one of online, asleep`},
		{"seen>7x", `at 6: "7x" is neither a date`},
		{"seen:7d", "at 6: an age is compared with < or >"},
		{"warranty<31.12.2026", "at 10: "},
		{"cores>many", `at 7: "many" is not a number`},
		{"cores>0x10", `at 7: "0x10" is not a number`},
		{"cores>nan", `at 7: "nan" is not a number`},
		{"free<120%", `at 6: "120%" is not a share`},
		{"system.virtual_machine:perhaps", "neither yes nor no"},
		{"volum.mount:/", `at 1: there is no section "volum"; did you mean volume?`},
		{"volume.mont:/", `at 1: section volume has no column "mont"; did you mean mount?`},
		{"volume:/", "at 1: volume is a section: name a column of it, such as volume.mount"},
		{"software:x:1", ""}, // colons belong to names
		{`software:"x":1`, "at 13: after the name comes"},
		{`software:x<`, "at 12: a version must follow"},
		{"software:x<1<2", "at 13: conditions need a space between them"},
		{"service:x<1", "at 10: the state of a service takes"},
		{"os:a<b", "at 5: a value with < in it needs quotes"},
		{"3<4", "at 2: a word with < in it needs quotes"},
		{":x", "at 1: a field name must stand before :"},
		{`"os":windows`, `at 1: a field name stands without quotes`},
		{`""`, "at 1: there is nothing between these quotes"},
		{"port:/x", "is not a port"},
		{"a\x00b", "at 2: a character here is not text"},
		{"a\xffb", "at 2: a character here is not text"},
		{strings.Repeat("-", 2000) + "a", "deeper than"},
		{strings.Repeat("(", 2000), "deeper than"},
		{strings.Repeat("a ", 65), "more than 64 conditions"},
		{strings.Repeat("a", MaxLength+1), "longer than 4096 bytes"},
	} {
		_, err := Parse(c.in)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.in, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: got %v, want %s", c.in, err, c.want)
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Pos < 1 || strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("%.60s: %v is not one line with a position", c.in, err)
		}
	}
}

// Every example a field shows must be one that works, and no two fields may
// answer to one name.
func TestFieldTable(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Fields() {
		if f.Doc == "" || f.Name == "" || f.Example == "" {
			t.Errorf("%+v is not told in full", f)
		}
		for _, n := range append([]string{f.Name}, f.Aliases...) {
			if seen[n] || keyword(n) != "" {
				t.Errorf("%s is taken", n)
			}
			seen[n] = true
		}
		e, err := Parse(f.Example)
		if err != nil {
			t.Errorf("%s: %v", f.Example, err)
		} else if e.(Term).Field.Name != f.Name {
			t.Errorf("%s is an example of %s", f.Example, e.(Term).Field.Name)
		}
	}
	for _, s := range inventory.Schema() {
		for _, c := range s.Columns {
			f, ok := columnField(s, c)
			if !ok {
				continue
			}
			if _, err := Parse(f.Example); err != nil {
				t.Errorf("%s: %v", f.Example, err)
			}
			if _, err := Parse("-" + f.Name + ":*"); err != nil {
				t.Errorf("%s:*: %v", f.Name, err)
			}
		}
	}
}

func TestPersonal(t *testing.T) {
	e, err := Parse("owner:x or -(user:y name:z) user:q software.user_name:a")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(Personal(e), " "); got != "owner user software.user_name" {
		t.Error(got)
	}
	if Personal(nil) != nil {
		t.Error("an empty filter is personal")
	}
}

func TestKindsAreKnown(t *testing.T) {
	for text, want := range map[string]string{
		"kind:gizmo":   `"gizmo" is not a kind; it is one of pc, server, switch`,
		"kind:swich":   "did you mean switch?",
		"kind=printr":  "did you mean printer?",
		"type!=gizmos": "is not a kind",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"kind:pdu", "kind:PHONE", "kind:wireless_controller", "kind:sw*", "kind:*", "-kind:pc"} {
		if _, err := Parse(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestUnheard(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"arch:amd64 port.mtu_bytes>9KB":     "",
		"os:slackware":                      "", // names of systems are no set
		"port.oper_status:*":                "",
		"port.oper_status~u?":               "",
		"port.oper_status:UP":               "",
		"name:x or -(port.oper_status:upp)": `"upp" is no known port.oper_status; did you mean up?; known are up, down, testing, unknown, dormant, not_present, lower_layer_down`,
		"arch=vax":                          `"vax" is no known arch; known are amd64, arm64, 386, arm`,
	} {
		e, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Unheard(e); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", `os:windows ram<8GB software:"Adobe Reader"<23 seen>7d port:sw-3/Gi1/0/7 -site:hartford`,
		"(a or b) -c", `name:"a""b" | ip:10.0.0.0/8`, "warranty<2026-11-01 free<10%", "volume.mount~C:*", "-asset:*", "aa:bb:cc:dd:ee:ff", "ram < 8 GB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n") {
				t.Fatalf("%q: more than a line: %v", text, err)
			}
			return
		}
		again, err := Parse(canonical(e))
		if err != nil && len(canonical(e)) > MaxLength {
			return // quotes made it longer
		}
		if err != nil {
			t.Fatalf("%q: canonical %q: %v", text, canonical(e), err)
		}
		if e != nil && !reflect.DeepEqual(bare(e), bare(again)) {
			t.Fatalf("%q: canonical %q means something else", text, canonical(e))
		}
		if c := canonical(again); c != canonical(e) {
			t.Fatalf("%q: %q then %q", text, canonical(e), c)
		}
	})
}

func TestOnlyWhatIsNearIsMeant(t *testing.T) {
	for word, want := range map[string]string{"foo": "", "rma": "; did you mean ram?", "oss": "; did you mean os?", "sreail": "; did you mean serial?"} {
		if got := didYouMean(word, []string{"os", "ram", "serial"}); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}
