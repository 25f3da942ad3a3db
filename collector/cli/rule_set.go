package cli

import (
	"context"
	"maps"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) ruleSet() *cobra.Command {
	var on, off bool
	var limits, holds []string
	var reason string
	c := s.command(verb{
		use:   "set RULE",
		short: "Switch a rule off or on, and set its limits",
		long: `Switch a rule off or on, and set its limits and how long a level must be true. It
counts at once, over Muster's own rule and a file of the office, and touches no
file. muster rule show tells the limits there are and their bounds, muster rule
replay what a rule would have found, and muster rule restore takes all of it back.

A limit can be another one for some models: --limit 'warm_disk:ST8000*=55'; without
a number (--limit 'warm_disk:ST8000*=') the model has none of its own any more.`,
		example: `
			muster rule set D14 --limit warm_disk=50 --limit 'warm_disk:ST8000*=55'
			muster rule set S01 --hold warn=1h --reason 'backups fill the disk for minutes'
			muster rule set O03 --off`,
		run: func(ctx context.Context, args []string) error {
			in := api.RuleSetting{Reason: reason}
			switch {
			case on && off:
				return usage("--on and --off: choose one")
			case on, off:
				in.On = &on
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.RuleShow(ctx, api.RuleInput{ID: args[0]})
			if err != nil {
				return err
			}
			if in.Limits, err = limitsOf(x.Limits, limits); err != nil {
				return err
			}
			for _, text := range holds {
				severity, time, ok := strings.Cut(text, "=")
				if !ok {
					return usage("--hold %s: write it as warn=1h", quoteWord(text))
				}
				if in.Hold == nil {
					in.Hold = map[string]string{}
				}
				in.Hold[severityOf(severity)] = time
			}
			if in.On == nil && len(in.Limits) == 0 && len(in.Hold) == 0 {
				return usage("say what is to be set: --on, --off, --limit or --hold")
			}
			x, err = c.RuleSet(ctx, api.RuleSetInput{ID: x.Rule.ID, Body: in})
			if err != nil {
				return err
			}
			if x.Rule.Changed == nil {
				return s.did(x, "rule %s is as the files say", x.Rule.ID)
			}
			return s.did(x, "rule %s is set, and counts from now on", x.Rule.ID)
		},
	})
	c.Flags().BoolVar(&on, "on", false, "let it judge")
	c.Flags().BoolVar(&off, "off", false, "let it judge nothing; all that it found ends")
	c.Flags().StringArrayVar(&limits, "limit", nil, "`name=number`, or name:MODEL=number; may be given again")
	c.Flags().StringArrayVar(&holds, "hold", nil, "`severity=time`: how long it must be true before it fires; may be given again")
	c.Flags().StringVar(&reason, "reason", "", "why, for those who come after")
	return c
}

// severityOf reads the words that lists show for severities, too.
func severityOf(word string) string {
	for _, severity := range []string{"info", "warn", "critical"} {
		if strings.EqualFold(word, severity) || strings.EqualFold(word, urgency(severity)) {
			return severity
		}
	}
	return word
}

// limitsOf reads name=number and name:MODEL=number over the limits there are.
func limitsOf(have map[string]api.RuleLimit, wishes []string) (map[string]api.RuleLimitChange, error) {
	out := map[string]api.RuleLimitChange{}
	for _, text := range wishes {
		i := strings.LastIndex(text, "=")
		if i < 0 {
			return nil, usage("--limit %s: write it as name=number", quoteWord(text))
		}
		name, model, ofModel := strings.Cut(text[:i], ":")
		number, err := strconv.ParseFloat(text[i+1:], 64)
		drop := ofModel && text[i+1:] == ""
		if err != nil && !drop {
			return nil, usage("--limit %s: %s is no number", quoteWord(text), quoteWord(text[i+1:]))
		}
		x := out[name]
		switch {
		case !ofModel:
			x.Default = &number
		case x.Models == nil:
			if x.Models = maps.Clone(have[name].Models); x.Models == nil {
				x.Models = map[string]float64{}
			}
			fallthrough
		default:
			if x.Models[model] = number; drop {
				delete(x.Models, model)
			}
		}
		out[name] = x
	}
	return out, nil
}

func (s *session) ruleRestore() *cobra.Command {
	return s.command(verb{
		use:     "restore RULE",
		short:   "Take back what was set otherwise in a rule: the files count again",
		example: `muster rule restore D14`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			id := strings.ToUpper(args[0])
			if err := c.RuleRestore(ctx, api.RuleInput{ID: id}); err != nil {
				return err
			}
			return s.did(map[string]string{"rule": id}, "rule %s is as the files say", id)
		},
	})
}
