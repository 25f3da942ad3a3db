package software

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"muster/agent/gather/apple"
	"muster/agent/gather/home"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Limits of what is looked at on a Mac.
const (
	maxFolder = 2000     // entries of one folder
	maxInfo   = 1 << 20  // bytes of an Info.plist
	maxMac    = 20_000   // rows
	appleInc  = "Apple"  // whose programs have bundle ids of com.apple
	cellar    = "Cellar" // of Homebrew: NAME/VERSION
	caskroom  = "Caskroom"
)

// bundle is what an application says of itself in Contents/Info.plist (Apple's
// Information Property List Key Reference).
type bundle struct {
	Name    string `plist:"CFBundleDisplayName"`
	Short   string `plist:"CFBundleName"`
	ID      string `plist:"CFBundleIdentifier"`
	Version string `plist:"CFBundleShortVersionString"`
	Build   string `plist:"CFBundleVersion"`
}

// receipt is what the installer keeps of a package in /var/db/receipts.
type receipt struct {
	ID      string    `plist:"PackageIdentifier"`
	Version string    `plist:"PackageVersion"`
	At      time.Time `plist:"InstallDate"`
	By      string    `plist:"InstallProcessName"`
}

// readMac reads the section on macOS: applications, receipts of packages, and
// Homebrew.
func readMac(ctx context.Context, h *host.Host) ([]inventory.Software, []string, []string, error) {
	var rows []inventory.Software
	var asked, faults []string
	fault := func(err error) {
		if err != nil && !errors.Is(err, fs.ErrNotExist) && len(faults) < 50 {
			faults = append(faults, err.Error())
		}
	}
	applications := func(dir, user string) {
		found, err := folderOfApps(h, dir, user)
		rows = append(rows, found...)
		fault(err)
	}
	for _, dir := range []string{"/Applications", "/System/Applications"} {
		applications(dir, "")
	}
	homes, err := home.Mac(h)
	fault(err)
	for _, x := range homes {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		applications(x.Dir+"/Applications", x.User)
	}
	asked = append(asked, "applications")

	found, err := receipts(h)
	fault(err)
	rows = append(rows, found...)
	asked = append(asked, "receipts")

	for _, prefix := range []string{"/opt/homebrew", "/usr/local"} {
		if !h.Exists(prefix+"/"+cellar) && !h.Exists(prefix+"/"+caskroom) {
			continue
		}
		asked = append(asked, "homebrew")
		for _, kind := range []string{cellar, caskroom} {
			found, err := brewed(h, prefix+"/"+kind, kind == caskroom)
			fault(err)
			rows = append(rows, found...)
		}
	}
	if len(rows) > maxMac {
		faults = append(faults, fmt.Sprintf("%d programs: the first %d are told", len(rows), maxMac))
		rows = rows[:maxMac]
	}
	return rows, asked, faults, nil
}

// folderOfApps reads a folder of applications and the folders in it, as
// makers of suites have them. It may be a person's: nothing leads out of it.
func folderOfApps(h *host.Host, dir, user string) ([]inventory.Software, error) {
	w, err := h.Within(dir)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	var rows []inventory.Software
	var look func(at string, deep int) error
	look = func(at string, deep int) error {
		list, err := w.ReadDir(at, maxFolder)
		if err != nil {
			return err
		}
		for _, e := range list {
			name := path.Join(at, e.Name())
			switch {
			case e.Name()[0] == '.':
			case strings.HasSuffix(e.Name(), ".app"):
				row, ok, err := application(w, name)
				if err != nil {
					return fmt.Errorf("%s: %w", path.Join(dir, name), err)
				}
				if ok {
					row.Scope = "machine"
					if user != "" {
						row.Scope, row.UserName = "user", user
					}
					rows = append(rows, row)
				}
			case e.IsDir() && deep > 0:
				if err := look(name, deep-1); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err = look(".", 1)
	return rows, err
}

// application reads one; ok is false for what only looks like one. A program
// whose description cannot be read is there all the same.
func application(w *host.Within, name string) (row inventory.Software, ok bool, err error) {
	row = inventory.Software{Source: "app", Name: strings.TrimSuffix(path.Base(name), ".app")}
	f, err := w.Open(name + "/Contents/Info.plist")
	if errors.Is(err, fs.ErrNotExist) {
		// Programs made for iPads have another inside.
		if f, err = w.Open(name + "/WrappedBundle/Info.plist"); errors.Is(err, fs.ErrNotExist) {
			return row, false, nil
		}
	}
	if err != nil {
		return row, true, nil // it is there, and says no more
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxInfo+1))
	if err != nil {
		return row, true, err
	}
	var x bundle
	if len(b) > maxInfo || apple.Decode(b, &x) != nil {
		return row, true, nil
	}
	row.Version, row.ProductCode = x.Version, x.ID
	if row.Version == "" {
		row.Version = x.Build
	}
	if strings.HasPrefix(x.ID, "com.apple.") {
		row.Publisher = appleInc
	}
	return row, true, nil
}

func receipts(h *host.Host) ([]inventory.Software, error) {
	var rows []inventory.Software
	const dir = "/private/var/db/receipts"
	list, err := h.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var first error
	for _, e := range list {
		if !strings.HasSuffix(e.Name(), ".plist") || len(rows) == maxFolder {
			continue
		}
		var x receipt
		if err := apple.File(h, dir+"/"+e.Name(), &x); err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		if x.ID == "" || strings.HasPrefix(x.ID, "com.apple.") {
			continue // parts of the system; what Apple updates is in section patch
		}
		rows = append(rows, inventory.Software{Source: "receipt", Scope: "machine", Name: x.ID, ProductCode: x.ID, Version: x.Version, InstalledAt: sane(x.At), Origin: x.By,
			Hidden: new(true)})
	}
	return rows, first
}

// brewed reads Homebrew's Cellar or Caskroom: NAME/VERSION.
func brewed(h *host.Host, dir string, casks bool) ([]inventory.Software, error) {
	w, err := h.Within(dir) // it belongs to whoever installed Homebrew
	if err != nil {
		return nil, err
	}
	defer w.Close()
	names, err := w.ReadDir(".", maxFolder)
	if err != nil {
		return nil, err
	}
	source := "homebrew"
	if casks {
		source = "homebrew_cask"
	}
	var rows []inventory.Software
	for _, name := range names {
		if !name.IsDir() || name.Name()[0] == '.' {
			continue
		}
		versions, err := w.ReadDir(name.Name(), 50)
		if err != nil {
			continue
		}
		for _, v := range versions {
			if !v.IsDir() || v.Name()[0] == '.' {
				continue
			}
			r := inventory.Software{Source: source, Scope: "machine", Name: name.Name(), Version: v.Name(), Origin: path.Dir(dir)}
			if fi, err := v.Info(); err == nil {
				r.InstalledAt = sane(fi.ModTime().UTC())
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}
