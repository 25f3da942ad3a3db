package memory

import (
	"syscall"
	"testing"
	"time"

	"muster/collector/store/storetest"
)

// BenchmarkReads asks what pages ask.
func BenchmarkReads(b *testing.B) {
	s := New()
	s.Now = storetest.Now
	x := storetest.Reads{Name: "memory", Store: s, Busy: func() time.Duration {
		var u syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &u) // of oneself it does not fail
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}}
	x.Fill(b)
	x.Measure(b)
}
