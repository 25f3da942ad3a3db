package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) enrollApprovals() *cobra.Command {
	return s.command(verb{
		use:   "approvals",
		short: "List what has to be decided about devices, oldest first",
		long: `List what has to be decided about devices, oldest first: devices that wait to be
let in, devices that come back after long, and records that may be one machine.
muster enroll show ID lays the evidence of two records side by side.`,
		example: `muster enroll approvals`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.ApprovalList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("id", "name", "kind", "address", "asked_at:"+unitAgo, "reason", "invitation", "device", "other", "key", "-score", "-against", "-hold").staying("reason")
			for _, a := range list.Approvals {
				var score, against, hold any
				if m := a.Merge; m != nil {
					score, against, hold = m.Score, m.Against, m.Hold
				}
				g.add(a.ID, a.Name, a.Kind, a.Address, a.AskedAt, a.Reason, a.Invitation, a.Device, a.Other, a.Key, score, against, hold)
			}
			return s.show(g, list, "nothing has to be decided")
		},
	})
}

func (s *session) enrollShow() *cobra.Command {
	return s.command(verb{
		use:   "show ID",
		short: "Show one decision, with the evidence of two records side by side",
		long: `Show what is to be decided under an ID of muster enroll approvals. For records
that may be one machine it lays the evidence of both side by side: what each says,
how many points it counts for or against, and why something is not trusted.

80 points are two strong identifiers. Identifiers that three devices have at one
time count nothing. As CSV it gives the evidence.`,
		example: `
			muster enroll show 7c01
			muster enroll show 7c01 -o json`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.ApprovalList(ctx)
			if err != nil {
				return err
			}
			var found []api.Approval
			for _, a := range list.Approvals {
				if strings.HasPrefix(a.ID, args[0]) {
					found = append(found, a)
				}
			}
			switch {
			case len(found) == 0:
				return api.NewProblem("not_found", "nothing waits under %s: muster enroll approvals shows what does", quoteWord(args[0]))
			case len(found) > 1 && found[0].ID != args[0]:
				return usage("%s begins several IDs: write more of it", quoteWord(args[0]))
			}
			return s.showApproval(&found[0])
		},
	})
}

func (s *session) showApproval(a *api.Approval) error {
	if s.output == "json" {
		return s.json(a)
	}
	g := newGrid("kind", "newer", "older", "outcome", "points", "trusted").staying("newer", "older", "points", "trusted")
	m := a.Merge
	if m != nil {
		for _, t := range m.Evidence {
			trusted := "yes"
			if !t.Trusted {
				trusted = "no: " + t.Why
			}
			g.add(t.Kind, strings.Join(t.Here, ", "), strings.Join(t.There, ", "), t.Outcome, t.Points, trusted)
		}
	}
	if s.output == "csv" {
		return s.csv(g)
	}
	look := s.look()
	row := func(what, format string, args ...any) { s.say("%-10s %s", what, fmt.Sprintf(format, args...)) }
	s.say("%s: %s", a.Name, a.Reason)
	if m == nil {
		row("kind", "%s", a.Kind)
		row("address", "%s", a.Address)
		row("asked", "%s", look.time(a.AskedAt))
		row("key", "%s (muster-agent status shows the same on the device)", a.Key)
		s.decideHint(a.ID, "lets it in", "turns it away")
		return nil
	}
	row("newer", "%s %s, came %s", a.Device, a.Name, look.time(m.EnrolledAt))
	heard := "never reported"
	if !m.OtherHeard.IsZero() {
		heard = "last reported " + look.time(m.OtherHeard)
	}
	row("older", "%s %s, came %s, %s", a.Other, m.OtherName, look.time(m.OtherSince), heard)
	sure := "two strong identifiers agree"
	if !m.Sure {
		sure = "below 80 points: look twice"
	}
	row("points", "%d for, %d against; %s", m.Score, m.Against, sure)
	if m.Hold != "" {
		row("not now", "%s", m.Hold)
	}
	s.say("")
	missing, cut := s.table(g, s.width(), "")
	s.toldNarrow(missing, cut)
	s.say("")
	s.decideHint(a.ID, "hides the older record behind the newer (muster device unmerge takes it back)", "leaves both as they are")
	return nil
}

func (s *session) decideHint(id, yes, no string) {
	s.say("muster enroll approve %s %s", id, yes)
	s.say("muster enroll deny %s %s", id, no)
}

func (s *session) enrollDecide(name, short, said string) *cobra.Command {
	return s.command(verb{
		use:   name + " ID...",
		short: short,
		long: short + `. muster enroll approvals lists them, muster enroll show ID
tells more. Of a device that waits compare the key with the one that muster-agent
status shows on it.`,
		example: "muster enroll " + name + " 7c01",
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			call := c.ApprovalApprove
			if name == "deny" {
				call = c.ApprovalDeny
			}
			for _, id := range args {
				if err := call(ctx, api.IDInput{ID: id}); err != nil {
					return err
				}
				if s.output != "json" {
					s.say("%s %s", id, said)
				}
			}
			if s.output == "json" {
				return s.json(done{true})
			}
			return nil
		},
	})
}
