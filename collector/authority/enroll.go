package authority

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/enroll"
)

// Enroll makes a device of a machine that has a token. Refusals are of type
// *enroll.Refusal; any other error is a fault of the collector, after which
// asking again does no harm. The token is judged before the certificate
// request is parsed: strangers cost a hash and a look-up.
func (a *Authority) Enroll(ctx context.Context, rq enroll.Request, from netip.Addr) (enroll.Reply, error) {
	from = from.Unmap()
	now, hash := a.now(), rq.Token.Hash()
	token, err := a.o.Store.Token(ctx, hash)
	if errors.Is(err, ErrNotFound) || rq.Token.IsZero() {
		return enroll.Reply{}, enroll.Refuse(enroll.CodeTokenUnknown)
	}
	if err != nil {
		return enroll.Reply{}, fmt.Errorf("look up a token: %w", err)
	}
	no, over := token.judge(now, from)
	if no != "" && !over {
		return enroll.Reply{}, enroll.Refuse(no)
	}
	pub, err := enroll.ParseCSR(rq.CSR)
	if err != nil {
		if no != "" {
			return enroll.Reply{}, enroll.Refuse(no)
		}
		return enroll.Reply{}, refuseCSR(err)
	}
	keyHash, err := enroll.HashKey(pub)
	if err != nil {
		return enroll.Reply{}, err
	}
	// The reply may have been lost: the same token with the same key, of
	// which the request proves the possession, gets the same certificate.
	mine := func(k Key, d Device) bool { return k.Generation == 0 && d.Token == hash }
	reply, found, err := a.again(ctx, keyHash, mine)
	if found || err != nil {
		return reply, err
	}
	evidence := rq.Evidence.Clean()
	approval := ""
	if token.Approve {
		may := no == ""
		if may {
			crowded, err := a.crowded(ctx, token)
			if err != nil {
				return enroll.Reply{}, fmt.Errorf("count who waits for approval: %w", err)
			}
			may = !crowded
		}
		ok, err := a.ask(ctx, Approval{
			Kind: ApproveEnroll, Key: keyHash, Token: hash, Name: printable(rq.Hostname), Remote: from,
			Reason: "its invitation asks for approval",
		}, may)
		switch {
		case errors.Is(err, errNotAsked) && no == "":
			return enroll.Reply{}, enroll.Refuse(enroll.CodeTokenUsedUp)
		case errors.Is(err, errNotAsked):
			return enroll.Reply{}, enroll.Refuse(no)
		case err != nil:
			return enroll.Reply{}, err
		}
		approval = ok.ID
		if no == enroll.CodeTokenExpired { // it was good when the device asked
			no = ""
		}
	}
	if no != "" {
		return enroll.Reply{}, enroll.Refuse(no)
	}
	id := NewDeviceID(now)
	key, err := a.sign(pub, keyHash, id, 0, evidence.Fingerprint())
	if err != nil {
		return enroll.Reply{}, err
	}
	dev := Device{
		ID: id, Hostname: printable(rq.Hostname), OS: printable(rq.OS), Arch: printable(rq.Arch), AgentVersion: printable(rq.AgentVersion),
		Site: token.Site, Labels: token.Labels, Evidence: evidence, Token: hash, EnrolledAt: now, Remote: from,
	}
	err = a.o.Store.Issue(ctx, Grant{Now: now, Keep: a.o.Periods.Retire, Token: &hash, Approval: approval, Device: &dev, Evidence: evidence, Key: key})
	switch {
	case errors.Is(err, ErrKeyExists): // the same request at the same time
		reply, found, err := a.again(ctx, keyHash, mine)
		if !found && err == nil {
			err = enroll.Refuse(enroll.CodeKeyInUse)
		}
		return reply, err
	case errors.Is(err, ErrUsedUp):
		return enroll.Reply{}, enroll.Refuse(enroll.CodeTokenUsedUp)
	case errors.Is(err, ErrConflict):
		return enroll.Reply{}, enroll.Refuse(enroll.CodeApprovalNeeded)
	case err != nil:
		return enroll.Reply{}, fmt.Errorf("enrol a device: %w", err)
	}
	a.o.Log.Info("device enrolled", "device_id", id, "name", dev.Hostname, "remote", from, "invitation", token.ID)
	a.proposeMerges(ctx, dev)
	return a.welcome(ctx, dev, key)
}

// again answers a request whose reply was lost: found when the key is known.
// mine says whether it is the key of such a request; another's is refused.
// The certificate may have expired since: it can still be renewed.
func (a *Authority) again(ctx context.Context, hash enroll.KeyHash, mine func(Key, Device) bool) (enroll.Reply, bool, error) {
	k, d, err := a.o.Store.Key(ctx, hash)
	switch {
	case errors.Is(err, ErrNotFound):
		return enroll.Reply{}, false, nil
	case err != nil:
		return enroll.Reply{}, false, fmt.Errorf("look up a key: %w", err)
	case !d.RevokedAt.IsZero():
		return enroll.Reply{}, true, enroll.Refuse(enroll.CodeRevoked)
	case !mine(k, d) || !k.SupersededAt.IsZero():
		return enroll.Reply{}, true, enroll.Refuse(enroll.CodeKeyInUse)
	}
	r, err := a.welcome(ctx, d, k)
	return r, true, err
}

// welcome makes the reply, after the device has been made known to the rest
// of the collector.
func (a *Authority) welcome(ctx context.Context, d Device, k Key) (enroll.Reply, error) {
	if k.Generation == 0 {
		if err := a.o.Created(ctx, d); err != nil {
			return enroll.Reply{}, fmt.Errorf("make device %s known: %w", d.ID, err)
		}
	}
	addresses := a.o.Addresses()
	return enroll.Reply{
		DeviceID: k.Device, Certificate: k.Certificate, CAs: a.set.Load().ders, Now: a.o.Now().UnixMilli(),
		NextSeconds: int64(a.o.Next().Seconds()), Addresses: addresses[:min(len(addresses), enroll.MaxAddresses)],
	}, nil
}

func refuseCSR(err error) error {
	if errors.Is(err, enroll.ErrKey) {
		return enroll.Refuse(enroll.CodeKey)
	}
	return enroll.Refuse(enroll.CodeCSR)
}

var errNotAsked = errors.New("no question was put")

// ask puts a question to people, or answers with their decision: the approval
// itself once they said yes, else a refusal. With may false a new question is
// not put (errNotAsked), an old one still answered.
func (a *Authority) ask(ctx context.Context, q Approval, may bool) (Approval, error) {
	all, err := a.o.Store.ListApprovals(ctx, q.Kind, "")
	if err != nil {
		return Approval{}, fmt.Errorf("look for an approval: %w", err)
	}
	i := slices.IndexFunc(all, func(h Approval) bool {
		return h.Device == q.Device && h.Other == q.Other && h.Key == q.Key && h.State != Used
	})
	if i < 0 {
		if !may {
			return Approval{}, errNotAsked
		}
		q.ID, q.State, q.AskedAt = newID(a.o.Now()), Pending, a.now()
		if q, err = a.o.Store.PutApproval(ctx, q); err != nil {
			return Approval{}, fmt.Errorf("ask for approval: %w", err)
		}
		a.o.Log.Info("approval needed", "kind", string(q.Kind), "device_id", q.Device, "name", q.Name, "approval", q.ID)
	} else {
		q = all[i]
	}
	switch q.State {
	case Approved:
		return q, nil
	case Denied:
		return Approval{}, enroll.Refuse(enroll.CodeApprovalRefused)
	}
	return Approval{}, enroll.Refuse(enroll.CodeApprovalNeeded)
}

// crowded says that as many wait on one token as may reasonably do: a token
// in wrong hands shall not fill the queue.
func (a *Authority) crowded(ctx context.Context, t Token) (bool, error) {
	const some = 20
	all, err := a.o.Store.ListApprovals(ctx, ApproveEnroll, Pending)
	if err != nil {
		return false, err
	}
	n := 0
	for _, q := range all {
		if q.Token == t.Hash {
			n++
		}
	}
	return n >= max(some, 2*t.UsesLeft), nil
}

// printable bounds what a device says of itself: no control characters, which
// would break lines of logs and lists.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	const most = 255
	return strings.TrimSpace(strings.ToValidUTF8(s[:min(len(s), most)], ""))
}
