// Package notifytest holds stores of notices to their contract, and has one in
// memory for the tests of others. It must not be linked into a program.
package notifytest

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"muster/collector/notify"
)

// Memory is a notify.Store that forgets at exit. Fault, when set, is asked
// before and after each method that writes; its error is answered instead of
// the method's own. Set it before use.
type Memory struct {
	Fault func(method string, done bool) error

	mu       sync.Mutex
	announce []announced
	known    map[string]int // of announce, by ID
	items    []kept
	has      map[[2]string]bool // channel and announcement
	letters  []notify.Letter    // with messages
	digests  map[[2]string]time.Time
}

type announced struct {
	notify.Announcement
	dispatched bool
}

type kept struct {
	notify.Item
	letter  string
	dropped bool
}

var _ notify.Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory() *Memory {
	return &Memory{known: map[string]int{}, has: map[[2]string]bool{}, digests: map[[2]string]time.Time{}}
}

// Announce commits announcements; those that are known change nothing.
func (m *Memory) Announce(_ context.Context, list ...notify.Announcement) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range list {
		if err := a.Check(); err != nil {
			return err
		}
		if _, ok := m.known[a.ID]; ok {
			continue
		}
		m.known[a.ID] = len(m.announce)
		m.announce = append(m.announce, announced{Announcement: copied(a.Bounded())})
	}
	return nil
}

// copied goes through JSON, as a database does: nothing is shared.
func copied[T any](v T) T {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		panic(err)
	}
	return out
}

// write runs f under the lock, and the faults around it.
func (m *Memory) write(ctx context.Context, method string, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.Fault != nil {
		if err := m.Fault(method, false); err != nil {
			return err
		}
	}
	m.mu.Lock()
	err := f()
	m.mu.Unlock()
	if err == nil && m.Fault != nil {
		err = m.Fault(method, true)
	}
	return err
}

// Pending implements notify.Store.
func (m *Memory) Pending(ctx context.Context, limit int) ([]notify.Announcement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []notify.Announcement
	for _, a := range m.announce {
		if !a.dispatched && len(out) < limit {
			out = append(out, copied(a.Announcement))
		}
	}
	return out, ctx.Err()
}

// Dispatch implements notify.Store.
func (m *Memory) Dispatch(ctx context.Context, ids []string, items []notify.Item) error {
	return m.write(ctx, "Dispatch", func() error {
		for _, it := range items {
			key := [2]string{it.Channel, it.Announcement.ID}
			if m.has[key] || it.Quiet && !m.waits(it.Channel, it.Announcement.Incident.Number) {
				continue
			}
			m.has[key] = true
			it.No = int64(len(m.items) + 1)
			m.items = append(m.items, kept{Item: copied(it)})
		}
		for _, id := range ids {
			if i, ok := m.known[id]; ok {
				m.announce[i].dispatched = true
			}
		}
		return nil
	})
}

func (m *Memory) waits(channel string, incident int64) bool {
	return slices.ContainsFunc(m.items, func(it kept) bool {
		return it.open() && it.Channel == channel && it.Announcement.Incident.Number == incident
	})
}

func (it *kept) open() bool { return it.letter == "" && !it.dropped }

// Waiting implements notify.Store.
func (m *Memory) Waiting(ctx context.Context, channel string, now time.Time, limit int) (out []notify.Item, due time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ripe := map[int64]bool{}
	for _, it := range m.items {
		if !it.open() || it.Channel != channel {
			continue
		}
		if !it.Hold.After(now) || it.Hold.After(now.Add(notify.Sane)) {
			ripe[it.Announcement.Incident.Number] = true
		}
		if due.IsZero() || it.Due.Before(due) {
			due = it.Due
		}
	}
	if due.After(now) && !due.After(now.Add(notify.Sane)) {
		return nil, due, ctx.Err()
	}
	for _, it := range m.items {
		n := it.Announcement.Incident.Number
		if !it.open() || it.Channel != channel || !ripe[n] || len(out) == limit {
			continue
		}
		one := copied(it.Item)
		one.Told = 0
		for _, l := range m.letters {
			if l.Channel == channel && slices.Contains(l.Incidents, n) {
				one.Told++
			}
		}
		out = append(out, one)
	}
	return out, due, ctx.Err()
}

// Settle implements notify.Store.
func (m *Memory) Settle(ctx context.Context, channel string, s notify.Settlement) error {
	return m.write(ctx, "Settle", func() error {
		each := func(numbers []int64, f func(*kept)) {
			for _, no := range numbers {
				if i := int(no) - 1; i >= 0 && i < len(m.items) && m.items[i].open() && m.items[i].Channel == channel {
					f(&m.items[i])
				}
			}
		}
		if l := s.Letter; l != nil && !slices.ContainsFunc(m.letters, func(have notify.Letter) bool { return have.ID == l.ID }) {
			own := copied(*l)
			own.Message = copied(l.Message)
			m.letters = append(m.letters, own)
			if l.Kind == notify.Summary {
				m.digests[[2]string{channel, l.Routes[0]}] = l.Formed
			}
		}
		if s.Letter != nil {
			each(s.Carried, func(it *kept) { it.letter = s.Letter.ID })
		}
		each(s.Dropped, func(it *kept) { it.dropped = true })
		for _, late := range s.Late {
			each([]int64{late.No}, func(it *kept) { it.Hold, it.Due = late.Hold, late.Due })
		}
		return nil
	})
}

// State implements notify.Store.
func (m *Memory) State(ctx context.Context, channel string, since time.Time) (notify.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := notify.State{Digests: map[string]time.Time{}}
	for _, l := range m.letters {
		if l.Channel != channel {
			continue
		}
		if l.State == notify.Unsent {
			whole := copied(l)
			whole.Message = copied(l.Message)
			s.Unsent = append(s.Unsent, whole)
		}
		if l.Formed.After(since) {
			s.Recent = append(s.Recent, copied(l))
		}
	}
	for k, at := range m.digests {
		if k[0] == channel {
			s.Digests[k[1]] = at
		}
	}
	return s, ctx.Err()
}

// Mark implements notify.Store.
func (m *Memory) Mark(ctx context.Context, id string, k notify.Mark) error {
	return m.write(ctx, "Mark", func() error {
		for i := range m.letters {
			if l := &m.letters[i]; l.ID == id && l.State == notify.Unsent {
				l.State, l.Tried, l.Next, l.Said = k.State, k.At, k.Next, k.Said
				l.Attempts++
			}
		}
		return nil
	})
}

// Letters implements notify.Store.
func (m *Memory) Letters(ctx context.Context, q notify.Query) ([]notify.Letter, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if q.Limit == 0 {
		q.Limit = 100
	}
	var out []notify.Letter
	for _, l := range slices.Backward(m.letters) {
		if (q.Channel == "" || q.Channel == l.Channel) && (q.State == "" || q.State == l.State) && len(out) < q.Limit {
			out = append(out, copied(l))
		}
	}
	return out, ctx.Err()
}

// Again implements notify.Store.
func (m *Memory) Again(ctx context.Context, id string, now time.Time) error {
	return m.write(ctx, "Again", func() error {
		for i := range m.letters {
			if l := &m.letters[i]; l.ID == id && l.State == notify.Failed {
				l.State, l.Since, l.Next, l.Attempts = notify.Unsent, now, time.Time{}, 0
				return nil
			}
		}
		return notify.ErrNoLetter
	})
}

// Counts implements notify.Store.
func (m *Memory) Counts(ctx context.Context) ([]notify.Count, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	by := map[string]*notify.Count{}
	at := func(channel string) *notify.Count {
		if by[channel] == nil {
			by[channel] = &notify.Count{Channel: channel}
		}
		return by[channel]
	}
	for _, it := range m.items {
		switch {
		case it.Channel == "": // pruned
		case it.dropped:
			at(it.Channel).Dropped++
		case it.open():
			at(it.Channel).Waiting++
		}
	}
	for _, l := range m.letters {
		c := at(l.Channel)
		switch l.State {
		case notify.Unsent:
			c.Unsent++
		case notify.Sent:
			c.Sent++
			if l.Tried.After(c.Last) {
				c.Last = l.Tried
			}
		case notify.Failed:
			c.Failed++
		}
		if l.Kind == notify.Storm {
			c.Storms++
		}
	}
	var out []notify.Count
	for _, c := range by {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b notify.Count) int {
		if a.Channel < b.Channel {
			return -1
		}
		return 1
	})
	pending := 0
	for _, a := range m.announce {
		if !a.dispatched {
			pending++
		}
	}
	return out, pending, ctx.Err()
}

// Prune implements notify.Store.
func (m *Memory) Prune(ctx context.Context, before time.Time) error {
	return m.write(ctx, "Prune", func() error {
		old := map[string]bool{}
		m.letters = slices.DeleteFunc(m.letters, func(l notify.Letter) bool {
			gone := l.State != notify.Unsent && l.Formed.Before(before)
			old[l.ID] = gone
			return gone
		})
		waiting := map[string]bool{}
		for i := range m.items { // numbers are places: what is gone stays as dropped and is not counted
			it := &m.items[i]
			if it.open() || it.letter != "" && !old[it.letter] {
				waiting[it.Announcement.ID] = true
				continue
			}
			if old[it.letter] || it.Announcement.At.Before(before) {
				it.Channel = ""
			}
		}
		for i := range m.announce {
			a := &m.announce[i]
			if a.dispatched && a.At.Before(before) && !waiting[a.ID] {
				delete(m.known, a.ID)
				for k := range m.has {
					if k[1] == a.ID {
						delete(m.has, k)
					}
				}
				a.ID = ""
			}
		}
		return nil
	})
}
