package collector

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"muster/collector/api"
	"muster/collector/authority"
	"muster/collector/store"
	"muster/internal/enroll"
	"muster/internal/inventory"
)

// life tells the authority whether a device is there.
func (c *collector) life(ctx context.Context, id inventory.DeviceID) (authority.Life, error) {
	d, err := c.inventory.Device(ctx, store.Scope{All: true}, id)
	if errors.Is(err, store.ErrNotFound) {
		return authority.Life{Gone: true}, nil
	}
	if err != nil {
		return authority.Life{}, err
	}
	return authority.Life{Name: d.Name, Heard: d.LastSeen, Gone: !d.RetiredAt.IsZero() || d.MergedInto != ""}, nil
}

// Approvals lists what people have to decide about devices.
func (e enrolment) Approvals(ctx context.Context) ([]api.Approval, error) {
	qs, err := e.c.authority.Questions(ctx)
	if err != nil {
		return nil, err
	}
	out := []api.Approval{}
	for _, q := range qs {
		a := api.Approval{ID: q.ID, Kind: string(q.Kind), Device: q.Device, Name: q.Name, Reason: q.Reason, AskedAt: q.AskedAt}
		if m := q.Merge; m != nil {
			a.Other, a.Merge = q.Other, proposal(m, e.c.now())
			a.Reason = because(q.Other, m, a.Merge)
			if m.Newer.Name != "" {
				a.Name = m.Newer.Name
			}
		} else {
			a.Key = q.Key.String()
		}
		if q.Remote.IsValid() {
			a.Address = q.Remote.String()
		}
		if q.Token != [32]byte{} {
			a.Invitation = hex.EncodeToString(q.Token[:6])
		}
		out = append(out, a)
	}
	return out, nil
}

// because is a proposal in a line.
func because(other inventory.DeviceID, m *authority.Merge, p *api.MergeProposal) string {
	how := "may be the same machine as"
	switch {
	case p.Sure:
		how = "has the hardware of"
	case m.Fork:
		how = "came with the key of"
	}
	name := m.Older.Name
	if name == "" {
		name = string(other)
	}
	s := fmt.Sprintf("%s %s (%d points for, %d against)", how, name, p.Score, p.Against)
	if p.Hold != "" {
		s += "; " + p.Hold
	}
	return s
}

// proposal lays the evidence of both records side by side.
func proposal(m *authority.Merge, now time.Time) *api.MergeProposal {
	out := &api.MergeProposal{OtherName: m.Older.Name, EnrolledAt: m.Enrolled[0], OtherSince: m.Enrolled[1], OtherHeard: m.Older.Heard,
		Score: m.Verdict.Score, Against: m.Verdict.Against, Sure: m.Sure(), Fork: m.Fork, Evidence: []api.EvidenceTerm{}}
	switch m.Held {
	case authority.Both:
		out.Hold = "both have reported since: two machines with one identifier, or two agents on one machine"
	case authority.Recent:
		out.Hold = fmt.Sprintf("the older record reported %s ago: wait until it has been silent for a quarter of an hour", now.Sub(m.Older.Heard).Round(time.Second))
	}
	for _, k := range enroll.Kinds() {
		t := api.EvidenceTerm{Kind: string(k), Here: m.Evidence[0].Values(k), There: m.Evidence[1].Values(k), Outcome: string(enroll.Missing), Trusted: true}
		if len(t.Here)+len(t.There) == 0 {
			continue
		}
		for it, n := range m.Shared {
			if it.Kind == k {
				t.Trusted, t.Outcome, t.Why = false, "shared", fmt.Sprintf("%d devices or more have %s at one time", n, it.Value)
			}
		}
		for _, v := range m.Verdict.Terms {
			if v.Kind != k {
				continue
			}
			t.Outcome = string(v.Outcome)
			switch v.Outcome {
			case enroll.Agrees:
				t.Points = v.Points
			case enroll.Differs:
				t.Points = -v.Points
			}
		}
		out.Evidence = append(out.Evidence, t)
	}
	return out
}

// Decide answers a question. A merge is made before the answer is noted: if
// the process ends between the two the question comes again, and merging what
// is merged changes nothing.
func (e enrolment) Decide(ctx context.Context, id string, approve bool, by string) error {
	if approve {
		q, err := e.c.authority.Question(ctx, id)
		if err != nil {
			return absent(err)
		}
		if q.Merge != nil {
			if err := e.merge(ctx, q, by); err != nil {
				return err
			}
		}
	}
	_, err := e.c.authority.Decide(ctx, id, by, approve)
	return absent(err)
}

// merge hides the older record behind the newer one. The journal of merges
// keeps why, and muster device unmerge takes it back.
func (e enrolment) merge(ctx context.Context, q authority.Question, by string) error {
	p := proposal(q.Merge, e.c.now())
	if p.Hold != "" {
		return api.NewProblem("conflict", "%s; if it is one machine all the same: muster device merge %s --into %s", p.Hold, q.Other, q.Device)
	}
	_, err := e.c.inventory.Merge(ctx, q.Other, q.Device, by, "same hardware: "+q.Merge.Verdict.String(), e.c.now())
	if errors.Is(err, store.ErrConflict) {
		if d, look := e.c.inventory.Device(ctx, store.Scope{All: true}, q.Other); look == nil && d.MergedInto == q.Device {
			return nil // the answer was not noted the last time
		}
		return api.NewProblem("conflict", "%v", err)
	}
	return err
}
