// Package patch reads sections patch and patch_status: updates that the
// package managers know of and that are not installed. Only what lies on the
// disk is read: nothing is fetched, no manager is asked to look.
//
// It owns the forms of the managers' metadata and how each orders versions. It
// must not judge how old is too old.
package patch

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/order"
)

const (
	maxInstalled = 50_000
	// maxPatches bounds the rows; what is beyond is said.
	maxPatches = 2000
	// maxList bounds one list of packages unpacked, maxLists all of them.
	maxList  = 256 << 20
	maxLists = 64
)

// Reader reads both sections. Metadata is read anew only when a file of it
// changed: a list of packages has tens of megabytes.
type Reader struct {
	known []manager // nil: those of this system
	stamp string
	kept  found
	err   error
}

// found is what one manager knows.
type found struct {
	manager   string
	patches   []inventory.Patch
	checked   time.Time // when it last looked
	updated   time.Time // when anything was last updated
	automatic string
	classed   bool // it is known which are for security
	faults    []string
	more      int
}

// manager is one way of packages.
type manager struct {
	name string
	here func(h *host.Host) bool
	// files lists what the outcome depends on.
	files func(h *host.Host) []string
	read  func(ctx context.Context, h *host.Host) (found, error)
}

func managers() []manager {
	return []manager{
		{"apt", aptHere, aptFiles, apt},
		{"dnf", dnfHere, dnfFiles, dnf},
		{"zypper", zypperHere, zypperFiles, zypper},
		{"apk", apkHere, apkFiles, apk},
		{"pacman", pacmanHere, pacmanFiles, pacman},
	}
}

// Read reads section patch.
func (rd *Reader) Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	f, err := rd.look(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(f.patches, f.manager)
	r.Faults = f.faults
	if f.more > 0 {
		r.Faults = append(r.Faults, fmt.Sprintf("%d more updates are left out", f.more))
	}
	return r, err
}

// ReadStatus reads section patch_status.
func (rd *Reader) ReadStatus(ctx context.Context, h *host.Host) (gather.Reading, error) {
	f, err := rd.look(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	s := inventory.PatchStatus{Manager: f.manager, Automatic: f.automatic, LastUpdateAt: f.updated, CheckedAt: f.checked}
	if !f.checked.IsZero() { // who never looked knows of nothing
		missing, security := int64(f.more), int64(0)
		for _, p := range f.patches {
			if p.State != "missing" {
				continue
			}
			missing++
			if p.Class == "security" {
				security++
			}
		}
		s.Missing = &missing
		if f.classed {
			s.MissingSecurity = &security
		}
	}
	r, err := gather.Rows([]inventory.PatchStatus{s}, f.manager)
	r.Faults = f.faults
	return r, err
}

func (rd *Reader) look(ctx context.Context, h *host.Host) (found, error) {
	known := rd.known
	if known == nil {
		known = append(managers(), system()...)
	}
	for _, m := range known {
		if !m.here(h) {
			continue
		}
		var b strings.Builder
		for _, name := range m.files(h) {
			if fi, err := h.Stat(name); err == nil {
				fmt.Fprint(&b, name, fi.Size(), fi.ModTime().UnixNano(), "|")
			}
		}
		if stamp := m.name + b.String(); stamp != rd.stamp {
			f, err := m.read(ctx, h)
			if ctx.Err() != nil {
				return found{}, ctx.Err()
			}
			f.manager = m.name
			f.patches = sorted(f.patches)
			if n := len(f.patches); n > maxPatches {
				f.patches, f.more = f.patches[:maxPatches], n-maxPatches
			}
			rd.stamp, rd.kept, rd.err = stamp, f, err
		}
		return rd.kept, rd.err
	}
	return found{}, fmt.Errorf("no package manager whose metadata is understood: %w", errors.ErrUnsupported)
}

// sorted puts security first, so that a bound never cuts it off, and leaves
// one row a key.
func sorted(list []inventory.Patch) []inventory.Patch {
	class := func(p inventory.Patch) int {
		if p.Class == "security" {
			return 0
		}
		return 1
	}
	order.By(list, func(a, b inventory.Patch) int {
		return cmp.Or(class(a)-class(b), cmp.Compare(a.Name, b.Name), cmp.Compare(a.NewVersion, b.NewVersion))
	})
	return slices.CompactFunc(list, func(a, b inventory.Patch) bool { return a.Name == b.Name })
}

// stanzas calls each for every block of "Key: value" lines (deb822(5)), with
// the values of the keys asked for. It holds one line at a time.
func stanzas(r io.Reader, keys []string, each func(values []string) error) error {
	b := bufio.NewReaderSize(r, 16<<10)
	values := make([]string, len(keys))
	any, continued := false, false
	flush := func() error {
		if !any {
			return nil
		}
		err := each(values)
		clear(values)
		any = false
		return err
	}
	for {
		line, err := b.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !long && !errors.Is(err, io.EOF) {
			return err
		}
		switch {
		case continued:
		case len(bytes.TrimSpace(line)) == 0:
			if ferr := flush(); ferr != nil {
				return ferr
			}
		case line[0] != ' ' && line[0] != '\t':
			for i, k := range keys {
				if len(line) > len(k) && line[len(k)] == ':' && string(line[:len(k)]) == k {
					values[i], any = string(bytes.TrimSpace(line[len(k)+1:])), true
				}
			}
		}
		continued = long
		if err != nil && !long {
			return flush()
		}
	}
}

func modified(h *host.Host, name string) time.Time {
	fi, err := h.Stat(name)
	if err != nil {
		return time.Time{}
	}
	return fi.ModTime().UTC().Truncate(time.Second)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
