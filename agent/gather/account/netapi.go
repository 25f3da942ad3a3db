package account

import (
	"errors"
	"slices"
	"strings"
	"time"

	"muster/agent/gather/hive"
	"muster/agent/host"
	"muster/internal/inventory"
)

// local is an account of the machine's own list (USER_INFO_2, lmaccess.h).
type local struct {
	Name, FullName, Home, SID string
	Flags                     uint32
	PasswordAge               uint32 // seconds
	LastLogon, Expires        uint32 // seconds since 1970
}

// alias is a local group (LOCALGROUP_INFO_1) with its members
// (LOCALGROUP_MEMBERS_INFO_2).
type alias struct {
	Name, Comment, SID string
	Members            []member
	Unknown            bool // its members could not be listed
}

type member struct {
	Name, SID string // DOMAIN\name
	Use       int32  // SID_NAME_USE
}

// sidAdministrators is the group of that name in every language.
const sidAdministrators = "S-1-5-32-544"

// Flags of an account (lmaccess.h).
const (
	flagDisabled   = 0x2
	flagLocked     = 0x10
	flagNoPassword = 0x20
)

// windowsUsers joins the machine's own accounts with the people of domain and
// Entra who have a profile here. Those are named by their profile's folder:
// their name is known to a directory that a laptop cannot always ask.
func windowsUsers(h *host.Host, list []local, groups []alias) (rows []inventory.User, asked, faults []string) {
	asked = []string{"sam"}
	admins, sure := map[string]bool{}, false
	for _, g := range groups {
		if g.SID != sidAdministrators || g.Unknown {
			continue
		}
		sure = true
		for _, m := range g.Members {
			admins[m.SID] = true
		}
	}
	people, err := hive.People(h)
	switch {
	case err == nil || errors.Is(err, hive.ErrMany):
		asked = append(asked, "profiles")
		if err != nil {
			faults = append(faults, err.Error())
		}
	default:
		faults = append(faults, "profiles: "+err.Error())
	}
	profile := map[string]hive.Person{}
	for _, p := range people {
		profile[p.SID] = p
	}
	known := map[string]bool{}
	for _, a := range list {
		known[a.SID] = true
		r := inventory.User{Name: a.Name, AccountID: a.SID, FullName: a.FullName, Kind: "local", Home: a.Home,
			Disabled: new(a.Flags&flagDisabled != 0), Locked: new(a.Flags&flagLocked != 0), PasswordNeeded: new(a.Flags&flagNoPassword == 0)}
		switch {
		// The account of programs that guests run in, and that of images.
		case strings.HasSuffix(a.SID, "-503"), strings.HasSuffix(a.SID, "-504"):
			r.Kind = "system"
		}
		if sure {
			r.Administrator = new(admins[a.SID])
		}
		if a.PasswordAge > 0 {
			// To the hour, so that it stays the same from one reading to the next.
			r.PasswordSetAt = h.Now().Add(-time.Duration(a.PasswordAge) * time.Second).UTC().Round(time.Hour)
		}
		r.LastLoginAt, r.ExpiresAt = seconds(a.LastLogon), seconds(a.Expires)
		if p, ok := profile[a.SID]; ok {
			r.Home, r.ProfileLoaded = strings.ReplaceAll(p.Dir, "/", `\`), new(p.Loaded)
		}
		rows = append(rows, r)
	}
	for _, p := range people {
		if known[p.SID] {
			continue
		}
		r := inventory.User{Name: p.User, AccountID: p.SID, Kind: "domain", Home: strings.ReplaceAll(p.Dir, "/", `\`), ProfileLoaded: new(p.Loaded)}
		if strings.HasPrefix(p.SID, "S-1-12-1-") {
			r.Kind = "entra"
		}
		if slices.ContainsFunc(rows, func(o inventory.User) bool { return strings.EqualFold(o.Name, r.Name) }) {
			r.Name = p.SID // the machine has an account of that name too
		}
		if sure && admins[p.SID] {
			r.Administrator = new(true) // whether a group makes others so is known to the directory
		}
		rows = append(rows, r)
	}
	return rows, asked, faults
}

// seconds is a time since 1970; zero and the greatest number say never.
func seconds(n uint32) time.Time {
	if n == 0 || n == 1<<32-1 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}

// windowsGroups are the rows of local groups.
func windowsGroups(list []alias) []inventory.UserGroup {
	var rows []inventory.UserGroup
	for _, g := range list {
		r := inventory.UserGroup{Name: g.Name, GroupID: g.SID, Kind: "local", Comment: g.Comment, Admin: new(g.SID == sidAdministrators)}
		if strings.HasPrefix(g.SID, "S-1-5-32-") {
			r.Kind = "system" // every Windows has it
		}
		if !g.Unknown {
			r.Members = new(int64(len(g.Members)))
		}
		rows = append(rows, r)
	}
	return rows
}

// windowsMembers are the rows of members. machine is the host's own name, by
// which its accounts are called.
func windowsMembers(list []alias, machine string) []inventory.GroupMember {
	var rows []inventory.GroupMember
	for _, g := range list {
		seen := map[string]bool{}
		for _, m := range g.Members {
			r := inventory.GroupMember{GroupName: g.Name, UserName: m.Name, MemberID: m.SID, Kind: "unknown", Origin: "domain"}
			domain, name, split := strings.Cut(m.Name, `\`)
			switch {
			case split && strings.EqualFold(domain, machine):
				r.UserName, r.Origin = name, "local"
			case strings.HasPrefix(m.SID, "S-1-12-1-"):
				r.Origin = "entra"
			case !strings.HasPrefix(m.SID, "S-1-5-21-"):
				r.Origin = "local" // of Windows itself, such as NT AUTHORITY\INTERACTIVE
			}
			if r.UserName == "" || r.UserName == `\` {
				r.UserName, r.Origin = m.SID, "unknown"
			}
			switch m.Use { // SID_NAME_USE (winnt.h)
			case 1:
				r.Kind = "user"
			case 2, 4, 5:
				r.Kind = "group"
			case 9:
				r.Kind = "computer"
			}
			if r.UserName != "" && !seen[r.UserName] {
				seen[r.UserName] = true
				rows = append(rows, r)
			}
		}
	}
	return rows
}
