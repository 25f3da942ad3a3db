package patch

import (
	"testing"

	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	rd := &Reader{known: []manager{mac()}}
	r, err := rd.Read(t.Context(), h)
	recorded.Golden(t, h, "patch", "macbook-patch", r, err)
	r, err = rd.ReadStatus(t.Context(), h)
	recorded.Golden(t, h, "patch_status", "macbook-patch_status", r, err)
}
