package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"muster/collector/account"
)

// half is what is known of somebody between two steps of signing in, or what a
// form held when its session ran out. It is kept in memory: after a restart one
// begins anew.
type half struct {
	until time.Time
	user  string // whose password was right, or whose form it was
	id    int64
	tries int
	to    string
	trip  account.Trip
	form  *kept

	secret, address string // of a second factor that is being set up
}

// kept is a form that came too late.
type kept struct {
	Path   string
	Fields []sent // name and value
}

// halfway keeps them, each under the hash of a token that the browser has.
type halfway struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[[32]byte]half
}

// Bounds of it.
const (
	halfLife   = 10 * time.Minute
	mostHalves = 2000
	mostTries  = 5 // of codes, before the password is asked for again
	maxKept    = 64 << 10
	mostKept   = 200
)

func newHalfway(now func() time.Time) *halfway {
	return &halfway{now: now, by: map[[32]byte]half{}}
}

// put keeps one and gives its token. When all places are taken, those that ran
// out go, and if that does not help, any.
func (h *halfway) put(x half) string {
	var b [24]byte
	rand.Read(b[:])
	token := base64.RawURLEncoding.EncodeToString(b[:])
	now := h.now()
	x.until = now.Add(halfLife)
	h.mu.Lock()
	defer h.mu.Unlock()
	forms := 0
	for k, old := range h.by {
		if !now.Before(old.until) {
			delete(h.by, k)
		} else if old.form != nil {
			forms++
		}
	}
	if forms >= mostKept {
		x.form = nil
	}
	for k := range h.by {
		if len(h.by) < mostHalves {
			break
		}
		delete(h.by, k)
	}
	h.by[sha256.Sum256([]byte(token))] = x
	return token
}

// take gives one and forgets it: each serves once.
func (h *halfway) take(token string) (half, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := sha256.Sum256([]byte(token))
	x, ok := h.by[k]
	delete(h.by, k)
	if !ok || !h.now().Before(x.until) {
		return half{}, false // nothing of it holds any more
	}
	return x, true
}

// look gives one and counts the attempt; after mostTries it is gone.
func (h *halfway) look(token string, count bool) (half, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := sha256.Sum256([]byte(token))
	x, ok := h.by[k]
	if !ok || !h.now().Before(x.until) {
		delete(h.by, k)
		return half{}, false
	}
	if count {
		if x.tries++; x.tries >= mostTries {
			delete(h.by, k)
		} else {
			h.by[k] = x
		}
	}
	return x, true
}

// drop forgets one.
func (h *halfway) drop(token string) { h.take(token) }

// keepHalf puts something aside and gives the browser its token.
func (s *Site) keepHalf(v *visit, x half) {
	if old := s.sessions.value(v.r, halfCookie); old != "" {
		s.half.drop(old)
	}
	s.sessions.set(v.w, halfCookie, s.half.put(x), halfLife)
}

func (s *Site) noHalf(w http.ResponseWriter) { s.sessions.set(w, halfCookie, "", -time.Second) }
