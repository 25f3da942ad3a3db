package api

import "testing"

func TestReplacedParts(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "disk": "disk", " Power  Supply": "power supply", "SSD, ram,drive": "disk, memory", "other: flux, and a coil": "other: flux, and a coil", "cable,OTHER:lid": "cable, other: lid",
	} {
		if got, err := replacedParts(in); err != nil || got != want {
			t.Errorf("%q is %q (%v), want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"flux", "disk and cable", "other:", "disk, other: ", "disk\x1b"} {
		if got, err := replacedParts(in); err == nil {
			t.Errorf("%q was taken for %q", in, got)
		}
	}
	for also, name := range partsAlso() {
		if got, err := replacedParts(also); err != nil || got != name {
			t.Errorf("%q is %q (%v)", also, got, err)
		}
	}
}
