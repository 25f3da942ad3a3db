package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
)

// work is where people stand with an incident.
type work struct {
	status, rested store.IncidentStatus // rested: what it was before it was snoozed
	assignee       string
	claimed        time.Time
	snoozed        time.Time
	escalated      string
	checked        []int
	cleared, ended time.Time
	endedBy        string // empty: Muster, or nobody
	useful         string
	replaced       string
	called         bool
	outcome        time.Time
}

// mostChecks bounds which check can be ticked: rules have a few.
const mostChecks = 64

// senseless is an error that tells a person why a step makes no sense.
func senseless(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), store.ErrConflict)
}

// do takes a step. Without a change, what was to be done is so already, and
// there is nothing to note.
func (w *work) do(s store.Step) (changed bool, _ error) {
	closed := w.status == store.Closed
	switch {
	case s.By == "" && s.Do != store.DoWake:
		return false, senseless("who does it must be said")
	case closed && s.Do != store.DoNote && s.Do != store.DoResolve && s.Do != store.DoReopen:
		return false, senseless("it is resolved: reopen it first")
	}
	switch s.Do {
	case store.DoClaim:
		return w.claim(s)
	case store.DoRelease:
		if w.assignee == "" {
			return false, senseless("nobody has claimed it")
		}
		w.assignee = ""
		for _, st := range []*store.IncidentStatus{&w.status, &w.rested} {
			switch {
			case *st == store.Claimed && w.escalated != "":
				*st = store.Escalated // whoever it was escalated to still has it
			case *st == store.Claimed:
				*st = store.New
			}
		}
	case store.DoNote:
		if strings.TrimSpace(s.Text) == "" {
			return false, senseless("a note needs a text")
		}
	case store.DoCheck, store.DoUncheck:
		return w.check(s)
	case store.DoSnooze:
		if !s.Until.After(s.At) || strings.TrimSpace(s.Text) == "" {
			return false, senseless("snoozing needs a time to come and a reason")
		}
		if w.status != store.Snoozed {
			w.status, w.rested = store.Snoozed, w.status
		}
		w.snoozed = s.Until
	case store.DoWake:
		if w.status != store.Snoozed {
			return false, senseless("it is not snoozed")
		}
		w.awake(w.rested)
	case store.DoEscalate:
		if strings.TrimSpace(s.To) == "" {
			return false, senseless("to whom it is escalated must be said")
		}
		w.awake(store.Escalated)
		w.escalated = s.To
	case store.DoResolve:
		return w.resolve(s)
	case store.DoReopen:
		if !closed {
			return false, senseless("it is open")
		}
		*w = work{status: store.New, assignee: w.assignee, claimed: w.claimed, checked: w.checked}
		if w.assignee != "" {
			w.status = store.Claimed
		}
	default:
		return false, senseless("%q cannot be done to an incident", s.Do)
	}
	return true, nil
}

// awake gives it a status that is not that of sleeping.
func (w *work) awake(status store.IncidentStatus) {
	w.status, w.rested, w.snoozed = status, "", time.Time{}
}

// claim makes it somebody's. What is escalated may be taken over: that is what
// it was escalated for.
func (w *work) claim(s store.Step) (bool, error) {
	if w.assignee == s.By && w.status == store.Claimed {
		return false, nil
	}
	if w.assignee != "" && w.assignee != s.By && w.status != store.Escalated && w.rested != store.Escalated {
		return false, senseless("%s has claimed it", w.assignee)
	}
	w.assignee = s.By
	w.awake(store.Claimed)
	if w.claimed.IsZero() {
		w.claimed = s.At
	}
	return true, nil
}

// check ticks one of the first checks, or takes the tick away. What was seen
// may be noted with a tick that is there.
func (w *work) check(s store.Step) (bool, error) {
	if s.Item < 1 || s.Item > mostChecks {
		return false, senseless("there is no check %d", s.Item)
	}
	at, ticked := slices.BinarySearch(w.checked, s.Item)
	switch {
	case ticked == (s.Do == store.DoCheck):
		return s.Text != "", nil
	case ticked:
		w.checked = slices.Delete(w.checked, at, at+1)
	default:
		w.checked = slices.Insert(w.checked, at, s.Item)
	}
	return true, nil
}

// resolve ends it. One that Muster ended, because the trouble was over, still
// takes the word of whoever saw to it.
func (w *work) resolve(s store.Step) (bool, error) {
	if !slices.Contains([]string{"yes", "no", "wrong"}, s.Useful) {
		return false, senseless("whether it was useful must be said: yes, no or wrong")
	}
	if w.status == store.Closed {
		if w.endedBy != "" {
			return false, senseless("%s has resolved it already", w.endedBy)
		}
	} else {
		w.awake(store.Closed)
		w.ended = s.At
	}
	w.endedBy, w.useful, w.replaced, w.called, w.outcome = s.By, s.Useful, s.Replaced, s.Called, s.At
	return true, nil
}

// Work does what a person does, and answers the incident as it is then.
func (x *Inventory) Work(ctx context.Context, s store.Scope, number int64, step store.Step, tell *store.News) (store.Incident, error) {
	var out store.Incident
	err := x.d.write(ctx, func(t *tx) error {
		w, key, err := t.work(s, number)
		if err != nil {
			return err
		}
		reopens := w.status == store.Closed && step.Do == store.DoReopen
		ends := w.status != store.Closed && step.Do == store.DoResolve
		changed, err := w.do(step)
		if err != nil {
			return err
		}
		if reopens {
			var other int64
			if open, err := t.one(incidentOpen, []any{key}, &other); err != nil {
				return err
			} else if open {
				return senseless("it came again and is open as incident %d", other)
			}
		}
		if changed {
			if err := t.keep(number, w, step); err != nil {
				return err
			}
		}
		if tell != nil && (step.Do == store.DoEscalate || ends) {
			if err := t.tell(number, key, step, *tell); err != nil {
				return err
			}
		}
		out, err = incident(t.asker(), s, number)
		return err
	})
	if err != nil {
		return store.Incident{}, fmt.Errorf("incident %d: %w", number, err)
	}
	return out, nil
}

// tell announces what a person did: that it was escalated, or that what people
// were told of is resolved. What was told once is not told as new after it.
func (t *tx) tell(number int64, key string, step store.Step, n store.News) error {
	all, err := incident(t.asker(), store.Scope{All: true}, number)
	if err != nil {
		return err
	}
	n.Key, n.At, n.Incident = key, step.At, all
	switch {
	case step.Do == store.DoEscalate:
		n.Kind = "escalated"
	case all.ToldAt.IsZero():
		return nil // nobody knows of it
	default:
		n.Kind = "cleared"
	}
	a := announcement(&n)
	a.By, a.Note = step.By, step.Text
	if step.Do == store.DoEscalate {
		a.Note = strings.TrimSuffix("to "+step.To+": "+step.Text, ": ")
		if err := t.do("UPDATE incident_rows SET told_at = iif(told_at = 0, ?, told_at), told = severity WHERE number = ?", stamp(step.At), number); err != nil {
			return err
		}
	}
	return t.announce(a)
}

// work loads where people stand with an incident in scope.
func (t *tx) work(s store.Scope, number int64) (w work, key string, _ error) {
	var q where
	q.add("i.number = ?", number)
	q.inScope(s)
	var checked string
	var claimed, snoozed, cleared, ended, outcome int64
	found, err := t.one(`SELECT key, status, rested, assignee, claimed_at, snoozed_to, escalated, ifnull(checked, ''), cleared_at, resolved_at, resolved_by, useful, replaced, called, outcome_at
		FROM incident_rows i`+q.String(), q.args, &key, &w.status, &w.rested, &w.assignee, &claimed, &snoozed, &w.escalated, &checked, &cleared, &ended, &w.endedBy, &w.useful, &w.replaced, &w.called, &outcome)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err != nil {
		return w, "", err
	}
	w.claimed, w.snoozed, w.cleared, w.ended, w.outcome = unstamp(claimed), unstamp(snoozed), unstamp(cleared), unstamp(ended), unstamp(outcome)
	return w, key, fromJSON(checked, &w.checked)
}

// keep writes where people stand after a step, and the step.
func (t *tx) keep(number int64, w work, s store.Step) error {
	if err := t.do(`UPDATE incident_rows SET status = ?, rested = ?, assignee = ?, claimed_at = ?, snoozed_to = ?, escalated = ?, checked = ?, cleared_at = ?, resolved_at = ?,
		resolved_by = ?, useful = ?, replaced = ?, called = ?, outcome_at = ?, updated_at = max(updated_at, ?) WHERE number = ?`,
		w.status, w.rested, w.assignee, stamp(w.claimed), stamp(w.snoozed), w.escalated, jsonOf(w.checked), stamp(w.cleared), stamp(w.ended),
		w.endedBy, w.useful, w.replaced, w.called, stamp(w.outcome), stamp(s.At), number); err != nil {
		return err
	}
	return t.addStep(number, s)
}
