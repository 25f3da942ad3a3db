package cli

import (
	"context"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) agencyCommand() *cobra.Command {
	return nounCommand("agency", "Agencies, which have sites", `
		muster agency add health
		muster agency list`,
		s.command(verb{
			use:     "list",
			short:   "List agencies",
			example: `muster agency list`,
			run: func(ctx context.Context, _ []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				list, err := c.AgencyList(ctx)
				if err != nil {
					return err
				}
				g := newGrid("name")
				for _, a := range list.Agencies {
					g.add(a.Name)
				}
				return s.show(g, list, "there are no agencies; muster agency add NAME makes one")
			},
		}),
		s.command(verb{
			use:     "add NAME",
			short:   "Make an agency",
			example: `muster agency add health`,
			run: func(ctx context.Context, args []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				a, err := c.AgencyNew(ctx, api.AgencyNewInput{Body: api.Naming{Name: args[0]}})
				if err != nil {
					return err
				}
				return s.did(a, "agency %s is made", a.Name)
			},
		}),
		s.agencySet(),
		s.command(verb{
			use:     "remove NAME",
			short:   "Delete an agency that has no sites",
			example: `muster agency remove health`,
			run: func(ctx context.Context, args []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				if err := c.AgencyDelete(ctx, api.AgencyInput{Name: args[0]}); err != nil {
					return err
				}
				return s.did(done{true}, "agency %s is deleted", args[0])
			},
		}),
	)
}

func (s *session) agencySet() *cobra.Command {
	var name string
	c := s.command(verb{
		use:     "set NAME",
		short:   "Rename an agency",
		example: `muster agency set health --name public-health`,
		run: func(ctx context.Context, args []string) error {
			if name == "" {
				return usage("--name is missing: the new name")
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			a, err := c.AgencyRename(ctx, api.AgencyRenameInput{Name: args[0], Body: api.Naming{Name: name}})
			if err != nil {
				return err
			}
			return s.did(a, "agency %s is now %s", args[0], a.Name)
		},
	})
	c.Flags().StringVar(&name, "name", "", "its new `name`")
	return c
}
