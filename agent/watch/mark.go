package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"muster/agent/watch/journal"
	"muster/agent/watch/syslog"
	"muster/internal/segment"
)

// mark is how far everything was read, and what is told only once. It is kept
// over restarts.
type mark struct {
	Boot    string                 `json:"boot,omitempty"` // the last start that was told
	Down    string                 `json:"down,omitempty"` // the start that ended, or is about to, as it should
	Kernel  kernelMark             `json:"kernel,omitzero"`
	Journal journal.Mark           `json:"journal,omitzero"`
	Syslog  map[string]syslog.Mark `json:"syslog,omitempty"`
	Events  map[string]eventMark   `json:"events,omitempty"` // by channel of Windows' event log
	Updates syslog.Mark            `json:"updates,omitzero"`
	// Managers are the logs of package managers other than apt.
	Managers map[string]syslog.Mark `json:"managers,omitempty"`
	SignIns  signInMark             `json:"sign_ins,omitzero"`
	Links    linkMark               `json:"links,omitzero"`
	Held     heldMark               `json:"held,omitzero"`
	Crashes  []string               `json:"crashes,omitempty"`
	Reports  int64                  `json:"reports,omitempty"` // ns since 1970, of the newest report of macOS that was told
	// Sessions are how people came, by the session's number.
	Sessions map[string]string `json:"sessions,omitempty"`
	Power    string            `json:"power,omitempty"`
}

type kernelMark struct {
	Boot   string `json:"boot,omitempty"`
	Number uint64 `json:"number,omitempty"`
	Since  int64  `json:"since,omitempty"` // µs since that boot
}

// saved is the file. Next holds once the report numbered Seq of Epoch is in
// the spool, Told until then: so an event is neither lost nor told twice when
// the agent dies between the two.
type saved struct {
	Epoch uint64          `json:"epoch,omitempty"`
	Seq   uint64          `json:"seq,omitempty"`
	Told  json.RawMessage `json:"told,omitempty"`
	Next  json.RawMessage `json:"next"`
}

// load reads the marks. Damage is as if there were none: what is then read
// anew is bounded by firstLook.
func load(fsys segment.FS, path string, epoch, next uint64) (m mark, known bool, err error) {
	b, err := segment.ReadState(fsys, path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, segment.ErrDamaged):
		return mark{}, false, nil
	case err != nil:
		return mark{}, false, fmt.Errorf("read how far logs were read: %w", err)
	}
	var s saved
	if json.Unmarshal(b, &s) != nil {
		return mark{}, false, nil
	}
	use := s.Next
	if s.Seq != 0 && s.Epoch == epoch && s.Seq >= next {
		use = s.Told // the report was never written
	}
	if json.Unmarshal(use, &m) != nil {
		return mark{}, false, nil
	}
	return m, true, nil
}
