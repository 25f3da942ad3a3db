// Package hive tells whose registries are on a machine with Windows, and reads
// them whether or not their owner is signed in: a person's part of the registry
// is loaded below HKU then, and a file in their profile otherwise. It is for
// several readers: of what people have installed and set to start.
//
// It owns who counts as a person and the form of the file. It must not know
// what is looked for, and it never loads a file into the registry: that would
// lock it, and its owner could not sign in.
package hive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"muster/agent/host"
	"muster/internal/order"
)

// Most is how many people are looked into; a machine with more is a terminal
// server of many years.
const Most = 200

// ErrMany says that there are more people than are looked into.
var ErrMany = fmt.Errorf("more than %d profiles: the others are not looked into", Most)

// Person is somebody with a profile on the machine.
type Person struct {
	// User is the name of the profile's folder. It is the person's name, at
	// times with the domain behind a dot, and it alone stays the same whether or
	// not the person is signed in and the domain can be asked.
	User   string
	SID    string
	Dir    string // of the profile, such as C:/Users/avery
	Loaded bool   // its registry is loaded: the person is signed in, or a service of theirs runs
}

// isPerson says whether an account is one that people have: of the machine or
// a domain (S-1-5-21), or of Entra (S-1-12-1).
func isPerson(sid string) bool {
	return (strings.HasPrefix(sid, "S-1-5-21-") || strings.HasPrefix(sid, "S-1-12-1-")) && !strings.ContainsAny(sid, "._")
}

// People lists those who have a profile, by their user. The error may be
// ErrMany beside a list.
func People(h *host.Host) ([]Person, error) {
	const list = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList`
	profiles, err := h.Key(host.View64, list, "no value")
	if err != nil {
		return nil, err
	}
	loaded, err := h.Key(host.View64, "HKU", "no value")
	if err != nil {
		return nil, err
	}
	var people []Person
	for _, sid := range profiles.Subkeys {
		if !isPerson(sid) {
			continue
		}
		if len(people) == Most {
			err = ErrMany
			break
		}
		k, gone := h.Key(host.View64, list+`\`+sid, "ProfileImagePath")
		if gone != nil {
			continue
		}
		p := Person{SID: sid, Dir: slashes(k.Text("ProfileImagePath"))}
		p.User = p.Dir[strings.LastIndexByte(p.Dir, '/')+1:]
		if p.User == "" {
			continue
		}
		p.Loaded = slices.ContainsFunc(loaded.Subkeys, func(s string) bool { return strings.EqualFold(s, sid) })
		people = append(people, p)
	}
	// What is loaded without a profile is a person all the same.
	for _, sid := range loaded.Subkeys {
		if isPerson(sid) && len(people) < Most && !slices.ContainsFunc(people, func(p Person) bool { return strings.EqualFold(p.SID, sid) }) {
			people = append(people, Person{User: sid, SID: sid, Loaded: true})
		}
	}
	order.By(people, func(a, b Person) int { return strings.Compare(a.User, b.User) })
	return people, err
}

// slashes writes a path of Windows as this program's paths are.
func slashes(p string) string {
	if len(p) > 13 && strings.EqualFold(p[:13], "%SystemDrive%") {
		p = "C:" + p[13:]
	}
	return strings.TrimRight(strings.ReplaceAll(p, `\`, "/"), "/")
}

// Which of a person's two files.
type Part int

const (
	Settings Part = iota // HKU\SID, NTUSER.DAT
	Classes              // HKU\SID_Classes, UsrClass.dat
)

// Registry is a part of a person's registry, open for reading.
type Registry struct {
	h    *host.Host
	root string // below HKU when loaded
	file *File
	shut []io.Closer
}

// Open opens a part of a person's registry. The error wraps fs.ErrNotExist
// when there is none, as in a profile that nobody has used.
func (p Person) Open(h *host.Host, part Part) (*Registry, error) {
	root, name := p.SID, "NTUSER.DAT"
	if part == Classes {
		root, name = p.SID+"_Classes", "AppData/Local/Microsoft/Windows/UsrClass.dat"
	}
	if p.Loaded {
		return &Registry{h: h, root: `HKU\` + root}, nil
	}
	// The folder is the person's: nothing in it may lead elsewhere.
	w, err := h.Within(p.Dir)
	if err != nil {
		return nil, fmt.Errorf("profile of %s: %w", p.User, err)
	}
	f, err := w.Open(name)
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("registry of %s: %w", p.User, err)
	}
	file, err := Open(f)
	if err != nil {
		f.Close()
		w.Close()
		return nil, fmt.Errorf("registry of %s: %w", p.User, err)
	}
	return &Registry{file: file, shut: []io.Closer{f, w}}, nil
}

// Key reads a key, as host.Host.Key does.
func (r *Registry) Key(path string, values ...string) (host.Key, error) {
	if r.file == nil {
		return r.h.Key(host.View64, r.root+`\`+path, values...)
	}
	return r.file.Key(path, values...)
}

// Close gives a file back.
func (r *Registry) Close() error {
	var err error
	for _, c := range r.shut {
		err = errors.Join(err, c.Close())
	}
	return err
}

// Each calls do with a part of every person's registry. What cannot be read is
// told as faults; a part that is not there is none.
func Each(h *host.Host, part Part, do func(p Person, r *Registry) error) (faults []string, err error) {
	people, err := People(h)
	if err != nil && !errors.Is(err, ErrMany) {
		return nil, err
	}
	if err != nil {
		faults = append(faults, err.Error())
	}
	for _, p := range people {
		r, err := p.Open(h, part)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = errors.Join(do(p, r), r.Close())
		}
		if err != nil {
			faults = append(faults, fmt.Sprintf("the registry of one of the people: %v", plain(err)))
		}
	}
	return faults, nil
}

// plain is what lies at the bottom of an error: what stands before it names a
// person.
func plain(err error) error {
	for {
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			if e.Unwrap() == nil {
				return err
			}
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			if len(e.Unwrap()) == 0 {
				return err
			}
			err = e.Unwrap()[0]
		default:
			return err
		}
	}
}
