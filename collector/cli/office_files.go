package cli

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"muster/internal/settings"
)

// officeFiles are files that an office writes over Muster's own: rules,
// profiles.
type officeFiles struct {
	file, all, one, many string                                      // words for one, for all, and for so many that are good
	load                 func(dir string) (settings.Problems, error) // reads a folder over Muster's own
}

// officeFile is a file of an office's folder as problems name it.
func officeFile(file string) (dir, named string) {
	dir = filepath.Dir(file)
	return dir, path.Join(filepath.ToSlash(dir), filepath.Base(file))
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// check tells what is wrong with files or folders of them.
func (s *session) check(o officeFiles, args []string) error {
	var problems settings.Problems
	good := 0
	for _, arg := range args {
		found, n, err := o.check(arg)
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
	s.say("%s good", plural(good, o.one, o.many))
	return nil
}

// check checks a file, or a folder of them, and counts those that are good. A
// file is read among its neighbours, because they name each other.
func (o officeFiles) check(arg string) (problems settings.Problems, good int, _ error) {
	info, err := os.Stat(arg)
	if err != nil {
		return nil, 0, fileError("read", arg, err)
	}
	dir, named := arg, ""
	if !info.IsDir() {
		if !isYAML(arg) {
			return nil, 0, usage("%s is no %s: its name ends in .yaml", quoteWord(arg), o.file)
		}
		dir, named = officeFile(arg)
	}
	found, err := o.load(dir)
	if err != nil {
		return nil, 0, err
	}
	bad := map[string]bool{}
	for _, p := range found {
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
		if !e.IsDir() && isYAML(e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			good++
		}
	}
	if good == 0 {
		return nil, 0, fmt.Errorf("read %s in %s: there is no .yaml file", o.all, arg)
	}
	return problems, good - len(bad), nil
}
