package cli

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"muster/collector/snmp/profile"
	"muster/internal/settings"
)

// profileFiles are profiles as muster profile check looks at them.
func profileFiles() officeFiles {
	return officeFiles{file: "profile's file", all: "profiles", one: "profile is", many: "profiles are", load: func(dir string) (settings.Problems, error) {
		set, err := profile.Load(profile.Own(), filepath.ToSlash(dir))
		if err != nil {
			return nil, err
		}
		return set.Problems(), nil
	}}
}

func (s *session) profileCheck() *cobra.Command {
	return s.command(verb{
		use:   "check PATH...",
		short: "Tell all that is wrong with profiles: file, line, column, what was expected",
		long: `Tell all that is wrong with files of profiles or folders of them, read over
Muster's own as a collector would: a file with the name of one of these changes
it. It needs no collector. muster profile try asks a device.`,
		example: `
			muster profile check /etc/muster/profiles
			muster profile check acme-switch.yaml acme-ups.yaml`,
		run: func(_ context.Context, args []string) error { return s.check(profileFiles(), args) },
	})
}
