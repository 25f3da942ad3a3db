// Package recorded holds machines written down for tests: their files below
// /sys, /proc and /etc, their firmware tables, what their programs answer and
// how full their disks are, so that every gatherer is tested on the same few
// machines and their sections agree with each other.
//
// It owns the format of a recording and the comparison with what is expected.
// It must not know any gatherer, and no program may link it: only tests do.
//
// A recording is a txtar archive, machines/NAME.txtar. Its comment says what
// the machine is; each entry is a file, unless it is named otherwise:
//
//	-- /etc/hostname --             a file
//	-- /etc/machine-id @2023-04-05T06:07:08Z --   a file or folder with its time of change
//	-- /var/empty/ --               a folder
//	-- /sys/a -> b --               a symbolic link
//	-- links /sys/class/block --    many links below a folder, "name target" a line
//	-- values /sys/block/sda --     many one-line files, "name value" a line
//	-- hex /sys/x --                bytes as hexadecimal digits; may have a time too
//	-- smbios 3.4 --                firmware tables, see smbios
//	-- run rpm --                   what a program of host.Commands answers; starting with "!", its failure
//	-- ask docker --                what a program answers over its socket (host.Questions); starting with "!", its failure
//	-- sizes --                     "path size free available inodes free-inodes" a line, or "path !error";
//	                                a space in a path is \040
//	-- now --                       the time it is, RFC 3339
//
// Machines with macOS stand in machines/mac; see Mac.
//
// Machines with Windows stand in machines/windows; see Windows. They have
//
//	-- reg --                       keys of the registry, as its editor exports them; see registry
//	-- native tcp4 --               bytes that Windows answers to a question of host.Native, as
//	                                hexadecimal digits; starting with "!", its failure
//	-- told devices --              the same, where the answer is text
//
// and smbios tables are what GetSystemFirmwareTable gives.
package recorded

import (
	"context"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"muster/agent/host"
)

//go:embed machines/*.txtar machines/windows/*.txtar machines/mac/*.txtar
var files embed.FS

// Names lists the machines with Linux.
func Names() []string {
	list, err := files.ReadDir("machines")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range list {
		if e.IsDir() {
			continue
		}
		names = append(names, strings.TrimSuffix(e.Name(), ".txtar"))
	}
	return names
}

// Machine unpacks a machine into a folder of the test's own.
func Machine(t testing.TB, name string) *host.Host {
	t.Helper()
	b, err := files.ReadFile("machines/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	return Unpack(t, b)
}

// Windows calls do, in a test of its own, for each machine with Windows.
func Windows(t *testing.T, do func(t *testing.T, name string, h *host.Host)) {
	t.Helper()
	list, err := files.ReadDir("machines/windows")
	if err != nil || len(list) == 0 {
		t.Fatalf("no machines with Windows: %v", err)
	}
	for _, e := range list {
		name := strings.TrimSuffix(e.Name(), ".txtar")
		t.Run(name, func(t *testing.T) {
			b, err := files.ReadFile("machines/windows/" + e.Name())
			if err != nil {
				t.Fatal(err)
			}
			do(t, name, Unpack(t, b))
		})
	}
}

// Mac unpacks a machine with macOS. None of them was recorded on one: each says
// in its head how it came about.
func Mac(t testing.TB, name string) *host.Host {
	t.Helper()
	b, err := files.ReadFile("machines/mac/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	return Unpack(t, b)
}

// Unpack makes a machine of an archive. Further archives lie over it.
func Unpack(t testing.TB, archives ...[]byte) *host.Host {
	t.Helper()
	m := machine{root: t.TempDir(), sizes: map[string]size{}, answers: map[string]string{}, native: map[host.Native]string{},
		now: time.Date(2024, 6, 3, 9, 30, 0, 0, time.UTC)}
	for _, b := range archives {
		for _, f := range txtar.Parse(b).Files {
			if err := m.put(f.Name, f.Data); err != nil {
				t.Fatalf("recording: %s: %v", f.Name, err)
			}
		}
	}
	for p, at := range m.times { // last, since every file made changes its folder
		if err := os.Chtimes(p, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return m.host()
}

type machine struct {
	root    string
	now     time.Time
	sizes   map[string]size
	answers map[string]string
	times   map[string]time.Time
	reg     registry
	native  map[host.Native]string // hexadecimal digits, or "!" and why not
}

type size struct {
	fs  host.Filesystem
	err error
}

func (m *machine) host() *host.Host {
	h := m.unix()
	if m.reg.keys != nil {
		h.Registry = m.reg.read
		h.Native = func(q host.Native) ([]byte, error) {
			out, ok := m.native[q]
			if !ok {
				return nil, errors.ErrUnsupported
			}
			if why, failed := strings.CutPrefix(out, "!"); failed {
				return nil, errors.New(strings.TrimSpace(why))
			}
			return hex.DecodeString(strings.Join(strings.Fields(out), ""))
		}
	}
	return h
}

func (m *machine) unix() *host.Host {
	return &host.Host{
		Root: m.root, Privileged: true,
		Now:  func() time.Time { return m.now },
		Mono: func() (time.Duration, error) { return 26 * time.Hour, nil },
		Exec: func(_ context.Context, c host.Command, _ string) ([]byte, error) {
			out, ok := m.answers[c.Name]
			if !ok {
				return nil, fmt.Errorf("the recording has no answer of %s", c.Name)
			}
			if why, failed := strings.CutPrefix(out, "!"); failed {
				return nil, errors.New(strings.TrimSpace(why))
			}
			return []byte(out), nil
		},
		Get: func(_ context.Context, q host.Question, _ string) ([]byte, error) {
			out, ok := m.answers["?"+q.Name]
			if !ok {
				return nil, fmt.Errorf("the recording has no answer of %s", q.Name)
			}
			if why, failed := strings.CutPrefix(out, "!"); failed {
				return nil, errors.New(strings.TrimSpace(why))
			}
			return []byte(out), nil
		},
		Statfs: func(p string) (host.Filesystem, error) {
			rel, err := filepath.Rel(m.root, p)
			if err != nil {
				return host.Filesystem{}, err
			}
			s, ok := m.sizes[path.Clean("/"+filepath.ToSlash(rel))]
			if !ok {
				return host.Filesystem{}, os.ErrNotExist
			}
			return s.fs, s.err
		},
	}
}

func (m *machine) put(name string, data []byte) error {
	word, rest, _ := strings.Cut(name, " ")
	switch word {
	case "links":
		return m.each(rest, data, m.link)
	case "values":
		return m.each(rest, data, func(p, v string) error { return m.file(p, []byte(v+"\n")) })
	case "hex":
		b, err := hex.DecodeString(strings.Join(strings.Fields(string(data)), ""))
		if err != nil {
			return err
		}
		p, err := m.stamped(rest)
		if err != nil {
			return err
		}
		return m.file(p, b)
	case "smbios":
		entry, table, err := SMBIOS(rest, string(data))
		if err != nil {
			return err
		}
		// RawSMBIOSData: how it was called, version, revision, length, table.
		var major, minor byte
		if _, err := fmt.Sscanf(rest, "%d.%d", &major, &minor); err != nil {
			return err
		}
		raw := binary.LittleEndian.AppendUint32([]byte{0, major, minor, 0}, uint32(len(table)))
		m.native[host.NativeSMBIOS] = hex.EncodeToString(append(raw, table...))
		if err := m.file("/sys/firmware/dmi/tables/smbios_entry_point", entry); err != nil {
			return err
		}
		return m.file("/sys/firmware/dmi/tables/DMI", table)
	case "run":
		m.answers[rest] = string(data)
		return nil
	case "ask":
		m.answers["?"+rest] = string(data)
		return nil
	case "reg":
		return m.reg.parse(string(data))
	case "native":
		m.native[host.Native(rest)] = string(data)
		return nil
	case "told":
		m.native[host.Native(rest)] = hex.EncodeToString(data)
		return nil
	case "sizes":
		return m.space(data)
	case "now":
		at, err := time.Parse(time.RFC3339, strings.TrimSpace(string(data)))
		m.now = at
		return err
	}
	if at, target, ok := strings.Cut(name, " -> "); ok {
		return m.link(at, target)
	}
	name, err := m.stamped(name)
	if err != nil {
		return err
	}
	if strings.HasSuffix(name, "/") {
		return os.MkdirAll(filepath.Join(m.root, name), 0o755)
	}
	return m.file(name, data)
}

// stamped takes the time of change off a name, and notes it.
func (m *machine) stamped(name string) (string, error) {
	p, at, ok := strings.Cut(name, " @")
	if !ok {
		return name, nil
	}
	when, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return "", err
	}
	if m.times == nil {
		m.times = map[string]time.Time{}
	}
	m.times[filepath.Join(m.root, p)] = when
	return p, nil
}

// each splits lines of a name and the rest.
func (m *machine) each(folder string, data []byte, do func(p, v string) error) error {
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			continue
		}
		name, value, _ := strings.Cut(line, " ")
		if err := do(path.Join(folder, name), strings.TrimLeft(value, " ")); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) file(name string, data []byte) error {
	p := filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return err
	}
	return os.WriteFile(p, data, 0o644)
}

func (m *machine) link(name, target string) error {
	p := filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return err
	}
	return os.Symlink(target, p)
}

func (m *machine) space(data []byte) error {
	for line := range strings.Lines(string(data)) {
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		w[0] = strings.ReplaceAll(w[0], `\040`, " ")
		if why, failed := strings.CutPrefix(strings.Join(w[1:], " "), "!"); failed {
			m.sizes[w[0]] = size{err: errors.New(why)}
			continue
		}
		if len(w) != 6 {
			return fmt.Errorf("%q has %d words, want 6", line, len(w))
		}
		var n [5]uint64
		for i := range n {
			v, err := strconv.ParseUint(w[i+1], 10, 64)
			if err != nil {
				return err
			}
			n[i] = v
		}
		m.sizes[w[0]] = size{fs: host.Filesystem{Size: n[0], Free: n[1], Available: n[2], Files: n[3], FilesFree: n[4]}}
	}
	return nil
}
