package anomaly

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainPast does what past does with slices that grow, written down as the
// page tells it.
type plainPast struct {
	length int // of a block
	times  int // longer than the first ones
	blocks []float32
	now    []float32
}

func (p *plainPast) add(v float32) (full bool) {
	p.now = append(p.now, v)
	if len(p.now) < p.length {
		return false
	}
	top := slices.Max(p.now)
	p.now = nil
	if len(p.blocks) == 48 && p.times < 16 {
		var merged []float32
		for pair := range slices.Chunk(p.blocks, 2) {
			merged = append(merged, slices.Max(pair))
		}
		p.blocks, p.length, p.times = merged, 2*p.length, 2*p.times
	}
	p.blocks = append(p.blocks, top)
	if len(p.blocks) > 48 {
		p.blocks = p.blocks[1:]
	}
	return true
}

func (p *plainPast) bar(t Tuning) (at, spread float64) {
	sorted := make([]float64, len(p.blocks))
	for i, v := range p.blocks {
		sorted[i] = float64(v)
	}
	slices.Sort(sorted)
	hi := quantile(sorted, math.Pow(t.Bar, float64(p.times)))
	at, spread = hi, hi-quantile(sorted, math.Pow(t.Low, float64(p.times)))
	newer := p.blocks[len(p.blocks)-int(math.Ceil(t.Recent*float64(len(p.blocks)))):]
	return max(at, float64(slices.Max(newer))), spread
}

func TestPastAgainstPlainOne(t *testing.T) {
	tuning := Tuned()
	random := rand.New(rand.NewPCG(3, 1))
	var p past
	p.init(tuning.Block)
	var bars [aspects][2]bar
	high, low := &plainPast{length: tuning.Block, times: 1}, &plainPast{length: tuning.Block, times: 1}
	level, filled := 0.0, 0
	for i := range 60_000 {
		level += random.NormFloat64()
		v := float32(level)
		p.extend(Drift, v)
		closed := p.step()
		if closed {
			p.close(&tuning, &bars)
		}
		low.add(-v)
		if full := high.add(v); full != closed {
			t.Fatalf("point %d: a block is full: %v, want %v", i, closed, full)
		}
		if !closed || len(high.blocks) < leastBlocks {
			continue
		}
		filled++
		for end, plain := range map[int]*plainPast{above: high, below: low} {
			at, spread := plain.bar(tuning)
			got := bars[Drift][end]
			if math.Abs(float64(got.at)-at) > 1e-3 || math.Abs(float64(got.spread)-spread) > 1e-3 {
				t.Fatalf("point %d, end %d: bar %+v, want at %v, spread %v", i, end, got, at, spread)
			}
		}
		// A block that a merge cut short counts in full.
		if n := p.points(); n > 48*18*16 || n > i+1+int(p.block) {
			t.Fatalf("point %d: remembers %d points", i, n)
		}
	}
	if filled < 300 {
		t.Fatalf("compared only %d times", filled)
	}
}
