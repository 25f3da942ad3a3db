package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) softwareCommand() *cobra.Command {
	return nounCommand("software", "Programs: what is installed, and where", `
		muster software list firefox --versions
		muster software who 'Adobe Reader<23'`,
		s.softwareList(),
		s.softwareShow(),
		s.softwareWho(),
		s.softwareNews(),
	)
}

func (s *session) softwareList() *cobra.Command {
	var in api.SoftwareListInput
	c := s.command(verb{
		use:   "list [NAME]",
		short: "List programs by how many devices have them",
		example: `
			muster software list
			muster software list firefox --versions`,
		run: func(ctx context.Context, args []string) error {
			if len(args) == 1 {
				in.Name = args[0]
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.SoftwareList(ctx, in)
			if err != nil {
				return err
			}
			third := "versions"
			if in.Versions {
				third = "version"
			}
			g := newGrid("name", third, "devices", "publisher")
			if s.output == "csv" { // the API's columns
				g = newGrid("name", "publisher", "version", "versions", "devices")
			}
			for _, t := range list.Software {
				switch {
				case s.output == "csv":
					g.add(t.Name, t.Publisher, t.Version, t.Versions, t.Devices)
				case in.Versions:
					g.add(t.Name, t.Version, t.Devices, t.Publisher)
				default:
					g.add(t.Name, t.Versions, t.Devices, t.Publisher)
				}
			}
			if err := s.show(g, list, "no program matches"); err != nil {
				return err
			}
			limit := in.Limit
			if limit == 0 {
				limit = usualLimit
			}
			if len(list.Software) >= limit {
				s.note("only the %d most spread are shown; --limit asks for more, a name for others", limit)
			}
			return nil
		},
	})
	c.Flags().BoolVar(&in.Versions, "versions", false, "one line per version")
	c.Flags().IntVar(&in.Limit, "limit", 0, "show at most `n` programs (default 1000)")
	return c
}

func (s *session) softwareNews() *cobra.Command {
	var in api.SoftwareNewsInput
	c := s.command(verb{
		use:   "news",
		short: "List programs that nobody had before",
		long: `List programs that nobody had before, the latest first. What a device brings along
when it comes is no news.`,
		example: `
			muster software news
			muster software news --days 30 -o csv`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.SoftwareNews(ctx, in)
			if err != nil {
				return err
			}
			g := newGrid("name", "version", "devices", "first_seen:"+unitAgo, "on", "publisher", "-device")
			for _, x := range list.Software {
				g.add(x.Name, x.Version, x.Devices, x.FirstSeen, x.On, x.Publisher, x.Device)
			}
			if err := s.show(g, list, "no program is new"); err != nil {
				return err
			}
			if list.Partial {
				s.note("there were too many changes to look at all: older ones are left out, --days looks at fewer")
			}
			return nil
		},
	})
	c.Flags().IntVar(&in.Days, "days", 0, "how many `days` back (default 7)")
	return c
}

func (s *session) softwareWho() *cobra.Command {
	var in api.SoftwareDevicesInput
	c := s.command(verb{
		use:   "who NAME[<VERSION]",
		short: "List the devices that have a program, in some versions or in all",
		long: `List the devices that have a program. NAME is the whole name, with * for any
text; a version may follow behind =, <, <=, > or >=. Quote it for the shell.`,
		example: `
			muster software who 'Mozilla Firefox*'
			muster software who 'Adobe Reader<23' --filter site:health/hartford`,
		run: func(ctx context.Context, args []string) error {
			in.Name, in.Version = nameAndVersion(args[0])
			c, err := s.client()
			if err != nil {
				return err
			}
			most := in.Limit
			list := api.SoftwareDevices{Devices: []api.SoftwareDevice{}}
			for {
				in.Limit = usualLimit
				if most > 0 {
					in.Limit = min(usualLimit, most-len(list.Devices))
				}
				page, err := c.SoftwareDevices(ctx, in)
				if err != nil {
					return err
				}
				list.Devices = append(list.Devices, page.Devices...)
				list.Total, list.Next = page.Total, page.Next
				if page.Next == "" || len(page.Devices) == 0 || most > 0 && len(list.Devices) >= most {
					break
				}
				in.After = page.Next
			}
			g := newGrid("name", "software", "version", "since:"+unitAgo, "site", "-device")
			if s.output == "csv" { // the API's columns
				g = newGrid("device", "name", "site", "software", "version", "since")
			}
			for _, d := range list.Devices {
				if s.output == "csv" {
					g.add(d.Device, d.Name, d.Site, d.Software, d.Version, d.Since)
				} else {
					g.add(d.Name, d.Software, d.Version, d.Since, d.Site, d.Device)
				}
			}
			if err := s.show(g, list, "no device has it"); err != nil {
				return err
			}
			if most > 0 && list.Next != "" {
				s.note("only %d are shown; --limit 0 shows all", len(list.Devices))
			}
			return nil
		},
	})
	c.Flags().StringVar(&in.Filter, "filter", "", "only devices that this `filter` chooses")
	c.Flags().IntVar(&in.Limit, "limit", 0, "show at most `n` devices (default all)")
	return c
}

// nameAndVersion splits NAME<VERSION. A single = is the API's bare version.
func nameAndVersion(text string) (name, version string) {
	i := strings.IndexAny(text, "<>=")
	if i < 0 {
		return strings.TrimSpace(text), ""
	}
	name, version = strings.TrimSpace(text[:i]), strings.TrimSpace(text[i:])
	if rest, ok := strings.CutPrefix(version, "="); ok {
		version = strings.TrimSpace(strings.TrimPrefix(rest, "="))
	}
	return name, version
}
