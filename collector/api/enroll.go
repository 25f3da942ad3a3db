package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/collector/store"
)

// Bounds of invitations.
const (
	invitationLife    = 24 * time.Hour
	maxInvitationLife = 365 * 24 * time.Hour
)

func (s *Server) enrolment() (Enrolment, error) {
	if s.d.Enrolment == nil {
		return nil, NewProblem(notOffered, "this collector has no enrolment")
	}
	return s.d.Enrolment, nil
}

func (s *Server) enrollList(ctx context.Context, _ *NoInput) (InvitationList, error) {
	e, err := s.enrolment()
	if err != nil {
		return InvitationList{}, err
	}
	list, err := e.Invitations(ctx)
	if list == nil {
		list = []Invitation{}
	}
	return InvitationList{Invitations: list}, err
}

func (s *Server) enrollNew(ctx context.Context, in *InvitationNewInput) (InvitationMade, error) {
	e, err := s.enrolment()
	if err != nil {
		return InvitationMade{}, err
	}
	now := s.d.Now()
	o := InvitationOrder{Uses: max(in.Body.Uses, 1), ExpiresAt: now.Add(invitationLife), Approve: in.Body.Approve, By: actorOf(ctx).Name}
	if in.Body.Expires != "" {
		if o.ExpiresAt, err = later("expires", in.Body.Expires, now); err != nil {
			return InvitationMade{}, err
		}
	}
	if !o.ExpiresAt.After(now) || o.ExpiresAt.After(now.Add(maxInvitationLife)) {
		return InvitationMade{}, NewProblem(invalid, "expires: an invitation lasts at most a year, and ends in the future")
	}
	if o.Labels, err = labels(in.Body.Labels); err != nil {
		return InvitationMade{}, err
	}
	if o.Networks, err = networks("networks", in.Body.Networks); err != nil {
		return InvitationMade{}, err
	}
	if err := plainText(in.Body.Note, false); err != nil {
		return InvitationMade{}, err
	}
	o.Note = strings.TrimSpace(in.Body.Note)
	if in.Body.Site != "" {
		site, err := s.site(ctx, in.Body.Site)
		if err != nil {
			return InvitationMade{}, err
		}
		o.Site, o.SiteName = site.ID, site.Agency+"/"+site.Name
	}
	note(ctx, "uses", fmt.Sprint(o.Uses))
	note(ctx, "expires", o.ExpiresAt.UTC().Format(time.RFC3339))
	note(ctx, "site", o.SiteName)
	made, text, err := e.Invite(ctx, o)
	if err != nil {
		return InvitationMade{}, err
	}
	onto(ctx, made.ID)
	return InvitationMade{Invitation: made, Enrolment: text}, nil
}

// invitedTo says whether an invitation that is still good brings devices to a
// site.
func (s *Server) invitedTo(ctx context.Context, site string) error {
	if s.d.Enrolment == nil {
		return nil
	}
	list, err := s.d.Enrolment.Invitations(ctx)
	if err != nil {
		return err
	}
	for _, i := range list {
		if strings.EqualFold(i.Site, site) && i.UsesLeft > 0 && i.RevokedAt.IsZero() && s.d.Now().Before(i.ExpiresAt) {
			return NewProblem(conflict, "invitation %s brings devices to site %s: revoke it first", i.ID, site)
		}
	}
	return nil
}

func (s *Server) enrollRevoke(ctx context.Context, in *IDInput) (Nothing, error) {
	e, err := s.enrolment()
	if err != nil {
		return Nothing{}, err
	}
	err = e.RevokeInvitation(ctx, in.ID, actorOf(ctx).Name)
	if errors.Is(err, store.ErrNotFound) {
		return Nothing{}, NewProblem(notFound, "there is no invitation %q: muster enroll list shows them", clip(printable(in.ID), 64))
	}
	return Nothing{}, err
}

func (s *Server) approvalList(ctx context.Context, _ *NoInput) (ApprovalList, error) {
	e, err := s.enrolment()
	if err != nil {
		return ApprovalList{}, err
	}
	list, err := e.Approvals(ctx)
	if list == nil {
		list = []Approval{}
	}
	return ApprovalList{Approvals: list}, err
}

func (s *Server) approvalApprove(ctx context.Context, in *IDInput) (Nothing, error) {
	return s.decide(ctx, in.ID, true)
}

func (s *Server) approvalDeny(ctx context.Context, in *IDInput) (Nothing, error) {
	return s.decide(ctx, in.ID, false)
}

func (s *Server) decide(ctx context.Context, id string, approve bool) (Nothing, error) {
	e, err := s.enrolment()
	if err != nil {
		return Nothing{}, err
	}
	err = e.Decide(ctx, id, approve, actorOf(ctx).Name)
	if errors.Is(err, store.ErrNotFound) {
		return Nothing{}, NewProblem(notFound, "nothing waits under %q: muster enroll approvals shows what does", clip(printable(id), 64))
	}
	return Nothing{}, err
}

func (s *Server) caShow(ctx context.Context, _ *NoInput) (CA, error) {
	if s.d.Authority == nil {
		return CA{}, NewProblem(notOffered, "this collector has no certificate authority")
	}
	return s.d.Authority.CA(ctx)
}

func (s *Server) caRotate(ctx context.Context, in *CARotateInput) (CA, error) {
	if s.d.Authority == nil {
		return CA{}, NewProblem(notOffered, "this collector has no certificate authority")
	}
	note(ctx, "stage", printable(in.Body.Stage))
	note(ctx, "force", fmt.Sprint(in.Body.Force))
	ca, err := s.d.Authority.Rotate(ctx, in.Body.Stage, in.Body.Force)
	if err != nil {
		return CA{}, err
	}
	note(ctx, "now", ca.Stage)
	s.d.Changed() // agents learn of authorities from answers
	return ca, nil
}
