package startup

import (
	"strings"
	"testing"
)

func TestParseEntry(t *testing.T) {
	for in, want := range map[string]entry{
		"[Desktop Entry]\nType=Application\nExec=a b\n":                {Program: "a", Enabled: true, Valid: true},
		"[Desktop Entry]\nType=Application\nExec=$(x)\nTryExec=/bin/t": {Program: "/bin/t", Enabled: true, Valid: true},
		"[Desktop Entry]\nHidden=true":                                 {Valid: true},
		"[Other]\nExec=a":                                              {Enabled: true},
		"":                                                             {Enabled: true},
	} {
		if got := parseEntry(strings.NewReader(in)); got != want {
			t.Errorf("%q: %+v, want %+v", in, got, want)
		}
	}
}

func FuzzEntry(f *testing.F) {
	f.Add("[Desktop Entry]\nType=Application\nExec=a b\nHidden=false")
	f.Fuzz(func(t *testing.T, text string) {
		if e := parseEntry(strings.NewReader(text)); len(e.Program) > 255 {
			t.Errorf("%+v", e)
		}
	})
}
