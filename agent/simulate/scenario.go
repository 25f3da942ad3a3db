package simulate

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"muster/internal/settings"
)

// Scenario is what a fleet is like and what happens to it. The zero value is a
// quiet fleet without sites.
type Scenario struct {
	Seed   uint64  `yaml:"seed"`
	Rhythm string  `yaml:"rhythm"` // office or always
	Speed  float64 `yaml:"speed"`  // simulated seconds in a real one
	Sites  []Site  `yaml:"sites"`
	Steps  []Step  `yaml:"steps"`

	file string
}

// Site is where a part of the fleet stands, and the gear there.
type Site struct {
	Name     string `yaml:"name"`
	Agents   Share  `yaml:"agents"` // of all PCs; none: what the others leave
	Switches int    `yaml:"switches"`
	UPS      int    `yaml:"ups"`
	Printers int    `yaml:"printers"`
}

// Step is one thing that happens to some devices.
type Step struct {
	At     Span   `yaml:"at"` // since the start
	Do     string `yaml:"do"` // a deed
	For    Span   `yaml:"for"`
	Name   string `yaml:"name"`   // of what it is about, such as a program
	Agents Share  `yaml:"agents"` // of the machines that it can happen to
	// Which machines it can happen to; empty: all.
	Machine *int   `yaml:"machine"` // the one of this number
	Model   string `yaml:"model"`
	Site    string `yaml:"site"`
	Switch  string `yaml:"switch"`

	line int // of the file; 0: none
}

// LoadScenario reads a scenario; an empty path is the quiet fleet.
func LoadScenario(path string) (Scenario, error) {
	s := Scenario{Seed: 1, Rhythm: "always", Speed: 1}
	if path == "" {
		return s, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("read scenario: %w", err)
	}
	return ParseScenario(path, b, s)
}

// ParseScenario reads a scenario over defaults. The error is settings.Problems:
// file, line and fault of each thing that is wrong.
func ParseScenario(file string, b []byte, s Scenario) (Scenario, error) {
	s.file = file
	if len(b) > settings.MaxFile {
		return s, settings.Problems{{File: file, Want: fmt.Sprintf("it is larger than %s and cannot be a scenario", settings.Size(settings.MaxFile))}}
	}
	if err := decode(b, &s); err != nil {
		return s, settings.Problems{problemOf(file, err)}
	}
	if ps := s.check(); len(ps) > 0 {
		return s, settings.Locate(file, b, ps)
	}
	var at settings.Problems
	for i := range s.Steps {
		at = append(at, settings.Problem{Key: fmt.Sprintf("steps[%d]", i)})
	}
	for i, p := range settings.Locate(file, b, at) { // they stand in their order
		s.Steps[i].line = p.Line
	}
	return s, nil
}

// decode keeps a fault of the YAML library from taking the program down.
func decode(b []byte, s *Scenario) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it cannot be read as YAML")
		}
	}()
	return yaml.UnmarshalWithOptions(b, s, yaml.Strict())
}

func problemOf(file string, err error) settings.Problem {
	p := settings.Problem{File: file, Want: err.Error()}
	var own *fault
	var theirs yaml.Error
	switch {
	case errors.As(err, &own):
		p.Line, p.Column, p.Text, p.Want = own.line, own.column, own.text, own.want
	case errors.As(err, &theirs):
		p.Want = theirs.GetMessage()
		if t := theirs.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Column = t.Position.Line, t.Position.Column
		}
	}
	return p
}

// Most of what a scenario may hold.
const (
	mostSteps = 1000
	mostSites = 100
	mostGear  = 100 // of a kind at one site
)

func (s *Scenario) check() settings.Problems {
	var ps settings.Problems
	if s.Rhythm != "office" && s.Rhythm != "always" {
		ps.Add("rhythm", s.Rhythm, "office or always is expected")
	}
	if !(s.Speed > 0 && s.Speed <= 10_000) {
		ps.Add("speed", fmt.Sprint(s.Speed), "more than 0, and at most 10000, is expected")
	}
	if len(s.Steps) > mostSteps {
		ps.Add("steps", "", "there are %d, at most %d are expected", len(s.Steps), mostSteps)
		return ps
	}
	ps = append(ps, s.checkSites()...)
	for i := range s.Steps {
		ps = append(ps, s.checkStep(fmt.Sprintf("steps[%d]", i), &s.Steps[i])...)
	}
	return ps
}

func (s *Scenario) checkSites() settings.Problems {
	var ps settings.Problems
	if len(s.Sites) > mostSites {
		ps.Add("sites", "", "there are %d, at most %d are expected", len(s.Sites), mostSites)
		return ps
	}
	rest := 0
	for i, x := range s.Sites {
		key := fmt.Sprintf("sites[%d]", i)
		if x.Name == "" || strings.ContainsAny(x.Name, "=/ \t\n") {
			ps.Add(key+".name", x.Name, "a name of one word is expected")
		}
		if slices.ContainsFunc(s.Sites[:i], func(o Site) bool { return o.Name == x.Name }) {
			ps.Add(key+".name", x.Name, "another site has that name")
		}
		if x.Agents == (Share{}) {
			if rest++; rest > 1 {
				ps.Add(key, x.Name, "only one site may leave agents away and take the rest")
			}
		}
		for name, n := range map[string]int{"switches": x.Switches, "ups": x.UPS, "printers": x.Printers} {
			if n < 0 || n > mostGear {
				ps.Add(key+"."+name, fmt.Sprint(n), "0 to %d is expected", mostGear)
			}
		}
	}
	return ps
}

func (s *Scenario) checkStep(key string, st *Step) settings.Problems {
	var ps settings.Problems
	d, ok := deedOf(st.Do)
	if !ok {
		ps.Add(key+".do", st.Do, "there is no such deed%s; there are %s", settings.Nearest(st.Do, deedNames()), strings.Join(deedNames(), ", "))
		return ps
	}
	given := map[string]bool{"for": st.For != 0, "name": st.Name != "", "agents": st.Agents != (Share{}), "machine": st.Machine != nil,
		"model": st.Model != "", "site": st.Site != "", "switch": st.Switch != ""}
	for _, f := range d.needs {
		if !given[f] {
			ps.Add(key, st.Do, "it needs %s", map[string]string{"for": "for, such as for: 2h", "name": "name: " + d.named, "switch": "switch, such as switch: sw-hartford-1",
				"site": "site, one of sites"}[f])
		}
	}
	for _, f := range []string{"for", "name", "agents", "machine", "model", "site", "switch"} {
		if given[f] && !d.takes(f) {
			ps.Add(key+"."+f, "", "%s has no use for it", st.Do)
		}
	}
	if d.takes("machine") && given["machine"] == given["agents"] {
		ps.Add(key, st.Do, "it needs agents, such as agents: 5%%, or machine, the number of one")
	}
	if st.Model != "" && !slices.ContainsFunc(models(), func(m model) bool { return m.name == st.Model }) {
		ps.Add(key+".model", st.Model, "there is no such model; there are %s", strings.Join(modelNames(), ", "))
	}
	if st.Site != "" && !s.has(st.Site) {
		ps.Add(key+".site", st.Site, "no site has that name")
	}
	if st.Switch != "" && !slices.Contains(s.switches(), st.Switch) {
		ps.Add(key+".switch", st.Switch, "no site has such a switch; there are %s", strings.Join(s.switches(), ", "))
	}
	return ps
}

// has says whether there is a site of that name.
func (s *Scenario) has(site string) bool {
	return slices.ContainsFunc(s.Sites, func(x Site) bool { return x.Name == site })
}

// switches lists the names of all.
func (s *Scenario) switches() []string {
	var out []string
	for _, x := range s.Sites {
		for i := range x.Switches {
			out = append(out, gearName("switch", x.Name, i))
		}
	}
	return out
}

// where says which step something is about, for errors that only show once the
// fleet is there.
func (s *Scenario) where(i int) string {
	if st := s.Steps[i]; st.line > 0 {
		return fmt.Sprintf("%s:%d: step %d (%s)", s.file, st.line, i+1, st.Do)
	}
	return fmt.Sprintf("scenario: step %d (%s)", i+1, s.Steps[i].Do)
}

// at is when a step begins, and when it is over: zero when it lasts for ever.
func (st *Step) at(start time.Time) (from, to time.Time) {
	from = start.Add(time.Duration(st.At))
	if st.For > 0 {
		to = from.Add(time.Duration(st.For))
	}
	return from, to
}
