package web

import "testing"

// A part is taken as people write it: what is none of the usual ones is another.
func TestAnyPartMayBeNamed(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "  ": "", "SSD": "SSD", "disk, memory": "disk, memory",
		"SSD 4 TB": "other: SSD 4 TB", " hinge ": "other: hinge", "other: hinge": "other: hinge",
	} {
		if got := replacedWritten(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
