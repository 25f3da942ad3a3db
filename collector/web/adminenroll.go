package web

import (
	"strings"

	"muster/collector/api"
	"muster/collector/web/texts"
)

func invitationForm(sites []choice) *form {
	return &form{ID: "invite", Title: "New invitation", Action: "/admin/enroll", Do: "new", Button: "Make the command",
		Text: "An invitation is a secret that lets agents in. It ends by itself, by time and by number of devices.",
		Fields: []*field{
			{Name: "uses", Label: "How many devices", Kind: "number", Value: "10", Max: 6, Must: true},
			{Name: "expires", Label: "How long it holds", Kind: "select", Value: "24h", Choices: []choice{{"1h", "1 hour"}, {"24h", "1 day"}, {"7d", "1 week"}, {"30d", "30 days"}, {"90d", "90 days"}, {"365d", "1 year"}}},
			{Name: "site", Label: "Site the devices begin at", Kind: "select", Choices: sites},
			{Name: "labels", Label: "Labels they begin with", Hint: "Separated by commas.", Example: "kiosk, pilot", Max: 600},
			{Name: "networks", Label: "Only from these networks", Hint: "One a line. Leave it empty to take devices from anywhere.", Kind: "area", Mono: true, Example: "10.20.0.0/16"},
			{Name: "approve", Label: "Each device waits until somebody approves it", Kind: "check"},
			{Name: "note", Label: "Note", Hint: "What it is for; only this list shows it.", Max: 500},
		}}
}

func (s *Site) adminEnroll(v *visit) error { return s.enrollDesk(v, nil, nil) }

// enrollDesk is the page of invitations, with a new one's commands, which are
// shown this once.
func (s *Site) enrollDesk(v *visit, again *form, made *api.InvitationMade) error {
	list, err := v.api.EnrollList(v.ctx())
	if err != nil {
		return err
	}
	waiting, err := v.api.ApprovalList(v.ctx())
	if err != nil {
		return err
	}
	sites, err := siteChoices(v, "None: somebody places them later")
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/enroll"), Lede: "Make an invitation, run its command on a PC or server, and the device appears by itself. Devices that enrolled stay when their invitation ends."}
	if made != nil {
		i := made.Invitation
		p.Cards = append(p.Cards, &sheet{ID: "made", Title: "Run this on the device", Note: "shown this once",
			Commands: stayCommands(made.Enrolment),
			After:    texts.F("It lets in {1} until {2}. Put the agent where it is to stay, go to that folder as an administrator, and run the line of its system; it makes the service and waits until the device is known.", count(i.Uses, "device", "devices"), s.clock(v).Exact(i.ExpiresAt)),
			More:     []link{{"/devices?sort=-first_seen", "See who came"}}})
	}
	open, gone := &grid{Caption: "Invitations that hold"}, &grid{Caption: "Invitations that have ended"}
	open.Heads = heads("Invitation", "-Devices left", "Ends", "Site and networks", "Made by")
	gone.Heads = heads("Invitation", "-Devices let in", "Ended", "Site and networks", "Made by")
	for _, i := range list.Invitations {
		name := slot{Text: texts.As(i.Note), Sub: texts.As(strings.TrimSpace(strings.Join(i.Labels, ", ")))}
		if i.Note == "" {
			name.Text = texts.F("Invitation {1}", i.ID[:min(8, len(i.ID))])
		}
		if i.Approve {
			name.Sub = texts.List(" · ", name.Sub, "each device waits for approval")
		}
		where := slot{Text: texts.As(i.Site), Sub: texts.As(strings.Join(i.Networks, ", "))}
		if i.Site == "" {
			where.Text = "No site"
		}
		if len(i.Networks) == 0 {
			where.Sub = "from anywhere"
		}
		by := slot{Text: texts.As(i.CreatedBy)}
		switch {
		case !i.RevokedAt.IsZero():
			gone.add(nil, name, tallied(i.Uses-i.UsesLeft), at(i.RevokedAt), where, by)
		case i.UsesLeft == 0 || !i.ExpiresAt.After(v.now):
			gone.add(nil, name, tallied(i.Uses-i.UsesLeft), at(i.ExpiresAt), where, by)
		default:
			left := slot{Text: texts.F("{1} of {2}", whole(int64(i.UsesLeft)), whole(int64(i.Uses))), Num: true}
			open.add([]*form{button("/admin/enroll", "revoke", "Revoke", texts.F("the invitation {1}", name.Text), sent{"id", i.ID})}, name, left, at(i.ExpiresAt), where, by)
		}
	}
	switch n := len(open.Rows); {
	case made != nil:
		p.Title = "The invitation is ready"
	case n == 0:
		p.Title = "No invitation is open"
	case n == 1:
		p.Title = "1 invitation is open"
	default:
		p.Title = count(n, "", "invitations are open")
	}
	f := invitationForm(sites).or(again)
	f.Open = f.Open || len(open.Rows) == 0 && made == nil
	p.Cards = append(p.Cards, &sheet{ID: "open", Title: "Open invitations", Table: open, Forms: []*form{f},
		Empty: "Nobody can enroll now. Make an invitation for as many devices as you are about to set up; for a rollout by a deployment tool, one that holds for weeks and names your networks."})
	if n := len(waiting.Approvals); n > 0 {
		p.Cards = append(p.Cards, &sheet{Title: "Waiting for you", More: []link{{"/admin/approvals", texts.F("{1} to be decided", count(n, "thing waits", "things wait"))}}})
	}
	if len(gone.Rows) > 0 {
		p.Cards = append(p.Cards, &sheet{Title: "Ended", Note: "used up, expired or revoked", Table: gone})
	}
	return s.show(v, p, again)
}

func (s *Site) adminEnrollAct(v *visit) error {
	if v.form("do") == "revoke" {
		ok, err := s.sure(v, "/admin/enroll", "Revoke this invitation?", "Revoke it", "Nobody can enroll with it any more. Devices that came by it stay. This cannot be taken back; you can make another invitation.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.EnrollRevoke(v.ctx(), api.IDInput{ID: v.form("id")}); err != nil {
			return err
		}
		return s.did(v, "/admin/enroll", "The invitation is revoked.")
	}
	sites, err := siteChoices(v, "None: somebody places them later")
	if err != nil {
		return err
	}
	f := invitationForm(sites).read(v)
	in := api.InvitationNew{Uses: f.number("uses"), Expires: f.value("expires"), Site: f.value("site"), Labels: lines(f.value("labels")), Networks: lines(f.value("networks")), Approve: f.value("approve") != "", Note: f.value("note")}
	if !f.asked() {
		return s.enrollDesk(v, f, nil)
	}
	made, err := v.api.EnrollNew(v.ctx(), api.InvitationNewInput{Body: in})
	if err != nil {
		if f.blame(err) {
			return s.enrollDesk(v, f, nil)
		}
		return err
	}
	return s.enrollDesk(v, nil, &made)
}

// evidence is what two records say of their machine, side by side.
type evidence struct {
	Here, There texts.T
	Terms       []evidenceTerm
}

type evidenceTerm struct {
	Name  texts.T
	Class string
	Says  texts.T
	Why   texts.T
	Here  []string
	There []string
}

// identifierWord is an identifier as people know it.
func identifierWord(kind string) texts.T {
	switch kind {
	case "tpm_ek":
		return "Security chip (TPM)"
	case "smbios_uuid":
		return "Firmware UUID"
	case "system_serial":
		return "Serial number"
	case "board_serial":
		return "Mainboard’s serial number"
	case "pci_mac":
		return "Built-in network card"
	case "boot_disk":
		return "Boot disk"
	case "machine_id":
		return "Installation’s ID"
	}
	return texts.As(strings.ReplaceAll(kind, "_", " "))
}

func evidenceOf(a *api.Approval) *evidence {
	m := a.Merge
	out := &evidence{Here: texts.F("{1} (new)", a.Name), There: texts.F("{1} (old)", m.OtherName)}
	for _, e := range m.Evidence {
		t := evidenceTerm{Name: identifierWord(e.Kind), Here: e.Here, There: e.There, Why: texts.As(e.Why)}
		switch e.Outcome {
		case "agrees":
			t.Class, t.Says = "fine", "Same"
		case "differs":
			t.Class, t.Says = "week", "Different"
		case "shared":
			t.Class, t.Says = "unknown", "Many devices have it"
		default:
			t.Class, t.Says = "unknown", "Not known of both"
		}
		out.Terms = append(out.Terms, t)
	}
	return out
}

func (s *Site) adminApprovals(v *visit) error {
	list, err := v.api.ApprovalList(v.ctx())
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/approvals"), Lede: "Until you decide, a waiting device reports nothing, and two records that may be one machine stay two."}
	switch n := len(list.Approvals); n {
	case 0:
		p.Title = "Nothing waits for a decision"
		p.Cards = append(p.Cards, &sheet{Empty: "Devices appear here when their invitation asks for approval, when they come back after a long time, or when a new record looks like a machine that is known already."})
	default:
		p.Title = texts.F("{1} for you", count(n, "decision waits", "decisions wait"))
	}
	for i := range list.Approvals {
		a := &list.Approvals[i]
		id := sent{"id", a.ID}
		c := &sheet{ID: "a" + a.ID, Title: texts.As(a.Name)}
		yes, no := button("/admin/approvals", "approve", "Let it in", texts.As(a.Name), id), button("/admin/approvals", "deny", "Turn it away", texts.As(a.Name), id)
		switch a.Kind {
		case "merge":
			c.Title = texts.F("{1} and its old record may be one machine", a.Name)
			yes.Button, no.Button = "They are one machine", "They are two machines"
		case "renew":
			c.Note = "comes back after a long time"
		default:
			c.Note = "is new"
		}
		c.Pairs = append(c.Pairs, named{"Asked", ago(a.AskedAt)}, named{"From", slot{Text: texts.As(a.Address), Mono: true}})
		c.Pairs[0].Sub = "ago"
		if a.Reason != "" {
			c.Pairs = append(c.Pairs, named{"Why it waits", say(sentence(a.Reason))})
		}
		if a.Key != "" {
			c.Pairs = append(c.Pairs, named{"Key", slot{Text: texts.As(a.Key), Mono: true, Sub: "muster-agent status on the device shows the same; compare before you let it in"}})
		}
		if m := a.Merge; m != nil {
			c.Evidence = evidenceOf(a)
			c.Pairs = append(c.Pairs, named{"Old record", leads("/devices/"+string(a.Other), texts.As(m.OtherName))}, named{"Heard from it last", at(m.OtherHeard)})
			verdict := state("week", "Look twice")
			if m.Sure {
				verdict = state("fine", "Strong: two good identifiers agree")
			}
			c.Pairs = append(c.Pairs, named{"Evidence", verdict})
			if m.Hold != "" {
				c.Bad, yes = sentence(m.Hold), nil
			}
			c.After = "One machine: the old record’s history, labels and notes go on under the new one. You can take a merge back later."
		}
		if yes != nil {
			c.Forms = append(c.Forms, yes)
		}
		c.Forms = append(c.Forms, no)
		p.Cards = append(p.Cards, c)
	}
	return s.show(v, p, nil)
}

func (s *Site) adminApprovalsAct(v *visit) error {
	in := api.IDInput{ID: v.form("id")}
	switch v.form("do") {
	case "approve":
		if err := v.api.ApprovalApprove(v.ctx(), in); err != nil {
			return err
		}
		return s.did(v, "/admin/approvals", "Approved.")
	case "deny":
		ok, err := s.sure(v, "/admin/approvals", "Refuse this?", "Refuse", "A device that is turned away must enroll anew, with another invitation. Two records that are refused as one machine stay two, and are not proposed again.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.ApprovalDeny(v.ctx(), in); err != nil {
			return err
		}
		return s.did(v, "/admin/approvals", "Refused.")
	}
	return unknownAct()
}

// unknownAct answers a form that this page does not have.
func unknownAct() error {
	return &api.Problem{Type: "muster:invalid", Status: 422, Detail: "the page does not know that act: go back and choose one that it shows"}
}
