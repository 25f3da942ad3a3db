package authority_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/authority"
	"muster/internal/enroll"
)

// forge signs a certificate for a device by an authority of the forger's own.
func forge(t testing.TB, like *x509.Certificate, pub crypto.PublicKey, change ...func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	key, _ := makeKey(t)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: like.Issuer, NotBefore: like.NotBefore, NotAfter: like.NotAfter, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: like.AuthorityKeyId}
	leaf := &x509.Certificate{SerialNumber: like.SerialNumber, Subject: like.Subject, NotBefore: like.NotBefore, NotAfter: like.NotAfter, KeyUsage: like.KeyUsage, ExtKeyUsage: like.ExtKeyUsage, URIs: like.URIs}
	for _, c := range change {
		c(leaf)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, pub, key)
	ok(t, err)
	c, err := x509.ParseCertificate(der)
	ok(t, err)
	return c
}

// F27.
func TestCertificatesThatAreNotGood(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w)
	ok(t, g.report()) // the cache knows the key
	stranger, _ := makeKey(t)
	t.Setenv("GODEBUG", "rsa1024min=0")
	weak, err := rsa.GenerateKey(rand.Reader, 512)
	ok(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	ok(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	ok(t, err)
	server, err := w.ServerTLS().GetCertificate(&tls.ClientHelloInfo{})
	ok(t, err)
	ders, _ := w.Set()
	ca, err := x509.ParseCertificate(ders[0])
	ok(t, err)
	for name, c := range map[string]struct {
		cert *x509.Certificate
		code enroll.Code
	}{
		"none":                       {nil, enroll.CodeNoCertificate},
		"wrong CA":                   {forge(t, g.cert, &stranger.PublicKey), enroll.CodeWrongCA},
		"wrong CA over a known key":  {forge(t, g.cert, &g.key.PublicKey), enroll.CodeWrongCA},
		"another collector's device": {enrolled(newWorld(t)).cert, enroll.CodeWrongCA},
		"RSA-512":                    {forge(t, g.cert, &weak.PublicKey), enroll.CodeKey},
		"RSA-2048":                   {forge(t, g.cert, &rsaKey.PublicKey), enroll.CodeKey},
		"P-384":                      {forge(t, g.cert, &p384.PublicKey), enroll.CodeKey},
		"the listener's own":         {server.Leaf, enroll.CodeWrongUse},
		"the CA itself":              {ca, enroll.CodeWrongUse},
		"signed by a device": {forge(t, g.cert, &stranger.PublicKey, func(c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: "x"}
		}), enroll.CodeWrongCA},
	} {
		_, err := w.Check(t.Context(), c.cert)
		refused(t, name, err, c.code)
		_, csr := makeKey(t)
		_, err = w.Renew(t.Context(), c.cert, enroll.RenewRequest{CSR: csr}, office)
		refused(t, name+", renewal", err, c.code)
	}
	ok(t, g.report())
	w.pass(-2 * time.Hour)
	refused(t, "not yet valid", g.report(), enroll.CodeNotYet)
	refused(t, "not yet valid, renewal", g.renew(false, false), enroll.CodeNotYet)
	w.pass(2*time.Hour + 30*day)
	refused(t, "expired", g.report(), enroll.CodeExpired)
}

// F26, without the network: the certificate that a connection began with is
// refused by the next request on it.
func TestRevocationHoldsAtOnce(t *testing.T) {
	w := newWorld(t)
	g, other := enrolled(w), enrolled(w)
	ok(t, g.report())
	ok(t, w.Revoke(t.Context(), g.id, "ada", "stolen"))
	refused(t, "reports", g.report(), enroll.CodeRevoked)
	refused(t, "reports again", g.report(), enroll.CodeRevoked)
	refused(t, "renewal", g.renew(false, false), enroll.CodeRevoked)
	g.evidence = enroll.NewEvidence(box(7)...)
	refused(t, "fork", g.renew(true, false), enroll.CodeRevoked)
	ok(t, other.report())
}

// A key is read, then revoked before it is cached: it must not stay good.
func TestRevocationBetweenReadAndCache(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w)
	ok(t, g.report())
	w.Authority = w.open() // an empty cache
	var once sync.Once
	slow := &afterKey{Store: w.store, after: func() {
		once.Do(func() { ok(t, w.Revoke(context.Background(), g.id, "ada", "")) })
	}}
	o := w.options
	o.Store = slow
	a, err := authority.Open(t.Context(), o)
	ok(t, err)
	w.Authority = a
	_, _ = a.Check(t.Context(), g.cert) // either answer is right
	refused(t, "afterwards", g.report(), enroll.CodeRevoked)
}

type afterKey struct {
	authority.Store
	after func()
}

func (s *afterKey) Key(ctx context.Context, h enroll.KeyHash) (authority.Key, authority.Device, error) {
	k, d, err := s.Store.Key(ctx, h)
	s.after()
	return k, d, err
}

// Two collectors share a database: what one does holds at the other.
func TestCollectorsFollowEachOther(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w)
	h := enrolled(w)
	synctest.Test(t, func(t *testing.T) {
		second := w.open()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- second.Run(ctx) }()
		synctest.Wait()
		for _, a := range []*agent{g, h} {
			if _, err := second.Check(ctx, a.cert); err != nil {
				t.Fatal(err)
			}
		}
		ok(t, w.Revoke(ctx, g.id, "ada", ""))
		old := h.cert
		ok(t, h.renew(false, false))
		ok(t, h.report())
		ok(t, w.Rotate(ctx, "", false))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		_, err := second.Check(ctx, g.cert)
		refused(t, "revoked at the other collector", err, enroll.CodeRevoked)
		_, err = second.Check(ctx, old)
		refused(t, "superseded at the other collector", err, enroll.CodeSuperseded)
		_, a := w.Set()
		if _, b := second.Set(); a != b {
			t.Error("the other collector has another set of CAs")
		}
		stop()
		ok(t, <-done)
	})
}

func BenchmarkCheckCached(b *testing.B) {
	w := newWorld(b)
	agents := make([]*agent, 1000)
	for i := range agents {
		agents[i] = enrolled(w)
		ok(b, agents[i].report())
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := w.Check(b.Context(), agents[i%len(agents)].cert); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkCheckUncached(b *testing.B) {
	w := newWorld(b)
	g := enrolled(w)
	ok(b, g.report())
	// A forged certificate over a known key is never cached.
	bad := forge(b, g.cert, &g.key.PublicKey)
	for b.Loop() {
		if _, err := w.Check(b.Context(), bad); err == nil {
			b.Fatal("taken")
		}
	}
}

func BenchmarkEnroll(b *testing.B) {
	w := newWorld(b)
	v := w.invite(authority.Invite{Uses: authority.MaxUses})
	for b.Loop() {
		b.StopTimer()
		_, csr := makeKey(b)
		b.StartTimer()
		if _, err := w.Enroll(b.Context(), enroll.Request{Token: v.Token, CSR: csr}, office); err != nil {
			b.Fatal(err)
		}
	}
}
