package api

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"muster/collector/notify"
)

// TestChannels wants secrets to go in and never to come out, and what is wrong
// to be told in words.
func TestChannels(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("admin")
	put := func(name string, in ChannelPut) (Channel, error) {
		return c.ChannelSet(ctx, ChannelPutInput{Name: name, Body: in})
	}
	x, err := put("chat", ChannelPut{Kind: "webhook", Settings: map[string]any{"form": "slack"}, Secrets: map[string]Secret{"url": secretURL}, Brake: &ChannelBrake{Messages: 5, PeriodSeconds: 60}})
	if err != nil || !slices.Equal(x.Secrets, []string{"url"}) || x.ChangedBy != "admin" || x.Brake.Messages != 5 {
		t.Fatalf("%v %s", err, asJSON(x))
	}
	kept := func() Secret {
		for _, r := range w.channels.records {
			if r.Name == "chat" {
				return w.channels.secrets[r.ID]["url"]
			}
		}
		return ""
	}
	if _, err := put("CHAT", ChannelPut{Kind: "webhook", Settings: map[string]any{"form": "teams"}}); err != nil || kept() != secretURL {
		t.Errorf("a secret that is not named stays: %v %t", err, kept() == secretURL)
	}
	if x, err := put("chat", ChannelPut{Kind: "webhook", Settings: map[string]any{"form": "teams"}, Secrets: map[string]Secret{"url": ""}}); err != nil || len(x.Secrets) != 0 {
		t.Errorf("an empty one is taken away: %v %s", err, asJSON(x))
	}
	for _, o := range []struct {
		in         ChannelPut
		kind, want string
	}{
		{ChannelPut{Kind: "mial"}, invalid, "did you mean mail?"},
		{ChannelPut{Kind: "webhook", Secrets: map[string]Secret{"ulr": secretURL}}, invalid, "did you mean url?"},
		{ChannelPut{Kind: "syslog", Secrets: map[string]Secret{"url": secretURL}}, invalid, "has no secrets"},
		{ChannelPut{Kind: "mail"}, conflict, "make another one"},
		{ChannelPut{Kind: "webhook", Settings: map[string]any{"host": "nowhere"}}, invalid, "is expected"},
	} {
		_, err := put("chat", o.in)
		if p := problemIn(t, err, o.kind); !strings.Contains(p.Detail, o.want) || strings.Contains(p.Error(), "sesame") {
			t.Errorf("%+v: %v", o.in, p)
		}
	}
	_, err = put("two\nlines", ChannelPut{Kind: "syslog"})
	problemIn(t, err, invalid)
	list, err := c.ChannelList(ctx)
	if err != nil || len(list.Channels) != 2 || list.Channels[0].Unsent != 1 || list.Channels[0].Failed != 1 {
		t.Errorf("%v %s", err, asJSON(list))
	}
	for _, path := range []string{"/channels", "/channels?format=csv", "/audit"} {
		if _, body := w.get("admin", path); strings.Contains(body, "sesame") {
			t.Errorf("%s shows a secret: %s", path, body)
		}
	}
	if strings.Contains(w.log.String(), "sesame") {
		t.Error("the log holds a secret")
	}
	problemIn(t, c.ChannelDelete(ctx, ChannelInput{"desk"}), conflict)
	problemIn(t, c.ChannelDelete(ctx, ChannelInput{"dsk"}), notFound)
	if w.channels.reloaded != 3 {
		t.Errorf("the notifier was told of %d changes", w.channels.reloaded)
	}
	for _, o := range []struct {
		err  error
		sent bool
		said string
	}{
		{nil, true, ""},
		{&notify.Failure{Fate: notify.Setup, Err: errors.New("no such host")}, false, "no such host"},
		{&notify.Partly{Note: "a@example.org was left out"}, true, "a@example.org was left out"},
	} {
		w.channels.tested = o.err
		got, err := c.ChannelTest(ctx, ChannelInput{"desk"})
		if err != nil || got != (ChannelTest{o.sent, o.said}) {
			t.Errorf("%v %+v, want %+v", err, got, o)
		}
	}
	if _, err := put("desk", ChannelPut{Kind: "mail", Off: true}); err != nil {
		t.Fatal(err)
	}
	_, err = c.ChannelTest(ctx, ChannelInput{"desk"})
	problemIn(t, err, conflict)
}

func TestRoutesOfNotices(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("admin")
	put := func(name string, in RoutePut) (Route, error) {
		return c.RouteSet(ctx, RoutePutInput{Name: name, Body: in})
	}
	x, err := put("nights", RoutePut{Channel: "DESK", Severity: "critical", Agencies: []string{"Roads"}, Sites: []string{"hartford"}, Families: []string{"SPACE"}, Rules: []string{"s01"},
		Kinds: []string{"opened", "resolved"}, Hours: &RouteHours{From: "20:00", To: "06:00", Days: []string{"fri", "mon"}, Zone: "America/New_York"}, Urgent: true, WaitSeconds: -1,
		Digest: &RouteDigest{At: "07:30", Days: []string{"mon"}}, Position: 1})
	if err != nil || x.Channel != "desk" || x.Position != 1 || !slices.Equal(x.Sites, []string{"parks/hartford"}) || !slices.Equal(x.Agencies, []string{"roads"}) ||
		!slices.Equal(x.Rules, []string{"S01"}) || !slices.Equal(x.Families, []string{"space"}) || !slices.Equal(x.Hours.Days, []string{"mon", "fri"}) || x.WaitSeconds != -1 || x.Digest.At != "07:30" {
		t.Fatalf("%v %s", err, asJSON(x))
	}
	list, err := c.RouteList(ctx)
	if err != nil || len(list.Routes) != 2 || list.Routes[0].Name != "nights" || list.Routes[1].Position != 2 {
		t.Errorf("%v %s", err, asJSON(list))
	}
	if x, err := put("nights", RoutePut{Channel: "desk", Position: 99}); err != nil || x.Position != 2 || x.Hours != nil {
		t.Errorf("%v %s", err, asJSON(x))
	}
	for _, o := range []struct {
		in         RoutePut
		kind, want string
	}{
		{RoutePut{Channel: "dsk"}, notFound, "did you mean desk?"},
		{RoutePut{Channel: "desk", Sites: []string{"hartfort"}}, notFound, "did you mean hartford?"},
		{RoutePut{Channel: "desk", Agencies: []string{"park"}}, notFound, "did you mean parks?"},
		{RoutePut{Channel: "desk", Rules: []string{"S02"}}, notFound, "did you mean S01?"},
		{RoutePut{Channel: "desk", Families: []string{"spce"}}, invalid, "did you mean space?"},
		{RoutePut{Channel: "desk", Kinds: []string{"open"}}, invalid, "did you mean opened?"},
		{RoutePut{Channel: "desk", Devices: []string{"toaster"}}, invalid, "there is no kind of device"},
		{RoutePut{Channel: "desk", Hours: &RouteHours{Zone: "UTC"}}, invalid, "goes with a time of the day"},
		{RoutePut{Channel: "desk", Hours: &RouteHours{From: "20:00"}}, invalid, "both a beginning and an end"},
		{RoutePut{Channel: "desk", Hours: &RouteHours{From: "8", To: "9"}}, invalid, "time of day"},
		{RoutePut{Channel: "desk", Hours: &RouteHours{From: "08:00", To: "09:00", Days: []string{"x"}}}, invalid, "there is no day"},
		{RoutePut{Channel: "desk", Digest: &RouteDigest{}}, invalid, "digest.at is missing"},
		{RoutePut{Channel: "desk", OnlyDigest: true}, invalid, "has none"},
		{RoutePut{Channel: "desk", Severity: "bad"}, invalid, ""},
		{RoutePut{Channel: "desk", WaitSeconds: 9999}, invalid, ""},
	} {
		_, err := put("x", o.in)
		if p := problemIn(t, err, o.kind); !strings.Contains(p.Detail, o.want) {
			t.Errorf("%+v: %v", o.in, p)
		}
	}
	if err := c.RouteDelete(ctx, ChannelInput{"NIGHTS"}); err != nil {
		t.Error(err)
	}
	problemIn(t, c.RouteDelete(ctx, ChannelInput{"nights"}), notFound)
}

func TestNotices(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("admin")
	states := func(in NoticeListInput) string {
		t.Helper()
		list, err := c.NoticeList(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, n := range list.Notices {
			out = append(out, n.ID+" "+n.State)
		}
		return strings.Join(out, ", ")
	}
	for in, want := range map[NoticeListInput]string{
		{}: "n-1 failed, n-2 unsent", {State: "failed"}: "n-1 failed", {State: "sent"}: "", {State: "all", Limit: 1}: "n-2 unsent", {Channel: "DESK"}: "n-1 failed, n-2 unsent", {Channel: "gone"}: "",
	} {
		if got := states(in); got != want {
			t.Errorf("%+v: %s, want %s", in, got, want)
		}
	}
	problemIn(t, c.NoticeRetry(ctx, IDInput{"n-2"}), notFound)
	problemIn(t, c.NoticeDrop(ctx, IDInput{"n-1"}), notFound)
	if err := c.NoticeRetry(ctx, IDInput{"n-1"}); err != nil {
		t.Error(err)
	}
	if err := c.NoticeDrop(ctx, IDInput{"n-2"}); err != nil {
		t.Error(err)
	}
	if got := states(NoticeListInput{}); got != "n-1 unsent, n-2 failed" || w.channels.reloaded != 2 {
		t.Errorf("%s, told %d times", got, w.channels.reloaded)
	}
	list, err := c.NoticeList(ctx, NoticeListInput{State: "failed"})
	if err != nil || list.Notices[0].Said != "put aside by admin" || list.Channels[0].Failed != 1 {
		t.Errorf("%v %s", err, asJSON(list))
	}
}
