package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) caCommand() *cobra.Command {
	return nounCommand("ca", "The collector's own certificate authority", `
		muster ca show
		muster ca rotate`,
		s.command(verb{
			use:     "show",
			short:   "Show the authorities that agents trust, and how far a rotation is",
			example: `muster ca show`,
			run: func(ctx context.Context, _ []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				ca, err := c.CAShow(ctx)
				if err != nil {
					return err
				}
				return s.showCA(ca)
			},
		}),
		s.caRotate(),
	)
}

func (s *session) caRotate() *cobra.Command {
	var in api.CARotation
	c := s.command(verb{
		use:   "rotate",
		short: "Take the next step of replacing the authority",
		long: `Take the next step of replacing the authority: publish makes a new one and hands
it to the agents, activate lets it sign, remove ends the trust in the old one.
Between the steps agents need time to hear of it; muster ca show tells how many
have. A step that would lose some is refused unless --force is given.`,
		example: `
			muster ca rotate
			muster ca rotate --stage activate`,
		run: func(ctx context.Context, _ []string) error {
			switch in.Stage {
			case "", "publish", "activate", "remove":
			default:
				return usage("--stage %s: there is publish, activate and remove", quoteWord(in.Stage))
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			ca, err := c.CARotate(ctx, api.CARotateInput{Body: in})
			if err != nil {
				return err
			}
			return s.showCA(ca)
		},
	})
	c.Flags().StringVar(&in.Stage, "stage", "", "the `step` to take: publish, activate or remove (default the next)")
	c.Flags().BoolVar(&in.Force, "force", false, "take it although some agents have not heard of it: they must enrol anew")
	return c
}

func (s *session) showCA(ca api.CA) error {
	g := newGrid("state", "not_before", "not_after", "fingerprint")
	for _, a := range ca.Authorities {
		g.add(a.State, a.NotBefore, a.NotAfter, a.Fingerprint)
	}
	if err := s.show(g, ca, "there is no authority"); err != nil || s.output != "table" {
		return err
	}
	stage, next := ca.Stage, ca.Next
	if stage == "" {
		stage, next = "none under way", ""
	}
	s.say("")
	s.block("",
		pair{"rotation", stage, ""},
		pair{"next", next, ""},
		pair{"heard of it", fmt.Sprintf("%d of %d devices", ca.Holding, ca.Devices), ""},
		pair{"revoked", known(int64(ca.RevokedCount)), ""},
	)
	return nil
}
