package authoritytest

import (
	"testing"

	"muster/collector/authority"
)

func TestMemory(t *testing.T) {
	Suite(t, func(*testing.T) authority.Store { return NewMemory() })
}
