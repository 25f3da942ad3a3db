package api

import (
	"context"
	"errors"
	"strings"
	"testing"

	"muster/internal/inventory"
	"muster/internal/settings"
)

// fakeProfiles has two profiles and a broken file.
type fakeProfiles struct{ x *fakeGear }

func (f fakeProfiles) Profiles() ([]ProfileSummary, settings.Problems) {
	return []ProfileSummary{{Name: "acme-switch", Title: "Switches of Acme", Source: "office", State: "on", File: "acme-switch.yaml"}, {Name: "switch", Source: "builtin", State: "base"}},
		settings.Problems{{File: "/etc/muster/profiles/bad.yaml", Line: 3, Column: 7, Key: "match", Want: "what it fits is missing"}}
}

func (f fakeProfiles) Profile(name string) (ProfileShow, bool) {
	list, _ := f.Profiles()
	for _, p := range list {
		if p.Name == name {
			return ProfileShow{Profile: p, Match: []string{"any device"}, Facts: []string{}, Builtins: []string{"ports"}, Parts: []ProfilePart{}, Numbers: []string{}, Text: "name: " + name + "\n"}, true
		}
	}
	return ProfileShow{}, false
}

func (f fakeProfiles) TryProfile(_ context.Context, o ProfileOrder) (ProfileTry, error) {
	f.x.mu.Lock()
	defer f.x.mu.Unlock()
	f.x.trying = append(f.x.trying, o)
	if strings.Contains(o.Text, "broken") {
		return ProfileTry{}, settings.Problems{{File: "/somewhere/" + o.File, Line: 1, Column: 1, Text: "broken", Want: "a profile is expected"}}
	}
	table := inventory.Table{Columns: []string{"name", "logged_on_user"}}
	for range mostTried + 5 {
		table.Rows = append(table.Rows, []any{"gi1", "somebody"})
	}
	return ProfileTry{State: "live", Profile: "acme-switch", Sections: []ProfileSection{{Name: "port", Status: "ok", Table: table}, {Name: "arp", Status: "failed", Reason: "no answer"}}}, f.x.failing
}

func TestProfiles(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("staff")
	list, err := c.ProfileList(ctx)
	if err != nil || len(list.Profiles) != 2 || len(list.Problems) != 1 || list.Problems[0] != "bad.yaml:3:7: match: what it fits is missing" {
		t.Errorf("%v %s", err, asJSON(list))
	}
	if x, err := c.ProfileShow(ctx, ProfileInput{Name: "Acme-Switch"}); err != nil || x.Profile.Source != "office" || x.Text != "name: acme-switch\n" {
		t.Errorf("%v %s", err, asJSON(x))
	}
	_, err = c.ProfileShow(ctx, ProfileInput{Name: "acme-swich"})
	if p := problemIn(t, err, notFound); !strings.Contains(p.Detail, "did you mean acme-switch?") {
		t.Error(p)
	}
}

func TestAProfileIsTried(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("staff")
	try := func(o ProfileTryOrder) (ProfileTry, error) { return c.ProfileTry(ctx, ProfileTryInput{Body: o}) }
	x, err := try(ProfileTryOrder{Address: "10.20.0.1", Sections: []string{"port"}})
	if err != nil || x.State != "live" || x.Address != "10.20.0.1" || x.Port != 161 || len(x.Sections) != 2 {
		t.Fatalf("%v %s", err, asJSON(x))
	}
	if p := x.Sections[0]; p.Rows != mostTried+5 || len(p.Content) != mostTried || p.Content[0]["name"] != "gi1" || len(x.Sections[1].Content) != 0 {
		t.Errorf("%d rows, %d told: %v", p.Rows, len(p.Content), p.Content[0])
	}
	if _, told := x.Sections[0].Content[0]["logged_on_user"]; told {
		t.Error("a column that no section has is told")
	}
	last := w.gear.trying[len(w.gear.trying)-1]
	if last.Address.String() != "10.20.0.1:161" || strings.Join(last.Credentials, " ") != "core" || last.File != "" {
		t.Errorf("asked was %+v", last)
	}
	if _, err = try(ProfileTryOrder{Address: "192.0.2.9:1161", Credentials: []string{"PUBLIC-RO"}, File: "x.yaml", Text: "name: x"}); err != nil {
		t.Error(err)
	}
	if last = w.gear.trying[len(w.gear.trying)-1]; last.Address.String() != "192.0.2.9:1161" || strings.Join(last.Credentials, " ") != "public-ro" || last.File != "x.yaml" || last.Text != "name: x" {
		t.Errorf("asked was %+v", last)
	}
	for _, o := range []struct {
		in         ProfileTryOrder
		kind, want string
	}{
		{ProfileTryOrder{Address: "nowhere"}, invalid, "is no address"},
		{ProfileTryOrder{Address: "10.20.0.1", Credentials: []string{"nobody"}}, notFound, "nobody"},
		{ProfileTryOrder{Address: "10.20.0.1", File: "x.yaml"}, invalid, "belong together"},
		{ProfileTryOrder{Address: "10.20.0.1", Text: "name: x"}, invalid, "belong together"},
		{ProfileTryOrder{Address: "10.20.0.1", File: "../x.yaml", Text: "name: x"}, invalid, "no name of a profile's file"},
		{ProfileTryOrder{Address: "10.20.0.1", File: "x.txt", Text: "name: x"}, invalid, "no name of a profile's file"},
		{ProfileTryOrder{Address: "10.20.0.1", Sections: []string{"prot"}}, invalid, "no section"},
		{ProfileTryOrder{Address: "10.20.0.1", File: "x.yaml", Text: "broken"}, invalid, `x.yaml:1:1: "broken": a profile is expected`},
	} {
		_, err := try(o.in)
		if p := problemIn(t, err, o.kind); !strings.Contains(p.Detail, o.want) || strings.Contains(p.Detail, "/somewhere/") {
			t.Errorf("%+v: %v", o.in, p)
		}
	}
	for range mostTrials {
		w.Server.trying <- struct{}{}
	}
	_, err = try(ProfileTryOrder{Address: "192.0.2.1"})
	problemIn(t, err, busy)
	for range mostTrials {
		<-w.Server.trying
	}
	w.gear.failing = errors.New("socket broke")
	_, err = try(ProfileTryOrder{Address: "192.0.2.1"})
	problemIn(t, err, internal)
}
