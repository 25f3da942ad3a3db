package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"

	"muster/collector/store"
)

// Accounts answers who somebody is.
type Accounts struct {
	Store Store
	Now   func() time.Time
	Key   []byte // of the audit's chain, from the collector's key file

	hashing chan struct{} // two at a time: each takes 64 MiB
	once    sync.Once
}

// Parameters of argon2id (RFC 9106 §4, second recommended option).
const (
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonThreads = 4
	argonKey     = 32
	argonSalt    = 16
	minPassword  = 12
)

// ErrWrong is the one answer to a wrong name and to a wrong password.
var ErrWrong = errors.New("name or password is wrong")

func (a *Accounts) gate(ctx context.Context) (func(), error) {
	a.once.Do(func() { a.hashing = make(chan struct{}, 2) })
	select {
	case a.hashing <- struct{}{}:
		return func() { <-a.hashing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// HashPassword makes the text that is stored for a password.
func (a *Accounts) HashPassword(ctx context.Context, password string) (string, error) {
	if len(password) < minPassword {
		return "", fmt.Errorf("a password has at least %d characters", minPassword)
	}
	if len(password) > 1024 {
		return "", errors.New("a password has at most 1024 characters")
	}
	leave, err := a.gate(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, enc(salt), enc(key)), nil
}

// SignIn finds the actor of a name and password. A name that does not exist
// costs the same time as a wrong password.
func (a *Accounts) SignIn(ctx context.Context, name, password string) (Actor, error) {
	u, hash, err := a.Store.UserSecret(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Actor{}, err
	}
	if len(password) > 1024 {
		return Actor{}, ErrWrong
	}
	leave, gerr := a.gate(ctx)
	if gerr != nil {
		return Actor{}, gerr
	}
	defer leave()
	ok := verify(hash, password)
	if err != nil || u.Disabled || !ok {
		return Actor{}, ErrWrong
	}
	return u.actor(), nil
}

func verify(hash, password string) bool {
	parts := strings.Split(hash, "$")
	var m, t uint32 = argonMemory, argonTime
	var p uint8 = argonThreads
	salt, want := make([]byte, argonSalt), make([]byte, argonKey)
	known := len(parts) == 6 && parts[1] == "argon2id"
	if known {
		_, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &p)
		s, err1 := base64.RawStdEncoding.DecodeString(parts[4])
		k, err2 := base64.RawStdEncoding.DecodeString(parts[5])
		if known = err == nil && err1 == nil && err2 == nil && len(k) > 0; known {
			salt, want = s, k
		}
	}
	got := argon2.IDKey([]byte(password), salt, t, m, p, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && known
}

// tokenPrefix lets a scanner of leaked secrets know what it found.
const tokenPrefix = "muster_"

// NewToken makes a token and the text that is shown once.
func (a *Accounts) NewToken(ctx context.Context, t Token) (Token, string, error) {
	if err := CheckName(t.Name); err != nil {
		return Token{}, "", err
	}
	if rights(t.Role) == nil {
		return Token{}, "", fmt.Errorf("role %q is none of admin, staff, intern", t.Role)
	}
	var b [24]byte
	rand.Read(b[:])
	text := tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	t.CreatedAt = a.Now()
	t, err := a.Store.AddToken(ctx, t, sha256.Sum256([]byte(text)))
	return t, text, err
}

// ByToken finds the actor of a token's text.
func (a *Accounts) ByToken(ctx context.Context, text string) (Actor, error) {
	if !strings.HasPrefix(text, tokenPrefix) || len(text) > 100 {
		return Actor{}, fmt.Errorf("%w: this is not a token of Muster", ErrSignedOut)
	}
	t, err := a.Store.TokenByHash(ctx, sha256.Sum256([]byte(text)))
	if errors.Is(err, store.ErrNotFound) {
		return Actor{}, fmt.Errorf("%w: the token is not known", ErrSignedOut)
	}
	if err != nil {
		return Actor{}, err
	}
	now := a.Now()
	switch {
	case !t.RevokedAt.IsZero():
		return Actor{}, fmt.Errorf("%w: the token was revoked", ErrSignedOut)
	case !t.ExpiresAt.IsZero() && now.After(t.ExpiresAt):
		return Actor{}, fmt.Errorf("%w: the token expired on %s", ErrSignedOut, t.ExpiresAt.Format(time.DateOnly))
	}
	if now.Sub(t.LastUsedAt) > time.Minute { // not a write per request
		// On a full disk reading must go on, so a use that cannot be noted is
		// not a refusal.
		_ = a.Store.TouchToken(ctx, t.ID, now)
	}
	return Actor{Name: t.Name, Via: "token " + t.Name, Role: t.Role, Scope: t.Scope, Personal: t.Personal}, nil
}

// Local is the actor on the other end of the socket in the data folder: who
// can open it could read the databases anyway.
func Local(name string) Actor {
	return Actor{Name: name, Via: "socket", Role: Admin, Scope: store.Scope{All: true}}
}

var nameForm = regexp.MustCompile(`\A[\pL\pN][\pL\pN ._@+-]{0,62}\z`)

// CheckName holds names of users and tokens to what is safe in lists and logs.
func CheckName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("name %q: use 1 to 63 letters, digits, spaces and . _ @ + -, a letter or digit first", name)
	}
	return nil
}

// Audit adds a record.
func (a *Accounts) Audit(ctx context.Context, r Record) error {
	r.At = a.Now().UTC().Truncate(time.Millisecond)
	_, err := a.Store.AddRecord(ctx, r, a.link)
	if err != nil {
		return fmt.Errorf("write audit: %w", err)
	}
	return nil
}

// link is HMAC-SHA-256 over the hash before and the record's fields.
func (a *Accounts) link(last string, r Record) string {
	h := hmac.New(sha256.New, a.Key)
	detail, _ := json.Marshal(r.Detail) // a map of texts: keys come sorted
	for _, s := range []string{last, fmt.Sprint(r.Seq), fmt.Sprint(r.At.UnixMilli()), r.Actor, r.Via, r.Address, r.Action, r.Object, r.Outcome, string(detail)} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// VerifyAudit walks the whole chain and names the first record that does not
// fit; 0 when all do.
func (a *Accounts) VerifyAudit(ctx context.Context) (checked int64, broken int64, err error) {
	var all []Record
	before := int64(0)
	for {
		page, err := a.Store.Records(ctx, before, 1000)
		if err != nil {
			return 0, 0, err
		}
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
		before = page[len(page)-1].Seq
	}
	last, err := a.Store.AuditStart(ctx)
	if err != nil {
		return 0, 0, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		r := all[i]
		if a.link(last, r) != r.Hash || i < len(all)-1 && r.Seq != all[i+1].Seq+1 {
			return checked, r.Seq, nil
		}
		last = r.Hash
		checked++
	}
	return checked, 0, nil
}
