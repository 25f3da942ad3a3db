// Package changelog reads section change_log: what package managers wrote down
// of the last 90 days.
//
// It owns the forms of their logs and what kind of thing a package is. It must
// not take command lines or who ran them, which some of the logs hold.
package changelog

import (
	"bufio"
	"cmp"
	"compress/gzip"
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
	window = 90 * 24 * time.Hour
	// maxRows bounds the section: the newest count.
	maxRows = 3000
	// maxLog bounds one log unpacked, maxLogs the rotated ones looked at.
	maxLog  = 64 << 20
	maxLogs = 5
)

// Form is one form of log.
type Form struct {
	Source string
	Files  []string // the newest first; rotated ones by pattern behind it
	// Line gives a row of a line, false when it tells of nothing. Place is where
	// times without a zone are.
	Line func(line []byte, place *time.Location) (inventory.ChangeLog, bool)
}

// Forms lists them.
func Forms() []Form {
	return []Form{
		{"dpkg.log", []string{"/var/log/dpkg.log", "/var/log/dpkg.log.[0-9]*"}, dpkg},
		{"dnf.rpm.log", []string{"/var/log/dnf.rpm.log", "/var/log/dnf.rpm.log.[0-9]*", "/var/log/dnf.rpm.log-[0-9]*"}, dnf},
		{"pacman.log", []string{"/var/log/pacman.log", "/var/log/pacman.log.[0-9]*"}, pacman},
		{"zypp history", []string{"/var/log/zypp/history", "/var/log/zypp/history-[0-9]*"}, zypp},
		{"apk.log", []string{"/var/log/apk.log", "/var/log/apk.log.[0-9]*"}, apk},
	}
}

// Reader reads the section. Place is where logs without a zone have their
// times; nil is this machine's.
type Reader struct{ Place *time.Location }

// Read reads the section of this machine.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	return Reader{}.Read(ctx, h)
}

// Read reads the section.
func (rd Reader) Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	place := cmp.Or(rd.Place, time.Local)
	now := h.Now()
	from := now.Add(-window)
	c := collected{}
	var asked, faults []string
	for _, l := range Forms() {
		found := false
		for _, name := range names(h, l.Files) {
			fi, err := h.Stat(name)
			if err != nil {
				continue
			}
			found = true
			if fi.ModTime().Before(from) {
				continue
			}
			err = each(h, name, func(line []byte) {
				row, ok := l.Line(line, place)
				if !ok || row.At.Before(from) || row.At.After(now.Add(time.Hour)) {
					return
				}
				row.Source, row.Outcome = l.Source, "ok"
				row.Kind = kind(row.Name, row.Action)
				c.add(row)
			})
			if err != nil {
				faults = append(faults, fmt.Sprintf("%s: %v", name, err))
			}
			if ctx.Err() != nil {
				return gather.Reading{}, ctx.Err()
			}
		}
		if found {
			asked = append(asked, l.Source)
		}
	}
	if len(asked) == 0 && rpmOnly(h) {
		rows, err := rpmTimes(ctx, h, from)
		if err != nil {
			return gather.Reading{}, err
		}
		asked = append(asked, "rpm")
		for _, r := range rows {
			c.add(r)
		}
	}
	if len(asked) == 0 {
		return gather.Reading{}, fmt.Errorf("no package manager here writes down what it did: %w", errors.ErrUnsupported)
	}
	r, err := gather.Rows(c.rows(), asked...)
	r.Faults = faults
	if c.over > 0 {
		r.Faults = append(r.Faults, fmt.Sprintf("%d older changes are left out", c.over))
	}
	return r, err
}

// collected keeps the newest rows, one of a key.
type collected struct {
	list []inventory.ChangeLog
	over int
}

func (c *collected) add(r inventory.ChangeLog) {
	c.list = append(c.list, r)
	if len(c.list) >= 3*maxRows {
		c.settle()
	}
}

func (c *collected) settle() {
	key := func(a, b inventory.ChangeLog) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Action, b.Action))
	}
	order.Stable(c.list, key)
	c.list = slices.CompactFunc(c.list, func(a, b inventory.ChangeLog) bool { return key(a, b) == 0 })
	if n := len(c.list); n > maxRows {
		c.over += n - maxRows
		c.list = c.list[:maxRows]
	}
}

func (c *collected) rows() []inventory.ChangeLog {
	c.settle()
	return c.list
}

// names lists the newest file and, of those that were rotated, the few that
// were written last.
func names(h *host.Host, patterns []string) []string {
	list := []string{patterns[0]}
	var old []string
	for _, p := range patterns[1:] {
		old = append(old, h.Glob(p)...)
	}
	slices.SortFunc(old, func(a, b string) int {
		x, err := h.Stat(a)
		y, err2 := h.Stat(b)
		if err != nil || err2 != nil {
			return cmp.Compare(a, b)
		}
		return y.ModTime().Compare(x.ModTime())
	})
	return append(list, old[:min(len(old), maxLogs)]...)
}

// each gives the lines of a log, packed or not. Lines that are longer than any
// of these logs has are passed over.
func each(h *host.Host, name string, take func([]byte)) error {
	f, err := h.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	switch {
	case strings.HasSuffix(name, ".gz"):
		z, err := gzip.NewReader(bufio.NewReaderSize(f, 16<<10))
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	case strings.HasSuffix(name, ".xz"), strings.HasSuffix(name, ".zst"), strings.HasSuffix(name, ".bz2"):
		return fmt.Errorf("its compression cannot be read: %w", errors.ErrUnsupported)
	}
	b := bufio.NewReaderSize(io.LimitReader(r, maxLog), 16<<10)
	long := false
	for {
		line, err := b.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = true
			continue
		}
		if !long && len(line) > 0 {
			take(line)
		}
		long = false
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// kind says what a package is, by the names that distributions give.
func kind(name, action string) string {
	begins := func(list ...string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return strings.HasPrefix(name, p) })
	}
	switch {
	case begins("linux-image", "linux-modules", "kernel-core", "kernel-default", "kernel-modules", "linux-lts", "linux-virt"), name == "kernel", name == "linux", name == "linux-zen":
		return "kernel"
	case begins("firmware-", "linux-firmware", "intel-microcode", "amd64-microcode", "microcode_ctl", "intel-ucode", "amd-ucode", "ucode-", "kernel-firmware", "iwl", "atheros-firmware"), strings.HasSuffix(name, "-firmware"):
		return "firmware"
	case begins("nvidia-", "xserver-xorg-video-", "xorg-x11-drv-", "xf86-video-", "mesa-", "akmod-", "kmod-", "libgl1-mesa", "printer-driver-"), strings.HasSuffix(name, "-dkms"):
		return "driver"
	case action == "upgrade" || action == "downgrade":
		return "update"
	}
	return "software"
}
