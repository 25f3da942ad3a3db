package segmenttest

import "os"

// Count is how often a fault test repeats: the full count under `make faults`
// (MUSTER_FAULTS=full), else the short one.
func Count(short, full int) int {
	if os.Getenv("MUSTER_FAULTS") == "full" {
		return full
	}
	return short
}
