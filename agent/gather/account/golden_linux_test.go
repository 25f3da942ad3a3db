package account

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
)

// TestMachines reads the recorded machines.
func TestMachines(t *testing.T) {
	for _, name := range recorded.Names() {
		t.Run(name+"/user", func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := Read(context.Background(), h)
			recorded.Golden(t, h, "user", "user."+name, r, err)
		})
		t.Run(name+"/user_group", func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := ReadGroups(context.Background(), h)
			recorded.Golden(t, h, "user_group", "user_group."+name, r, err)
		})
		t.Run(name+"/group_member", func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := ReadMembers(context.Background(), h)
			recorded.Golden(t, h, "group_member", "group_member."+name, r, err)
		})
	}
}
