package account

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"muster/collector/store"
)

// Factor is an account's second factor: a secret that makes a code every half
// minute (TOTP, RFC 6238), in a phone's app.
type Factor struct {
	Sealed      []byte // the secret, readable with the collector's key file alone
	ConfirmedAt time.Time
	LastStep    int64 // of the last code that was taken: none is taken twice
}

// CodeStore keeps second factors, recovery codes and set-up links.
type CodeStore interface {
	Factor(ctx context.Context, user int64) (Factor, error) // store.ErrNotFound
	// PutFactor sets a confirmed one, with the hashes of its recovery codes
	// instead of those before.
	PutFactor(ctx context.Context, user int64, f Factor, codes [][32]byte) error
	// UseStep notes a code; false when it, or a later one, was taken before.
	UseStep(ctx context.Context, user, step int64) (bool, error)
	// UseCode takes a recovery code away; false when there is none.
	UseCode(ctx context.Context, user int64, hash [32]byte) (bool, error)
	CodesLeft(ctx context.Context, user int64) (int, error)
	DeleteFactor(ctx context.Context, user int64) error

	// PutLink makes the one set-up link of a user; an older one ends.
	PutLink(ctx context.Context, user int64, hash [32]byte, until time.Time) error
	LinkUser(ctx context.Context, hash [32]byte, now time.Time) (string, error) // store.ErrNotFound
	DropLinks(ctx context.Context, now time.Time) error
}

// Form of codes: what all phone apps make (RFC 6238 with SHA-1, six digits).
const (
	codePeriod    = 30 * time.Second
	codeSkew      = 1 // codes before and after, for clocks that differ
	recoveryCodes = 10
)

// ErrCode is the answer to a code that is not taken.
var ErrCode = errors.New("that code is not taken: wait for the next one, and see that the phone's clock is right")

func codeForm() totp.ValidateOpts {
	return totp.ValidateOpts{Period: uint(codePeriod / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
}

// subkey makes a key for one purpose from the collector's.
func (a *Accounts) subkey(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, a.Key, nil, "muster "+purpose, 32)
}

func (a *Accounts) sealer() (cipher.AEAD, error) {
	key, err := a.subkey("second factor")
	if err != nil {
		return nil, err
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(b)
}

// NewSecret makes a secret for a phone and the address that a QR code shows
// (Key Uri Format of Google Authenticator).
func (a *Accounts) NewSecret(user string) (secret, address string, err error) {
	k, err := totp.Generate(totp.GenerateOpts{Issuer: "Muster", AccountName: user, SecretSize: 20, Rand: rand.Reader})
	if err != nil {
		return "", "", fmt.Errorf("make a secret: %w", err)
	}
	return k.Secret(), k.URL(), nil
}

// stepOf finds the step whose code this is, around a time; false if none.
func stepOf(secret, code string, at time.Time) (int64, bool) {
	code = strings.Join(strings.Fields(code), "")
	found, step := false, int64(0)
	for d := -codeSkew; d <= codeSkew; d++ {
		t := at.Add(time.Duration(d) * codePeriod)
		want, err := totp.GenerateCodeCustom(secret, t, codeForm())
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found, step = true, t.Unix()/int64(codePeriod/time.Second)
		}
	}
	return step, found
}

// Enroll keeps a secret as a user's second factor, once a code shows that the
// phone has it, and gives the recovery codes, which are shown once.
func (a *Accounts) Enroll(ctx context.Context, u User, secret, code string) ([]string, error) {
	step, ok := stepOf(secret, code, a.Now())
	if !ok {
		return nil, ErrCode
	}
	seal, err := a.sealer()
	if err != nil {
		return nil, err
	}
	sealed := seal.Seal(nil, nil, []byte(secret), fmt.Append(nil, u.ID))
	var texts []string
	var hashes [][32]byte
	for range recoveryCodes {
		text := newRecovery()
		h, err := a.recoveryHash(u.ID, text)
		if err != nil {
			return nil, err
		}
		texts, hashes = append(texts, text), append(hashes, h)
	}
	return texts, a.Store.PutFactor(ctx, u.ID, Factor{Sealed: sealed, ConfirmedAt: a.Now(), LastStep: step}, hashes)
}

// CheckCode takes a code of the phone, or a recovery code, each once. How is
// ByCode or ByRecovery.
func (a *Accounts) CheckCode(ctx context.Context, user int64, code string) (how string, err error) {
	f, err := a.Store.Factor(ctx, user)
	if errors.Is(err, store.ErrNotFound) {
		return "", ErrCode
	}
	if err != nil {
		return "", err
	}
	if len(code) > 64 {
		return "", ErrCode
	}
	if plain := plainRecovery(code); len(plain) == recoveryLength {
		h, err := a.recoveryHash(user, plain)
		if err != nil {
			return "", err
		}
		ok, err := a.Store.UseCode(ctx, user, h)
		if err == nil && !ok {
			err = ErrCode
		}
		return ByRecovery, err
	}
	seal, err := a.sealer()
	if err != nil {
		return "", err
	}
	secret, err := seal.Open(nil, nil, f.Sealed, fmt.Append(nil, user))
	if err != nil {
		return "", fmt.Errorf("read the second factor: the collector's key file is not the one it was sealed with: %w", err)
	}
	step, ok := stepOf(string(secret), code, a.Now())
	if !ok {
		return "", ErrCode
	}
	ok, err = a.Store.UseStep(ctx, user, step)
	if err == nil && !ok {
		err = ErrCode
	}
	return ByCode, err
}

// recoveryLength is 80 bits in base32.
const recoveryLength = 16

func newRecovery() string {
	var b [10]byte
	rand.Read(b[:])
	t := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	return t[:4] + "-" + t[4:8] + "-" + t[8:12] + "-" + t[12:]
}

// plainRecovery is a recovery code without what people add or change.
func plainRecovery(code string) string {
	return strings.ToLower(strings.NewReplacer("-", "", " ", "", "\t", "").Replace(code))
}

func (a *Accounts) recoveryHash(user int64, code string) (out [32]byte, err error) {
	key, err := a.subkey("recovery codes")
	if err != nil {
		return out, err
	}
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%d:%s", user, plainRecovery(code))
	return [32]byte(h.Sum(nil)), nil
}

// LinkLife is how long a set-up link holds.
const LinkLife = 72 * time.Hour

// NewLink makes the text of a link under which a user sets a password. It is
// shown once; a new one ends the old one, and setting a password ends it.
func (a *Accounts) NewLink(ctx context.Context, user int64) (string, error) {
	text, hash := secretText("")
	return text, a.Store.PutLink(ctx, user, hash, a.Now().Add(LinkLife))
}

// ByLink finds the user of a link's text; store.ErrNotFound when it ran out,
// was used, or never was.
func (a *Accounts) ByLink(ctx context.Context, text string) (User, error) {
	if len(text) > 100 {
		return User{}, store.ErrNotFound
	}
	name, err := a.Store.LinkUser(ctx, sha256.Sum256([]byte(text)), a.Now())
	if err != nil {
		return User{}, err
	}
	u, _, err := a.Store.UserSecret(ctx, name)
	if err == nil && u.Disabled {
		err = store.ErrNotFound
	}
	return u, err
}
