package profile

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"muster/internal/settings"
)

//go:embed profiles/*.yaml
var embedded embed.FS

// Own are the profiles that Muster brings.
func Own() fs.FS {
	sub, err := fs.Sub(embedded, "profiles")
	if err != nil {
		return embedded // cannot be: the name is a constant
	}
	return sub
}

// Set is all profiles together. It does not change once it is loaded and may
// be used from several goroutines.
type Set struct {
	// Now is the clock. nil: time.Now.
	Now func() time.Time

	profiles []*Profile // by name
	problems settings.Problems
}

// Problems are files, or what stands in them, that cannot stand. The others do.
func (s *Set) Problems() settings.Problems { return s.problems }

// Profiles lists them by name.
func (s *Set) Profiles() []*Profile { return slices.Clone(s.profiles) }

// Find finds a profile by name.
func (s *Set) Find(name string) (*Profile, bool) {
	i, ok := slices.BinarySearchFunc(s.profiles, name, func(p *Profile, name string) int { return cmp.Compare(p.Name, name) })
	if !ok {
		return nil, false
	}
	return s.profiles[i], true
}

func (s *Set) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// maxFiles bounds a folder of profiles.
const maxFiles = 2000

// Load reads the profiles of own, and over them those of the folder office,
// which may be empty. A file of office that has the name of an own profile
// changes what it names and leaves the rest; any other adds a profile. What is
// broken is told by Problems, and the own profile stands where a change of it
// is broken. An error says that own itself cannot stand, or that office cannot
// be read at all.
func Load(own fs.FS, office string) (*Set, error) { return (&Set{}).Reload(own, office) }

// Reload is Load, after office changed: of a file that is broken now, what stood
// in s goes on, so that a slip of the pen takes no device its profile.
func (s *Set) Reload(own fs.FS, office string) (*Set, error) {
	l := loader{read: map[string]draft{}, stood: map[string]draft{}, compiled: newCompiled()}
	for _, p := range s.profiles {
		if p.Office {
			l.stood[p.Name] = p.draft
		}
	}
	if err := l.folder(own, "", false); err != nil {
		return nil, fmt.Errorf("read profiles: %w", err)
	}
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	if office != "" {
		if err := l.folder(os.DirFS(office), office, true); err != nil {
			return nil, fmt.Errorf("read profiles of the office in %s: %w", office, err)
		}
	}
	out := l.build()
	out.Now = s.Now
	for _, p := range out.problems {
		if d := l.read[stem(p.File)]; d.file == p.File && !d.office {
			return nil, out.problems
		}
	}
	return out, nil
}

// With is s with one more file, as the office would put it into its folder, and
// the profile of that file. A broken file is an error: settings.Problems.
func (s *Set) With(file string, data []byte) (*Set, *Profile, error) {
	l := loader{read: map[string]draft{}, compiled: newCompiled()}
	for _, p := range s.profiles {
		l.read[p.Name] = p.draft
	}
	l.take(file, data, true)
	if len(l.problems) > 0 {
		return nil, nil, l.problems
	}
	out := l.build()
	if len(out.problems) > 0 {
		return nil, nil, out.problems
	}
	out.Now = s.Now
	p, ok := out.Find(stem(file))
	if !ok {
		return nil, nil, errors.New("the file holds no profile")
	}
	return out, p, nil
}

// Parse reads one file alone, over those of set, as muster profile check does.
func (s *Set) Parse(file string, data []byte) (*Profile, error) {
	_, p, err := s.With(file, data)
	return p, err
}

func stem(file string) string {
	return strings.TrimSuffix(strings.TrimSuffix(path.Base(file), ".yaml"), ".yml")
}

// draft is a file that was read.
type draft struct {
	doc    Document
	file   string
	data   []byte
	office bool
	plain  bool   // no OID of it is below a root
	under  *draft // what stands where this one cannot: an own profile, or one that stood
}

type loader struct {
	read     map[string]draft
	stood    map[string]draft // profiles of the office before a reload
	verifier settings.Verifier
	compiled
	problems settings.Problems
}

func (l *loader) folder(from fs.FS, folder string, office bool) error {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return err
	}
	n := 0
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || strings.HasPrefix(name, ".") || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			continue
		}
		if n++; n > maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		data, err := readFile(from, name)
		if err != nil {
			l.blame(path.Join(folder, name), err)
			l.stay(stem(name))
			continue
		}
		l.take(path.Join(folder, name), data, office)
	}
	return nil
}

func readFile(from fs.FS, name string) ([]byte, error) {
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, settings.MaxFile+1))
}

func (l *loader) blame(file string, err error) {
	var ps settings.Problems
	if errors.As(err, &ps) {
		l.problems = append(l.problems, ps...)
		return
	}
	l.problems = append(l.problems, settings.Problem{File: file, Want: err.Error()})
}

func (l *loader) take(file string, data []byte, office bool) {
	name := stem(file)
	d := draft{file: file, data: data, office: office, plain: !bytes.Contains(data, []byte("root."))}
	old, known := l.read[name]
	if known {
		d.doc = clone(old.doc)
		d.under = &old
		d.plain = d.plain && old.plain
	}
	if before, ok := l.stood[name]; ok && office {
		d.under = &before
	}
	if err := settings.Decode(file, data, &d.doc); err != nil {
		l.blame(file, err)
		l.stay(name)
		return
	}
	if d.doc.Name != name {
		l.blame(file, settings.Locate(file, data, settings.Problems{{Key: "name", Text: d.doc.Name, Want: fmt.Sprintf("the file's name is expected, %s: so that a profile is found by its name", name)}}))
		l.stay(name)
		return
	}
	l.read[name] = d
}

// stay lets a profile of the office stand as it stood.
func (l *loader) stay(name string) {
	if before, ok := l.stood[name]; ok {
		l.read[name] = before
	}
}

// clone copies what decoding would write into.
func clone(d Document) Document {
	d.Metadata = maps.Clone(d.Metadata)
	d.Numbers = maps.Clone(d.Numbers)
	return d
}

// build makes profiles of all that was read. One that cannot stand is left out,
// or stands as it was before the office changed it.
func (l *loader) build() *Set {
	s := &Set{problems: l.problems}
	for _, name := range sortedKeys(l.read) {
		for d := new(l.read[name]); d != nil; d = d.under {
			p, ps := l.compile(*d)
			if len(ps) == 0 {
				s.profiles = append(s.profiles, p)
				break
			}
			s.problems = append(s.problems, settings.Locate(d.file, d.data, ps)...)
		}
	}
	return s
}

// line lists a profile and those it extends, each once, what counts more first.
func (l *loader) line(d draft) ([]draft, settings.Problems) {
	var ps settings.Problems
	var out []draft
	seen := map[string]bool{}
	var visit func(d draft, above []string)
	visit = func(d draft, above []string) {
		if seen[d.doc.Name] {
			return
		}
		seen[d.doc.Name] = true
		out = append(out, d)
		above = append(above, d.doc.Name)
		for i, name := range d.doc.Extends {
			key := "extends"
			if len(above) == 1 {
				key = fmt.Sprintf("extends[%d]", i)
			}
			if slices.Contains(above, name) {
				ps.Add(key, name, "a profile cannot extend itself: %s", strings.Join(append(above, name), " → "))
				continue
			}
			next, ok := l.read[name]
			if !ok {
				ps.Add(key, name, "there is no such profile%s", settings.Nearest(name, sortedKeys(l.read)))
				continue
			}
			visit(next, above)
		}
	}
	visit(d, nil)
	return l.rooted(out), ps
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
