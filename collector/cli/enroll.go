package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) enrollCommand() *cobra.Command {
	return nounCommand("enroll", "Invitations for agents, and what has to be decided about devices", `
		muster enroll new
		muster enroll new --uses 200 --expires 7d --site health/hartford --file invitation.txt
		muster enroll approvals
		muster enroll show 7c01`,
		s.enrollNew(),
		s.enrollList(),
		s.enrollRevoke(),
		s.enrollApprovals(),
		s.enrollShow(),
		s.enrollDecide("approve", "Let a waiting device in, or merge two records", "is approved"),
		s.enrollDecide("deny", "Turn a waiting device away, or leave two records apart", "is denied"),
	)
}

func (s *session) enrollNew() *cobra.Command {
	var in api.InvitationNew
	var file string
	c := s.command(verb{
		use:   "new",
		short: "Make an invitation; its enrolment string is the last line",
		long: `Make an invitation and print the enrolment string as the last line of the output.
Give it to the agent by file or as MUSTER_ENROLL, never on a command line. It is
shown once. Without --expires it holds for 24 hours, without --uses for one
device.`,
		example: `
			muster enroll new
			muster enroll new --uses 200 --expires 7d --site health/hartford --label pilot --file invitation.txt
			muster enroll new | tail -n 1 >invitation.txt`,
		run: func(ctx context.Context, _ []string) error {
			var err error
			if in.Expires, err = s.expiry("--expires", in.Expires); err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			var made api.InvitationMade
			return s.giveOut(file, func() (secret string, answer any, err error) {
				made, err = c.EnrollNew(ctx, api.InvitationNewInput{Body: in})
				return made.Enrolment, made, err
			}, func() {
				i := made.Invitation
				s.say("invitation %s for %s, until %s", i.ID, plural(i.Uses, "device", "devices"), s.look().time(i.ExpiresAt))
			})
		},
	})
	f := c.Flags()
	f.IntVar(&in.Uses, "uses", 0, "how many devices may enrol with it (default 1)")
	f.StringVar(&in.Expires, "expires", "", "when it ends: a `duration` such as 24h or 7d, or a day (default 24h)")
	f.StringVar(&in.Site, "site", "", "where its devices begin: `AGENCY/SITE`")
	f.StringSliceVar(&in.Labels, "label", nil, "`labels` that its devices begin with")
	f.StringSliceVar(&in.Networks, "network", nil, "`networks` that enrolments must come from, such as 10.20.0.0/16")
	f.BoolVar(&in.Approve, "approve", false, "each device waits until somebody approves it")
	f.StringVar(&in.Note, "note", "", "`text` for colleagues")
	f.StringVar(&file, "file", "", "write the enrolment string into this new `file` (mode 0600) instead of showing it")
	return c
}

// giveOut makes a secret that is shown once: as the last line of the output,
// or in a new file that only this account may read. The file comes first: a
// secret that cannot be written down would be lost.
func (s *session) giveOut(file string, make func() (secret string, answer any, err error), told func()) error {
	if file == "" {
		secret, answer, err := make()
		if err != nil {
			return err
		}
		if s.output == "json" {
			return s.json(answer)
		}
		told()
		s.say("%s", secret)
		return nil
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fileError("write", file, err)
	}
	secret, _, err := make()
	if err != nil {
		f.Close()
		os.Remove(file)
		return err
	}
	_, err = fmt.Fprintln(f, secret)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fileError("write", file, err)
	}
	told()
	s.say("written to %s, which only this account may read", file)
	return nil
}

func (s *session) enrollList() *cobra.Command {
	return s.command(verb{
		use:     "list",
		short:   "List invitations, newest first",
		example: `muster enroll list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.EnrollList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("id", "uses_left", "uses", "expires_at:"+unitAgo, "site", "labels", "networks", "approve", "note", "created_by", "created_at:"+unitAgo, "revoked_at:"+unitAgo)
			for _, i := range list.Invitations {
				g.add(i.ID, i.UsesLeft, i.Uses, i.ExpiresAt, i.Site, i.Labels, i.Networks, i.Approve, i.Note, i.CreatedBy, i.CreatedAt, i.RevokedAt)
			}
			return s.show(g, list, "there are no invitations; muster enroll new makes one")
		},
	})
}

func (s *session) enrollRevoke() *cobra.Command {
	return s.command(verb{
		use:     "revoke ID",
		short:   "Revoke an invitation; devices that enrolled with it stay",
		example: `muster enroll revoke 4f2a`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			if err := c.EnrollRevoke(ctx, api.IDInput{ID: args[0]}); err != nil {
				return err
			}
			return s.did(done{true}, "invitation %s lets nobody in any more", args[0])
		},
	})
}

// scopeFlags are the flags of who may see what, for users and tokens.
type scopeFlags struct {
	role     string
	agencies []string
	sites    []string
	personal bool
}

func (f *scopeFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.role, "role", "", "`role`: admin, staff or intern")
	c.Flags().StringSliceVar(&f.agencies, "agency", nil, "`agencies` it is for (default everything)")
	c.Flags().StringSliceVar(&f.sites, "site", nil, "`sites` it is for, as AGENCY/SITE (default everything)")
	c.Flags().BoolVar(&f.personal, "personal", false, "may see personal facts although the role may not")
}

// check catches what the API would refuse in other words.
func (f *scopeFlags) check(needRole bool) error {
	switch f.role {
	case "admin", "staff", "intern":
	case "":
		if needRole {
			return usage("--role is missing: admin, staff or intern")
		}
	default:
		if meant := near(f.role, []string{"admin", "staff", "intern"}); meant != "" {
			return usage("--role %s: did you mean %s?", quoteWord(f.role), meant)
		}
		return usage("--role %s: there is admin, staff and intern", quoteWord(f.role))
	}
	for _, site := range f.sites {
		if site == "" {
			continue
		}
		if _, _, err := agencySite(site); err != nil {
			return err
		}
	}
	return nil
}

// scopeWords is a scope in a table.
func scopeWords(agencies, sites []string) string {
	if len(agencies)+len(sites) == 0 {
		return "everything"
	}
	return strings.Join(append(append([]string(nil), agencies...), sites...), ", ")
}

// withoutEmpty lets an empty text stand for an empty list.
func withoutEmpty(list []string) []string {
	out := []string{}
	for _, x := range list {
		if x != "" {
			out = append(out, x)
		}
	}
	return out
}
