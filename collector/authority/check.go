package authority

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"time"

	"muster/internal/enroll"
	"muster/internal/inventory"
)

// Identity is who a certificate belongs to.
type Identity struct {
	Device     inventory.DeviceID
	Serial     string
	KeyHash    enroll.KeyHash
	Generation int
	Machine    [8]byte // fingerprint of the machine that the key was given to
	Forked     bool    // other machines came with this key
}

// entry is what is known of a key and need not be asked for again. It is
// replaced, never changed.
type entry struct {
	Identity
	cert      uint64 // hash of the very certificate that was checked
	notBefore int64  // Unix ms
	notAfter  int64
	seen      bool
	refuse    enroll.Code // not empty: known, and refused
}

// maxEntries bounds the cache. An entry takes about 300 bytes.
const maxEntries = 200_000

// Check says whose certificate this is, or refuses it (*enroll.Refusal). It
// is called for each request, so that a revocation holds on connections that
// are open. Any other error is a fault of the store.
//
// The cache is by key, of which TLS has proven the possession. A certificate
// that is not the one checked before, with the same key in it, is checked
// afresh.
func (a *Authority) Check(ctx context.Context, cert *x509.Certificate) (Identity, error) {
	e, err := a.known(ctx, cert)
	if err != nil {
		return Identity{}, err
	}
	now := a.o.Now().UnixMilli()
	switch {
	case e.refuse != "":
		return Identity{}, enroll.Refuse(e.refuse)
	case now < e.notBefore:
		return Identity{}, enroll.Refuse(enroll.CodeNotYet)
	case now >= e.notAfter:
		return Identity{}, enroll.Refuse(enroll.CodeExpired)
	}
	if !e.seen {
		if err := a.first(ctx, e); err != nil {
			return Identity{}, err
		}
	}
	return e.Identity, nil
}

// first notes the first use of a key, which ends the older ones.
func (a *Authority) first(ctx context.Context, e *entry) error {
	old, err := a.o.Store.Seen(ctx, e.KeyHash, a.now())
	switch {
	case errors.Is(err, ErrConflict):
		a.forget(e.KeyHash)
		return enroll.Refuse(enroll.CodeSuperseded)
	case errors.Is(err, ErrNotFound):
		a.forget(e.KeyHash)
		return enroll.Refuse(enroll.CodeUnknown)
	case err != nil:
		return fmt.Errorf("note the first use of a key: %w", err)
	}
	// The entry itself goes too, and comes back as seen.
	a.forget(append(old, e.KeyHash)...)
	return nil
}

// known answers from the cache, or checks the certificate and reads the key.
func (a *Authority) known(ctx context.Context, cert *x509.Certificate) (*entry, error) {
	if cert == nil {
		return nil, enroll.Refuse(enroll.CodeNoCertificate)
	}
	hash := enroll.CertificateKey(cert)
	sum := maphash.Bytes(a.seed, cert.Raw)
	a.mu.RLock()
	e, epoch := a.cache[hash], a.epoch
	a.mu.RUnlock()
	if e != nil && e.cert == sum {
		return e, nil
	}
	if code := a.chain(cert); code != "" {
		return nil, enroll.Refuse(code)
	}
	key, dev, err := a.o.Store.Key(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		key, dev, err = a.adopt(ctx, cert, hash)
	}
	if errors.Is(err, ErrNotFound) || err == nil && !bytes.Equal(key.Certificate, cert.Raw) {
		return nil, enroll.Refuse(enroll.CodeUnknown)
	}
	var no *enroll.Refusal
	if errors.As(err, &no) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("read a key: %w", err)
	}
	e = &entry{
		Identity: Identity{
			Device: key.Device, Serial: key.Serial, KeyHash: hash,
			Generation: key.Generation, Machine: key.Machine, Forked: !key.ForkedAt.IsZero(),
		},
		cert:      sum,
		notBefore: cert.NotBefore.UnixMilli(), notAfter: cert.NotAfter.UnixMilli(),
		seen:   !key.SeenAt.IsZero(),
		refuse: refusal(key, dev),
	}
	a.keep(e, epoch)
	return e, nil
}

// refusal is why a known key is refused, without regard to time.
func refusal(k Key, d Device) enroll.Code {
	switch {
	case !d.RevokedAt.IsZero():
		return enroll.CodeRevoked
	case !k.SupersededAt.IsZero():
		return enroll.CodeSuperseded
	}
	return ""
}

// chain checks everything about a certificate that needs no store and does
// not change with time. The kind of key comes first: some kinds are slow.
func (a *Authority) chain(cert *x509.Certificate) enroll.Code {
	if !enroll.P256(cert) {
		return enroll.CodeKey
	}
	_, err := cert.Verify(x509.VerifyOptions{
		Roots:       a.set.Load().roots,
		CurrentTime: midlife(cert),
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil && (cert.IsCA || cert.KeyUsage&x509.KeyUsageDigitalSignature == 0):
		return enroll.CodeWrongUse
	case err == nil:
		return ""
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return enroll.CodeWrongUse
	}
	return enroll.CodeWrongCA
}

// midlife is a time at which the certificate itself is valid, so that only
// its chain is judged.
func midlife(c *x509.Certificate) time.Time {
	return c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) / 2)
}

// keep caches an entry that was read at an epoch, unless something was
// forgotten since: it might be this.
func (a *Authority) keep(e *entry, epoch uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.epoch != epoch {
		return
	}
	if len(a.cache) >= maxEntries {
		for k := range a.cache { // any: the order of a map is random enough
			delete(a.cache, k)
			break
		}
	}
	a.cache[e.KeyHash] = e
}

func (a *Authority) forget(keys ...enroll.KeyHash) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.epoch++
	for _, k := range keys {
		delete(a.cache, k)
	}
}

func (a *Authority) forgetAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.epoch++
	maps.DeleteFunc(a.cache, func(enroll.KeyHash, *entry) bool { return true })
}
