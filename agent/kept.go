package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"muster/internal/report"
	"muster/internal/segment"
)

// kept is what the agent remembers over a restart besides spool and identity:
// the layouts that waiting reports may use, the collector's last wishes, and when
// inventory was last made without holding anything back.
type kept struct {
	path string
	mu   sync.Mutex
	v    keptForm
}

type keptForm struct {
	Layouts []report.Layout `cbor:"1,keyasint,omitempty"`
	Policy  report.Policy   `cbor:"2,keyasint"`
	Known   [8]byte         `cbor:"3,keyasint"`
	Whole   int64           `cbor:"4,keyasint,omitempty"` // Unix time in seconds
}

// mostLayouts covers a week of waiting on a machine that docks daily.
const mostLayouts = report.MaxLayouts

// openKept reads what was kept. A damaged file is begun anew: the collector
// asks for what it then misses, and sends its wishes again.
func openKept(dir string) (*kept, error) {
	k := &kept{path: filepath.Join(dir, keptName)}
	b, err := segment.ReadState(segment.OS(), k.path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, segment.ErrDamaged):
		return k, nil
	case err != nil:
		return nil, fmt.Errorf("read what was kept: %w", err)
	}
	if err := report.Unmarshal(b, &k.v); err != nil {
		k.v = keptForm{}
	}
	return k, nil
}

func (k *kept) save() error {
	b, err := report.Marshal(k.v)
	if err != nil {
		return err
	}
	return segment.WriteState(segment.OS(), k.path, b)
}

// Layouts are those that waiting reports may use.
func (k *kept) Layouts() []report.Layout {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]report.Layout(nil), k.v.Layouts...)
}

// AddLayout keeps a layout before a report uses it, and says whether it is
// new: one that was kept has been told, and a collector that does not know it
// asks. Of more than can be kept, those go that were not used for longest.
func (k *kept) AddLayout(l report.Layout) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.v.Layouts
	old := slices.IndexFunc(list, func(o report.Layout) bool { return slices.EqualFunc(o, l, alike) })
	if old >= 0 {
		// In its order only; what is on the disk has it already.
		k.v.Layouts = append(slices.Delete(list, old, old+1), l)
		return false, nil
	}
	k.v.Layouts = append(list, l)
	if n := len(k.v.Layouts); n > mostLayouts {
		k.v.Layouts = slices.Delete(k.v.Layouts, 0, n-mostLayouts)
	}
	return true, k.save()
}

// Policy is the last one, and its digest.
func (k *kept) Policy() (report.Policy, [8]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.v.Policy, k.v.Known
}

// SetPolicy keeps a collector's wishes, without the CAs, which the identity
// keeps.
func (k *kept) SetPolicy(p report.Policy, known [8]byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	p.CAs, p.Addresses = nil, nil
	k.v.Policy, k.v.Known = p, known
	return k.save()
}

// Whole is when inventory was last made without holding anything back; the
// zero time when it never was.
func (k *kept) Whole() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.v.Whole == 0 {
		return time.Time{}
	}
	return time.Unix(k.v.Whole, 0)
}

// SetWhole keeps it, once an hour: a file a minute would be more than it is
// worth.
func (k *kept) SetWhole(at time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.v.Whole != 0 && at.Sub(time.Unix(k.v.Whole, 0)).Abs() < time.Hour {
		return nil
	}
	k.v.Whole = at.Unix()
	return k.save()
}
