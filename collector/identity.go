package collector

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"muster/collector/api"
	"muster/collector/authority"
	"muster/collector/intake"
	"muster/collector/receive"
	"muster/collector/store"
	"muster/internal/enroll"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

// identities lets the receiver ask the authority who somebody is.
type identities struct {
	a *authority.Authority
}

// Check says whose certificate this is.
func (i identities) Check(ctx context.Context, cert *x509.Certificate) (receive.Device, error) {
	id, err := i.a.Check(ctx, cert)
	if err != nil {
		return receive.Device{}, told(err)
	}
	return receive.Device{ID: id.Device, Machine: id.Machine}, nil
}

// Enroll answers a request to become a device.
func (i identities) Enroll(ctx context.Context, body []byte, from netip.Addr) ([]byte, error) {
	rq, err := enroll.DecodeRequest(body)
	if err != nil {
		return nil, undecodable(err)
	}
	r, err := i.a.Enroll(ctx, rq, from)
	if err != nil {
		return nil, told(err)
	}
	return r.Encode()
}

// Renew answers a request for the next certificate.
func (i identities) Renew(ctx context.Context, cert *x509.Certificate, body []byte, from netip.Addr) ([]byte, error) {
	rq, err := enroll.DecodeRenewRequest(body)
	if err != nil {
		return nil, undecodable(err)
	}
	r, err := i.a.Renew(ctx, cert, rq, from)
	if err != nil {
		return nil, told(err)
	}
	return r.Encode()
}

func undecodable(err error) error {
	if errors.Is(err, enroll.ErrVersion) {
		return told(enroll.Refuse(enroll.CodeVersion))
	}
	return told(enroll.Refuse(enroll.CodeMalformed))
}

// told turns the authority's refusals into those of the receiver; other
// errors stay what they are.
func told(err error) error {
	var no *enroll.Refusal
	if errors.As(err, &no) {
		return &receive.Refused{Status: no.Code.Status(), Code: string(no.Code), Message: no.Message, After: no.After}
	}
	return err
}

// door lets the receiver hand envelopes to intake.
type door struct {
	d *intake.Door
	// missing puts a device into the inventory that only the identities know,
	// and says whether it did.
	missing func(context.Context, inventory.DeviceID) bool
}

// Accept takes an envelope in.
func (d door) Accept(ctx context.Context, from receive.Device, e *report.Envelope) (report.Answer, error) {
	who := intake.Sender{Device: from.ID, Machine: from.Machine, Address: from.Address}
	a, err := d.d.Accept(ctx, who, e)
	if errors.Is(err, intake.ErrUnknownDevice) && d.missing(ctx, from.ID) {
		a, err = d.d.Accept(ctx, who, e)
	}
	switch {
	case err == nil:
		return a, nil
	case errors.Is(err, intake.ErrBusy):
		return a, &receive.Refused{Status: http.StatusServiceUnavailable, Code: report.CodeBusy, Message: err.Error(), After: 30 * time.Second}
	case errors.Is(err, intake.ErrConflict):
		return a, &receive.Refused{Status: http.StatusConflict, Code: report.CodeConflict, Message: err.Error()}
	case errors.Is(err, intake.ErrUnknownDevice):
		return a, &receive.Refused{Status: http.StatusUnauthorized, Code: report.CodeUnknown, Message: "this device is not in the inventory any more; enrol it again", After: 10 * time.Minute}
	case errors.Is(err, report.ErrMalformed):
		return a, &receive.Refused{Status: http.StatusBadRequest, Code: report.CodeMalformed, Message: err.Error()}
	}
	return a, err
}

// missing helps a device that enrolled while a backup was made: the copy of
// the identities, taken first, may have one that the copy of the inventory has
// not. It says whether it did something.
func (c *collector) missing(ctx context.Context, id inventory.DeviceID) bool {
	if len(c.restores) == 0 {
		return false
	}
	_, dev, err := c.control.Newest(ctx, id)
	if err == nil {
		err = c.created(ctx, dev)
	}
	if err != nil {
		c.log.Error("a device that only the identities know could not be put into the inventory", "device_id", id, "error", err)
	}
	return err == nil
}

// created puts a device that the authority let in into the inventory. It may
// be told twice of the same one.
func (c *collector) created(ctx context.Context, d authority.Device) error {
	nd := store.NewDevice{ID: d.ID, Kind: "pc", Name: d.Hostname, Site: d.Site, Labels: d.Labels, ForkedFrom: d.Parent, At: d.EnrolledAt}
	err := c.inventory.AddDevice(ctx, nd)
	if nd.Site != 0 && errors.Is(err, store.ErrNotFound) {
		// The site was removed since the invitation: better nowhere than not
		// at all, the certificate is given already.
		nd.Site = 0
		err = c.inventory.AddDevice(ctx, nd)
	}
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("add device: %w", err)
	}
	kinds := []store.EventReading{{Kind: event.Enrolled, At: d.EnrolledAt, Count: 1}}
	if d.Parent != "" {
		kinds = append(kinds, store.EventReading{Kind: event.CloneDetected, At: d.EnrolledAt, Count: 1, Attributes: map[string]string{"other_device_id": string(d.Parent)}})
	}
	c.log.Info("device is new", "device_id", d.ID, "host", d.Hostname)
	return c.door.Note(ctx, d.ID, kinds)
}

// enrolment lets the API ask the authority.
type enrolment struct {
	c *collector
}

// Invite makes an invitation.
func (e enrolment) Invite(ctx context.Context, o api.InvitationOrder) (api.Invitation, string, error) {
	now := e.c.now()
	v, tok, err := e.c.authority.Invite(ctx, authority.Invite{Uses: o.Uses, Valid: o.ExpiresAt.Sub(now), Site: o.Site, Labels: o.Labels,
		Networks: o.Networks, Approve: o.Approve, Note: o.Note, By: o.By})
	if err != nil {
		return api.Invitation{}, "", err
	}
	text := v.String()
	if text == "" {
		return api.Invitation{}, "", fmt.Errorf("the enrolment string cannot be made: %w; set agents.public in the settings", v.Check())
	}
	out := e.shown(ctx, tok)
	out.Site = o.SiteName
	return out, text, nil
}

func (e enrolment) shown(ctx context.Context, t authority.Token) api.Invitation {
	out := api.Invitation{ID: t.ID, Uses: t.Uses, UsesLeft: t.UsesLeft, ExpiresAt: t.ExpiresAt, Labels: t.Labels, Approve: t.Approve,
		Note: t.Note, CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt, RevokedAt: t.RevokedAt}
	for _, n := range t.Networks {
		out.Networks = append(out.Networks, n.String())
	}
	if t.Site != 0 {
		sites, err := e.c.inventory.Sites(ctx, store.Scope{All: true})
		if err != nil {
			e.c.log.Warn("sites could not be listed", "error", err)
		}
		for _, s := range sites {
			if s.ID == t.Site {
				out.Site = s.Agency + "/" + s.Name
			}
		}
	}
	return out
}

// Invitations lists them, newest first.
func (e enrolment) Invitations(ctx context.Context) ([]api.Invitation, error) {
	ts, err := e.c.authority.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]api.Invitation, 0, len(ts))
	for _, t := range ts {
		out = append(out, e.shown(ctx, t))
	}
	return out, nil
}

// RevokeInvitation ends an invitation.
func (e enrolment) RevokeInvitation(ctx context.Context, id, _ string) error {
	return absent(e.c.authority.RevokeToken(ctx, id))
}

// RevokeDevice refuses a device from now on.
func (e enrolment) RevokeDevice(ctx context.Context, id inventory.DeviceID, by, reason string) error {
	if err := e.c.authority.Revoke(ctx, id, by, reason); err != nil {
		return absent(err)
	}
	return e.c.door.Note(ctx, id, []store.EventReading{{Kind: event.Revoked, At: e.c.now(), Count: 1}})
}

func absent(err error) error {
	if errors.Is(err, authority.ErrNotFound) {
		return fmt.Errorf("%w: %w", store.ErrNotFound, err)
	}
	return err
}

// rotation lets the API show and rotate the CA.
type rotation struct {
	a *authority.Authority
}

// CA shows the set.
func (r rotation) CA(ctx context.Context) (api.CA, error) {
	st, err := r.a.Status(ctx)
	if err != nil {
		return api.CA{}, err
	}
	out := api.CA{Next: st.Words, Holding: st.Holding, Devices: st.Devices, RevokedCount: st.Revoked, Authorities: []api.CACertificate{}}
	for _, a := range st.Authorities {
		state := map[authority.CAState]string{authority.Published: "next", authority.Active: "current", authority.Retired: "old"}[a.State]
		if a.State == authority.Published {
			out.Stage = string(authority.StagePublish)
		}
		out.Authorities = append(out.Authorities, api.CACertificate{Fingerprint: a.Hash.String(), State: state, NotBefore: a.NotBefore, NotAfter: a.NotAfter})
	}
	return out, nil
}

// Rotate takes a step.
func (r rotation) Rotate(ctx context.Context, stage string, force bool) (api.CA, error) {
	if stage == "" {
		st, err := r.a.Status(ctx)
		if err != nil {
			return api.CA{}, err
		}
		stage = string(st.Next)
	}
	if err := r.a.Rotate(ctx, authority.Stage(stage), force); err != nil {
		if errors.Is(err, authority.ErrNoStage) || errors.Is(err, authority.ErrTooSoon) {
			return api.CA{}, api.NewProblem("conflict", "%v", err)
		}
		return api.CA{}, err
	}
	return r.CA(ctx)
}
