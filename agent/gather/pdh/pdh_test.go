package pdh

import (
	"errors"
	"runtime"
	"testing"
)

// Other systems have no such counters, and say so.
func TestElsewhere(t *testing.T) {
	if _, err := New(`\System\System Up Time`).Read(); runtime.GOOS != "windows" && !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
