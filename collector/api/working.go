package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/collector/store"
)

// longestSnooze is how long an incident can be put off.
const longestSnooze = 366 * 24 * time.Hour

func (s *Server) incidentClaim(ctx context.Context, in *IncidentInput) (IncidentShow, error) {
	return s.work(ctx, in.Number, store.Step{Do: store.DoClaim})
}

func (s *Server) incidentRelease(ctx context.Context, in *IncidentInput) (IncidentShow, error) {
	return s.work(ctx, in.Number, store.Step{Do: store.DoRelease})
}

func (s *Server) incidentNote(ctx context.Context, in *IncidentNoteInput) (IncidentShow, error) {
	return s.work(ctx, in.Number, store.Step{Do: store.DoNote, Text: in.Body.Text})
}

func (s *Server) incidentCheck(ctx context.Context, in *IncidentCheckInput) (IncidentShow, error) {
	step := store.Step{Do: store.DoCheck, Item: in.Body.Check, Text: in.Body.Text}
	if in.Body.Undo {
		step.Do = store.DoUncheck
	}
	note(ctx, "check", fmt.Sprint(step.Item))
	note(ctx, "undo", map[bool]string{true: "yes"}[in.Body.Undo])
	return s.work(ctx, in.Number, step)
}

func (s *Server) incidentSnooze(ctx context.Context, in *IncidentSnoozeInput) (IncidentShow, error) {
	now := s.d.Now()
	until, err := later("until", in.Body.Until, now)
	switch {
	case err != nil:
		return IncidentShow{}, err
	case !until.After(now):
		return IncidentShow{}, NewProblem(invalid, "until: %s has passed already", until.Format(time.RFC3339))
	case until.Sub(now) > longestSnooze:
		return IncidentShow{}, NewProblem(invalid, "until: %s is more than a year away: resolve it, if nobody is to look at it", until.Format(time.RFC3339))
	}
	note(ctx, "until", until.Format(time.RFC3339))
	return s.work(ctx, in.Number, store.Step{Do: store.DoSnooze, Until: until, Text: in.Body.Reason})
}

func (s *Server) incidentWake(ctx context.Context, in *IncidentInput) (IncidentShow, error) {
	return s.work(ctx, in.Number, store.Step{Do: store.DoWake})
}

// incidentEscalate hands on. To whom may be a person, and stays out of the
// audit; it stands in the incident.
func (s *Server) incidentEscalate(ctx context.Context, in *IncidentEscalateInput) (IncidentShow, error) {
	to := strings.TrimSpace(in.Body.To)
	if err := plainText(to, false); err != nil {
		return IncidentShow{}, err
	}
	return s.work(ctx, in.Number, store.Step{Do: store.DoEscalate, To: to, Text: in.Body.Reason})
}

func (s *Server) incidentResolve(ctx context.Context, in *IncidentResolveInput) (IncidentShow, error) {
	replaced, err := replacedParts(in.Body.Replaced)
	if err != nil {
		return IncidentShow{}, err
	}
	note(ctx, "useful", in.Body.Useful)
	return s.work(ctx, in.Number, store.Step{Do: store.DoResolve, Useful: in.Body.Useful, Replaced: replaced, Called: in.Body.Called, Text: in.Body.Text})
}

func (s *Server) incidentReopen(ctx context.Context, in *IncidentInput) (IncidentShow, error) {
	return s.work(ctx, in.Number, store.Step{Do: store.DoReopen})
}

// work does what somebody does about an incident. The store decides whether it
// makes sense; here stands what the store cannot know: the rule's texts, and
// what to do instead.
func (s *Server) work(ctx context.Context, number int64, step store.Step) (IncidentShow, error) {
	i, err := s.incident(ctx, number)
	if err != nil {
		return IncidentShow{}, err
	}
	note(ctx, "rule", i.Rule)
	step.By, step.At, step.Text = actorOf(ctx).Name, s.d.Now(), strings.TrimSpace(step.Text)
	if err := plainText(step.Text, true); err != nil {
		return IncidentShow{}, err
	}
	texts := textsAbout(s.rules(), &i)
	switch {
	case step.Do == store.DoNote && step.Text == "":
		return IncidentShow{}, NewProblem(invalid, "a note needs a text")
	case step.Do == store.DoSnooze && step.Text == "":
		return IncidentShow{}, NewProblem(invalid, "say why it can wait: whoever looks at it next wants to know")
	case step.Do == store.DoEscalate && (step.To == "" || step.Text == ""):
		return IncidentShow{}, NewProblem(invalid, "say to whom it goes and why")
	case step.Item > 0 && texts != nil && step.Item > len(texts.Checks):
		return IncidentShow{}, NewProblem(invalid, "there is no check %d: rule %s has %d", step.Item, texts.Rule, len(texts.Checks))
	}
	var tell *store.News
	switch step.Do {
	case store.DoEscalate:
		tell = s.escalation(i, texts)
	case store.DoResolve:
		tell = &store.News{}
	}
	after, err := s.d.Health.Work(ctx, scopeOf(ctx), number, step, tell)
	if errors.Is(err, store.ErrConflict) {
		p, _ := problemOf(err)
		p.Detail += instead(step.Do, number)
		return IncidentShow{}, p
	}
	if err != nil {
		return IncidentShow{}, lostIncident(err, number)
	}
	if tell != nil && s.d.Notices.Notifier != nil {
		s.d.Notices.Notifier.Wake()
	}
	return s.shownIncident(ctx, after)
}

// instead says what to do about a step that makes no sense.
func instead(do string, number int64) string {
	switch do {
	case store.DoClaim:
		return fmt.Sprintf(" (muster incident show %d tells how it stands; muster incident release %d frees it)", number, number)
	}
	return fmt.Sprintf(" (muster incident show %d tells how it stands)", number)
}

// escalation is what those who are told read beside the incident. Evidence that
// tells of a person stays here: a channel may lead anywhere.
func (s *Server) escalation(i store.Incident, texts *RuleTexts) *store.News {
	n := &store.News{}
	if texts != nil {
		n.Meaning, n.Checks, n.Escalate = texts.Meaning, texts.Checks, texts.Escalate
	}
	m := &judged{&mask{hidden: map[string]bool{}}, s.rules()}
	for _, f := range i.Findings {
		if f.State != store.Firing {
			continue
		}
		for _, e := range m.evidence(f.Rule, f.Evidence) {
			if e.Value != "" && len(n.Evidence) < 10 {
				n.Evidence = append(n.Evidence, e.Label+": "+e.Value)
			}
		}
	}
	return n
}
