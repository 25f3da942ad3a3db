package cause

import (
	"math"
	"testing"
	"time"
)

func TestStreamGathersBursts(t *testing.T) {
	day := func(d float64) time.Time {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(d * 24 * float64(time.Hour)))
	}
	s := &Stream{Chance: 0.01, Least: 2, Levels: []Level{{"node", 14 * 24 * time.Hour}, {"rack", 7 * 24 * time.Hour}, {"room", 3 * 24 * time.Hour}}}
	at := func(node, rack, room string) map[string]string {
		return map[string]string{"node": node, "rack": rack, "room": room}
	}
	// A quiet quarter: a trouble every ten days, each in another rack.
	for i := range 9 {
		if b, _ := s.Add(i, day(float64(10*i)), at(string(rune('a'+i)), string(rune('A'+i)), "r1")); b != 0 {
			t.Errorf("trouble %d is no burst", i)
		}
	}
	if b, _ := s.Add(100, day(100), at("x", "X", "r2")); b != 0 {
		t.Error("the first of a rack is no burst")
	}
	b, joined := s.Add(101, day(101), at("y", "X", "r2"))
	if what, v := s.Cause(b); b == 0 || what != "rack" || v != "X" || len(joined) != 1 || joined[0] != 100 {
		t.Errorf("burst %d of %s %s, joined %v", b, what, v, joined)
	}
	if c, joined := s.Add(102, day(102), at("z", "X", "r2")); c != b || len(joined) != 0 {
		t.Errorf("the third joins burst %d, not %d", b, c)
	}
	if c, _ := s.Add(103, day(130), at("w", "X", "r2")); c == b {
		t.Error("a month later it is another story")
	}
	// The same machine again is more telling than its room.
	s.Add(200, day(140), at("m", "M", "r3"))
	c, _ := s.Add(201, day(141), at("m", "M", "r3"))
	if what, _ := s.Cause(c); what != "node" {
		t.Errorf("cause is the %s", what)
	}
	// A room that always has some is no burst when it has some.
	busy := &Stream{Chance: 0.01, Least: 2, Levels: []Level{{"room", 3 * 24 * time.Hour}}}
	n := 0
	for i := range 90 {
		if b, _ := busy.Add(i, day(float64(i)), map[string]string{"room": "r"}); b != 0 && i > 20 {
			n++
		}
	}
	if n > 0 {
		t.Errorf("%d of a steady stream are called bursts", n)
	}
}

func TestPoissonTail(t *testing.T) {
	for _, c := range []struct {
		k    int
		l    float64
		want float64
	}{{0, 3, 1}, {1, 0.5, 1 - math.Exp(-0.5)}, {2, 1, 1 - 2*math.Exp(-1)}, {3, 0, 0}} {
		if got := PoissonTail(c.k, c.l); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%d at %g: %g, want %g", c.k, c.l, got, c.want)
		}
	}
}
