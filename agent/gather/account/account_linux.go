package account

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"muster/agent/host"
	"muster/internal/inventory"
)

func users(_ context.Context, h *host.Host) (rows []inventory.User, asked, faults []string, err error) {
	list, err := passwd(h)
	if err != nil {
		return nil, nil, nil, err
	}
	asked = append(asked, "passwd")
	all, err := groupFile(h)
	if err != nil {
		faults = append(faults, fmt.Sprintf("groups, and so administrators: %v", err))
	}
	ages := map[string]aging{}
	if f, err := h.Open("/etc/shadow"); err == nil {
		got, err := parseShadow(f)
		f.Close()
		if err != nil {
			faults = append(faults, fmt.Sprintf("shadow: %v", err))
		} else {
			asked = append(asked, "shadow")
		}
		for _, a := range got {
			ages[a.Name] = a
		}
	} else if errors.Is(err, fs.ErrPermission) {
		faults = append(faults, "whether accounts are locked can be read by root only")
	} else if !errors.Is(err, fs.ErrNotExist) {
		faults = append(faults, fmt.Sprintf("shadow: %v", err))
	}
	people := numbers(h)
	var last *os.File
	if f, err := h.Open("/var/log/lastlog"); err == nil {
		last = f
		defer f.Close()
	}
	for _, e := range list {
		a, aged := ages[e.Name]
		r := row(e, all, a, aged, people, h.Now())
		if last != nil {
			r.LastLoginAt = lastLogin(last, e.UID)
		}
		rows = append(rows, r)
	}
	return rows, asked, faults, nil
}

func row(e entry, all []group, a aging, aged bool, people span, now time.Time) inventory.User {
	r := inventory.User{Name: e.Name, AccountID: strconv.FormatInt(e.UID, 10), FullName: e.Full, Home: e.Home, Shell: e.Shell, Kind: "system"}
	if e.UID == 0 || e.UID >= people.UIDMin && e.UID <= people.UIDMax {
		r.Kind = "local"
	}
	if r.PrimaryGroup = strconv.FormatInt(e.GID, 10); len(all) > 0 {
		if i := slices.IndexFunc(all, func(g group) bool { return g.GID == e.GID }); i >= 0 {
			r.PrimaryGroup = all[i].Name
		}
		admin := admins(e, all)
		r.Administrator = &admin
	}
	password := e.Password
	if aged && password == unknown {
		password = a.Password
		r.PasswordSetAt, r.PasswordExpiresAt, r.ExpiresAt = a.SetAt, a.EndsAt, a.Expires
	}
	if password != unknown {
		isLocked, needed := password == locked, password != empty
		r.Locked, r.PasswordNeeded = &isLocked, &needed
	}
	disabled := noLogin(e.Shell) || !r.ExpiresAt.IsZero() && r.ExpiresAt.Before(now)
	r.Disabled = &disabled
	return r
}

func passwd(h *host.Host) ([]entry, error) {
	f, err := h.Open("/etc/passwd")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parsePasswd(f)
}

func groupFile(h *host.Host) ([]group, error) {
	f, err := h.Open("/etc/group")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseGroup(f)
}

func numbers(h *host.Host) span {
	f, err := h.Open("/etc/login.defs")
	if err != nil {
		return defaults()
	}
	defer f.Close()
	return parseDefs(f)
}

// both reads users and groups, and gives every group all its members, those
// whose main group it is included.
func both(h *host.Host) ([]group, []entry, error) {
	list, err := passwd(h)
	if err != nil {
		return nil, nil, err
	}
	all, err := groupFile(h)
	if err != nil {
		return nil, nil, err
	}
	for i := range all {
		for _, e := range list {
			if e.GID == all[i].GID && !slices.Contains(all[i].Members, e.Name) {
				all[i].Members = append(all[i].Members, e.Name)
			}
		}
	}
	return all, list, nil
}

// own says whether a group is only somebody's own: named as its one member,
// as distributions make one for every user.
func own(g group) bool { return len(g.Members) == 1 && g.Members[0] == g.Name }

func groups(_ context.Context, h *host.Host) ([]inventory.UserGroup, []string, error) {
	all, _, err := both(h)
	if err != nil {
		return nil, nil, err
	}
	people := numbers(h)
	var rows []inventory.UserGroup
	for _, g := range all {
		made := g.GID >= people.GIDMin && g.GID <= people.GIDMax
		if own(g) && !administrators(g.Name) || len(g.Members) == 0 && !made {
			continue
		}
		admin, count := administrators(g.Name), int64(len(g.Members))
		r := inventory.UserGroup{Name: g.Name, GroupID: strconv.FormatInt(g.GID, 10), Kind: "system", Admin: &admin, Members: &count}
		if made {
			r.Kind = "local"
		}
		rows = append(rows, r)
	}
	return rows, []string{"group", "passwd"}, nil
}

func members(_ context.Context, h *host.Host) ([]inventory.GroupMember, []string, error) {
	all, list, err := both(h)
	if err != nil {
		return nil, nil, err
	}
	var rows []inventory.GroupMember
	for _, g := range all {
		if own(g) && !administrators(g.Name) {
			continue
		}
		for _, m := range g.Members {
			r := inventory.GroupMember{GroupName: g.Name, UserName: m, Kind: "unknown", Origin: "unknown"}
			if i := slices.IndexFunc(list, func(e entry) bool { return e.Name == m }); i >= 0 {
				r.Kind, r.Origin, r.MemberID = "user", "local", strconv.FormatInt(list[i].UID, 10)
			}
			rows = append(rows, r)
		}
	}
	return rows, []string{"group", "passwd"}, nil
}
