package cli

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/health/rules"
	"muster/internal/settings"
)

// ruleFolder reads an office's folder over Muster's own rules; an empty name
// reads these alone.
func ruleFolder(dir string) (*rule.Set, error) {
	var office fs.FS
	name := ""
	if dir != "" {
		info, err := os.Stat(dir)
		if err != nil {
			return nil, fileError("read rules in", dir, err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("read rules in %s: a folder is expected", dir)
		}
		office, name = os.DirFS(dir), filepath.ToSlash(dir)
	}
	return rule.Load(rules.Files(), office, name)
}

// ruleFiles are rules as muster rule check looks at them.
func ruleFiles() officeFiles {
	return officeFiles{file: "rule file", all: "rules", one: "rule file is", many: "rule files are", load: func(dir string) (settings.Problems, error) {
		set, err := ruleFolder(dir)
		if err != nil {
			return nil, err
		}
		return set.Problems, nil
	}}
}

func (s *session) ruleCheck() *cobra.Command {
	return s.command(verb{
		use:   "check PATH...",
		short: "Tell all that is wrong with rule files: file, line, column, what was expected",
		long: `Tell all that is wrong with rule files or folders of them, read over Muster's own
rules as a collector would: a file with the name of one of these changes it. It
needs no collector. muster rule test plays the cases.`,
		example: `
			muster rule check /etc/muster/rules
			muster rule check X17.yaml D02.yaml`,
		run: func(_ context.Context, args []string) error { return s.check(ruleFiles(), args) },
	})
}

// ruleOutcome is what came of a rule's cases.
type ruleOutcome struct {
	Rule  string           `json:"rule"`
	Cases []health.Outcome `json:"cases"`
}

func (s *session) ruleTest() *cobra.Command {
	var dir string
	c := s.command(verb{
		use:   "test [RULE|FILE...]",
		short: "Let rules judge the made-up devices of their cases",
		long: `Let rules judge the made-up devices of their cases, in their own time: all rules,
those that are named, or those of files. An office's folder is read over Muster's
own rules with --rules. It needs no collector, and ends with 1 when a rule says
something else than its case.`,
		example: `
			muster rule test
			muster rule test D02 S01
			muster rule test --rules /etc/muster/rules
			muster rule test ./X17.yaml`,
		run: func(ctx context.Context, args []string) error {
			list, err := rulesToTest(dir, args)
			if err != nil {
				return err
			}
			return s.testRules(ctx, list)
		},
	})
	c.Flags().StringVar(&dir, "rules", "", "`folder` of the office's rules")
	return c
}

// tested is a rule with the set it is in.
type tested struct {
	set  *rule.Set
	rule *rule.Rule
}

func rulesToTest(dir string, args []string) ([]tested, error) {
	set, err := ruleFolder(dir)
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		if len(set.Problems) > 0 {
			return nil, set.Problems
		}
		var out []tested
		for _, r := range set.Rules {
			out = append(out, tested{set, r})
		}
		return out, nil
	}
	var ids []string
	for _, r := range set.Rules {
		ids = append(ids, r.ID)
	}
	var out []tested
	for _, arg := range args {
		if isYAML(arg) {
			x, err := ruleOfFile(arg)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
			continue
		}
		r, ok := set.Find(arg)
		if !ok {
			var lower []string
			for _, id := range ids {
				lower = append(lower, strings.ToLower(id))
			}
			if meant := near(arg, lower); meant != "" {
				return nil, usage("there is no rule %s; did you mean %s?", quoteWord(arg), strings.ToUpper(meant))
			}
			return nil, usage("there is no rule %s; a file is named with its .yaml, and --rules DIR adds an office's", quoteWord(arg))
		}
		for _, p := range set.Problems {
			if p.File == r.File {
				return nil, set.Problems
			}
		}
		out = append(out, tested{set, r})
	}
	return out, nil
}

// ruleOfFile reads the folder of a file and finds the file's rule.
func ruleOfFile(file string) (tested, error) {
	if _, err := os.Stat(file); err != nil {
		return tested{}, fileError("read", file, err)
	}
	dir, named := officeFile(file)
	set, err := ruleFolder(dir)
	if err != nil {
		return tested{}, err
	}
	var problems settings.Problems
	for _, p := range set.Problems {
		if p.File == named {
			problems = append(problems, p)
		}
	}
	if len(problems) > 0 {
		return tested{}, problems
	}
	i := slices.IndexFunc(set.Rules, func(r *rule.Rule) bool { return r.File == named })
	if i < 0 {
		return tested{}, fmt.Errorf("read %s: it holds no rule", file)
	}
	return tested{set, set.Rules[i]}, nil
}

func (s *session) testRules(ctx context.Context, list []tested) error {
	var out []ruleOutcome
	cases, failed := 0, 0
	for _, x := range list {
		if x.rule.Disabled {
			s.note("rule %s is disabled here: its cases are not played", x.rule.ID)
			continue
		}
		played, err := health.Play(ctx, x.set, x.rule)
		if err != nil {
			return err
		}
		if played == nil {
			played = []health.Outcome{}
		}
		out = append(out, ruleOutcome{x.rule.ID, played})
		for _, o := range played {
			if cases++; len(o.Faults) > 0 {
				failed++
			}
		}
	}
	switch s.output {
	case "json":
		if err := s.json(map[string]any{"rules": out, "cases": cases, "failed": failed}); err != nil {
			return err
		}
	case "csv":
		g := newGrid("rule", "case", "faults")
		for _, r := range out {
			for _, o := range r.Cases {
				g.add(r.Rule, o.Case, o.Faults)
			}
		}
		if err := s.csv(g); err != nil {
			return err
		}
	default:
		s.toldCases(out)
	}
	if failed > 0 {
		return fmt.Errorf("rules say something else in %d of %s", failed, plural(cases, "case", "cases"))
	}
	if s.output == "table" {
		s.say("%s of %s as expected", plural(cases, "case", "cases"), plural(len(list), "rule", "rules"))
	}
	return nil
}

// toldCases says what is wrong, and of rules without a case that they have
// none; what holds is counted.
func (s *session) toldCases(list []ruleOutcome) {
	var bare []string
	for _, r := range list {
		if len(r.Cases) == 0 {
			bare = append(bare, r.Rule)
		}
		for _, o := range r.Cases {
			for _, f := range o.Faults {
				s.say("%s, case %q: %s", r.Rule, o.Case, f)
			}
		}
	}
	if len(bare) > 0 {
		s.note("without a case: %s", strings.Join(bare, ", "))
	}
}
