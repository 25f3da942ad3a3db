package authority

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"muster/internal/enroll"
)

// Renew gives the next certificate to the holder of one, over a new key. It
// is the only way on which an expired certificate is good for anything, and
// only for this. Errors are as those of Enroll.
func (a *Authority) Renew(ctx context.Context, peer *x509.Certificate, rq enroll.RenewRequest, from netip.Addr) (enroll.Reply, error) {
	old, dev, late, err := a.renewable(ctx, peer)
	if err != nil {
		return enroll.Reply{}, err
	}
	pub, err := enroll.ParseCSR(rq.CSR)
	if err != nil {
		return enroll.Reply{}, refuseCSR(err)
	}
	hash, err := enroll.HashKey(pub)
	if err != nil {
		return enroll.Reply{}, err
	}
	reply, found, err := a.again(ctx, hash, successor(old))
	if found || err != nil {
		return reply, err
	}
	evidence := rq.Evidence.Clean()
	v := enroll.Compare(dev.Evidence, evidence)
	if v.Judgement == enroll.OtherMachine || rq.Fork && v.Judgement == enroll.Unclear {
		return a.fork(ctx, old, dev, pub, hash, evidence, late, from, v)
	}
	switch {
	case !old.SupersededAt.IsZero():
		// Either a copy of the same machine's disk, such as a virtual machine
		// set back to a snapshot, or a copy on an equal one. Evidence cannot
		// tell, so people do, with a token.
		a.o.Log.Warn("renewal with an old key", "device_id", dev.ID, "name", dev.Hostname, "remote", from, "generation", old.Generation)
		return enroll.Reply{}, enroll.Refuse(enroll.CodeSuperseded)
	case late > 0 && !old.ForkedAt.IsZero():
		return enroll.Reply{}, enroll.Refuse(enroll.CodeForked)
	}
	approval := ""
	if late > a.o.Periods.LateFree {
		q, err := a.ask(ctx, Approval{
			Kind: ApproveRenew, Device: dev.ID, Key: old.Hash, Name: dev.Hostname, Remote: from.Unmap(),
			Reason: fmt.Sprintf("its certificate expired %d days ago; %s", late/day, v),
		}, true)
		if err != nil {
			return enroll.Reply{}, err
		}
		approval = q.ID
	}
	key, err := a.sign(pub, hash, dev.ID, old.Generation+1, evidence.Fingerprint())
	if err != nil {
		return enroll.Reply{}, err
	}
	return a.issue(ctx, old, dev, Grant{
		Now: a.now(), Keep: a.o.Periods.Retire, Previous: &old.Hash, Approval: approval, Evidence: dev.Evidence.Merge(evidence), Key: key,
	})
}

// successor recognises what a renewal over a key made: its next generation, or
// the first of a fork.
func successor(of Key) func(Key, Device) bool {
	return func(k Key, d Device) bool {
		return d.ID == of.Device && k.Generation == of.Generation+1 || k.Generation == 0 && d.Parent == of.Device
	}
}

// renewable finds the key of a certificate that asks to be renewed. late is
// the time since it expired, negative before.
func (a *Authority) renewable(ctx context.Context, peer *x509.Certificate) (k Key, d Device, late time.Duration, _ error) {
	if peer == nil {
		return k, d, 0, enroll.Refuse(enroll.CodeNoCertificate)
	}
	if code := a.chain(peer); code != "" {
		return k, d, 0, enroll.Refuse(code)
	}
	hash := enroll.CertificateKey(peer)
	k, d, err := a.o.Store.Key(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		k, d, err = a.adopt(ctx, peer, hash)
	}
	if errors.Is(err, ErrNotFound) || err == nil && !bytes.Equal(k.Certificate, peer.Raw) {
		return k, d, 0, enroll.Refuse(enroll.CodeUnknown)
	}
	var no *enroll.Refusal
	if errors.As(err, &no) {
		return k, d, 0, err
	}
	if err != nil {
		return k, d, 0, fmt.Errorf("look up a key: %w", err)
	}
	now := a.o.Now()
	late = now.Sub(peer.NotAfter)
	switch {
	case !d.RevokedAt.IsZero():
		return k, d, late, enroll.Refuse(enroll.CodeRevoked)
	case now.Before(peer.NotBefore):
		return k, d, late, enroll.Refuse(enroll.CodeNotYet)
	case late > a.o.Periods.LateMax:
		return k, d, late, enroll.Refuse(enroll.CodeTooLate)
	}
	if k.SeenAt.IsZero() && k.SupersededAt.IsZero() {
		// A first use may be a renewal: it ends older keys all the same.
		keys, err := a.o.Store.Seen(ctx, k.Hash, a.now())
		switch {
		case errors.Is(err, ErrConflict):
			k.SupersededAt = a.now()
		case err != nil:
			return k, d, late, fmt.Errorf("note the first use of a key: %w", err)
		}
		a.forget(append(keys, k.Hash)...)
	}
	return k, d, late, nil
}

// fork makes a device of a machine that came up with another's key.
func (a *Authority) fork(ctx context.Context, old Key, parent Device, pub *ecdsa.PublicKey, hash enroll.KeyHash,
	evidence enroll.Evidence, late time.Duration, from netip.Addr, v enroll.Verdict) (enroll.Reply, error) {
	// An expired key on a strange machine is most likely an old disk: whoever
	// put it in can type an enrolment string too.
	if late > 0 || old.Forks >= a.o.MaxForks {
		return enroll.Reply{}, enroll.Refuse(enroll.CodeForked)
	}
	now := a.now()
	dev := Device{
		ID: NewDeviceID(now), Hostname: parent.Hostname, OS: parent.OS, Arch: parent.Arch, AgentVersion: parent.AgentVersion,
		Site: parent.Site, Labels: parent.Labels, Evidence: evidence, Parent: parent.ID, EnrolledAt: now, Remote: from.Unmap(),
	}
	key, err := a.sign(pub, hash, dev.ID, 0, evidence.Fingerprint())
	if err != nil {
		return enroll.Reply{}, err
	}
	reply, err := a.issue(ctx, old, dev, Grant{
		Now: now, Keep: a.o.Periods.Retire, Previous: &old.Hash, Fork: true, Device: &dev, Evidence: evidence, Key: key,
	})
	if err != nil {
		return reply, err
	}
	a.forget(old.Hash)
	a.o.Log.Warn("identity was cloned: the other machine is a device of its own now", "device_id", dev.ID, "parent", parent.ID, "remote", from, "evidence", v.String())
	a.proposeMerges(ctx, dev)
	return reply, nil
}

// issue writes a renewal or fork down and answers it.
func (a *Authority) issue(ctx context.Context, old Key, dev Device, g Grant) (enroll.Reply, error) {
	err := a.o.Store.Issue(ctx, g)
	if errors.Is(err, ErrKeyExists) { // the same request at the same time
		reply, found, err := a.again(ctx, g.Key.Hash, successor(old))
		if !found && err == nil {
			err = enroll.Refuse(enroll.CodeKeyInUse)
		}
		return reply, err
	}
	if err != nil {
		// ErrConflict is one too: revoked, superseded or decided in this very
		// moment. Asking again tells.
		return enroll.Reply{}, fmt.Errorf("renew %s: %w", dev.ID, err)
	}
	return a.welcome(ctx, dev, g.Key)
}
