package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"muster/internal/service"
)

func serviceCommand(s *session) *cobra.Command {
	act := func(use, short string, do func(service.Program) error, then string) *cobra.Command {
		return s.command(verb{use: use, short: short, example: "muster service " + use, run: func(context.Context, []string) error {
			if err := do(service.Collector()); err != nil {
				return err
			}
			fmt.Fprintln(s.out, then)
			return nil
		}})
	}
	c := nounCommand("service", "The collector as a service of the system", `
		muster service install
		muster service status`,
		act("install", "Make the service; it starts with the machine", func(p service.Program) error {
			return p.Install(func(note string) { fmt.Fprintln(s.out, note) })
		}, "The service is installed. Start it: muster service start"),
		act("uninstall", "Stop the service and remove it; the data folder stays", service.Program.Uninstall, "The service is gone. The data folder is where it was."),
		act("start", "Start the service", service.Program.Start, "The service starts; muster status tells how it is."),
		act("stop", "Stop the service", service.Program.Stop, "The service is stopped."),
		act("restart", "Stop the service and start it", service.Program.Restart, "The service starts anew; muster status tells how it is."),
		s.command(verb{use: "status", short: "Tell what the system's manager says of it", example: "muster service status", run: func(context.Context, []string) error {
			state, err := service.Collector().State()
			if err != nil {
				return err
			}
			fmt.Fprintln(s.out, state)
			return nil
		}}))
	c.Long = reflowed(`The collector as a service of the system: systemd, launchd or Windows' service control manager
starts it with the machine, and again when it fell. Packages do this by themselves; these commands are
for a collector that came as a single file. They need root, on Windows a prompt that runs as administrator.`)
	return c
}
