package spool

// The record's form, for the fuzz test.
var (
	AppendEntry = appendEntry
	ParseEntry  = parseEntry
)

// GapList is the account of losses.
type GapList = gaps

func (g *gaps) Add(from, to uint64) uint64 { return g.add(from, to) }
func (g *gaps) Tell(seq uint64)            { g.tell(seq) }
func (g *gaps) Told(seq uint64)            { g.told(seq) }
func (g *gaps) Lost(from, to uint64)       { g.lost(from, to) }
