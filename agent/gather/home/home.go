// Package home tells whose homes are on a machine, and which name a number of
// an account has. It is for several readers: of what people have installed,
// set to start, or put on a clock.
//
// It owns which accounts are people's. It must not know what is looked for in
// a home; all access below one goes through host.Within, because its owner
// may have laid anything there.
package home

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"muster/agent/host"
)

// Most is how many homes are looked into; a machine with more is a server of
// homes, and not where its people sign in.
const Most = 200

// ErrMany says that there are more homes than are looked into.
var ErrMany = fmt.Errorf("more than %d homes: the others are not looked into", Most)

// Home is one person's folder.
type Home struct {
	User string
	UID  int64 // -1 when the machine does not know the account
	Dir  string
}

// maxLines bounds passwd(5).
const maxLines = 20_000

// parse reads name:password:uid:gid:gecos:home:shell and calls each; lines
// that are none are passed over.
func parse(r io.Reader, each func(Home)) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 1024), 16<<10)
	for n := 0; s.Scan() && n < maxLines; n++ {
		w := strings.Split(s.Text(), ":")
		if len(w) != 7 || w[0] == "" {
			continue
		}
		uid, err := strconv.ParseInt(w[2], 10, 64)
		if err != nil || uid < 0 || uid > 1<<32 {
			continue
		}
		each(Home{User: w[0], UID: uid, Dir: w[5]})
	}
}

// Names gives the names of accounts by their numbers, as far as the machine
// itself knows them.
func Names(h *host.Host) map[int64]string {
	names := map[int64]string{}
	f, err := h.Open("/etc/passwd")
	if err != nil {
		return names
	}
	defer f.Close()
	parse(f, func(one Home) {
		if names[one.UID] == "" {
			names[one.UID] = one.User
		}
	})
	return names
}

// People lists the homes of root and of people that are there. Those below
// /home that no account of the machine owns belong to accounts of a directory;
// their folder's name is taken for the person's, with that of the domain before
// it where homes lie in a folder for each. The error may be ErrMany beside a
// list.
func People(h *host.Host) ([]Home, error) {
	f, err := h.Open("/etc/passwd")
	if err != nil {
		return nil, fmt.Errorf("homes: %w", err)
	}
	defer f.Close()
	var list []Home
	many := false
	seen := map[string]bool{}
	add := func(one Home) {
		if many = many || len(list) >= Most; !many {
			list = append(list, one)
		}
	}
	parse(f, func(one Home) {
		if one.UID != 0 && one.UID < 1000 || one.UID == 65534 {
			return
		}
		one.Dir = strings.TrimRight(one.Dir, "/")
		if one.Dir == "" || one.Dir[0] != '/' || strings.HasPrefix(one.Dir, "/nonexistent") || strings.HasPrefix(one.Dir, "/dev") || seen[one.Dir] {
			return
		}
		seen[one.Dir] = true
		if fi, err := h.Stat(one.Dir); err == nil && fi.IsDir() {
			add(one)
		}
	})
	for _, name := range folders(h, "/home") {
		dir := "/home/" + name
		if seen[dir] {
			continue
		}
		within := folders(h, dir)
		if lived(h, dir) || len(within) == 0 {
			add(Home{User: name, UID: -1, Dir: dir})
			continue
		}
		// As winbind lays them: a folder of the domain, and the persons' in it.
		domain := false
		for _, person := range within {
			if below := dir + "/" + person; !seen[below] && lived(h, below) {
				domain = true
				add(Home{User: name + `\` + person, UID: -1, Dir: below})
			} else if seen[below] {
				domain = true
			}
		}
		if !domain {
			add(Home{User: name, UID: -1, Dir: dir})
		}
	}
	if many {
		return list, ErrMany
	}
	return list, nil
}

// folders lists those of a folder that nobody hides.
func folders(h *host.Host, dir string) []string {
	list, err := h.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range list {
		if e.IsDir() && e.Name()[0] != '.' && e.Name() != "lost+found" && len(names) <= Most {
			names = append(names, e.Name())
		}
	}
	return names
}

// lived says whether somebody has signed in with a home: shells and desktops
// leave these.
func lived(h *host.Host, dir string) bool {
	for _, n := range []string{".profile", ".bashrc", ".config", ".cache", ".bash_history"} {
		if h.Exists(dir + "/" + n) {
			return true
		}
	}
	return false
}

// Short writes a path below the home as below ~.
func (x Home) Short(p string) string {
	if rest, ok := strings.CutPrefix(p, x.Dir+"/"); ok {
		return "~/" + rest
	}
	return Hide(p)
}

// Hide writes any path below /home or /root as below ~, so that it names no
// person.
func Hide(p string) string {
	if rest, ok := strings.CutPrefix(p, "/home/"); ok {
		if _, below, ok := strings.Cut(rest, "/"); ok {
			return "~/" + below
		}
		return "~"
	}
	if rest, ok := strings.CutPrefix(p, "/root/"); ok {
		return "~/" + rest
	}
	return p
}
