package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"muster/collector/store"
)

// Session is one browser in which somebody is signed in. Its token is in the
// browser alone; what is kept is the token's hash.
type Session struct {
	ID        string    `json:"id"` // for lists; opens nothing
	User      int64     `json:"-"`
	Name      string    `json:"-"` // the user's
	Mark      string    `json:"-"` // of the password it was opened with
	How       string    `json:"how"`
	Strong    bool      `json:"strong"` // with a second factor, or by a provider
	Address   string    `json:"address"`
	Device    string    `json:"device"` // the browser, as it says
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	Said      string    `json:"-"` // what was done a moment ago, to be said once
}

// Periods of a session: after a night, or half an hour without a click, one
// signs in again (OWASP Session Management Cheat Sheet, "Session Expiration").
const (
	SessionLife = 12 * time.Hour
	SessionIdle = 30 * time.Minute
	// MostSessions is how many one account has at a time: the oldest end.
	MostSessions = 30
	// sessionRest is how long a session is kept after its end, so that what
	// somebody was just writing can be given back to them.
	sessionRest = 24 * time.Hour
	// touchApart spares a write per request.
	touchApart = time.Minute
)

// Ways of signing in, as lists show them.
const (
	ByPassword = "password"
	ByCode     = "password and code"
	ByRecovery = "password and recovery code"
	ByProvider = "provider"
)

// SessionStore keeps sessions.
type SessionStore interface {
	// AddSession also notes that the user was seen, and ends all but the user's
	// newest MostSessions.
	AddSession(ctx context.Context, s Session, hash [32]byte) error
	SessionByHash(ctx context.Context, hash [32]byte) (Session, error) // store.ErrNotFound
	Sessions(ctx context.Context, user int64) ([]Session, error)       // latest first
	TouchSession(ctx context.Context, id string, at time.Time, said string) error
	EndSession(ctx context.Context, user int64, id string) error              // store.ErrNotFound
	EndSessions(ctx context.Context, user int64, but string) (int64, error)   // all but one; "" for all
	DropSessions(ctx context.Context, created, seen time.Time) (int64, error) // begun, or last seen, before
}

// Over says that the session is at its end.
func (s Session) Over(now time.Time) bool {
	return now.Sub(s.CreatedAt) >= SessionLife || now.Sub(s.SeenAt) >= SessionIdle
}

// mark tells two secrets apart without telling them.
func mark(hash string) string {
	h := sha256.Sum256([]byte("session " + hash))
	return hex.EncodeToString(h[:8])
}

// Open begins a session of a user and gives its token, which is shown to the
// browser once.
func (a *Accounts) Open(ctx context.Context, user string, s Session) (Session, string, error) {
	u, hash, err := a.Store.UserSecret(ctx, user)
	if err != nil {
		return Session{}, "", err
	}
	if u.Disabled {
		return Session{}, "", ErrWrong
	}
	token, sum := secretText("")
	s.ID, s.User, s.Mark, s.CreatedAt = shortID(), u.ID, mark(hash), a.Now()
	s.SeenAt = s.CreatedAt
	return s, token, a.Store.AddSession(ctx, s, sum)
}

// Opened is who a browser's token stands for.
type Opened struct {
	Session Session
	User    User
	Actor   Actor
	// Live is false for a session that has run out, or whose account was
	// disabled or got another password; then it opens nothing.
	Live bool
}

// BySession finds the session of a token. The account is read anew each time:
// one that was disabled is out at once. A token that nobody knows is
// ErrSignedOut.
func (a *Accounts) BySession(ctx context.Context, token string) (Opened, error) {
	if token == "" || len(token) > 100 {
		return Opened{}, ErrSignedOut
	}
	s, err := a.Store.SessionByHash(ctx, sha256.Sum256([]byte(token)))
	if errors.Is(err, store.ErrNotFound) {
		return Opened{}, ErrSignedOut
	}
	if err != nil {
		return Opened{}, err
	}
	u, hash, err := a.Store.UserSecret(ctx, s.Name)
	if errors.Is(err, store.ErrNotFound) {
		return Opened{}, ErrSignedOut
	}
	if err != nil {
		return Opened{}, err
	}
	now := a.Now()
	o := Opened{Session: s, User: u, Live: !s.Over(now) && !u.Disabled && u.ID == s.User && s.Mark == mark(hash)}
	if !o.Live {
		return o, nil
	}
	o.Actor = u.actor()
	return o, nil
}

// Touch notes that somebody clicked, which keeps a session from running out.
func (a *Accounts) Touch(ctx context.Context, s Session) {
	if now := a.Now(); now.Sub(s.SeenAt) > touchApart {
		// On a full disk reading must go on, so a visit that cannot be noted is
		// not a refusal.
		_ = a.Store.TouchSession(ctx, s.ID, now, s.Said)
	}
}

func (u User) actor() Actor {
	return Actor{ID: u.ID, Name: u.Name, Via: "session", Role: u.Role, Scope: u.Scope, Personal: u.Personal}
}

// SetPassword gives an account a password; all its sessions and set-up links
// end.
func (a *Accounts) SetPassword(ctx context.Context, u User, password string) error {
	hash, err := a.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	_, err = a.Store.PutUser(ctx, u, hash)
	return err
}

// DropSessions removes sessions that ended a day ago or longer.
func (a *Accounts) DropSessions(ctx context.Context) error {
	now := a.Now().Add(-sessionRest)
	if _, err := a.Store.DropSessions(ctx, now.Add(-SessionLife), now.Add(-SessionIdle)); err != nil {
		return err
	}
	return a.Store.DropLinks(ctx, a.Now())
}

// secretText makes 24 random bytes as text, and the hash that is kept of it.
func secretText(prefix string) (string, [32]byte) {
	var b [24]byte
	rand.Read(b[:])
	text := prefix + base64.RawURLEncoding.EncodeToString(b[:])
	return text, sha256.Sum256([]byte(text))
}

func shortID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// DeviceOf names a browser by its User-Agent, as far as people need it to know
// their own ones apart.
func DeviceOf(agent string) string {
	first := func(pairs ...[2]string) string {
		for _, p := range pairs {
			if strings.Contains(agent, p[0]) {
				return p[1]
			}
		}
		return ""
	}
	browser := first([2]string{"Edg", "Edge"}, [2]string{"OPR/", "Opera"}, [2]string{"Firefox/", "Firefox"}, [2]string{"Chrome/", "Chrome"},
		[2]string{"CriOS/", "Chrome"}, [2]string{"Safari/", "Safari"}, [2]string{"curl/", "curl"})
	system := first([2]string{"Windows", "Windows"}, [2]string{"iPhone", "iPhone"}, [2]string{"iPad", "iPad"}, [2]string{"Android", "Android"},
		[2]string{"Mac OS X", "macOS"}, [2]string{"CrOS", "ChromeOS"}, [2]string{"Linux", "Linux"})
	switch {
	case browser == "" && system == "":
		return "A browser"
	case browser == "":
		return "A browser on " + system
	case system == "":
		return browser
	}
	return browser + " on " + system
}
