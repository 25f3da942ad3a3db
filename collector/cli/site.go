package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

// agencySite splits AGENCY/SITE, which names a site: neither has a slash.
func agencySite(text string) (agency, site string, err error) {
	agency, site, ok := strings.Cut(text, "/")
	if !ok || agency == "" || site == "" || strings.Contains(site, "/") {
		return "", "", usage("%s names no site: write AGENCY/SITE", quoteWord(text))
	}
	return agency, site, nil
}

func (s *session) siteCommand() *cobra.Command {
	return nounCommand("site", "Sites: where devices stand", `
		muster site add health/hartford --subnet 10.20.0.0/16
		muster site list`,
		s.siteList(),
		s.siteAdd(),
		s.siteSet(),
		s.command(verb{
			use:     "remove AGENCY/SITE",
			short:   "Delete a site that has no devices",
			example: `muster site remove health/hartford`,
			run: func(ctx context.Context, args []string) error {
				agency, name, err := agencySite(args[0])
				if err != nil {
					return err
				}
				c, err := s.client()
				if err != nil {
					return err
				}
				if err := c.SiteDelete(ctx, api.SiteInput{Agency: agency, Name: name}); err != nil {
					return err
				}
				return s.did(done{true}, "site %s is deleted", args[0])
			},
		}),
	)
}

func (s *session) siteList() *cobra.Command {
	return s.command(verb{
		use:   "list [AGENCY]",
		short: "List sites with the networks that belong to them",
		example: `
			muster site list
			muster site list health`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.SiteList(ctx, api.SiteListInput{Agency: strings.Join(args, "")})
			if err != nil {
				return err
			}
			g := newGrid("agency", "name", "subnets")
			for _, x := range list.Sites {
				g.add(x.Agency, x.Name, x.Subnets)
			}
			return s.show(g, list, "there are no sites; muster site add AGENCY/SITE makes one")
		},
	})
}

func (s *session) siteAdd() *cobra.Command {
	var subnets []string
	c := s.command(verb{
		use:     "add AGENCY/SITE",
		short:   "Make a site",
		long:    "Make a site. Devices that report from one of its --subnet networks belong to it,\nunless somebody placed them by hand.",
		example: `muster site add health/hartford --subnet 10.20.0.0/16 --subnet 10.21.4.0/24`,
		run: func(ctx context.Context, args []string) error {
			agency, name, err := agencySite(args[0])
			if err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.SiteNew(ctx, api.SiteNewInput{Body: api.SiteNew{Agency: agency, Name: name, Subnets: subnets}})
			if err != nil {
				return err
			}
			return s.did(x, "site %s/%s is made", x.Agency, x.Name)
		},
	})
	c.Flags().StringSliceVar(&subnets, "subnet", nil, "`network` that belongs to it, such as 10.20.0.0/16; may be given several times")
	return c
}

func (s *session) siteSet() *cobra.Command {
	var name string
	var subnets []string
	var none bool
	var cmd *cobra.Command
	cmd = s.command(verb{
		use:   "set AGENCY/SITE",
		short: "Rename a site, or give it other networks",
		example: `
			muster site set health/hartford --name hartford-main
			muster site set health/hartford --subnet 10.20.0.0/16`,
		run: func(ctx context.Context, args []string) error {
			agency, old, err := agencySite(args[0])
			if err != nil {
				return err
			}
			var change api.SiteChange
			if cmd.Flags().Changed("name") {
				change.Name = &name
			}
			if cmd.Flags().Changed("subnet") && none {
				return usage("--subnet and --no-subnets exclude each other")
			}
			if cmd.Flags().Changed("subnet") || none {
				if none {
					subnets = []string{}
				}
				change.Subnets = &subnets
			}
			if change.Name == nil && change.Subnets == nil {
				return usage("say what to change: --name, --subnet or --no-subnets")
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.SiteSet(ctx, api.SiteSetInput{Agency: agency, Name: old, Body: change})
			if err != nil {
				return err
			}
			return s.did(x, "site %s/%s is changed", x.Agency, x.Name)
		},
	})
	cmd.Flags().StringVar(&name, "name", "", "its new `name`")
	cmd.Flags().StringSliceVar(&subnets, "subnet", nil, "`network` that belongs to it, in place of all it has; may be given several times")
	cmd.Flags().BoolVar(&none, "no-subnets", false, "take all its networks away")
	return cmd
}
