package cli

import (
	"context"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) userLink() *cobra.Command {
	return s.command(verb{
		use:     "link NAME",
		short:   "Make a link under which a user sets a password; it serves once, for three days",
		example: `muster user link dana`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			a, err := c.UserLink(ctx, api.NameInput{Name: args[0]})
			if err != nil {
				return err
			}
			return s.did(a, "%s", a.Link)
		},
	})
}

func (s *session) userSessions() *cobra.Command {
	return s.command(verb{
		use:     "sessions NAME",
		short:   "List the browsers in which a user is signed in",
		example: `muster user sessions dana`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.UserSessions(ctx, api.NameInput{Name: args[0]})
			if err != nil {
				return err
			}
			g := newGrid("id", "device", "address", "how", "created_at:"+unitAgo, "seen_at:"+unitAgo)
			if s.output == "csv" { // the API's columns
				g = newGrid("id", "device", "address", "how", "strong", "created_at", "seen_at")
			}
			for _, x := range list.Sessions {
				if s.output == "csv" {
					g.add(x.ID, x.Device, x.Address, x.How, x.Strong, x.CreatedAt, x.SeenAt)
				} else {
					g.add(x.ID, x.Device, x.Address, x.How, x.CreatedAt, x.SeenAt)
				}
			}
			return s.show(g, list, args[0]+" is signed in nowhere")
		},
	})
}

func (s *session) userSignOut() *cobra.Command {
	var session string
	cmd := s.command(verb{
		use:   "sign-out NAME",
		short: "End all sessions of a user, or one",
		example: `
			muster user sign-out dana
			muster user sign-out dana --session 5f3c`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			if session != "" {
				if err := c.UserSessionEnd(ctx, api.SessionInput{Name: args[0], ID: session}); err != nil {
					return err
				}
				return s.did(api.SessionsEnded{Ended: 1}, "%s is signed out of that browser", args[0])
			}
			a, err := c.UserSignOut(ctx, api.NameInput{Name: args[0]})
			if err != nil {
				return err
			}
			return s.did(a, "%s is signed out, of %d browsers", args[0], a.Ended)
		},
	})
	cmd.Flags().StringVar(&session, "session", "", "end only this one, by its `id` in muster user sessions")
	return cmd
}

func (s *session) userResetFactor() *cobra.Command {
	return s.command(verb{
		use:   "reset-factor NAME",
		short: "Take a user's second factor off, such as when the phone is lost",
		long:  "Take a user's second factor off, such as when the phone is lost. Make sure that it\nis they who ask: from then on the password alone lets in.",
		example: `
			muster user reset-factor dana`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			if err := c.UserResetFactor(ctx, api.NameInput{Name: args[0]}); err != nil {
				return err
			}
			return s.did(done{true}, "%s signs in without a second factor now", args[0])
		},
	})
}
