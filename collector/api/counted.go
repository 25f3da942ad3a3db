package api

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A large fleet takes a second to be counted, and pages ask for the counts
// again and again: they are kept for a while, for those who may see the same.
const (
	// largeFleet is from how many devices on counts are kept.
	largeFleet = 5000
	// countsFresh is how long they are given as they are; countsStale, how long
	// they are still given while they are counted anew.
	countsFresh = 10 * time.Second
	countsStale = 5 * time.Minute
	// mostCounts is how many are kept.
	mostCounts = 64
	// countingTime is how long counting anew may take.
	countingTime = 50 * time.Second
)

// sized is counts that tell of how many devices they are.
type sized interface{ devices() int }

// counted is counts of what one may see. The zero counted is ready.
type counted[T sized] struct {
	mu   sync.Mutex
	kept map[countedKey]*keptCounts[T]
	// turn tells counts from before a change from those after it.
	turn int
}

// countedKey is all that counts depend on, but for time: whose devices, what of
// them, and what the search may look at.
type countedKey struct {
	scope, what string
	personal    bool
}

type keptCounts[T sized] struct {
	at    time.Time
	facts T
	again bool // somebody counts them anew
}

// of answers what is counted from what is kept, or counts. Nobody changes what it
// answers.
func (c *counted[T]) of(ctx context.Context, now func() time.Time, what string, count func(context.Context) (T, error)) (T, error) {
	key := countedKey{fmt.Sprintf("%+v", scopeOf(ctx)), what, personal(ctx)}
	c.mu.Lock()
	turn := c.turn
	if k := c.kept[key]; k != nil {
		age := now().Sub(k.at)
		if age < countsFresh {
			c.mu.Unlock()
			return k.facts, nil
		}
		if age < countsStale {
			if !k.again {
				k.again = true
				go func() {
					ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countingTime)
					defer cancel()
					f, err := count(ctx)
					c.keep(key, turn, now(), f, err)
				}()
			}
			c.mu.Unlock()
			return k.facts, nil
		}
	}
	c.mu.Unlock()
	f, err := count(ctx)
	c.keep(key, turn, now(), f, err)
	return f, err
}

// keep puts counts by. What could not be counted again is forgotten: the next
// one who asks is told why.
func (c *counted[T]) keep(key countedKey, turn int, at time.Time, f T, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if turn != c.turn {
		return
	}
	delete(c.kept, key)
	if err != nil || f.devices() < largeFleet {
		return
	}
	if len(c.kept) >= mostCounts {
		var oldest countedKey
		first := true
		for k, x := range c.kept {
			if first || x.at.Before(c.kept[oldest].at) {
				oldest, first = k, false
			}
		}
		delete(c.kept, oldest)
	}
	if c.kept == nil {
		c.kept = map[countedKey]*keptCounts[T]{}
	}
	c.kept[key] = &keptCounts[T]{at: at, facts: f}
}

// forget is for whoever changed something: they see it at once.
func (c *counted[T]) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = nil
	c.turn++
}
