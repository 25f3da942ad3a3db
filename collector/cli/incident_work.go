package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/collector/store"
)

// worked makes a command that does something to one incident.
func (s *session) worked(v verb, do func(ctx context.Context, c *api.Client, number int64, rest []string) (api.IncidentShow, error), said func(x *api.IncidentShow) string) *cobra.Command {
	v.run = func(ctx context.Context, args []string) error {
		n, err := numbered("incident", args[0])
		if err != nil {
			return err
		}
		c, err := s.client()
		if err != nil {
			return err
		}
		x, err := do(ctx, c, n, args[1:])
		if err != nil {
			return err
		}
		return s.did(x, "%s", said(&x))
	}
	return s.command(v)
}

// about names an incident in a sentence.
func about(x *api.IncidentShow) string {
	text := fmt.Sprintf("incident %d (%s", x.Incident.Number, x.Incident.Title)
	if m := machines(&x.Incident); m != "" && x.Incident.Cause == nil {
		text += " on " + m
	}
	return text + ")"
}

func (s *session) incidentClaim() *cobra.Command {
	return s.worked(verb{
		use:   "claim NUMBER",
		short: "Make an incident yours, so that nobody does the work twice",
		long: `Make an incident yours, so that nobody does the work twice. What another has
claimed stays theirs until they release it; what was escalated may be taken.`,
		example: `muster incident claim 1042`,
	}, func(ctx context.Context, c *api.Client, n int64, _ []string) (api.IncidentShow, error) {
		return c.IncidentClaim(ctx, api.IncidentInput{Number: n})
	}, func(x *api.IncidentShow) string {
		return fmt.Sprintf("%s is yours; muster incident show %d tells what to do first", about(x), x.Incident.Number)
	})
}

func (s *session) incidentRelease() *cobra.Command {
	return s.worked(verb{
		use:     "release NUMBER",
		short:   "Let an incident go, so that somebody else can claim it",
		example: `muster incident release 1042`,
	}, func(ctx context.Context, c *api.Client, n int64, _ []string) (api.IncidentShow, error) {
		return c.IncidentRelease(ctx, api.IncidentInput{Number: n})
	}, func(x *api.IncidentShow) string { return about(x) + " is free" })
}

func (s *session) incidentNote() *cobra.Command {
	return s.worked(verb{
		use:   "note NUMBER TEXT...",
		short: "Write down what you saw or did",
		long: `Write down what you saw or did, in at most 2000 characters. Everybody who sees
the incident reads it: keep the names of persons out of it.`,
		example: `muster incident note 1042 'backup is from this morning'`,
	}, func(ctx context.Context, c *api.Client, n int64, rest []string) (api.IncidentShow, error) {
		return c.IncidentNote(ctx, api.IncidentNoteInput{Number: n, Body: api.IncidentNote{Text: strings.Join(rest, " ")}})
	}, func(x *api.IncidentShow) string { return "noted on " + about(x) })
}

func (s *session) incidentCheck(name, short string, undo bool) *cobra.Command {
	v := verb{use: name + " NUMBER CHECK [TEXT...]", short: short, example: `muster incident check 1042 1 'backup is from this morning'`}
	if undo {
		v.use, v.example = name+" NUMBER CHECK", `muster incident uncheck 1042 1`
	} else {
		v.long = `Tick one of the first checks that muster incident show lists, and say what came
out, in at most 2000 characters.`
	}
	return s.worked(v, func(ctx context.Context, c *api.Client, n int64, rest []string) (api.IncidentShow, error) {
		item, err := strconv.Atoi(rest[0])
		if err != nil || item < 1 {
			return api.IncidentShow{}, usage("%s is no number of a check: muster incident show %d lists them", quoteWord(rest[0]), n)
		}
		return c.IncidentCheck(ctx, api.IncidentCheckInput{Number: n, Body: api.IncidentCheck{Check: item, Undo: undo, Text: strings.Join(rest[1:], " ")}})
	}, func(x *api.IncidentShow) string {
		if x.Texts == nil {
			return plural(len(x.Incident.Checked), "check", "checks") + " of " + about(x) + " done"
		}
		return fmt.Sprintf("%d of %d checks of %s done", len(x.Incident.Checked), len(x.Texts.Checks), about(x))
	})
}

func (s *session) incidentSnooze() *cobra.Command {
	var until, reason string
	c := s.worked(verb{
		use:   "snooze NUMBER",
		short: "Put an incident off; it comes back by itself",
		long: `Put an incident off until a time, with a reason. It leaves the list and comes back
by itself, at once when it gets worse.`,
		example: `muster incident snooze 1042 --until 3d --reason 'the part is ordered'`,
	}, func(ctx context.Context, c *api.Client, n int64, _ []string) (api.IncidentShow, error) {
		if until == "" || strings.TrimSpace(reason) == "" {
			return api.IncidentShow{}, usage("say until when and why: --until 3d --reason 'the part is ordered'")
		}
		until, err := s.expiry("--until", until)
		if err != nil {
			return api.IncidentShow{}, err
		}
		return c.IncidentSnooze(ctx, api.IncidentSnoozeInput{Number: n, Body: api.IncidentSnooze{Until: until, Reason: reason}})
	}, func(x *api.IncidentShow) string {
		return about(x) + " sleeps until " + s.look().time(x.Incident.SnoozedTo)
	})
	c.Flags().StringVar(&until, "until", "", "when it comes back: a `duration` such as 3d, a time, a day (its end), or tomorrow or a weekday (8:00 of it)")
	c.Flags().StringVar(&reason, "reason", "", "`text` of at most 2000 characters: why it can wait")
	return c
}

func (s *session) incidentWake() *cobra.Command {
	return s.worked(verb{
		use:     "wake NUMBER",
		short:   "Take a snoozed incident up again",
		example: `muster incident wake 1042`,
	}, func(ctx context.Context, c *api.Client, n int64, _ []string) (api.IncidentShow, error) {
		return c.IncidentWake(ctx, api.IncidentInput{Number: n})
	}, func(x *api.IncidentShow) string { return about(x) + " is awake" })
}

func (s *session) incidentEscalate() *cobra.Command {
	var in api.IncidentEscalation
	c := s.worked(verb{
		use:   "escalate NUMBER",
		short: "Hand an incident on; routes tell who is to know",
		long: `Hand an incident on to a team, with the reason. It stays in the list, and the
routes of notices tell those who are to know at once.`,
		example: `muster incident escalate 1042 --to 'Desktop team' --reason 'the count rises every day'`,
	}, func(ctx context.Context, c *api.Client, n int64, _ []string) (api.IncidentShow, error) {
		if strings.TrimSpace(in.To) == "" || strings.TrimSpace(in.Reason) == "" {
			return api.IncidentShow{}, usage("say to whom and why: --to 'Desktop team' --reason 'the count rises every day'")
		}
		return c.IncidentEscalate(ctx, api.IncidentEscalateInput{Number: n, Body: in})
	}, func(x *api.IncidentShow) string {
		return about(x) + " is handed on to " + x.Incident.Escalated
	})
	c.Flags().StringVar(&in.To, "to", "", "`team` or role that it goes to")
	c.Flags().StringVar(&in.Reason, "reason", "", "`text` of at most 2000 characters: why")
	return c
}

func (s *session) incidentResolve() *cobra.Command {
	var in api.IncidentOutcome
	c := s.worked(verb{
		use:   "resolve NUMBER",
		short: "Close an incident, and say what came of it",
		long: `Close an incident, and say what came of it: --useful yes when there was something
to do, no when it was true and not worth anybody's time, wrong when it was not
true. The answers count: a rule that is seldom useful is lowered by itself. What
was replaced teaches which signs are worth something, so the usual parts have one
name each (ssd is a disk, ram is memory), and all else is written as 'other: WHAT'.
--called says that somebody had called about it first: summaries count what was
found before a call.`,
		example: `
			muster incident resolve 1042 --useful yes --replaced disk --note 'files copied first'
			muster incident resolve 1043 --useful wrong --note 'the sensor is broken'`,
	}, func(ctx context.Context, c *api.Client, n int64, _ []string) (api.IncidentShow, error) {
		switch in.Useful {
		case "yes", "no", "wrong":
		case "":
			return api.IncidentShow{}, usage("was it useful? --useful yes, no or wrong")
		default:
			return api.IncidentShow{}, usage("--useful %s: there is yes, no and wrong", quoteWord(in.Useful))
		}
		return c.IncidentResolve(ctx, api.IncidentResolveInput{Number: n, Body: in})
	}, resolvedWords)
	c.Flags().StringVar(&in.Useful, "useful", "", "`yes`, no or wrong")
	c.Flags().StringVar(&in.Replaced, "replaced", "", "the `part` that was replaced, or several: "+strings.Join(api.ReplacedParts(), ", ")+"; all else as 'other: WHAT'")
	c.Flags().BoolVar(&in.Called, "called", false, "somebody had called about it before Muster told of it")
	c.Flags().StringVar(&in.Text, "note", "", "`text` of at most 2000 characters: what was done")
	return c
}

// resolvedWords says also what still holds: nobody is told of it again until it
// has ended, or got worse.
func resolvedWords(x *api.IncidentShow) string {
	text := about(x) + " is resolved"
	var still []string
	for _, f := range x.Incident.Findings {
		if said := f.Title + " (" + f.Rule + ")"; f.State == store.Firing && !slices.Contains(still, said) {
			still = append(still, said)
		}
	}
	if len(still) == 0 {
		return text
	}
	return fmt.Sprintf("%s. It still holds: %s. It stays closed until that has ended and comes again, or gets worse; muster incident reopen %d takes this back",
		text, strings.Join(still, "; "), x.Incident.Number)
}

func (s *session) incidentReopen() *cobra.Command {
	return s.worked(verb{
		use:     "reopen NUMBER",
		short:   "Open a resolved incident again",
		example: `muster incident reopen 1042`,
	}, func(ctx context.Context, c *api.Client, n int64, _ []string) (api.IncidentShow, error) {
		return c.IncidentReopen(ctx, api.IncidentInput{Number: n})
	}, func(x *api.IncidentShow) string { return about(x) + " is open again" })
}
