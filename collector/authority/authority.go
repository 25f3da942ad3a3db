package authority

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"muster/collector/authority/seal"
	"muster/internal/enroll"
	"muster/internal/inventory"
)

const day = 24 * time.Hour

// Periods are the times of the rules. Zero fields take those of
// DefaultPeriods.
type Periods struct {
	Client   time.Duration // a device's certificate
	Server   time.Duration // the listener's
	CA       time.Duration
	LateFree time.Duration // after expiry a renewal is taken as such
	LateMax  time.Duration // and after that, once approved, up to here
	Publish  time.Duration // a CA is made known before it signs
	Retire   time.Duration // a CA is trusted after it stopped signing
	Poll     time.Duration // between looks for what other collectors did
}

// DefaultPeriods are those of DESIGN §4. Retire is above Client + LateMax:
// the last certificate that a CA signed can be renewed as long as it may be.
func DefaultPeriods() Periods {
	return Periods{
		Client: 30 * day, Server: 30 * day, CA: 10 * 365 * day,
		LateFree: 90 * day, LateMax: 365 * day,
		Publish: 7 * day, Retire: 400 * day,
		Poll: 2 * time.Second,
	}
}

// Options of an Authority. Store, Sealer, Now and Log are needed.
type Options struct {
	Store  Store
	Sealer *seal.Sealer
	Now    func() time.Time
	Log    *slog.Logger
	// Names and IPs stand in the listener's certificate for tools that check
	// them; agents do not. Loopback is always among them.
	Names []string
	IPs   []netip.Addr
	// Addresses are where agents reach the collectors (host:port, best first):
	// for enrolment strings and replies.
	Addresses func() []string
	// Next is when a new agent's first report is welcome.
	Next func() time.Duration
	// Created is told of each device that is new, by enrolment or fork, before
	// it gets its certificate, and told again when the device asks again: it
	// must do nothing for one it knows. Its error fails the request; the agent
	// asks again.
	Created func(ctx context.Context, d Device) error
	// Life says whether a device is there. Without it none was ever heard of.
	Life func(ctx context.Context, id inventory.DeviceID) (Life, error)
	// Changed is told when the set of CAs is another.
	Changed func()
	Periods Periods
	// Lost are the times of which the store knows nothing, because it was put
	// back from a backup. A key that is not known is adopted when a CA of ours
	// certified it in one of them: nobody else could have.
	Lost []Span
	// MaxForks is how many machines may come with one key and each become a
	// device without an invitation; 16 when zero.
	MaxForks int
}

// Span is a time with its ends.
type Span struct{ From, To time.Time }

// Authority issues and checks identities. Make it with Open.
type Authority struct {
	o   Options
	set atomic.Pointer[caSet]

	stepping sync.Mutex // one rotation step at a time; taken before no other lock
	serving  sync.Mutex // one listener certificate made at a time

	seed  maphash.Seed
	mu    sync.RWMutex // guards cache and epoch
	cache map[enroll.KeyHash]*entry
	epoch uint64 // counts evictions: what was read before one is not kept after it
}

// Open loads the CAs, and makes the first one when there is none.
func Open(ctx context.Context, o Options) (*Authority, error) {
	if o.Store == nil || o.Sealer == nil || o.Now == nil || o.Log == nil {
		return nil, errors.New("open authority: store, sealer, clock and log are needed")
	}
	def := DefaultPeriods()
	for _, p := range []struct{ have, def *time.Duration }{
		{&o.Periods.Client, &def.Client}, {&o.Periods.Server, &def.Server}, {&o.Periods.CA, &def.CA},
		{&o.Periods.LateFree, &def.LateFree}, {&o.Periods.LateMax, &def.LateMax},
		{&o.Periods.Publish, &def.Publish}, {&o.Periods.Retire, &def.Retire}, {&o.Periods.Poll, &def.Poll},
	} {
		if *p.have <= 0 {
			*p.have = *p.def
		}
	}
	if o.MaxForks <= 0 {
		o.MaxForks = 16
	}
	if o.Addresses == nil {
		o.Addresses = func() []string { return nil }
	}
	if o.Next == nil {
		o.Next = func() time.Duration { return 0 }
	}
	if o.Created == nil {
		o.Created = func(context.Context, Device) error { return nil }
	}
	if o.Life == nil {
		o.Life = func(context.Context, inventory.DeviceID) (Life, error) { return Life{}, nil }
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	a := &Authority{o: o, seed: maphash.MakeSeed(), cache: map[enroll.KeyHash]*entry{}}
	if err := a.load(ctx); err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	if a.set.Load().active != nil {
		return a, nil
	}
	first, err := a.newCA()
	if err == nil {
		first.Since = first.CreatedAt
		err = o.Store.ChangeAuthorities(ctx, []Step{{CA: first, To: Active}})
	}
	if err != nil && !errors.Is(err, ErrConflict) { // another collector made it: its CA is the one
		return nil, fmt.Errorf("make the first CA: %w", err)
	}
	if err := a.load(ctx); err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	if a.set.Load().active == nil {
		return nil, errors.New("open authority: the control database holds CAs, but none that signs; restore it from a backup")
	}
	o.Log.Info("made a certificate authority", "ca", a.set.Load().active.Hash.String())
	return a, nil
}

// Run follows what other collectors do, and takes the steps of a rotation
// that are due, until ctx ends.
func (a *Authority) Run(ctx context.Context) error {
	poll := time.NewTicker(a.o.Periods.Poll)
	defer poll.Stop()
	const between = time.Hour
	after := int64(-1)
	var stepped time.Time
	for {
		next, err := a.follow(ctx, after)
		if err != nil && ctx.Err() == nil {
			a.o.Log.Warn("look for changes of identities", "error", err)
		} else if err == nil {
			after = next
		}
		if now := a.o.Now(); now.Sub(stepped) >= between {
			if err := a.Advance(ctx); err != nil && ctx.Err() == nil {
				a.o.Log.Error("rotation of the CA", "error", err)
			} else {
				stepped = now
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
		}
	}
}

// follow forgets what others have changed.
func (a *Authority) follow(ctx context.Context, after int64) (next int64, _ error) {
	c, err := a.o.Store.Changes(ctx, after)
	if err != nil {
		return after, err
	}
	if after < 0 {
		// What changed before this look may be in the cache as it was.
		a.forgetAll()
		return c.Next, nil
	}
	if c.Authorities {
		if err := a.load(ctx); err != nil {
			return after, err
		}
	}
	if len(c.Keys) > 0 {
		a.forget(c.Keys...)
	}
	return c.Next, nil
}

// Revoke refuses a device from now on, on every route and on connections that
// are open.
func (a *Authority) Revoke(ctx context.Context, id inventory.DeviceID, by, reason string) error {
	keys, err := a.o.Store.Revoke(ctx, id, Revocation{At: a.now(), By: by, Reason: reason})
	if err != nil {
		return fmt.Errorf("revoke %s: %w", id, err)
	}
	a.forget(keys...)
	return nil
}

// Waiting lists what is not decided, oldest first. Of proposals to merge it
// has those too that nobody needs to see now: Questions leaves these out.
func (a *Authority) Waiting(ctx context.Context) ([]Approval, error) {
	return a.o.Store.ListApprovals(ctx, "", Pending)
}

// Decide answers a question. For ApproveMerge it only notes the decision: the
// merge itself is the inventory's.
func (a *Authority) Decide(ctx context.Context, id, by string, yes bool) (Approval, error) {
	all, err := a.Waiting(ctx)
	if err != nil {
		return Approval{}, fmt.Errorf("decide %s: %w", id, err)
	}
	for _, q := range all {
		if q.ID != id {
			continue
		}
		q.State, q.DecidedAt, q.DecidedBy = Denied, a.now(), by
		if yes {
			q.State = Approved
		}
		q, err = a.o.Store.PutApproval(ctx, q)
		if err != nil {
			return Approval{}, fmt.Errorf("decide %s: %w", id, err)
		}
		return q, nil
	}
	return Approval{}, fmt.Errorf("no question %s waits for an answer: %w", id, ErrNotFound)
}

// now is the time as stores keep it.
func (a *Authority) now() time.Time { return a.o.Now().UTC().Truncate(time.Millisecond) }

// NewDeviceID makes an ID: a UUID of version 7 (RFC 9562 §5.7).
func NewDeviceID(now time.Time) inventory.DeviceID { return inventory.DeviceID(newID(now)) }

func newID(now time.Time) string {
	var b [16]byte
	rand.Read(b[6:])
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	x := hex.EncodeToString(b[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}
