package web

import "testing"

func TestPagesDoNotSpeakOfTheCommandLine(t *testing.T) {
	for in, want := range map[string]string{
		`no device answers to "x": give its ID (muster device list shows them)`: `No device answers to "x": give its ID.`,
		"there is no user \"x\": muster user list shows them":                   "There is no user \"x\".",
		"say why it can wait":                     "Say why it can wait.",
		"a muster of cattle (24 head) is no file": "A muster of cattle (24 head) is no file.",
	} {
		if got := spoken(in).String(); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
}
