package account

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	t.Run("user", func(t *testing.T) {
		rows, asked, faults, err := usersMac(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows(rows, asked...)
		r.Faults = faults
		recorded.Golden(t, h, "user", "macbook-user", r, err)
	})
	t.Run("user_group", func(t *testing.T) {
		rows, asked, err := groupsMac(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows(rows, asked...)
		recorded.Golden(t, h, "user_group", "macbook-user_group", r, err)
	})
	t.Run("group_member", func(t *testing.T) {
		rows, asked, err := membersMac(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows(rows, asked...)
		recorded.Golden(t, h, "group_member", "macbook-group_member", r, err)
	})
}
