package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/agent"
	"muster/agent/config"
	"muster/internal/enroll"
	"muster/internal/private"
	"muster/internal/service"
)

func invitationFile() string { return service.Agent().File("invitation") }

func serviceCommand() *cobra.Command {
	c := &cobra.Command{Use: "service", Short: "The agent as a service of the system",
		Long: `The agent as a service of the system: systemd, launchd or Windows' service control
manager starts it with the machine, and again when it fell. Packages do this by
themselves; these commands are for an agent that came as a single file. They need
root, on Windows a prompt that runs as administrator.`}
	act := func(use, short string, do func(service.Program) error, then string) {
		c.AddCommand(&cobra.Command{Use: use, Short: short, Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			if err := do(service.Agent()); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), then)
			return nil
		}})
	}
	act("install", "Make the service; it starts with the machine", func(p service.Program) error {
		return p.Install(func(note string) { fmt.Fprintln(c.OutOrStdout(), note) })
	}, "The service is installed. Enrol and start it: muster-agent enroll")
	act("uninstall", "Stop the service and remove it; the data folder stays", service.Program.Uninstall, "The service is gone. Identity and spool are where they were.")
	act("start", "Start the service", service.Program.Start, "The service starts; muster-agent status tells how it is.")
	act("stop", "Stop the service", service.Program.Stop, "The service is stopped.")
	act("restart", "Stop the service and start it", service.Program.Restart, "The service starts anew; muster-agent status tells how it is.")
	c.AddCommand(&cobra.Command{Use: "status", Short: "Tell what the system's manager says of it", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		state, err := service.Agent().State()
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), state)
		if state == service.Failed {
			fmt.Fprintln(cmd.OutOrStdout(), "Why is in "+systemLog()+".")
		}
		return nil
	}})
	return c
}

func enrollCommand(s *settings) *cobra.Command {
	var file, text string
	var wait time.Duration
	var keep bool
	c := &cobra.Command{
		Use:   "enroll",
		Short: "Give the service an enrolment string, start it, and wait until the collector knows this machine",
		Example: `  muster-agent enroll --enroll-file invitation.txt
  muster-agent enroll        (and paste the string, then press Enter)
  muster-agent enroll --keep --enroll-file invitation.txt`,
		Long: `Give the service an enrolment string, start it, and wait until the collector knows
this machine. The string comes from muster enroll new on the collector, or from its
page Administration, Enrolment. It is read from --enroll-file, MUSTER_ENROLL or the
keyboard, never from the command line, which every user of the machine can read.

With --keep the string is only put where the service reads it when it starts: for
tools that start the service by themselves. A machine that is enrolled stays so.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := s.load()
			if err != nil {
				return err
			}
			if st, err := agent.ReadStatus(conf.Data); err == nil && st.Device != "" && !keep {
				return fmt.Errorf("this machine is enrolled already, as %s: to enrol it anew, stop the service and remove %s", st.Device, conf.Data)
			}
			switch {
			case text == "":
				if text, err = enrolmentText(file, s.env, cmd.InOrStdin(), cmd.ErrOrStderr()); err != nil {
					return err
				}
			case runtime.GOOS != "windows":
				return usage{errors.New("--string is for Windows Installer; here every user of the machine can read a command line: use --enroll-file or MUSTER_ENROLL")}
			}
			if _, err := enroll.Parse(text); err != nil {
				return err
			}
			if err := keepInvitation(invitationFile(), text); err != nil {
				return err
			}
			if keep {
				fmt.Fprintf(cmd.OutOrStdout(), "The string is in %s; the service enrols by it when it starts.\n", invitationFile())
				return nil
			}
			state, err := service.Agent().State()
			switch {
			case errors.Is(err, service.ErrNoManager):
				return fmt.Errorf("the string is in %s, and nothing here can start the agent: run muster-agent run --enroll-file %s: %w", invitationFile(), invitationFile(), err)
			case err != nil:
				return err
			case state == service.Absent:
				return fmt.Errorf("the string is in %s, and there is no service yet: muster-agent service install, then muster-agent service start", invitationFile())
			}
			if err := service.Agent().Restart(); err != nil {
				return err
			}
			return enrolled(cmd.Context(), cmd.OutOrStdout(), conf.Data, wait)
		},
	}
	c.Flags().StringVar(&file, "enroll-file", "", "file with the enrolment string (- for standard input); or set MUSTER_ENROLL")
	c.Flags().BoolVar(&keep, "keep", false, "only put the string where the service reads it; neither start it nor wait")
	c.Flags().StringVar(&text, "string", "", "the string itself, from Windows Installer, which keeps it out of its log")
	c.Flags().MarkHidden("string")
	c.Flags().DurationVar(&wait, "wait", time.Minute, "how long to wait for the collector")
	return c
}

// prepareImageCommand is for a disk that is going to be copied to many machines.
func prepareImageCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "prepare-image",
		Short: "Forget who this machine is, before its disk is copied to others",
		Long: `Forget who this machine is, before its disk is copied to others: identity and keys,
reports that wait, and how far logs were read are removed. Settings and the enrolment
string stay, so that each copy enrols as a device of its own when it first starts.
Stop the service before, and shut the machine down after: when the agent starts here
again, it enrols here. To do it twice does no harm.`,
		Example: "  muster-agent service stop\n  muster-agent prepare-image",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			state, err := service.Agent().State()
			if err == nil && state == service.Running && c.Data == config.Default().Data {
				return errors.New("the service runs: stop it first, by muster-agent service stop")
			}
			was, _ := agent.ReadStatus(c.Data) // for what to say of it, if it can be read
			gone, err := agent.PrepareImage(c.Data)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if len(gone) == 0 {
				fmt.Fprintln(out, "There was nothing to forget.")
			} else {
				fmt.Fprintln(out, "Removed: "+strings.Join(gone, ", ")+".")
			}
			if was.Device != "" {
				fmt.Fprintf(out, "The collector still knows this machine as %s; if it is not to come back: muster device retire %s\n", was.Device, was.Device)
			}
			b, err := os.ReadFile(invitationFile())
			if v, perr := enroll.Parse(strings.TrimSpace(string(b))); err == nil && perr == nil {
				fmt.Fprintf(out, "Each copy enrols with the string in %s, at %s: see that it may be used that often and that long.\n", invitationFile(), strings.Join(v.Addresses, ", "))
			} else {
				fmt.Fprintf(out, "No enrolment string is in %s: put one there (muster enroll new --uses N), or run muster-agent enroll on each copy.\n", invitationFile())
			}
			fmt.Fprintln(out, "Shut the machine down now, and copy its disk.")
			return nil
		},
	}
}

// enrolmentText finds the string. At a keyboard it asks for it.
func enrolmentText(file string, env func(string) string, in io.Reader, say io.Writer) (string, error) {
	if file != "" && file != "-" {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read enrolment string: %w", err)
		}
		return strings.TrimSpace(string(b)), nil
	}
	if text := env("MUSTER_ENROLL"); file == "" && text != "" {
		return strings.TrimSpace(text), nil
	}
	if f, ok := in.(*os.File); ok {
		if fi, err := f.Stat(); err == nil && fi.Mode()&os.ModeCharDevice != 0 {
			fmt.Fprint(say, "Enrolment string: ")
		}
	}
	// One line: who pastes it presses Enter and does not know of Ctrl-D.
	var line []byte
	one := make([]byte, 1)
	for len(line) < 64<<10 {
		n, err := in.Read(one)
		if n == 1 && one[0] != '\n' {
			line = append(line, one[0])
		}
		if n == 1 && one[0] == '\n' && len(strings.TrimSpace(string(line))) > 0 || err == io.EOF {
			break
		}
		if err != nil {
			return "", fmt.Errorf("read enrolment string: %w", err)
		}
	}
	if text := strings.TrimSpace(string(line)); text != "" {
		return text, nil
	}
	return "", errors.New("no enrolment string was given: muster enroll new on the collector makes one")
}

// systemLog is where the service's log is on this system.
func systemLog() string {
	switch runtime.GOOS {
	case "windows":
		return "the log Application of the Event Viewer, source muster-agent"
	case "darwin":
		return "/Library/Logs/muster-agent.log"
	}
	return "the system's log (journalctl -u muster-agent)"
}

// keepInvitation writes the file that the service reads, for its eyes only.
func keepInvitation(name, text string) error {
	if err := private.Folder(filepath.Dir(name), service.Agent().Name); err != nil {
		return fmt.Errorf("keep enrolment string: %w", err)
	}
	if err := private.Keep(name, []byte(text+"\n")); err != nil {
		return fmt.Errorf("keep enrolment string (this needs root, on Windows a prompt that runs as administrator): %w", err)
	}
	return nil
}

// enrolled waits until the service has an identity.
func enrolled(ctx context.Context, out io.Writer, data string, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for {
		if st, err := agent.ReadStatus(data); err == nil && st.Device != "" && st.Running {
			fmt.Fprintf(out, "Enrolled as %s. The first report follows within a minute.\n", st.Device)
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the service runs, and the collector has not taken this machine within %s: muster-agent status and %s tell why; it goes on trying", wait, systemLog())
		case <-t.C:
		}
	}
}
