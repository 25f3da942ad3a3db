package drivehealth

import (
	"testing"
	"time"

	"muster/agent/gather/recorded"
)

// BenchmarkMachine asks the drives of the test's machine, which answer at
// once: what is left is our own work.
func BenchmarkMachine(b *testing.B) {
	h := recorded.Unpack(b, []byte(machine))
	now := h.Now()
	h.Now = func() time.Time { return now }
	s := with(open(fleet()), sysfs())
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(standing)
		if _, err := s.Read(b.Context(), h); err != nil {
			b.Fatal(err)
		}
		s.fresh = nil
	}
}
