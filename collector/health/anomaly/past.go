package anomaly

import (
	"math"
	"slices"
)

// The two ends of an aspect. What is below is kept with its sign turned, so
// that an extreme is always a maximum.
const (
	above = iota
	below
)

const (
	blocks      = 48
	leastBlocks = 4 // fewer say nothing about what is usual
	// doublings bound the memory to 48·2^4 first blocks, about 13,800 points:
	// 48 days of points every five minutes. Later the oldest block goes.
	doublings = 4
)

// past is the extremes of each aspect in blocks of time. When it is full,
// neighbours merge and blocks are twice as long from then on: it covers the
// whole past of the series until it may not grow any more.
type past struct {
	ring    [aspects][2][blocks]float32
	current [aspects][2]float32
	block   int32 // points in a block
	in      int32 // points in the current one
	n, at   int32 // blocks in the ring, and the oldest once it is full
	grown   int32
}

func (p *past) init(block int) {
	p.block = int32(max(block, 1))
	p.clear()
}

func (p *past) clear() {
	for a := range p.current {
		p.current[a] = [2]float32{float32(math.Inf(-1)), float32(math.Inf(-1))}
	}
	p.in = 0
}

func (p *past) ready() bool { return p.n >= leastBlocks }

// points is how many points it remembers.
func (p *past) points() int { return int(p.n*p.block + p.in) }

// extend takes a value of an aspect into the current block.
func (p *past) extend(a Aspect, v float32) {
	c := &p.current[a]
	c[above], c[below] = max(c[above], v), max(c[below], -v)
}

// step counts a point and says whether the block is full.
func (p *past) step() bool {
	p.in++
	return p.in >= p.block
}

// close takes the current block into the ring and sets the bars anew.
func (p *past) close(t *Tuning, bars *[aspects][2]bar) {
	if p.n == blocks && p.grown < doublings {
		p.merge()
	}
	slot := p.n
	if p.n < blocks {
		p.n++
	} else {
		slot, p.at = p.at, (p.at+1)%blocks
	}
	for a := range p.ring {
		for e := range p.ring[a] {
			p.ring[a][e][slot] = p.current[a][e]
		}
	}
	p.clear()
	if !p.ready() {
		return
	}
	// A quantile q of single blocks is q^k of blocks k times as long.
	k := float64(int(1) << p.grown)
	hi, lo := math.Pow(t.Bar, k), math.Pow(t.Low, k)
	recent := int(math.Ceil(t.Recent * float64(p.n)))
	for a := range p.ring {
		for e := range p.ring[a] {
			bars[a][e] = p.bar(&p.ring[a][e], hi, lo, recent)
		}
	}
}

// merge halves the ring, which is in order of time as long as it may grow. The
// block that was just filled goes in after it as a short one.
func (p *past) merge() {
	for a := range p.ring {
		for e := range p.ring[a] {
			r := &p.ring[a][e]
			for i := range blocks / 2 {
				r[i] = max(r[2*i], r[2*i+1])
			}
		}
	}
	p.n, p.grown, p.block = blocks/2, p.grown+1, p.block*2
}

// bar is what a value must exceed to be unusual, and the spread that the
// excess is counted in.
type bar struct{ at, spread float32 }

// over is by how many spreads a value exceeds the bar.
func (b *bar) over(v float32, floor float64) float64 {
	if v <= b.at {
		return 0
	}
	return min(most, float64(v-b.at)/max(float64(b.spread), floor)) // x/0 is +Inf
}

func (p *past) bar(ring *[blocks]float32, hi, lo float64, recent int) bar {
	sorted := *ring
	s := sorted[:p.n]
	slices.Sort(s)
	q := func(f float64) float32 {
		k := f * float64(len(s)-1)
		i := int(k)
		if i+1 >= len(s) {
			return s[i]
		}
		return s[i] + (s[i+1]-s[i])*float32(k-float64(i))
	}
	b := bar{at: q(hi), spread: q(hi) - q(lo)}
	newest := p.n - 1
	if p.n == blocks {
		newest = (p.at + blocks - 1) % blocks
	}
	for i := range int32(recent) {
		b.at = max(b.at, ring[(newest-i+blocks)%blocks])
	}
	return b
}
