package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/internal/settings"
)

func (s *session) deviceSettings() *cobra.Command {
	return s.command(verb{
		use:   "settings REF",
		short: "Tell what a device's agent is set to, and by whom",
		long: `Tell what a device's agent is set to, and where each setting comes from: built in
(default), a group, the machine's own file, or the collector. Where groups say
different things, the one with the highest priority decides; sections off add up.`,
		example: `muster device settings pc-104`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.DeviceSettings(ctx, api.RefInput{Ref: args[0]})
			if err != nil {
				return err
			}
			g := newGrid("setting", "value", "from", "group", "instead_of")
			for _, one := range x.Rhythm {
				g.add(one.Name, settingWords(one), one.From, one.Group, strings.Join(one.Over, ", "))
			}
			for _, one := range x.Sections {
				g.add("section "+one.Name, settingWords(one), one.From, one.Group, strings.Join(one.Over, ", "))
			}
			if err := s.show(g, x, x.Device.Name+" has no agent: there is nothing to set"); err != nil {
				return err
			}
			if !x.Agent {
				return nil
			}
			switch x.Arrived {
			case "yes":
				s.note("the agent has said that this is in force")
			case "no":
				s.note("on its way: the agent has not said yet that this is in force")
			default:
				s.note("the agent has not told of its settings")
			}
			return nil
		},
	})
}

func settingWords(x api.DeviceSetting) string {
	switch {
	case !x.On:
		return "off"
	case x.Seconds > 0:
		return "every " + settings.Duration(time.Duration(x.Seconds)*time.Second).String()
	}
	return "on"
}
