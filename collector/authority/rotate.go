package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/internal/enroll"
)

// Stage is a step of a rotation.
type Stage string

// The stages, in order.
const (
	StagePublish  Stage = "publish"  // make a new CA and let agents learn it
	StageActivate Stage = "activate" // let it sign
	StageRemove   Stage = "remove"   // forget those retired
)

// Errors of Rotate. Their texts may be shown.
var (
	ErrNoStage = errors.New("there is no such step to take now")
	ErrTooSoon = errors.New("it is too soon")
)

// Status tells where a rotation is.
type Status struct {
	Authorities []CAStatus // newest first
	Next        Stage      // what may be taken next; empty when nothing is to do
	Due         time.Time  // when it happens by itself; zero when never
	Words       string     // the same for people
	Devices     int        // not revoked
	Revoked     int
	Holding     int // devices whose agents have been told of the newest CA
}

// CAStatus is one CA.
type CAStatus struct {
	Hash      enroll.KeyHash
	State     CAState
	Since     time.Time
	NotBefore time.Time
	NotAfter  time.Time
	Devices   int // that may come with a certificate it signed
	Tokens    int // open invitations that name it
}

// Expiry is when the CA that signs ends, and the certificate that the listener
// shows; zero when none was made yet.
func (a *Authority) Expiry() (signer, listener time.Time) {
	c := a.set.Load().active
	if cert := c.server.Load(); cert != nil {
		listener = cert.Leaf.NotAfter
	}
	return c.cert.NotAfter, listener
}

// Status tells where a rotation is.
func (a *Authority) Status(ctx context.Context) (Status, error) {
	s := a.set.Load()
	newest := s.list[0]
	census, err := a.o.Store.Census(ctx, newest.CreatedAt)
	if err != nil {
		return Status{}, fmt.Errorf("state of the CA: %w", err)
	}
	tokens, err := a.o.Store.AllTokens(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("state of the CA: %w", err)
	}
	out := Status{Devices: census.Devices, Revoked: census.Revoked, Holding: census.Since}
	now := a.o.Now()
	var published, retired *CAStatus
	for _, c := range s.list {
		st := CAStatus{Hash: c.Hash, State: c.State, Since: c.Since, NotBefore: c.cert.NotBefore, NotAfter: c.cert.NotAfter, Devices: census.Holding[c.Hash]}
		for _, t := range tokens {
			if t.CA == c.Hash && t.RevokedAt.IsZero() && t.UsesLeft > 0 && now.Before(t.ExpiresAt) {
				st.Tokens++
			}
		}
		out.Authorities = append(out.Authorities, st)
		switch c.State {
		case Published:
			published = &st
		case Retired:
			retired = &st // the list is newest first: the oldest is left here
		}
	}
	switch {
	case published != nil:
		out.Next, out.Due = StageActivate, published.Since.Add(a.o.Periods.Publish)
		out.Words = fmt.Sprintf("CA %.16s is being made known; it begins to sign at %s", published.Hash, out.Due.Format(time.RFC3339))
	case retired != nil && retired.idle():
		out.Next, out.Due = StageRemove, retired.Since.Add(settle)
		out.Words = fmt.Sprintf("nothing depends on the retired CA %.16s any more; it is removed within two hours", retired.Hash)
	case retired != nil:
		out.Next, out.Due = StageRemove, retired.Since.Add(a.o.Periods.Retire)
		out.Words = fmt.Sprintf("%d devices and %d invitations still depend on the retired CA %.16s; it is removed when none does, or at %s",
			retired.Devices, retired.Tokens, retired.Hash, out.Due.Format(time.RFC3339))
	default:
		out.Words = "no rotation is under way"
	}
	return out, nil
}

func (c CAStatus) idle() bool { return c.Devices == 0 && c.Tokens == 0 }

// settle is how long a retired CA is kept at least, unless by force: what it
// signed in the moment it was retired must be written down before it can be
// counted. It is longer than any request, and than another collector takes to
// see that the CA signs no more.
const settle = 10 * time.Minute

// Rotate takes a step; an empty stage takes the next one, which is to publish
// when no rotation is under way. ErrTooSoon says what would be lost; force
// takes the step all the same.
func (a *Authority) Rotate(ctx context.Context, stage Stage, force bool) error {
	st, err := a.Status(ctx)
	if err != nil {
		return err
	}
	if stage == "" {
		if stage = st.Next; stage == "" {
			stage = StagePublish
		}
	}
	now := a.o.Now()
	switch stage {
	case StagePublish:
		return a.publish(ctx)
	case StageActivate:
		if st.Next == StageActivate && now.Before(st.Due) && !force {
			return fmt.Errorf("%w: %d of %d devices have been told of the new CA; it becomes active by itself at %s, or at once with force",
				ErrTooSoon, st.Holding, st.Devices, st.Due.Format(time.RFC3339))
		}
		return a.activate(ctx)
	case StageRemove:
		return a.remove(ctx, st, force)
	}
	return fmt.Errorf("step %.20q: %w; there are publish, activate and remove", stage, ErrNoStage)
}

// renewCA is how long before the end of the active CA a new one is made by
// itself: longer than all that a certificate may live and be late.
const renewCA = 2 * 365 * day

// Advance takes the steps that are due. Run calls it.
func (a *Authority) Advance(ctx context.Context) error {
	st, err := a.Status(ctx)
	if err != nil {
		return err
	}
	now := a.o.Now()
	active := a.set.Load().active
	switch {
	case st.Next == StageActivate && !now.Before(st.Due):
		err = a.activate(ctx)
	case st.Next != StageActivate && active.cert.NotAfter.Sub(now) < min(renewCA, a.o.Periods.CA/2):
		err = a.publish(ctx)
	case st.Next == StageRemove:
		err = a.remove(ctx, st, false)
		if errors.Is(err, ErrTooSoon) {
			err = nil
		}
	}
	if errors.Is(err, ErrConflict) { // another collector took it
		return a.load(ctx)
	}
	return err
}

func (a *Authority) publish(ctx context.Context) error {
	a.stepping.Lock()
	defer a.stepping.Unlock()
	s := a.set.Load()
	if len(s.list) >= enroll.MaxCAs {
		return fmt.Errorf("publish a new CA: %d are trusted already; remove retired ones first", len(s.list))
	}
	if slices.ContainsFunc(s.list, func(c *ca) bool { return c.State == Published }) {
		return fmt.Errorf("publish a new CA: %w: one is published already", ErrNoStage)
	}
	c, err := a.newCA()
	if err != nil {
		return fmt.Errorf("publish a new CA: %w", err)
	}
	return a.step(ctx, "publish a new CA", Step{CA: c, To: Published})
}

func (a *Authority) activate(ctx context.Context) error {
	a.stepping.Lock()
	defer a.stepping.Unlock()
	s := a.set.Load()
	i := slices.IndexFunc(s.list, func(c *ca) bool { return c.State == Published })
	if i < 0 {
		return fmt.Errorf("activate the new CA: %w: none is published", ErrNoStage)
	}
	now := a.now()
	return a.step(ctx, "activate the new CA",
		Step{CA: CA{Hash: s.active.Hash, Since: now}, From: Active, To: Retired},
		Step{CA: CA{Hash: s.list[i].Hash, Since: now}, From: Published, To: Active})
}

// remove forgets the retired CAs that nothing depends on, or that were
// retired long enough ago; with force all of them.
func (a *Authority) remove(ctx context.Context, st Status, force bool) error {
	a.stepping.Lock()
	defer a.stepping.Unlock()
	var steps []Step
	devices, tokens, young := 0, 0, false
	for _, c := range st.Authorities {
		if c.State != Retired {
			continue
		}
		kept := a.o.Periods.Retire
		if c.idle() {
			kept = settle
		}
		if !force && a.o.Now().Before(c.Since.Add(kept)) {
			devices, tokens, young = devices+c.Devices, tokens+c.Tokens, young || c.idle()
			continue
		}
		steps = append(steps, Step{CA: CA{Hash: c.Hash}, From: Retired})
	}
	if len(steps) == 0 && devices+tokens == 0 && young {
		return fmt.Errorf("remove the retired CA: %w: it signed until just now; it is removed by itself when %s have passed and nothing depends on it", ErrTooSoon, settle)
	}
	if len(steps) == 0 && devices+tokens > 0 {
		return fmt.Errorf("remove the retired CA: %w: %d devices and %d invitations still depend on it; with force they must enrol anew", ErrTooSoon, devices, tokens)
	}
	if len(steps) == 0 {
		return fmt.Errorf("remove the retired CA: %w: none is retired", ErrNoStage)
	}
	return a.step(ctx, "remove the retired CA", steps...)
}

func (a *Authority) step(ctx context.Context, what string, steps ...Step) error {
	if err := a.o.Store.ChangeAuthorities(ctx, steps); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := a.load(ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	for _, s := range steps {
		a.o.Log.Info("rotation of the CA", "ca", s.CA.Hash.String(), "from", string(s.From), "to", string(s.To))
	}
	return nil
}
