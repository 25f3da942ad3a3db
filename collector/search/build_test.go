package search

import (
	"testing"

	"muster/internal/inventory"
)

func grammar() Grammar { return Grammar{Sections: inventory.Schema()} }

// TestConditionsAreAdded: what is put together reads as what was meant, whatever
// stands in the value.
func TestConditionsAreAdded(t *testing.T) {
	for _, x := range []struct{ filter, field, how, value, want, second string }{
		{"", "ram", "<", "8GB", "ram<8GB", ""},
		{"os:windows", "ram", "<", " 8GB ", "os:windows ram<8GB", ""},
		{"a or b", "kind", ":", "pc", "(a or b) kind:pc", ""},
		{"os:windows ram<8GB", "label", "-:", "kiosk", "os:windows ram<8GB -label:kiosk", ""},
		{"", "model", ":", `Desk "5" or x`, `model:"Desk ""5"" or x"`, ""},
		{"", "site", "=", "City Hall", `site="City Hall"`, ""},
		{"", "warranty", "-:*", "ignored", "-warranty:*", ""},
		{"", "seen", ">", "7d", "seen>7d", ""},
		{"", "note", "!=", "x", "-note=x", ""},
		{"", "name", "~", "pc-?", `name~"pc-?"`, ""},
		{"", "volume.used_percent", ">", "90", "volume.used_percent>90", ""},
		{"", "software", "-:", "Adobe Reader", `-software:"Adobe Reader"`, ""},
		{"kind:pc", "software", ":<", "Adobe Reader", `kind:pc software:"Adobe Reader"<23`, " 23 "},
		{"", "software", ":>=", "7-Zip", `software:7-Zip>="19 00"`, "19 00"},
		{"", "software", "-:>=", "x<3", `-software:"x<3">=5`, "5"},
	} {
		e, err := grammar().Parse(x.filter)
		if err != nil {
			t.Fatal(err)
		}
		f, err := grammar().Field(x.field)
		if err != nil {
			t.Fatal(err)
		}
		got, err := grammar().Add(e, f, x.how, x.value, x.second)
		if err != nil || got.String() != x.want {
			t.Errorf("%+v: %v, %v", x, got, err)
			continue
		}
		if again, err := grammar().Parse(got.String()); err != nil || again.String() != x.want {
			t.Errorf("%s reads as %v, %v", x.want, again, err)
		}
	}
	for _, x := range []struct{ field, how, value string }{{"ram", "<", "lots"}, {"ram", "~", "8"}, {"ram", "<", " "}, {"kind", ":", "toaster"}, {"seen", ">", "soon"}, {"ram", "", "8GB"}, {"software", ":<", "7-Zip"}} {
		f, err := grammar().Field(x.field)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := grammar().Add(nil, f, x.how, x.value, ""); err == nil {
			t.Errorf("%+v gives %v", x, got)
		}
	}
	if _, err := grammar().Field("no such field"); err == nil {
		t.Error("a field that does not exist is found")
	}
}

// TestChoicesAreTaken: every way that is offered for every field makes a
// condition, given a value that the field's example has.
func TestChoicesAreTaken(t *testing.T) {
	values := map[Kind]string{Bytes: "8GB", Number: "4", Percent: "90", Seconds: "2h", BitRate: "1Gbps", Yes: "yes", Time: "2026-01-01", Version: "10.1", Disk: "256GB", Space: "10%", Address: "10.0.0.1", Mac: "00-25-90-ab-cd-ef"}
	for _, f := range Fields() {
		seen := map[string]bool{}
		for _, c := range f.Choices() {
			value := values[f.Kind]
			if value == "" {
				value = "x"
			}
			if f.Closed {
				value = f.Values[0]
			}
			if _, err := grammar().Add(nil, f, c.Text, value, "23.1"); err != nil {
				t.Errorf("%s %s %s: %v", f.Name, c.Text, value, err)
			}
			if c.Word == "" || seen[c.Word] {
				t.Errorf("%s: %q is there twice or says nothing", f.Name, c.Word)
			}
			seen[c.Word] = true
		}
	}
}

func TestParts(t *testing.T) {
	for filter, want := range map[string][][2]string{
		"":                     nil,
		"ram<8GB":              {{"ram<8GB", ""}},
		"os:windows ram<8GB":   {{"os:windows", "ram<8GB"}, {"ram<8GB", "os:windows"}},
		"a or b":               {{"(a or b)", ""}},
		"(a or b) kind:pc":     {{"(a or b)", "kind:pc"}, {"kind:pc", "a or b"}},
		"(a or b) kind:pc -c":  {{"(a or b)", "kind:pc -c"}, {"kind:pc", "(a or b) -c"}, {"-c", "(a or b) kind:pc"}},
		`site="City Hall" x y`: {{`site="City Hall"`, "x y"}, {"x", `site="City Hall" y`}, {"y", `site="City Hall" x`}},
	} {
		e, err := grammar().Parse(filter)
		if err != nil {
			t.Fatal(err)
		}
		parts := Parts(e)
		if len(parts) != len(want) {
			t.Errorf("%s: %+v", filter, parts)
			continue
		}
		for i, p := range parts {
			if p.Text != want[i][0] || p.Rest != want[i][1] || len(p.Words) == 0 {
				t.Errorf("%s: part %d is %+v", filter, i, p)
			}
		}
	}
}
