package layers

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// module is the path in go.mod; imports of the house begin with it.
const module = "muster/"

// Check holds the files against the plan and returns one line per offence:
// file, line, what is wrong, and why it is a rule.
func Check(files []Source, folders []Folder, guards []Guard) []string {
	c := check{folders: folders, guards: guards}
	docs := map[string][]Source{}
	for _, f := range files {
		c.text(f)
		if !f.Go {
			continue
		}
		c.code(f)
		docs[f.folder()] = append(docs[f.folder()], f)
	}
	for folder, inside := range docs {
		c.folder(folder, inside)
	}
	slices.Sort(c.found)
	return c.found
}

type check struct {
	folders []Folder
	guards  []Guard
	found   []string
}

func (c *check) say(file string, line int, format string, args ...any) {
	where := file
	if line > 0 {
		where = fmt.Sprintf("%s:%d", file, line)
	}
	c.found = append(c.found, where+": "+fmt.Sprintf(format, args...))
}

// text checks what holds for scripts as well as for code.
func (c *check) text(f Source) {
	for _, at := range f.Local {
		c.say(f.Path, at.Line, "names a path of one machine: %s", at.Text)
	}
	if f.Go && strings.HasPrefix(f.Path, "packaging/") {
		c.say(f.Path, 0, "packaging holds no Go: it belongs to agent or collector")
	}
	if f.Go && f.Lines > MaxLines {
		c.say(f.Path, 0, "has %d lines; above %d nobody reads to the end: split it by subject", f.Lines, MaxLines)
	}
}

func (c *check) code(f Source) {
	for _, at := range f.Inits {
		if !f.Test {
			c.say(f.Path, at.Line, "func init(): lists are values returned by functions, and main answers the service manager first")
		}
	}
	for _, at := range f.Listens {
		if !f.Test && strings.HasPrefix(f.Path, "agent/") {
			c.say(f.Path, at.Line, "%s: the agent opens no port", at.Text)
		}
	}
	place, listed := c.find(f.folder())
	for _, imp := range f.Imports {
		if house, ok := strings.CutPrefix(imp.Text, module); ok {
			if listed {
				c.house(f, place, house, imp.Line)
			}
			continue
		}
		c.outside(f, imp)
	}
}

// find returns the plan's line for a folder; an exact line wins over one
// with /*.
func (c *check) find(folder string) (Folder, bool) {
	for _, p := range c.folders {
		if p.Path == folder {
			return p, true
		}
	}
	for _, p := range c.folders {
		if covers(p.Path, folder) {
			return p, true
		}
	}
	return Folder{}, false
}

// covers reports whether a pattern means the folder: itself, /* for each right
// below, /... for it and all below, ... for everything.
func covers(pattern, folder string) bool {
	if pattern == "..." || pattern == folder {
		return true
	}
	if above, ok := strings.CutSuffix(pattern, "/..."); ok {
		return folder == above || strings.HasPrefix(folder, above+"/")
	}
	if above, ok := strings.CutSuffix(pattern, "/*"); ok {
		return path.Dir(folder) == above
	}
	return false
}

func (c *check) house(f Source, place Folder, to string, line int) {
	if to == f.folder() {
		return // a _test package imports what it tests
	}
	if target, ok := c.find(to); ok && target.TestsOnly && !f.Test && !place.TestsOnly {
		c.say(f.Path, line, "import of %s: it is for tests, and no program may carry it", to)
		return
	}
	may := place.May
	if f.Test {
		may = slices.Concat(may, place.Tests, TestsMay())
	}
	for _, allowed := range may {
		if covers(allowed.Path, to) {
			return
		}
	}
	var list []string
	for _, allowed := range may {
		list = append(list, allowed.Path)
	}
	if len(list) == 0 {
		list = []string{"nothing"}
	}
	c.say(f.Path, line, "%s must not import %s; of this house it may import %s. It owns: %s",
		f.folder(), to, strings.Join(list, ", "), place.Owns)
}

func (c *check) outside(f Source, imp At) {
	var rule *Guard
	for i, g := range c.guards {
		if imp.Text == g.Import || strings.HasPrefix(imp.Text, g.Import+"/") {
			if rule == nil || len(g.Import) > len(rule.Import) {
				rule = &c.guards[i]
			}
		}
	}
	first, _, _ := strings.Cut(imp.Text, "/")
	if rule == nil {
		if strings.Contains(first, ".") { // the standard library has no dot there
			c.say(f.Path, imp.Line, "import of %s: a dependency needs a line in internal/layers/guards.go with its reason", imp.Text)
		}
		return
	}
	if f.Test && rule.Tests {
		return
	}
	for _, only := range rule.Only {
		if covers(only, f.folder()) {
			return
		}
	}
	where := "nowhere"
	if rule.Tests {
		where = "tests"
	}
	if len(rule.Only) > 0 {
		where = strings.Join(rule.Only, ", ")
	}
	c.say(f.Path, imp.Line, "import of %s belongs in %s: %s", imp.Text, where, rule.Why)
}

func (c *check) folder(folder string, inside []Source) {
	if _, ok := c.find(folder); !ok {
		c.say(folder, 0, "is not in the plan: add a line to internal/layers/folders.go that says what it owns")
	}
	for _, part := range strings.Split(folder, "/") {
		if slices.Contains(BannedNames(), part) {
			c.say(folder, 0, "%q says nothing about what is inside: name the noun or the verb", part)
		}
	}
	// A folder of tests alone carries its comment in a test file.
	onlyTests := !slices.ContainsFunc(inside, func(f Source) bool { return !f.Test })
	var with []string
	for _, f := range inside {
		if f.Doc == "" || f.Test && !onlyTests {
			continue
		}
		with = append(with, path.Base(f.Path))
		if !strings.HasPrefix(f.Doc, "Package ") && !strings.HasPrefix(f.Doc, "Command ") {
			c.say(f.Path, 0, "a package comment begins with Package or Command and the name")
		}
	}
	switch len(with) {
	case 1:
	case 0:
		c.say(folder, 0, "has no package comment: say what it owns and what it must not know")
	default:
		slices.Sort(with)
		c.say(folder, 0, "has %d package comments (%s): keep one", len(with), strings.Join(with, ", "))
	}
}
