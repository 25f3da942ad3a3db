package api

import (
	"context"
	"slices"
	"strings"
	"sync"

	"muster/collector/store"
	"muster/collector/summary"
)

type fakeSchedules struct {
	mu   sync.Mutex
	list []summary.Schedule
}

func (f *fakeSchedules) Summaries(context.Context) ([]summary.Schedule, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.list), nil
}

func (f *fakeSchedules) PutSummary(_ context.Context, s summary.Schedule) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(slices.DeleteFunc(f.list, func(x summary.Schedule) bool { return x.Name == s.Name }), s)
	return nil
}

func (f *fakeSchedules) DeleteSummary(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.list)
	f.list = slices.DeleteFunc(f.list, func(x summary.Schedule) bool { return strings.EqualFold(x.Name, name) })
	if len(f.list) == n {
		return store.ErrNotFound
	}
	return nil
}
