package cli

import (
	"context"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) purgeCommand() *cobra.Command {
	return nounCommand("purge", "Remove what is kept of a person", `
		muster purge person jdoe --dry-run`,
		s.purgePerson(),
	)
}

func (s *session) purgePerson() *cobra.Command {
	var dry bool
	c := s.command(verb{
		use:   "person NAME",
		short: "Remove what is kept of a person: rows, history, events, notes",
		long: `Remove what is kept of a person, by login (without domain) or full name: rows of
sections that are about him, as they are and were, values that name him, his home in
paths, attributes of events, people's fields, and the name in notes, evidence,
messages and decisions. Purge both login and full name. It cannot be taken back:
look at --dry-run first.

What is "left" works by the name and has to be changed by hand, such as the filter of
a group or an account of staff; the audit cannot be changed. What a device still says
of him comes back with its next reading. Backups made before still hold it all.`,
		example: `
			muster purge person jdoe --dry-run
			muster purge person 'Jane Doe'`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			in := api.PurgeInput{}
			in.Body.Name, in.Body.DryRun = args[0], dry
			r, err := c.PurgePerson(ctx, in)
			if err != nil {
				return err
			}
			g := newGrid("where", "action", "count")
			for _, f := range r.Found {
				g.add(f.Where, f.Action, f.Count)
			}
			if err := s.show(g, r, "nothing is kept of that name"); err != nil {
				return err
			}
			if dry && len(r.Found) > 0 {
				s.note("nothing was changed; without --dry-run it is removed for good")
			}
			return nil
		},
	})
	c.Flags().BoolVar(&dry, "dry-run", false, "only tell what would be removed")
	return c
}
