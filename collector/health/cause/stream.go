package cause

import (
	"math"
	"time"
)

// Stream gathers troubles, as they come, into bursts that share something:
// more of a group within its time than its own past lets expect. It is for
// causes that work slowly, over days and weeks, where Judge looks at one day.
type Stream struct {
	// Levels are what is looked at, the most telling first: the same machine
	// before the same rack, the same rack before the same room.
	Levels []Level
	// Chance is how unlikely a burst must be to be one.
	Chance float64
	// Least is how many make a burst.
	Least int

	began   time.Time
	history map[group][]seen
	bursts  int
	of      map[int]int // trouble to burst
	causes  map[int]group
}

// Level is one way of belonging together.
type Level struct {
	What   string
	Within time.Duration // between the first and the last of a burst that still grows
}

type group struct{ what, value string }

type seen struct {
	at time.Time
	id int
}

const (
	// memory is how far back a group's own past is looked at.
	memory = 90 * 24 * time.Hour
	// Prior knowledge of a group that has no past: half a trouble in thirty
	// days.
	priorCount, priorDays = 0.5, 30.0
)

// Add takes the next trouble, by its own number and time; shares says what it
// has of each level, empty for nothing. It answers the burst it belongs to, 0
// for none yet, and the numbers of earlier ones that belong to it since now.
func (s *Stream) Add(id int, at time.Time, shares map[string]string) (burst int, joined []int) {
	if s.history == nil {
		s.history, s.of, s.causes, s.began = map[group][]seen{}, map[int]int{}, map[int]group{}, at
	}
	for _, l := range s.Levels {
		g := group{l.What, shares[l.What]}
		if g.value == "" {
			continue
		}
		var near []seen
		older := 0
		for _, x := range s.history[g] {
			switch age := at.Sub(x.at); {
			case age <= l.Within:
				near = append(near, x)
			case age <= memory:
				older++
			}
		}
		if len(near)+1 < max(s.Least, 2) {
			continue
		}
		within := l.Within.Hours() / 24
		past := max(min(at.Sub(s.began), memory).Hours()/24-within, 1)
		expected := (float64(older) + priorCount) / (past + priorDays) * within
		if PoissonTail(len(near)+1, expected) >= s.Chance {
			continue
		}
		burst, joined = s.join(id, g, near)
		break
	}
	for _, l := range s.Levels {
		if v := shares[l.What]; v != "" {
			g := group{l.What, v}
			list := append(s.history[g], seen{at, id})
			for len(list) > 0 && at.Sub(list[0].at) > memory {
				list = list[1:]
			}
			s.history[g] = list
		}
	}
	return burst, joined
}

// join puts a trouble into the newest burst of its group, or makes one of it
// and those near that are in none.
func (s *Stream) join(id int, g group, near []seen) (burst int, joined []int) {
	for i := len(near) - 1; i >= 0; i-- {
		if b := s.of[near[i].id]; b != 0 && s.causes[b] == g {
			s.of[id] = b
			return b, nil
		}
	}
	for _, x := range near {
		if s.of[x.id] == 0 {
			joined = append(joined, x.id)
		}
	}
	if len(joined) == 0 {
		return 0, nil // all near ones have a more telling cause
	}
	s.bursts++
	for _, x := range append(joined, id) {
		s.of[x] = s.bursts
	}
	s.causes[s.bursts] = g
	return s.bursts, joined
}

// Cause is what a burst shares.
func (s *Stream) Cause(burst int) (what, value string) {
	g := s.causes[burst]
	return g.what, g.value
}

// PoissonTail is the chance of k or more where expected are expected.
func PoissonTail(k int, expected float64) float64 {
	if k <= 0 {
		return 1
	}
	term, sum := math.Exp(-expected), 0.0
	for i := range k {
		sum += term
		term *= expected / float64(i+1)
	}
	return max(1-sum, 0)
}
