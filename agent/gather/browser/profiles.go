package browser

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// browserPlace is a folder of settings of one of Chromium's kin, below a home.
type browserPlace struct{ Browser, Dir string }

// places are where browsers of a system keep what they know of their people.
type places struct {
	Chromiums []browserPlace
	Firefoxes []string // folders of profiles
}

// homeOf is a person and where the person's folder lies.
type homeOf struct{ User, Dir string }

// look looks into the homes of people.
func look(ctx context.Context, h *host.Host, where places, people []homeOf) (rows []inventory.BrowserExtension, asked, faults []string, err error) {
	refused, broken := 0, 0
	for _, one := range people {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		w, err := h.Within(one.Dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			refused++
			continue
		}
		x := person{places: where, within: w, user: one.User, seen: map[string]bool{}}
		x.chromium(ctx)
		x.firefox()
		w.Close()
		refused += x.refused
		broken += x.broken
		for _, r := range x.rows {
			if len(rows) < maxRows {
				rows = append(rows, r)
			}
		}
	}
	if refused > 0 {
		faults = append(faults, fmt.Sprintf("%d homes or profiles can be read by root only", refused))
	}
	if broken > 0 {
		faults = append(faults, fmt.Sprintf("%d files of profiles are not understood", broken))
	}
	return rows, []string{"chromium", "firefox"}, faults, nil
}

// person looks into one home.
type person struct {
	places
	within          *host.Within
	user            string
	rows            []inventory.BrowserExtension
	seen            map[string]bool
	refused, broken int
}

func (x *person) add(r inventory.BrowserExtension) {
	r.UserName = x.user
	k := r.Browser + "\x00" + r.Profile + "\x00" + r.ExtensionID
	if !x.seen[k] {
		x.seen[k] = true
		x.rows = append(x.rows, r)
	}
}

func (x *person) list(dir string, most int) []fs.DirEntry {
	l, err := x.within.ReadDir(dir, most)
	if errors.Is(err, fs.ErrPermission) {
		x.refused++
	}
	return l
}

func (x *person) chromium(ctx context.Context) {
	for _, c := range x.Chromiums {
		// A profile is a folder with extensions; Opera's is the folder itself.
		dirs := []string{c.Dir}
		names := []string{"."}
		for _, e := range x.list(c.Dir, 500) {
			if e.IsDir() && (e.Name() == "Default" || strings.HasPrefix(e.Name(), "Profile ")) && len(dirs) <= maxProfiles {
				dirs = append(dirs, c.Dir+"/"+e.Name())
				names = append(names, e.Name())
			}
		}
		for i, dir := range dirs {
			if ctx.Err() != nil {
				return
			}
			ids := x.list(dir+"/Extensions", maxExtensions)
			states := x.states(dir)
			for _, e := range ids {
				if !e.IsDir() || !isID(e.Name()) {
					continue
				}
				if r, ok := x.extension(dir+"/Extensions/"+e.Name(), states[e.Name()]); ok {
					r.Browser, r.Profile, r.ExtensionID = c.Browser, names[i], e.Name()
					x.add(r)
				}
				delete(states, e.Name())
			}
			// What somebody loads from a folder of his own stands only in the
			// profile's settings.
			for id, s := range states {
				if s.source() == "development" {
					x.add(inventory.BrowserExtension{Browser: c.Browser, Profile: names[i], ExtensionID: id, Name: s.Manifest.Name,
						Version: s.Manifest.Version, Source: s.source(), Enabled: s.enabled(), InstalledAt: s.installedAt()})
				}
			}
		}
	}
}

func (x *person) states(dir string) map[string]state {
	states := map[string]state{}
	for _, name := range []string{"Preferences", "Secure Preferences"} {
		f, err := x.within.Open(dir + "/" + name)
		if err != nil {
			continue
		}
		if err := parseStates(f, states); err != nil {
			x.broken++
		}
		f.Close()
	}
	return states
}

// extension reads the newest version of one: during an update there are two.
func (x *person) extension(dir string, s state) (r inventory.BrowserExtension, ok bool) {
	newest, version := "", ""
	for _, e := range x.list(dir, 20) {
		if v, ok := folderVersion(e.Name()); ok && e.IsDir() && (newest == "" || inventory.VersionKey(v) > inventory.VersionKey(version)) {
			newest, version = e.Name(), v
		}
	}
	if newest == "" {
		return r, false
	}
	at := dir + "/" + newest
	f, err := x.within.Open(at + "/manifest.json")
	if err != nil {
		return r, false
	}
	m, err := parseManifest(f)
	f.Close()
	if err != nil {
		x.broken++
		return r, false
	}
	if len(m.Theme) > 0 {
		return r, false // colours do nothing
	}
	r = inventory.BrowserExtension{Name: m.Name, Version: m.Version, Publisher: m.author(), Permissions: m.rights(),
		Source: s.source(), Enabled: s.enabled(), InstalledAt: s.installedAt()}
	if key, ok := message(m.Name); ok {
		r.Name = x.text(at, m.Locale, key)
	}
	if r.Version == "" {
		r.Version = version
	}
	return r, true
}

// text looks a name up in the language the maker named, or else in English.
func (x *person) text(at, locale, key string) string {
	for _, l := range []string{locale, "en", "en_US"} {
		if l == "" || strings.ContainsAny(l, "/\\") {
			continue
		}
		f, err := x.within.Open(at + "/_locales/" + l + "/messages.json")
		if err != nil {
			continue
		}
		s := parseMessages(f, key)
		f.Close()
		if s != "" {
			return s
		}
	}
	return ""
}

func (x *person) firefox() {
	for _, dir := range x.Firefoxes {
		profiles := 0
		for _, e := range x.list(dir, 500) {
			if !e.IsDir() || !strings.Contains(e.Name(), ".") || profiles == maxProfiles {
				continue
			}
			f, err := x.within.Open(dir + "/" + e.Name() + "/extensions.json")
			if err != nil {
				continue
			}
			profiles++
			rows, err := parseFirefox(f)
			f.Close()
			if err != nil {
				x.broken++
			}
			for _, r := range rows {
				r.Browser, r.Profile = "firefox", e.Name()
				x.add(r)
			}
		}
	}
}
