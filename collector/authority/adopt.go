package authority

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/internal/enroll"
	"muster/internal/inventory"
)

// adopt takes in a key that the store does not know because it was put back
// from a backup: a CA of ours certified it in a time that was lost. Everything
// but who it is has to be learned anew. The chain has been checked. It answers
// ErrNotFound for any other key.
//
// A key that a newer one of its device has replaced since the restore is
// refused; one that was replaced before, in the time that was lost, cannot be
// told from a good one until the newer one comes.
func (a *Authority) adopt(ctx context.Context, cert *x509.Certificate, hash enroll.KeyHash) (Key, Device, error) {
	if !a.lost(cert.NotBefore.Add(backdate)) {
		return Key{}, Device{}, ErrNotFound
	}
	id, generation, ok := named(cert)
	if !ok {
		return Key{}, Device{}, ErrNotFound
	}
	last, dev, err := a.o.Store.Newest(ctx, id)
	issued := cert.NotBefore.Add(backdate).UTC()
	k := Key{Hash: hash, Device: id, Generation: generation, Serial: cert.SerialNumber.Text(16), Certificate: cert.Raw, IssuedAt: issued, ExpiresAt: cert.NotAfter.UTC()}
	g := Grant{Now: a.now(), Keep: a.o.Periods.Retire}
	switch {
	case errors.Is(err, ErrNotFound):
		dev = Device{ID: id, EnrolledAt: issued}
		g.Device = &dev
		if err := a.o.Created(ctx, dev); err != nil {
			return Key{}, Device{}, fmt.Errorf("make device %s known: %w", id, err)
		}
	case err != nil:
		return Key{}, Device{}, fmt.Errorf("look for an older key: %w", err)
	case !dev.RevokedAt.IsZero():
		return Key{}, Device{}, enroll.Refuse(enroll.CodeRevoked)
	case !last.SeenAt.IsZero() && last.Generation >= generation:
		return Key{}, Device{}, enroll.Refuse(enroll.CodeSuperseded)
	default:
		k.Machine = last.Machine
	}
	for _, c := range a.set.Load().list {
		if cert.CheckSignatureFrom(c.cert) == nil {
			k.CA = c.Hash
		}
	}
	g.Key, g.Evidence = k, dev.Evidence
	if err := a.o.Store.Issue(ctx, g); err != nil && !errors.Is(err, ErrKeyExists) { // somebody else was faster
		return Key{}, Device{}, fmt.Errorf("adopt a key: %w", err)
	}
	a.o.Log.Info("a device came back with a certificate from the time that a restore lost", "device_id", id, "generation", generation, "issued", issued.Format(time.RFC3339))
	return a.o.Store.Key(ctx, hash)
}

// lost says whether nothing is known of what happened at a time.
func (a *Authority) lost(at time.Time) bool {
	for _, s := range a.o.Lost {
		// A certificate's times are whole seconds.
		if !at.Before(s.From.Add(-time.Second)) && !at.After(s.To.Add(time.Second)) {
			return true
		}
	}
	return false
}

// named reads what DeviceURI wrote.
func named(cert *x509.Certificate) (inventory.DeviceID, int, bool) {
	if len(cert.URIs) != 1 {
		return "", 0, false
	}
	id := inventory.DeviceID(cert.Subject.CommonName)
	text, ok := strings.CutPrefix(cert.URIs[0].Opaque, "device/"+string(id)+"/gen/")
	n, err := strconv.Atoi(text)
	return id, n, ok && err == nil && n >= 0 && id != ""
}
