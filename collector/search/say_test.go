package search

import (
	"strings"
	"testing"
)

func TestSay(t *testing.T) {
	for _, c := range []struct{ filter, want string }{
		{"", ""},
		{"frontdesk", "with *frontdesk* in its name, serial, model, user or address"},
		{`os:windows ram<16GB site:"City Hall" seen<7d`, "operating system contains *windows*, memory less than *16GB*, site contains *City Hall*, heard of *in the last 7 days*"},
		{"seen>1d", "not heard of *for a day*"},
		{`software:"Adobe Reader"<23`, "has the program *Adobe Reader* in a version *before 23*"},
		{"-software:Zoom", "does not have the program *Zoom*"},
		{"kind:switch or kind:router", "kind is *switch* or kind is *router*"},
		{"os:linux (model:a or model:b)", "operating system contains *linux*, (model contains *a* or model contains *b*)"},
		{"-asset:*", "*no asset tag known*"},
		{"-(os:linux os:windows)", "not (operating system contains *linux*, operating system contains *windows*)"},
		{"port:sw-1/Gi1/0/7", "plugged in at *sw-1/Gi1/0/7*"},
		{"free<10%", "free space less than *10%*"},
		{"first<30d", "first seen *in the last 30 days*"},
		{"serial=ABC", "serial is exactly *ABC*"},
	} {
		e, err := Parse(c.filter)
		if err != nil {
			t.Fatal(c.filter, err)
		}
		var b strings.Builder
		for _, p := range Say(e) {
			if p.Strong {
				b.WriteString("*" + p.Text + "*")
			} else {
				b.WriteString(p.Text)
			}
		}
		if got := b.String(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.filter, got, c.want)
		}
	}
}
