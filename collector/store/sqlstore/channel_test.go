package sqlstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"muster/collector/authority/seal"
	"muster/collector/notify"
	"muster/collector/store"
)

// channels makes a control database with the tables of channels.
func channels(t *testing.T) *Control {
	t.Helper()
	c := control(t)
	err := c.d.write(t.Context(), func(t *tx) error {
		var n int
		if _, err := t.one("SELECT count(*) FROM sqlite_schema WHERE name = 'channel'", nil, &n); err != nil || n > 0 {
			return err
		}
		return t.once(channelTables)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChannels(t *testing.T) { eachEngine(t, testChannels) }

func testChannels(t *testing.T, e engine) {
	c := channels(t)
	ctx := t.Context()
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "key"), func() (bool, error) { return false, nil })
	if err != nil {
		t.Fatal(err)
	}
	mail := notify.ChannelRecord{ID: notify.NewChannelID(), Name: "Help desk", Kind: "mail", Settings: json.RawMessage(`{"host":"mail.example.org"}`),
		Brake: notify.Brake{Letters: 5, Period: time.Minute}, ChangedBy: "ines"}
	const password = "correct horse battery staple"
	sealed, err := sealer.Seal(mail.SealPlace("password"), []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.PutChannel(ctx, mail, map[string][]byte{"password": sealed, "other": []byte("x")}, now); err != nil {
		t.Fatal(err)
	}
	chat := notify.ChannelRecord{ID: notify.NewChannelID(), Name: "Chat", Kind: "webhook", Settings: json.RawMessage(`{}`), Off: true}
	if err := c.PutChannel(ctx, chat, nil, now); err != nil {
		t.Fatal(err)
	}
	list, err := c.Channels(ctx)
	if err != nil || len(list) != 2 || list[0].Name != "Chat" || !list[0].Off || list[0].Secrets == nil || len(list[0].Secrets) != 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	got := list[1]
	if !slices.Equal(got.Secrets, []string{"other", "password"}) || got.Revision != 1 || got.Brake != mail.Brake || string(got.Settings) != string(mail.Settings) || !got.CreatedAt.Equal(now) || got.ChangedBy != "ines" {
		t.Errorf("%+v", got)
	}
	secrets, err := c.ChannelSecrets(ctx, mail.ID)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := sealer.Open(got.SealPlace("password"), secrets["password"]); err != nil || string(plain) != password {
		t.Errorf("%q, %v", plain, err)
	}
	// Moved to another channel it is worth nothing.
	if _, err := sealer.Open(chat.SealPlace("password"), secrets["password"]); !errors.Is(err, seal.ErrBroken) {
		t.Errorf("opened for another channel: %v", err)
	}

	// A change keeps what it does not name.
	mail.Settings = json.RawMessage(`{"host":"mx.example.org"}`)
	if err := c.PutChannel(ctx, mail, map[string][]byte{"other": nil}, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	list, err = c.Channels(ctx)
	if err != nil || !slices.Equal(list[1].Secrets, []string{"password"}) || list[1].Revision != 2 || list[1].Version() == got.Version() || !list[1].CreatedAt.Equal(now) || !list[1].ChangedAt.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v, %v", list, err)
	}

	for what, r := range map[string]notify.ChannelRecord{
		"another name":  {ID: mail.ID, Name: "Desk", Kind: "mail", Settings: json.RawMessage(`{}`)},
		"a name taken":  {ID: notify.NewChannelID(), Name: "help DESK", Kind: "mail", Settings: json.RawMessage(`{}`)},
		"no settings":   {ID: notify.NewChannelID(), Name: "a", Kind: "mail"},
		"no kind":       {ID: notify.NewChannelID(), Name: "a", Settings: json.RawMessage(`{}`)},
		"no name":       {ID: notify.NewChannelID(), Kind: "mail", Settings: json.RawMessage(`{}`)},
		"no ID":         {Name: "a", Kind: "mail", Settings: json.RawMessage(`{}`)},
		"two-line name": {ID: notify.NewChannelID(), Name: "a\nb", Kind: "mail", Settings: json.RawMessage(`{}`)},
	} {
		if err := c.PutChannel(ctx, r, nil, now); err == nil {
			t.Errorf("%s was taken", what)
		}
	}

	// The file holds no secret in the clear.
	if c.d.server != nil {
		return // it is sealed before either database sees it
	}
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(c.d.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(password)) {
			t.Errorf("the password stands in control.db%s", suffix)
		}
	}
}

func TestRoutes(t *testing.T) { eachEngine(t, testRoutes) }

func testRoutes(t *testing.T, e engine) {
	c := channels(t)
	ctx := t.Context()
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	if err := c.PutRoute(ctx, notify.Route{Name: "day", Channel: "mail"}, now); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("to a channel that is not there: %v", err)
	}
	for _, name := range []string{"Mail", "chat"} {
		if err := c.PutChannel(ctx, notify.ChannelRecord{ID: name, Name: name, Kind: "mail", Settings: json.RawMessage(`{}`)}, map[string][]byte{"password": []byte("x")}, now); err != nil {
			t.Fatal(err)
		}
	}
	day := notify.Route{Name: "day", Channel: "mail", Sites: []string{"north/hartford"}, Severity: notify.Warn, Kinds: []notify.Kind{notify.Opened},
		Hours: notify.Hours{From: "08:00", To: "17:00", Days: []time.Weekday{1, 2}, Zone: "UTC"}, Urgent: true, Wait: time.Minute, Rate: 5,
		Digest: notify.Digest{At: "07:30"}}
	for i, r := range []notify.Route{day, {Name: "night", Channel: "MAIL"}, {Name: "all", Channel: "chat"}} {
		if err := c.PutRoute(ctx, r, now.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	names := func() string {
		t.Helper()
		list, err := c.Routes(ctx)
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, r := range list {
			out += r.Name + ">" + r.Channel + " "
		}
		return out
	}
	if got := names(); got != "day>Mail night>Mail all>chat " {
		t.Error(got)
	}
	day.Rate, day.Name = 9, "DAY"
	if err := c.PutRoute(ctx, day, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	list, err := c.Routes(ctx)
	if err != nil || list[0].Rate != 9 || list[0].Name != "day" || !list[0].Created.Equal(now) || list[0].Hours.Days[1] != 2 || list[0].Wait != time.Minute || list[0].Digest.At != "07:30" {
		t.Errorf("%+v, %v", list, err)
	}
	if err := c.OrderRoutes(ctx, []string{"all", "NIGHT"}); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "all>chat night>Mail day>Mail " {
		t.Error(got)
	}
	if err := c.OrderRoutes(ctx, []string{"day", "nothing"}); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if got := names(); got != "all>chat night>Mail day>Mail " {
		t.Errorf("an order that failed: %s", got)
	}
	if err := c.PutRoute(ctx, notify.Route{Name: "bad", Channel: "mail", Severity: "loud"}, now); err == nil {
		t.Error("a bad route was taken")
	}
	if err := c.DeleteChannel(ctx, "mail"); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a channel in use: %v", err)
	}
	for _, name := range []string{"day", "night"} {
		if err := c.DeleteRoute(ctx, name); err != nil {
			t.Error(err)
		}
	}
	if err := c.DeleteRoute(ctx, "day"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if err := c.DeleteChannel(ctx, "mail"); err != nil {
		t.Error(err)
	}
	if err := c.DeleteChannel(ctx, "mail"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if s, err := c.ChannelSecrets(ctx, "Mail"); err != nil || len(s) != 0 {
		t.Errorf("secrets of a channel that is gone: %v, %v", s, err)
	}
}
