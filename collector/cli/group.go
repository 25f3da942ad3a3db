package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/internal/settings"
)

func (s *session) groupCommand() *cobra.Command {
	return nounCommand("group", "Groups: settings for the agents of devices that a filter chooses", `
		muster group preview 'label:kiosk'
		muster group add kiosks --filter label:kiosk --sample 5m --off software_usage
		muster group list`,
		s.groupList(),
		s.groupShow(),
		s.groupPut("add", "Make a group"),
		s.groupPut("set", "Change a group; what is not named stays"),
		s.groupRemove(),
		s.groupDevices(),
		s.groupPreview(),
	)
}

func (s *session) groupList() *cobra.Command {
	return s.command(verb{
		use:     "list",
		short:   "List groups, highest priority first",
		example: `muster group list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.GroupList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("name", "filter", "priority", "settings")
			for _, x := range list.Groups {
				if s.output == "csv" {
					g.add(x.Name, x.Filter, x.Priority, x.Settings)
				} else {
					g.add(x.Name, x.Filter, x.Priority, groupWords(x.Settings))
				}
			}
			return s.show(g, list, "there are no groups; muster group add NAME --filter FILTER makes one")
		},
	})
}

// groupWords is what a group sets, as its flags are written.
func groupWords(x api.GroupSettings) string {
	seconds := func(n int64) string { return settings.Duration(time.Duration(n) * time.Second).String() }
	var words []string
	if x.SampleSeconds > 0 {
		words = append(words, "sample "+seconds(x.SampleSeconds))
	}
	if len(x.Off) > 0 {
		words = append(words, "off "+strings.Join(x.Off, ","))
	}
	for _, name := range slices.Sorted(maps.Keys(x.Cadence)) {
		words = append(words, "cadence "+name+"="+seconds(x.Cadence[name]))
	}
	if x.PerCore {
		words = append(words, "per core")
	}
	if x.PerProcess {
		words = append(words, "per process")
	}
	return strings.Join(words, "; ")
}

func (s *session) groupShow() *cobra.Command {
	return s.command(verb{
		use:     "show NAME",
		short:   "Show a group",
		example: `muster group show kiosks`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.GroupShow(ctx, api.GroupInput{Name: args[0]})
			if err != nil {
				return err
			}
			return s.showGroup(x, "")
		},
	})
}

func (s *session) showGroup(x api.Group, said string) error {
	switch s.output {
	case "json":
		return s.json(x)
	case "csv":
		g := newGrid("name", "filter", "priority", "settings")
		g.add(x.Name, x.Filter, x.Priority, x.Settings)
		return s.csv(g)
	}
	if said != "" {
		s.say("%s", said)
	}
	what := groupWords(x.Settings)
	if what == "" {
		what = "nothing"
	}
	s.block("", pair{"name", x.Name, ""}, pair{"filter", x.Filter, ""}, pair{"priority", x.Priority, ""}, pair{"sets", what, ""})
	return nil
}

// groupPut makes or changes a group.
func (s *session) groupPut(name, short string) *cobra.Command {
	var filter, sample string
	var off, cadence []string
	var priority int64
	var perCore, perProcess bool
	var cmd *cobra.Command
	example := `
		muster group add kiosks --filter label:kiosk --sample 5m
		muster group add labs --filter site:lab --cadence software=6h --off user,session --priority 10`
	if name == "set" {
		example = `
			muster group set kiosks --filter 'label:kiosk or label:signage'
			muster group set kiosks --sample 0 --off ''`
	}
	cmd = s.command(verb{
		use:   name + " NAME",
		short: short,
		long: short + `. Where two groups set the same thing, the one of higher
priority wins. A group never sets a path or an address.`,
		example: example,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			old, err := c.GroupShow(ctx, api.GroupInput{Name: args[0]})
			switch {
			case name == "add" && err == nil:
				return fmt.Errorf("there is a group %s already: muster group set changes it", old.Name)
			case name == "add" && exitCode(err) == ExitNotFound:
				old = api.Group{}
				if filter == "" {
					return usage("--filter is missing: which devices the group holds; muster group preview FILTER shows them")
				}
			case err != nil:
				return err
			}
			put := api.GroupPut{Filter: old.Filter, Priority: old.Priority, Settings: old.Settings}
			changed := cmd.Flags().Changed
			if changed("filter") {
				put.Filter = filter
			}
			if changed("priority") {
				put.Priority = priority
			}
			if changed("sample") {
				if put.Settings.SampleSeconds, err = seconds("--sample", sample); err != nil {
					return err
				}
			}
			if changed("off") {
				if put.Settings.Off, err = sectionsOff(off); err != nil {
					return err
				}
			}
			if changed("cadence") {
				if put.Settings.Cadence, err = cadences(cadence); err != nil {
					return err
				}
			}
			if changed("per-core") {
				put.Settings.PerCore = perCore
			}
			if changed("per-process") {
				put.Settings.PerProcess = perProcess
			}
			x, err := c.GroupSet(ctx, api.GroupPutInput{Name: args[0], Body: put})
			if err != nil {
				return err
			}
			said := "group " + x.Name + " is made"
			if name == "set" {
				said = "group " + x.Name + " is changed"
			}
			return s.showGroup(x, said)
		},
	})
	f := cmd.Flags()
	f.StringVar(&filter, "filter", "", "devices that this `filter` chooses")
	f.StringVar(&sample, "sample", "", "read numbers each `time`, 10s to 1h; 0 leaves it to the agent")
	f.StringSliceVar(&off, "off", nil, "`sections` that are not gathered, separated by commas")
	f.StringSliceVar(&cadence, "cadence", nil, "read a section each so often: `section=time`, such as software=6h; may be given several times")
	f.Int64Var(&priority, "priority", 0, "the higher `number` wins where two groups set the same")
	f.BoolVar(&perCore, "per-core", false, "also numbers of each processor core")
	f.BoolVar(&perProcess, "per-process", false, "also numbers of the busiest processes")
	return cmd
}

func seconds(flag, text string) (int64, error) {
	d, err := settings.ParseDuration(text)
	if err != nil {
		return 0, usage("%s: %w", flag, err)
	}
	if d.D()%time.Second != 0 {
		return 0, usage("%s: %s is not in whole seconds", flag, text)
	}
	return int64(d.D() / time.Second), nil
}

// sectionsOff takes an empty text for no section.
func sectionsOff(names []string) ([]string, error) {
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.TrimSpace(n) == "" })
	out, err := sectionNames(names)
	if err != nil {
		return nil, usage("--off: %w", err)
	}
	return out, nil
}

func cadences(list []string) (map[string]int64, error) {
	out := map[string]int64{}
	for _, text := range list {
		if text == "" {
			continue
		}
		name, every, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usage("--cadence %s: write SECTION=TIME, such as software=6h", quoteWord(text))
		}
		names, err := sectionNames([]string{name})
		if err != nil {
			return nil, usage("--cadence: %w", err)
		}
		n, err := seconds("--cadence "+name, every)
		if err != nil {
			return nil, err
		}
		out[names[0]] = n
	}
	return out, nil
}

func (s *session) groupRemove() *cobra.Command {
	return s.command(verb{
		use:     "remove NAME",
		short:   "Delete a group; its devices stay",
		example: `muster group remove kiosks`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			if err := c.GroupDelete(ctx, api.GroupInput{Name: args[0]}); err != nil {
				return err
			}
			return s.did(done{true}, "group %s is deleted", args[0])
		},
	})
}

func (s *session) groupDevices() *cobra.Command {
	return s.command(verb{
		use:     "devices NAME",
		short:   "List the devices that a group holds now",
		example: `muster group devices kiosks`,
		run: func(ctx context.Context, args []string) error {
			chosen, err := s.chosenColumns(nil)
			if err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			in := api.GroupDevicesInput{Name: args[0], Limit: pageSize}
			list := api.DeviceList{Devices: []api.Device{}}
			for {
				page, err := c.GroupDevices(ctx, in)
				if err != nil {
					return err
				}
				list.Devices = append(list.Devices, page.Devices...)
				list.Total, list.Hidden = page.Total, page.Hidden
				if page.Next == "" || len(page.Devices) == 0 {
					break
				}
				in.After = page.Next
			}
			return s.showDevices(list, chosen, false, "")
		},
	})
}

func (s *session) groupPreview() *cobra.Command {
	return s.command(verb{
		use:     "preview FILTER...",
		short:   "List the devices that a filter would choose for a group",
		long:    "List the devices that a filter would choose for a group.\n\n" + filterHelp,
		example: `muster group preview 'label:kiosk site:health/hartford'`,
		run: func(ctx context.Context, args []string) error {
			return s.listDevices(ctx, api.DeviceListInput{Filter: strings.Join(args, " ")}, nil)
		},
	})
}
