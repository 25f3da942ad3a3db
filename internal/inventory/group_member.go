package inventory

import "time"

// GroupMember is one member of a local group. One a row, so that the journal
// says who became administrator and when.
type GroupMember struct {
	GroupName string `inv:"group_name,key" doc:"Group (user_group.name)."`
	UserName  string `inv:"user_name,key,personal" doc:"Member: account or group, with its domain when it is not local."`
	MemberID  string `inv:"member_id,personal" doc:"Number or SID of the member."`
	Kind      string `inv:"kind" enum:"user|group|computer|unknown" doc:"What the member is."`
	Origin    string `inv:"origin" enum:"local|domain|entra|directory|unknown" doc:"Where the member comes from."`
}

// Section says how the section is named, kept and read.
func (GroupMember) Section() Meta {
	return Meta{Name: "group_member", Doc: "Members of local groups.", Cadence: time.Hour,
		Windows: "NetLocalGroupGetMembers", Darwin: "dscl . -readall /Groups", Linux: "/etc/group, primary groups of /etc/passwd"}
}
