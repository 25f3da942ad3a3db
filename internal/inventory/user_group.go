package inventory

import "time"

// UserGroup is one local group that gives rights; groups without members that
// come with the system are left out.
type UserGroup struct {
	Name    string `inv:"name,key" doc:"Name of the group."`
	GroupID string `inv:"group_id" doc:"Number or SID of the group."`
	Kind    string `inv:"kind" enum:"local|domain|directory|system" doc:"Where the group comes from."`
	Comment string `inv:"comment,dict" doc:"What it is for."`
	Admin   *bool  `inv:"administrators" doc:"True when its members can act as administrators."`
	Members *int64 `inv:"member_count" unit:"count" doc:"Direct members."`
}

// Section says how the section is named, kept and read.
func (UserGroup) Section() Meta {
	return Meta{Name: "user_group", Doc: "Local groups.", Cadence: time.Hour,
		Windows: "NetLocalGroupEnum", Darwin: "dscl . -readall /Groups", Linux: "/etc/group"}
}
