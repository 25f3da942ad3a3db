package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/internal/enroll"
	"muster/internal/inventory"
)

// Life is what the inventory knows of a device being there.
type Life struct {
	Name  string    // host name, as last reported
	Heard time.Time // when its last report came; zero: never
	Gone  bool      // retired, or hidden behind another by a merge
}

const (
	// maxAlike is how many devices may have an identifier at one time before
	// it proves nothing: makers write one serial number into a whole series
	// (reference/endpoint.md §4, complaint 3).
	maxAlike = 3
	// looked is how many of the newest holders of an identifier are looked at.
	looked = 12
	// live is for how long a device that is not heard of still counts among
	// those that share an identifier.
	live = 90 * day
	// quiet is how long a device must not be heard of before it is taken for
	// silent: three reports in the slowest rhythm.
	quiet = 15 * time.Minute
	// forkQuiet is the same for the device whose key a strange machine brought:
	// only then was it a new mainboard or a drive that moved, not a copy.
	forkQuiet = 3 * day
	// ask is the score from which people are asked, and enroll.SameMachine the
	// one from which the answer is most likely yes (the same source).
	askFrom = 40
)

// proposeMerges notes older records that look like the new device. It never
// fails the enrolment: the device is there, and people decide. What is noted
// is judged anew whenever somebody looks: see Questions.
func (a *Authority) proposeMerges(ctx context.Context, d Device) {
	s := a.newSearch()
	var others []Device
	for _, it := range d.Evidence.Items {
		holders, err := s.holders(ctx, it)
		if err != nil {
			a.o.Log.Warn("look for doubles", "device_id", d.ID, "error", err)
			return
		}
		others = append(others, holders...)
	}
	if d.Parent != "" {
		if _, parent, err := a.o.Store.Newest(ctx, d.Parent); err == nil {
			others = append(others, parent)
		}
	}
	seen := map[inventory.DeviceID]bool{d.ID: true}
	for _, o := range others {
		if seen[o.ID] {
			continue
		}
		seen[o.ID] = true
		q, err := s.judge(ctx, d, o)
		if err == nil && q.Verdict.Score < askFrom && !q.Fork {
			continue
		}
		if err == nil {
			_, err = a.o.Store.PutApproval(ctx, Approval{
				ID: newID(a.o.Now()), Kind: ApproveMerge, State: Pending, Device: d.ID, Other: o.ID, Name: d.Hostname, Remote: d.Remote,
				Reason: q.Verdict.String(), Score: q.Verdict.Score, Terms: q.Verdict.Terms, AskedAt: a.now(),
			})
		}
		if err != nil {
			a.o.Log.Warn("propose a merge", "device_id", d.ID, "other", o.ID, "error", err)
			continue
		}
		a.o.Log.Info("device looks like one that is known", "device_id", d.ID, "other", o.ID, "score", q.Verdict.Score)
	}
}

// Question is what people have to decide, as it stands now.
type Question struct {
	Approval
	Merge *Merge // of ApproveMerge
}

// Merge is the proposal that two records are one machine: the evidence of
// both, and what is to be said about it.
type Merge struct {
	// Evidence of the newer record and of the older, all of it; Verdict is
	// about what is trusted of it, A being the newer.
	Evidence [2]enroll.Evidence
	Verdict  enroll.Verdict
	Fork     bool // the newer came with the key of the older
	// Shared are identifiers of either that prove nothing, with how many
	// devices have them at one time.
	Shared       map[enroll.Item]int
	Newer, Older Life
	Enrolled     [2]time.Time // of the newer, of the older
	Held         Hold
}

// Hold is why a merge must not be made now.
type Hold string

// The holds.
const (
	Free   Hold = ""
	Recent Hold = "recent" // the older record was heard of a moment ago
	Both   Hold = "both"   // it reports although the newer one is there: two machines, or two agents
)

// Sure says that two strong identifiers agree.
func (m *Merge) Sure() bool { return m.Verdict.Score >= enroll.SameMachine }

// Questions lists what people have to decide, oldest first. Merges are judged
// by what is known now, and left out while there is nothing to decide: a
// record is gone, what agreed has lost trust, or both report and no two strong
// identifiers say that they should not.
func (a *Authority) Questions(ctx context.Context) ([]Question, error) {
	waiting, err := a.Waiting(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Question, 0, len(waiting))
	s := a.newSearch()
	for _, w := range waiting {
		q, ok, err := a.question(ctx, s, w)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, q)
		}
	}
	return out, nil
}

// Question is one of Questions; ErrNotFound when there is nothing to decide
// under that ID.
func (a *Authority) Question(ctx context.Context, id string) (Question, error) {
	waiting, err := a.Waiting(ctx)
	if err != nil {
		return Question{}, err
	}
	i := slices.IndexFunc(waiting, func(w Approval) bool { return w.ID == id })
	if i < 0 {
		return Question{}, ErrNotFound
	}
	q, ok, err := a.question(ctx, a.newSearch(), waiting[i])
	if err == nil && !ok {
		err = ErrNotFound
	}
	return q, err
}

// question judges what waits as it stands; false when there is nothing to
// decide.
func (a *Authority) question(ctx context.Context, s *look, w Approval) (Question, bool, error) {
	q := Question{Approval: w}
	if w.Kind != ApproveMerge {
		return q, true, nil
	}
	m, err := a.merge(ctx, s, w)
	if err != nil {
		return q, false, fmt.Errorf("judge proposal %s: %w", w.ID, err)
	}
	if m == nil {
		return q, false, nil
	}
	q.Merge, q.Score, q.Terms = m, m.Verdict.Score, m.Verdict.Terms
	return q, true, nil
}

// merge judges a proposal as it stands; nil when there is nothing to decide.
func (a *Authority) merge(ctx context.Context, s *look, w Approval) (*Merge, error) {
	var of [2]Device
	for i, id := range []inventory.DeviceID{w.Device, w.Other} {
		_, d, err := a.o.Store.Newest(ctx, id)
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		of[i] = d
	}
	m, err := s.judge(ctx, of[0], of[1])
	if err != nil || m.Newer.Gone || m.Older.Gone {
		return nil, err
	}
	switch {
	case m.Fork && m.Verdict.Score < askFrom:
		if s.now.Sub(latest(m.Older.Heard, of[0].EnrolledAt)) < forkQuiet {
			return nil, nil
		}
	case m.Verdict.Score < askFrom, m.Held == Both && !m.Sure():
		return nil, nil
	}
	return m, nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// look is one look at who is alike; it asks for nothing twice.
type look struct {
	a     *Authority
	now   time.Time
	lives map[inventory.DeviceID]Life
	held  map[enroll.Item][]Device
	times map[enroll.Item]int
}

func (a *Authority) newSearch() *look {
	return &look{a: a, now: a.o.Now(), lives: map[inventory.DeviceID]Life{}, held: map[enroll.Item][]Device{}, times: map[enroll.Item]int{}}
}

func (s *look) life(ctx context.Context, id inventory.DeviceID) (Life, error) {
	if l, ok := s.lives[id]; ok {
		return l, nil
	}
	l, err := s.a.o.Life(ctx, id)
	if err != nil {
		return l, fmt.Errorf("ask whether %s is there: %w", id, err)
	}
	s.lives[id] = l
	return l, nil
}

// holders are the newest devices with an identifier.
func (s *look) holders(ctx context.Context, it enroll.Item) ([]Device, error) {
	if list, ok := s.held[it]; ok {
		return list, nil
	}
	list, err := s.a.o.Store.Similar(ctx, enroll.Evidence{Items: []enroll.Item{it}}, looked)
	if err == nil {
		s.held[it] = list
	}
	return list, err
}

// together is how many devices have an identifier at one time. Records of one
// machine that was set up again and again follow each other, so they count as
// one; those of a series report side by side. Devices that are gone, revoked or
// not heard of for long do not count: an identifier gets its trust back.
func (s *look) together(ctx context.Context, it enroll.Item) (int, error) {
	if n, ok := s.times[it]; ok {
		return n, nil
	}
	holders, err := s.holders(ctx, it)
	if err != nil {
		return 0, err
	}
	type span struct{ from, to time.Time }
	var spans []span
	for _, d := range holders {
		l, err := s.life(ctx, d.ID)
		if err != nil {
			return 0, err
		}
		to := latest(l.Heard, d.EnrolledAt)
		if l.Gone || !d.RevokedAt.IsZero() || s.now.Sub(to) > live {
			continue
		}
		if s.now.Sub(to) < quiet {
			to = s.now
		}
		spans = append(spans, span{d.EnrolledAt, to})
	}
	most := 0
	for _, at := range spans { // the most are there when one begins, or now
		for _, moment := range []time.Time{at.from, s.now} {
			n := 0
			for _, o := range spans {
				if !o.from.After(moment) && !o.to.Before(moment) {
					n++
				}
			}
			most = max(most, n)
		}
	}
	s.times[it] = most
	return most, nil
}

// judge compares a device with an older record.
func (s *look) judge(ctx context.Context, newer, older Device) (*Merge, error) {
	m := &Merge{Evidence: [2]enroll.Evidence{newer.Evidence, older.Evidence}, Fork: newer.Parent != "" && newer.Parent == older.ID,
		Enrolled: [2]time.Time{newer.EnrolledAt, older.EnrolledAt}, Shared: map[enroll.Item]int{}}
	for _, it := range slices.Concat(newer.Evidence.Items, older.Evidence.Items) {
		n, err := s.together(ctx, it)
		if err != nil {
			return nil, err
		}
		if n >= maxAlike {
			m.Shared[it] = n
		}
	}
	bad := func(it enroll.Item) bool { return m.Shared[it] > 0 }
	m.Verdict = enroll.Compare(newer.Evidence.Without(bad), older.Evidence.Without(bad))
	var err error
	if m.Newer, err = s.life(ctx, newer.ID); err == nil {
		m.Older, err = s.life(ctx, older.ID)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case !older.RevokedAt.IsZero(), m.Older.Heard.IsZero():
	case m.Older.Heard.After(newer.EnrolledAt.Add(quiet)):
		m.Held = Both
	case s.now.Sub(m.Older.Heard) < quiet:
		m.Held = Recent
	}
	return m, nil
}
