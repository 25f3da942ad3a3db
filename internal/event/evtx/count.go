package evtx

import "muster/internal/event/windows"

// Tally is how often a kind was told.
type Tally struct {
	Events  int // that happened
	Records int // that spoke of them
}

// Count sorts records into the kinds of internal/event, by the catalogue's own
// sources and conditions. Kinds that nothing told of are not there.
func Count(records []windows.Record) map[string]Tally {
	counts := map[string]Tally{}
	for _, e := range windows.Events(records) {
		t := counts[e.Kind]
		t.Events++
		t.Records += e.Records
		counts[e.Kind] = t
	}
	return counts
}
