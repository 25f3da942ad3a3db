package store

// Breakdown counts devices by what lists are narrowed by.
type Breakdown struct {
	Groups []BreakdownGroup
	Builds []BreakdownBuild  // where they are asked for
	Ailing []BreakdownAiling // the worst severity first; none of devices that are well
}

// BreakdownGroup is devices that are alike in all of this; empty is not known.
type BreakdownGroup struct {
	Presence     Presence
	Kind         string
	Agency, Site string
	OS, Model    string
	MemoryBytes  int64
	Count        int
}

// BreakdownBuild is how many devices in use have a build of a system; empty is
// not known.
type BreakdownBuild struct {
	OS, Build string
	Count     int
	Online    int // of these
}

// BreakdownAiling is how many devices, of those that are in use, have an open
// incident of a severity and none that is worse. Snoozed ones, upkeep, and what
// was there when the device came do not count.
type BreakdownAiling struct {
	Severity string
	Count    int
	Online   int // of these
}
