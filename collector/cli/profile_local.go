package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/snmp/profile"
	"muster/internal/settings"
)

// isProfile says whether a file's name is one that profiles have.
func isProfile(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
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
		run: func(_ context.Context, args []string) error {
			var problems settings.Problems
			good := 0
			for _, arg := range args {
				found, n, err := checkProfiles(arg)
				if err != nil {
					return err
				}
				problems = append(problems, found...)
				good += n
			}
			switch {
			case len(problems) > 0:
				return problems
			case s.output == "json":
				return s.json(map[string]int{"good": good})
			}
			s.say("%s good", plural(good, "profile is", "profiles are"))
			return nil
		},
	})
}

// checkProfiles checks a file, or a folder of them, and counts those that are
// good. A file is read among its neighbours, because profiles extend each other.
func checkProfiles(arg string) (problems settings.Problems, good int, _ error) {
	info, err := os.Stat(arg)
	if err != nil {
		return nil, 0, fileError("read", arg, err)
	}
	dir, named := arg, ""
	if !info.IsDir() {
		if !isProfile(arg) {
			return nil, 0, usage("%s is no profile's file: its name ends in .yaml", quoteWord(arg))
		}
		dir, named = officeFile(arg)
	}
	set, err := profile.Load(profile.Own(), filepath.ToSlash(dir))
	if err != nil {
		return nil, 0, err
	}
	bad := map[string]bool{}
	for _, p := range set.Problems() {
		if named == "" || p.File == named {
			problems = append(problems, p)
			bad[p.File] = true
		}
	}
	if named != "" {
		return problems, 1 - len(bad), nil
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, 0, fileError("read", dir, err)
	}
	for _, e := range list {
		if !e.IsDir() && isProfile(e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			good++
		}
	}
	if good == 0 {
		return nil, 0, fmt.Errorf("read profiles in %s: there is no .yaml file", arg)
	}
	return problems, good - len(bad), nil
}
