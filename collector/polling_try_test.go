package collector

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/api"
	"muster/collector/config"
	"muster/collector/rulebook"
)

func TestAProfileIsTriedAndNothingIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := office(t, func(cfg *config.Config) { cfg.SNMP.Profiles = dir })
	at := box(t, "sw-hartford-9", "FOC1234X0AZ", "a4:6c:2a:00:00:09", 6).Listen(t)
	try := profilesForAPI{c.polling}
	x, err := try.TryProfile(t.Context(), api.ProfileOrder{Address: at, Credentials: []string{"core", "public"}})
	if err != nil || x.State != "live" || x.Credential != "core" || x.Reason != "" || x.Requests == 0 || x.Name != "sw-hartford-9" || len(x.Attempts) != 1 {
		t.Fatalf("%+v, %v", x, err)
	}
	chosen := ""
	for _, k := range x.Trials {
		if k.Chosen {
			chosen += k.Profile
		}
	}
	if chosen == "" || chosen != x.Profile {
		t.Errorf("chosen is %q, the profile %q: %+v", chosen, x.Profile, x.Trials)
	}
	facts := map[string]string{}
	for _, f := range x.Facts {
		facts[f.Name] = f.Value
	}
	if facts["serial"] != "FOC1234X0AZ" || facts["vendor"] != "Cisco" {
		t.Errorf("facts are %v", facts)
	}
	rows, series := map[string]int{}, map[string]int{}
	for _, s := range x.Sections {
		rows[s.Name] = len(s.Table.Rows)
		if s.Status != "ok" {
			t.Errorf("section %s is %s: %s", s.Name, s.Status, s.Reason)
		}
	}
	for _, n := range x.Numbers {
		series[n.Measurement+"."+n.Field] = n.Series
	}
	if rows["port"] != 6 || rows["system"] != 1 || series["interface.ifHCInOctets"] != 6 {
		t.Errorf("rows are %v, numbers %v", rows, series)
	}
	// A file that is not in use is asked too, and told why it does not fit.
	text := "name: acme\nextends: [switch]\nmatch: [{object_id: [1.3.6.1.4.1.99999]}]\n"
	if x, err = try.TryProfile(t.Context(), api.ProfileOrder{Address: at, Credentials: []string{"public"}, File: "acme.yaml", Text: text}); err != nil {
		t.Fatal(err)
	}
	if last := x.Trials[len(x.Trials)-1]; last.Profile != "acme" || last.Chosen || !strings.Contains(last.Lacks, "not below 1.3.6.1.4.1.99999") || x.Profile != chosen {
		t.Errorf("%+v", x.Trials)
	}
	text = "name: acme\nextends: [switch]\npriority: 50\nmatch: [{object_id: [1.3.6.1.4.1.9]}]\nmetadata: {model: [{value: Ours}]}\n"
	if x, err = try.TryProfile(t.Context(), api.ProfileOrder{Address: at, Credentials: []string{"public"}, File: "acme.yaml", Text: text}); err != nil || x.Profile != "acme" || !x.Trials[0].Chosen {
		t.Errorf("%+v, %v", x, err)
	}
	if _, err = try.TryProfile(t.Context(), api.ProfileOrder{Address: at, Credentials: []string{"public"}, File: "acme.yaml", Text: "name: acme\nmodell: 1\n"}); err == nil || !strings.Contains(err.Error(), "acme.yaml:2:1") {
		t.Errorf("a broken file: %v", err)
	}
	if _, ok := try.Profile("acme"); ok {
		t.Error("what was tried is in use")
	}
	if n, m := len(devices(t, c)), len(targets(t, c)); n != 0 || m != 0 {
		t.Errorf("trials made %d devices and %d targets", n, m)
	}
	nobody := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 9)
	if x, err = try.TryProfile(t.Context(), api.ProfileOrder{Address: nobody, Credentials: []string{"public"}}); err != nil || x.State == "live" || x.Reason == "" || len(x.Sections) != 0 {
		t.Errorf("nobody is there: %+v, %v", x, err)
	}
}

// The office's folder is looked at while the collector runs.
func TestChangedProfilesOfTheOfficeAreTakenUp(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g, err := loadProfiles(dir, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		try := profilesForAPI{&polling{profiles: g}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- g.watch(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		wait := func() {
			time.Sleep(rulebook.Every + time.Second)
			synctest.Wait()
		}
		good := "name: acme\ntitle: first\nextends: [switch]\nmatch: [{object_id: [1.3.6.1.4.1.99999]}]\n"
		write("acme.yaml", good)
		wait()
		x, ok := try.Profile("acme")
		if !ok || x.Profile.Source != "office" || x.Profile.File != "acme.yaml" || x.Text != good {
			t.Fatalf("a new profile is %+v", x)
		}
		old := &gearDevice{from: g, set: g.set.Load()}
		if wait(); old.Stale() {
			t.Error("without a change devices are to be identified anew")
		}
		write("acme.yaml", "name: acme\nbase: true\nnonsense: true\n")
		wait()
		list, problems := try.Profiles()
		if x, ok = try.Profile("acme"); !ok || x.Profile.Title != "first" {
			t.Errorf("a broken file took %+v away", x)
		}
		if len(problems) != 1 || problems[0].Line != 3 || len(list) < 5 || !strings.Contains(log.String(), "cannot be used") || !strings.Contains(log.String(), "nonsense") {
			t.Errorf("problems are %v, the log is %s", problems, log.String())
		}
		write("acme.yaml", strings.Replace(good, "first", "second", 1))
		if wait(); !old.Stale() {
			t.Error("devices keep an old profile")
		}
		if x, _ = try.Profile("acme"); x.Profile.Title != "second" {
			t.Errorf("a mended file is %+v", x)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		wait()
		if _, ok = try.Profile("acme"); !ok || !strings.Contains(log.String(), "those in use stay") {
			t.Errorf("a folder that is gone took profiles away: %s", log.String())
		}
	})
}
