package startup

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"muster/agent/gather/commandline"
	"muster/agent/gather/hive"
	"muster/agent/host"
	"muster/internal/inventory"
)

const (
	runKeys  = `Software\Microsoft\Windows\CurrentVersion\`
	approved = runKeys + `Explorer\StartupApproved\`
	folder   = "Microsoft/Windows/Start Menu/Programs/StartUp"
)

// reader reads a key below some root.
type reader func(path string, values ...string) (host.Key, error)

// items gathers rows of one reading of Windows.
type items struct {
	rows   []inventory.StartupItem
	faults []string
}

// fromRegistry reads the Run keys of the machine in both views and of each
// person, and the folders of what starts.
func fromRegistry(_ context.Context, h *host.Host) (rows []inventory.StartupItem, asked, faults []string, err error) {
	var l items
	machine := inventory.StartupItem{Scope: "machine"}
	at := func(view host.View) reader {
		return func(path string, values ...string) (host.Key, error) { return h.Key(view, `HKLM\`+path, values...) }
	}
	// The switches of both views stand in the 64-bit one.
	switches := at(host.View64)
	if err := l.run(at(host.View64), switches, "Run", machine); err != nil {
		return nil, nil, nil, err
	}
	l.keep(l.run(at(host.View32), switches, "Run32", machine))
	if list, err := h.ReadDir("C:/ProgramData/" + folder); err == nil {
		l.links(list, switches, machine)
	} else if !errors.Is(err, fs.ErrNotExist) {
		l.faults = append(l.faults, "the folder of what starts for everybody: "+err.Error())
	}
	more, err := hive.Each(h, hive.Settings, func(p hive.Person, r *hive.Registry) error {
		of := inventory.StartupItem{Scope: "user", UserName: p.User}
		if err := l.run(r.Key, r.Key, "Run", of); err != nil {
			return err
		}
		w, err := h.Within(p.Dir)
		if errors.Is(err, fs.ErrNotExist) || p.Dir == "" {
			return nil
		}
		if err != nil {
			return err
		}
		defer w.Close()
		list, err := w.ReadDir("AppData/Roaming/"+folder, maxFolder)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		l.links(list, r.Key, of)
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return l.rows, []string{"registry", "startup_folder"}, append(l.faults, more...), nil
}

func (l *items) keep(err error) {
	if err != nil {
		l.faults = append(l.faults, err.Error())
	}
}

func (l *items) add(r inventory.StartupItem) {
	if len(l.rows) < maxItems && r.Name != "" {
		for _, have := range l.rows {
			if have.Source == r.Source && have.Scope == r.Scope && have.UserName == r.UserName && strings.EqualFold(have.Name, r.Name) {
				return // the other view has it too
			}
		}
		l.rows = append(l.rows, r)
	}
}

// run reads Run and RunOnce below a root. which names the list of switches.
func (l *items) run(key, switches reader, which string, of inventory.StartupItem) error {
	off, err := switches(approved + which)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, kind := range []struct{ key, source string }{{"Run", "run"}, {"RunOnce", "run_once"}} {
		k, err := key(runKeys + kind.key)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, v := range k.Values[:min(len(k.Values), maxFolder)] {
			r := of
			r.Source, r.Name, r.Executable = kind.source, name(v.Name), commandline.Program(v.Text())
			r.Enabled = new(kind.key == "RunOnce" || enabled(off.Bytes(v.Name)))
			l.add(r)
		}
	}
	return nil
}

// links adds what lies in a folder of what starts: links, and at times programs.
func (l *items) links(list []fs.DirEntry, switches reader, of inventory.StartupItem) {
	off, err := switches(approved + "StartupFolder")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.keep(err)
	}
	for _, e := range list[:min(len(list), maxFolder)] {
		if e.IsDir() || strings.EqualFold(e.Name(), "desktop.ini") {
			continue
		}
		r := of
		r.Source, r.Name = "startup_folder", name(e.Name())
		r.Enabled = new(enabled(off.Bytes(e.Name())))
		l.add(r)
	}
}

// enabled reads a switch: an odd first byte says that the item was switched
// off. No switch at all is on.
func enabled(b []byte) bool { return len(b) == 0 || b[0]&1 == 0 }

// name keeps a name of the registry to one line of a sane length.
func name(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, s)
	if len(s) > 256 {
		s = strings.ToValidUTF8(s[:256], "")
	}
	return s
}
