package health

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"muster/collector/store"
)

// ledger keeps what a judge records, as a store does, and gives it back after
// a restart.
type ledger struct {
	mu        sync.Mutex
	findings  map[int64]store.Finding
	incidents map[int64]store.Incident
	news      []store.News
	steps     map[string][]store.Step
	marks     []store.RuleMark
	windows   []store.Maintenance
	refuse    bool
}

func newLedger() *ledger {
	return &ledger{findings: map[int64]store.Finding{}, incidents: map[int64]store.Incident{}, steps: map[string][]store.Step{}}
}

func (l *ledger) openByKey(key string) int64 {
	for n, i := range l.incidents {
		if i.Key == key && i.Status != store.Closed {
			return n
		}
	}
	return 0
}

func (l *ledger) Record(_ context.Context, j *store.Judged) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse {
		return fmt.Errorf("no space left: %w", store.ErrFull)
	}
	for i := range j.Incidents {
		x := &j.Incidents[i]
		if x.Number == 0 {
			x.Number = l.openByKey(x.Key)
		}
		if x.Number == 0 {
			x.Number = int64(len(l.incidents) + 1)
		}
		if old, ok := l.incidents[x.Number]; ok && old.Status == store.Closed && x.Status != store.Closed {
			continue
		}
		l.incidents[x.Number] = *x
	}
	for i := range j.Findings {
		f := &j.Findings[i]
		if f.ID == 0 {
			f.ID = int64(len(l.findings) + 1)
		}
		if n := l.openByKey(f.Key); n != 0 {
			f.Incident = n
		}
		l.findings[f.ID] = f.Finding
	}
	for _, s := range j.Steps {
		l.steps[s.Key] = append(l.steps[s.Key], s.Step)
		if n := l.openByKey(s.Key); n != 0 && s.Do == store.DoWake {
			i := l.incidents[n]
			i.Status, i.SnoozedTo = store.New, time.Time{}
			l.incidents[n] = i
		}
	}
	l.news = append(l.news, j.News...)
	return nil
}

func (l *ledger) Findings(_ context.Context, q store.FindingQuery) ([]store.Finding, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []store.Finding
	for _, f := range l.findings {
		if slices.Contains(q.States, f.State) {
			out = append(out, f)
		}
	}
	return out, nil
}

func (l *ledger) Incidents(_ context.Context, q store.IncidentQuery) ([]store.Incident, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []store.Incident
	for _, i := range l.incidents {
		if (i.Status == store.Closed) == slices.Contains(q.Statuses, store.Closed) && (len(q.Families) == 0 || slices.Contains(q.Families, i.Family)) && (len(q.Kinds) == 0 || slices.Contains(q.Kinds, i.Kind)) {
			out = append(out, i)
		}
	}
	return out, nil
}

func (l *ledger) RuleMarks(context.Context) ([]store.RuleMark, error) { return l.marks, nil }
func (l *ledger) SwitchOff(_ context.Context, rule, why string, at time.Time) error {
	l.marks = append(l.marks, store.RuleMark{Rule: rule, Off: why, OffAt: at})
	return nil
}
func (l *ledger) Maintenances(context.Context) ([]store.Maintenance, error) { return l.windows, nil }
