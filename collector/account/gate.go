package account

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Gate slows down the guessing of passwords: by address, and by account from
// wherever it comes.
type Gate struct {
	perMinute int
	now       func() time.Time
	mu        sync.Mutex
	by        map[string]*rate.Limiter
}

// mostGuessers bounds the gate's memory; when it is full, all begin anew.
const mostGuessers = 10_000

// NewGate makes a gate that lets an address, and an account, be wrong so often
// in a minute.
func NewGate(perMinute int, now func() time.Time) *Gate {
	return &Gate{perMinute: perMinute, now: now, by: map[string]*rate.Limiter{}}
}

func (g *Gate) keys(peer netip.Addr, name string) []string {
	if peer.Is6() {
		if p, err := peer.Prefix(64); err == nil {
			peer = p.Addr()
		}
	}
	return []string{"from " + peer.String(), "as " + strings.ToLower(name[:min(len(name), 63)])}
}

// Wait is how long the next attempt has to wait, 0 when it may be made now.
func (g *Gate) Wait(peer netip.Addr, name string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range g.keys(peer, name) {
		if l := g.by[k]; l != nil && l.TokensAt(g.now()) < 1 {
			return time.Minute / time.Duration(g.perMinute)
		}
	}
	return 0
}

// Failed counts a wrong attempt.
func (g *Gate) Failed(peer netip.Addr, name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.by) > mostGuessers {
		clear(g.by)
	}
	for _, k := range g.keys(peer, name) {
		l := g.by[k]
		if l == nil {
			l = rate.NewLimiter(rate.Limit(float64(g.perMinute)/60), g.perMinute)
			g.by[k] = l
		}
		l.AllowN(g.now(), 1)
	}
}
