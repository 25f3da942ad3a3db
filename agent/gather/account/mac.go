package account

import (
	"context"
	"slices"
	"strings"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/order"
)

// record is what dscl -plist . -readall tells of one user or group; of each
// attribute a list, its names with this word before them.
type record map[string][]string

const standard = "dsAttrTypeStandard:"

func (r record) first(name string) string {
	if l := r[standard+name]; len(l) > 0 {
		return strings.TrimSpace(l[0])
	}
	return ""
}

// Limits of what is kept of a Mac's own directory.
const (
	maxRecords = 10_000
	macAdmin   = "80" // the number of group admin, whose members may do everything
	nobodyMac  = "/usr/bin/false"
)

func records(ctx context.Context, h *host.Host, command string) ([]record, error) {
	var list []record
	err := apple.Ask(ctx, h, command, &list)
	return list[:min(len(list), maxRecords)], err
}

// usersMac reads section user on macOS: the accounts of the Mac itself.
func usersMac(ctx context.Context, h *host.Host) ([]inventory.User, []string, []string, error) {
	list, err := records(ctx, h, "dscl-users")
	if err != nil {
		return nil, nil, nil, err
	}
	var faults []string
	groups, err := records(ctx, h, "dscl-groups")
	if err != nil {
		faults = append(faults, err.Error())
	}
	admins, names := map[string]bool{"root": true}, map[string]string{}
	for _, g := range groups {
		names[g.first("PrimaryGroupID")] = g.first("RecordName")
		if g.first("PrimaryGroupID") == macAdmin {
			for _, m := range g[standard+"GroupMembership"] {
				admins[m] = true
			}
		}
	}
	rows := []inventory.User{}
	for _, u := range list {
		name := u.first("RecordName")
		if name == "" {
			continue
		}
		r := inventory.User{Name: name, AccountID: u.first("UniqueID"), FullName: u.first("RealName"), Kind: "local", Home: u.first("NFSHomeDirectory"), Shell: u.first("UserShell"),
			PrimaryGroup: names[u.first("PrimaryGroupID")]}
		// Programs' accounts begin with an underscore (Apple's naming), or have no
		// way in.
		if name[0] == '_' || name == "daemon" || name == "nobody" {
			r.Kind = "system"
		}
		if r.Shell == nobodyMac {
			r.Disabled = new(true)
		}
		if err == nil {
			r.Administrator = new(admins[name] || u.first("PrimaryGroupID") == macAdmin)
		}
		rows = append(rows, r)
	}
	order.By(rows, func(a, b inventory.User) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(rows, func(a, b inventory.User) bool { return a.Name == b.Name }), []string{"dscl"}, faults, nil
}

// groupsMac reads section user_group on macOS.
func groupsMac(ctx context.Context, h *host.Host) ([]inventory.UserGroup, []string, error) {
	list, err := records(ctx, h, "dscl-groups")
	if err != nil {
		return nil, nil, err
	}
	rows := []inventory.UserGroup{}
	for _, g := range list {
		name := g.first("RecordName")
		if name == "" {
			continue
		}
		r := inventory.UserGroup{Name: name, GroupID: g.first("PrimaryGroupID"), Kind: "local", Comment: g.first("RealName"), Members: new(int64(len(g[standard+"GroupMembership"])))}
		if name[0] == '_' {
			r.Kind = "system"
		}
		r.Admin = new(r.GroupID == macAdmin || name == "wheel")
		rows = append(rows, r)
	}
	order.By(rows, func(a, b inventory.UserGroup) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(rows, func(a, b inventory.UserGroup) bool { return a.Name == b.Name }), []string{"dscl"}, nil
}

// membersMac reads section group_member on macOS.
func membersMac(ctx context.Context, h *host.Host) ([]inventory.GroupMember, []string, error) {
	list, err := records(ctx, h, "dscl-groups")
	if err != nil {
		return nil, nil, err
	}
	rows := []inventory.GroupMember{}
	for _, g := range list {
		for _, m := range g[standard+"GroupMembership"] {
			if name := g.first("RecordName"); name != "" && m != "" && len(rows) < maxRecords {
				rows = append(rows, inventory.GroupMember{GroupName: name, UserName: m, Kind: "user", Origin: "unknown"})
			}
		}
	}
	order.By(rows, func(a, b inventory.GroupMember) int {
		if c := strings.Compare(a.GroupName, b.GroupName); c != 0 {
			return c
		}
		return strings.Compare(a.UserName, b.UserName)
	})
	return slices.CompactFunc(rows, func(a, b inventory.GroupMember) bool { return a.GroupName == b.GroupName && a.UserName == b.UserName }), []string{"dscl"}, nil
}
