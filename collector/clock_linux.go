package collector

import "golang.org/x/sys/unix"

// clockSynced asks the kernel whether a time service keeps the clock in step
// (adjtimex(2): STA_UNSYNC is set while none does).
func clockSynced() (synced, known bool) {
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		return false, false
	}
	return t.Status&unix.STA_UNSYNC == 0, true
}
