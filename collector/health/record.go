package health

import (
	"context"
	"fmt"
	"time"

	"muster/collector/store"
)

// save marks a finding for recording.
func (j *Judge) save(d *device, st *state) {
	st.f.Name, st.f.Agency, st.f.Site = d.info.Name, d.info.Agency, d.info.Site
	j.unsaved(st)
}

func (j *Judge) unsaved(st *state) {
	if st.f.State == "" {
		return
	}
	if !st.marked {
		st.marked = true
		j.dirty = append(j.dirty, st)
	}
}

// Flush makes durable what was judged since the last time.
func (j *Judge) Flush(ctx context.Context) error {
	j.mu.Lock()
	draft, dirty, incs := j.draft, j.dirty, []*incident(nil)
	j.draft, j.dirty = store.Judged{}, nil
	for _, key := range sortedKeys(j.inc.dirty) {
		inc := j.inc.dirty[key]
		incs = append(incs, inc)
		draft.Incidents = append(draft.Incidents, inc.s)
	}
	clear(j.inc.dirty)
	for _, st := range dirty {
		st.marked = false
		draft.Findings = append(draft.Findings, store.JudgedFinding{Finding: st.f, Key: st.key})
	}
	j.mu.Unlock()
	if j.o.Record != nil {
		j.o.Record(&draft)
	}
	if j.o.Keeper != nil && (len(draft.Findings) > 0 || len(draft.Incidents) > 0 || len(draft.Steps) > 0 || len(draft.News) > 0) {
		if err := j.o.Keeper.Record(ctx, &draft); err != nil {
			j.putBack(draft, dirty, incs)
			return fmt.Errorf("record what was judged: %w", err)
		}
	}
	if j.o.News != nil && len(draft.News) > 0 {
		j.o.News()
	}
	j.mu.Lock()
	number := map[string]int64{}
	for _, s := range draft.Incidents {
		number[s.Key] = s.Number
	}
	for _, inc := range incs {
		if inc.s.Number == 0 {
			inc.s.Number = number[inc.s.Key]
		}
	}
	for i, st := range dirty {
		st.f.ID, st.f.Incident = draft.Findings[i].ID, draft.Findings[i].Incident
	}
	j.mu.Unlock()
	return j.keepSwitched(ctx)
}

// putBack keeps what could not be made durable for the next time.
func (j *Judge) putBack(draft store.Judged, dirty []*state, incs []*incident) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, inc := range incs {
		j.inc.touch(inc)
	}
	for _, st := range dirty {
		j.unsaved(st)
	}
	// Open incidents come again by themselves; ended ones do not.
	var ended []store.Incident
	for _, s := range draft.Incidents {
		if s.Status == store.Closed {
			ended = append(ended, s)
		}
	}
	j.draft.Incidents = append(ended, j.draft.Incidents...)
	j.draft.Steps = append(draft.Steps, j.draft.Steps...)
	j.draft.News = append(draft.News, j.draft.News...)
}

// flushEvery is how long a judgement may wait to become durable: what is lost
// of it in a crash is judged again from the stores.
const flushEvery = time.Second
