package spool

import "slices"

// Gap is a range of numbers, both ends included, whose reports are lost.
type Gap struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	// In is the waiting report that tells of it, 0 while none does.
	In uint64 `json:"in,omitempty"`
}

// maxGaps bounds the list. Losses beyond are still counted, and the collector
// sees for itself that the numbers do not come.
const maxGaps = 1000

// gaps is sorted and without overlap.
type gaps []Gap

// add puts in what of [from, to] is not there yet, and answers how many
// numbers that were.
func (g *gaps) add(from, to uint64) uint64 {
	n := uint64(0)
	for from <= to {
		i, _ := slices.BinarySearchFunc(*g, from, func(o Gap, from uint64) int {
			if o.To < from {
				return -1
			}
			return 1
		})
		// i is the first gap that ends at or behind from.
		end := to
		if i < len(*g) {
			if o := (*g)[i]; o.From <= from {
				if o.To >= to {
					break
				}
				from = o.To + 1
				continue
			} else if o.From <= to {
				end = o.From - 1
			}
		}
		n += end - from + 1
		*g = slices.Insert(*g, i, Gap{From: from, To: end})
		from = end + 1
	}
	g.join()
	if len(*g) > maxGaps {
		*g = slices.Delete(*g, 0, len(*g)-maxGaps)
	}
	return n
}

// maxPieces is into how many a stretch may fall by being told of in many
// reports.
const maxPieces = 16

// join makes one of neighbours that the same report tells of, or none. Where
// a long outage has a stretch in many pieces, it is told of again as a whole.
func (g *gaps) join() {
	pieces := 0
	for i := 1; i < len(*g); i++ {
		if a, b := (*g)[i-1], (*g)[i]; a.To+1 == b.From && a.In != b.In {
			pieces++
		}
	}
	joined := (*g)[:0]
	for _, o := range *g {
		if pieces > maxPieces {
			o.In = 0
		}
		if n := len(joined); n > 0 && joined[n-1].In == o.In && joined[n-1].To+1 == o.From {
			joined[n-1].To = o.To
			continue
		}
		joined = append(joined, o)
	}
	*g = joined
}

// untold lists the gaps that no waiting report tells of.
func (g gaps) untold() []Gap {
	var list []Gap
	for _, o := range g {
		if o.In == 0 {
			list = append(list, o)
		}
	}
	return list
}

// tell notes that report seq tells of all that was untold.
func (g *gaps) tell(seq uint64) {
	for i := range *g {
		if (*g)[i].In == 0 {
			(*g)[i].In = seq
		}
	}
	g.join()
}

// told forgets what acknowledged reports have told.
func (g *gaps) told(seq uint64) {
	*g = slices.DeleteFunc(*g, func(o Gap) bool { return o.In != 0 && o.In <= seq })
}

// lost notes that the reports in [from, to], which may have told of gaps, are
// lost themselves.
func (g *gaps) lost(from, to uint64) {
	for i, o := range *g {
		if o.In >= from && o.In <= to {
			(*g)[i].In = 0
		}
	}
	g.join()
}

// within counts the lost numbers from one on.
func (g gaps) within(from uint64) uint64 {
	n := uint64(0)
	for _, o := range g {
		if o.To >= from {
			n += o.To - max(o.From, from) + 1
		}
	}
	return n
}
