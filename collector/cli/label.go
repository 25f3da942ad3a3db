package cli

import (
	"context"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) labelCommand() *cobra.Command {
	return nounCommand("label", "Labels: free tags on devices", `
		muster label add kiosk pc-104 pc-105
		muster label list`,
		s.command(verb{
			use:     "list",
			short:   "List labels and how many devices have them",
			example: `muster label list`,
			run: func(ctx context.Context, _ []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				list, err := c.LabelList(ctx)
				if err != nil {
					return err
				}
				g := newGrid("name", "devices")
				for _, l := range list.Labels {
					g.add(l.Name, l.Devices)
				}
				return s.show(g, list, "no device has a label; muster label add LABEL REF puts one on")
			},
		}),
		s.labelAdd(),
		s.labelRemove(),
		s.labelSet(),
	)
}

func (s *session) labelAdd() *cobra.Command {
	var filter string
	c := s.command(verb{
		use:   "add LABEL [REF...]",
		short: "Put a label on devices",
		example: `
			muster label add kiosk pc-104 pc-105
			muster label add old --filter 'ram<8GB'`,
		run: func(ctx context.Context, args []string) error {
			if len(args) == 1 && filter == "" {
				return usage("say which devices: REFs behind the label, or --filter")
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			n, err := c.LabelAdd(ctx, api.LabelInput{Label: args[0], Body: api.LabelTargets{Devices: args[1:], Filter: filter}})
			if err != nil {
				return err
			}
			return s.did(n, "label %s is put on %s", args[0], plural(n.Devices, "device", "devices"))
		},
	})
	c.Flags().StringVar(&filter, "filter", "", "on the devices that this `filter` chooses")
	return c
}

func (s *session) labelRemove() *cobra.Command {
	var filter string
	var all bool
	c := s.command(verb{
		use:   "remove LABEL [REF...]",
		short: "Take a label off devices",
		example: `
			muster label remove kiosk pc-104
			muster label remove kiosk --all`,
		run: func(ctx context.Context, args []string) error {
			switch named := len(args) > 1 || filter != ""; {
			case !named && !all:
				return usage("say which devices: REFs behind the label, --filter or --all")
			case named && all:
				return usage("--all and named devices exclude each other")
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			n, err := c.LabelRemove(ctx, api.LabelInput{Label: args[0], Body: api.LabelTargets{Devices: args[1:], Filter: filter}})
			if err != nil {
				return err
			}
			return s.did(n, "label %s is taken off %s", args[0], plural(n.Devices, "device", "devices"))
		},
	})
	c.Flags().StringVar(&filter, "filter", "", "off the devices that this `filter` chooses")
	c.Flags().BoolVar(&all, "all", false, "off all devices")
	return c
}

func (s *session) labelSet() *cobra.Command {
	var name string
	c := s.command(verb{
		use:     "set LABEL",
		short:   "Rename a label on all devices",
		example: `muster label set kiosk --name public-terminal`,
		run: func(ctx context.Context, args []string) error {
			if name == "" {
				return usage("--name is missing: the new name")
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			n, err := c.LabelRename(ctx, api.LabelRenameInput{Label: args[0], Body: api.Naming{Name: name}})
			if err != nil {
				return err
			}
			return s.did(n, "label %s is now %s on %s", args[0], name, plural(n.Devices, "device", "devices"))
		},
	})
	c.Flags().StringVar(&name, "name", "", "its new `name`")
	return c
}
