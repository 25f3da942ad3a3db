package api

import (
	"net/netip"
	"sync"
	"time"
)

// failures counts wrong tokens by address, so that nobody tries them all. An
// address begins with a minute's worth of attempts and earns them back evenly.
type failures struct {
	perMinute int
	now       func() time.Time

	mu sync.Mutex
	by map[netip.Prefix]*attempts
}

type attempts struct {
	left float64
	at   time.Time
}

// maxAddresses bounds the memory: beyond it the longest quiet are forgotten,
// which are the ones that have most attempts again anyway.
const maxAddresses = 10_000

func newFailures(perMinute int, now func() time.Time) *failures {
	return &failures{perMinute: perMinute, now: now, by: map[netip.Prefix]*attempts{}}
}

// block is who an address stands for: itself, or its /64 in IPv6, which one
// subscriber has whole.
func block(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // the zero Addr gives the zero Prefix
	return p
}

// wait is how long an address must wait before it may try again.
func (f *failures) wait(a netip.Addr) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.by[block(a)]
	if x == nil {
		return 0
	}
	f.earn(x)
	if x.left >= 1 {
		return 0
	}
	return time.Duration((1 - x.left) / float64(f.perMinute) * float64(time.Minute))
}

// failed takes one attempt from an address.
func (f *failures) failed(a netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := block(a)
	x := f.by[p]
	if x == nil {
		if len(f.by) >= maxAddresses {
			f.forget()
		}
		x = &attempts{left: float64(f.perMinute), at: f.now()}
		f.by[p] = x
	}
	f.earn(x)
	x.left = max(x.left-1, 0)
}

func (f *failures) earn(x *attempts) {
	now := f.now()
	if d := now.Sub(x.at); d > 0 {
		x.left = min(x.left+d.Minutes()*float64(f.perMinute), float64(f.perMinute))
	}
	x.at = now
}

func (f *failures) forget() {
	for p, x := range f.by {
		if f.earn(x); x.left >= float64(f.perMinute) {
			delete(f.by, p)
		}
	}
	// All are busy: an attack from many addresses. Any will do.
	for p := range f.by {
		if len(f.by) < maxAddresses*9/10 {
			return
		}
		delete(f.by, p)
	}
}
