package account

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// TestWindows joins lists as NetUserEnum and its like give them with the
// profiles of the recorded machines.
func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		const machine = "S-1-5-21-11-22-33-"
		list := []local{
			{Name: "Administrator", SID: machine + "500", Flags: 0x10203, PasswordAge: 86400 * 30, LastLogon: 1_717_000_000, Expires: 1<<32 - 1},
			{Name: "Guest", SID: machine + "501", Flags: 0x10223},
			{Name: "WDAGUtilityAccount", SID: machine + "504", Flags: 0x10203},
			{Name: "repair", FullName: "Repair desk", SID: machine + "1001", Flags: 0x10211, PasswordAge: 60},
		}
		groups := []alias{
			{Name: "Administratoren", SID: sidAdministrators, Comment: "May do all", Members: []member{
				{Name: `FIN-PC-0042\Administrator`, SID: machine + "500", Use: 1},
				{Name: `OFFICE\Domain Admins`, SID: "S-1-5-21-1004336348-1177238915-682003330-512", Use: 2},
				{Name: `AzureAD\RobinField`, SID: "S-1-12-1-1234567890-1234567890-1234567890-1234567890", Use: 1},
				{SID: "S-1-5-21-9-9-9-1007", Use: 8},
			}},
			{Name: "Repairers", SID: machine + "1002", Members: []member{{Name: `NT AUTHORITY\INTERACTIVE`, SID: "S-1-5-4", Use: 5}}},
			{Name: "Sealed", SID: machine + "1003", Unknown: true},
		}
		rows, asked, faults := windowsUsers(h, list, groups)
		r, err := gather.Rows(rows, asked...)
		r.Faults = faults
		recorded.Golden(t, h, "user", "user.windows."+name, r, err)
		r, err = gather.Rows(windowsGroups(groups), "sam")
		recorded.Golden(t, h, "user_group", "group.windows."+name, r, err)
		r, err = gather.Rows(windowsMembers(groups, "fin-pc-0042"), "sam")
		recorded.Golden(t, h, "group_member", "member.windows."+name, r, err)
	})
}
