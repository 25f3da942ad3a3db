package api

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/store"
)

func some[T any](v T) *T { return &v }

// TestCredentials wants secrets to go in and never to come out.
func TestCredentials(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("admin")
	put := func(name string, in CredentialPut) (Credential, error) {
		return c.CredentialSet(ctx, CredentialPutInput{Name: name, Body: in})
	}
	x, err := put("edge", CredentialPut{Version: some("3"), User: some("muster"), Auth: some("sha256"), Priv: some("aes"), Secrets: map[string]Secret{"auth": "sesame-one", "priv": "sesame-two"}})
	if err != nil || !slices.Equal(x.Secrets, []string{"auth", "priv"}) || x.ChangedBy != "admin" || x.User != "muster" {
		t.Fatalf("%v %s", err, asJSON(x))
	}
	kept := func() map[string]Secret {
		i := slices.IndexFunc(w.gear.credentials, func(k store.Credential) bool { return k.Name == "edge" })
		return w.gear.secrets[w.gear.credentials[i].ID]
	}
	if x, err = put("EDGE", CredentialPut{Priv: some("aes256"), Secrets: map[string]Secret{"priv": "sesame-three"}}); err != nil || x.Auth != "sha256" || x.Priv != "aes256" || kept()["auth"] != "sesame-one" || kept()["priv"] != "sesame-three" {
		t.Errorf("what is not named stays: %v %s", err, asJSON(x))
	}
	if x, err = put("edge", CredentialPut{Priv: some("")}); err != nil || !slices.Equal(x.Secrets, []string{"auth"}) {
		t.Errorf("without a use for it a secret goes: %v %s", err, asJSON(x))
	}
	if x, err = put("edge", CredentialPut{Version: some("2c"), Secrets: map[string]Secret{"community": secretCommunity}}); err != nil || !slices.Equal(x.Secrets, []string{"community"}) || x.User != "" || x.Auth != "" {
		t.Errorf("another version begins anew: %v %s", err, asJSON(x))
	}
	for _, o := range []struct {
		name       string
		in         CredentialPut
		kind, want string
	}{
		{"new", CredentialPut{}, invalid, "needs a version"},
		{"new", CredentialPut{Version: some("2c")}, invalid, "lacks its secret community"},
		{"new", CredentialPut{Version: some("2c"), Secrets: map[string]Secret{"community": ""}}, invalid, "is empty"},
		{"new", CredentialPut{Version: some("2c"), User: some("x"), Secrets: map[string]Secret{"community": "sesame"}}, invalid, "version 3 only"},
		{"new", CredentialPut{Version: some("2c"), Secrets: map[string]Secret{"community": "sesame", "auth": "sesame-sesame"}}, invalid, "it has community"},
		{"new", CredentialPut{Version: some("2c"), Secrets: map[string]Secret{"community": "sesame\nopen"}}, invalid, "no line"},
		{"new", CredentialPut{Version: some("3")}, invalid, "needs a user"},
		{"new", CredentialPut{Version: some("3"), User: some("x"), Auth: some("sha")}, invalid, "lacks its secret auth"},
		{"new", CredentialPut{Version: some("3"), User: some("x"), Auth: some("sha"), Secrets: map[string]Secret{"auth": "sesame"}}, invalid, "fewer than 8"},
		{"new", CredentialPut{Version: some("3"), User: some("x"), Priv: some("aes"), Secrets: map[string]Secret{"priv": "sesame-sesame"}}, invalid, "priv needs auth"},
		{"new", CredentialPut{Version: some("3"), User: some("x"), Secrets: map[string]Secret{"auth": "sesame-sesame"}}, invalid, "has no secrets"},
		{"new", CredentialPut{Version: some("3"), User: some("x\ty")}, invalid, "no text"},
		{"new", CredentialPut{Version: some("4")}, invalid, ""},
		{"a,b", CredentialPut{Version: some("2c"), Secrets: map[string]Secret{"community": "sesame"}}, invalid, "needs a name"},
		{"core", CredentialPut{Version: some("2c"), Secrets: map[string]Secret{"community": "sesame"}}, conflict, "allow it there first"},
	} {
		_, err := put(o.name, o.in)
		if p := problemIn(t, err, o.kind); !strings.Contains(p.Detail, o.want) || strings.Contains(p.Error(), "sesame") {
			t.Errorf("%+v: %v", o.in, p)
		}
	}
	list, err := c.CredentialList(ctx)
	if err != nil || len(list.Credentials) != 3 || !slices.Equal(list.Credentials[0].Subnets, []string{"10.20.0.0/16"}) {
		t.Errorf("%v %s", err, asJSON(list))
	}
	problemIn(t, c.CredentialDelete(ctx, CredentialInput{"core"}), conflict)
	if p := problemIn(t, c.CredentialDelete(ctx, CredentialInput{"edgy"}), notFound); !strings.Contains(p.Detail, "did you mean edge?") {
		t.Error(p)
	}
	if err := c.CredentialDelete(ctx, CredentialInput{"Edge"}); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"/credentials", "/audit"} {
		if _, body := w.get("admin", path); strings.Contains(body, "sesame") {
			t.Errorf("%s shows a secret: %s", path, body)
		}
	}
	if strings.Contains(w.log.String(), "sesame") {
		t.Error("the log holds a secret")
	}
	if w.gear.changed != 5 {
		t.Errorf("told of %d changes", w.gear.changed)
	}
}

func TestSubnetsOfGear(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("staff")
	put := func(n string, in SubnetPut) (Subnet, error) {
		p := netip.MustParsePrefix(n)
		return c.SubnetSet(ctx, SubnetPutInput{Address: p.Addr().String(), Bits: p.Bits(), Body: in})
	}
	x, err := put("10.30.0.0/24", SubnetPut{Site: some("hartford"), Credentials: &[]string{"PUBLIC-ro", "core", "core"}})
	if err != nil || x.Network != "10.30.0.0/24" || x.Site != "parks/hartford" || x.Port != 161 || !x.V2c || x.EverySeconds != 86400 || x.Rate != 100 || !slices.Equal(x.Credentials, []string{"public-ro", "core"}) || x.ChangedBy != "staff" {
		t.Fatalf("one line makes one: %v %s", err, asJSON(x))
	}
	x, err = put("10.30.0.0/24", SubnetPut{EverySeconds: some(int64(0)), Port: some(1161), Exclude: &[]string{"10.30.0.10-10.30.0.17", "10.30.0.99"}, Rate: some(7)})
	if err != nil || x.EverySeconds != 0 || x.Port != 1161 || x.Rate != 7 || x.Site != "parks/hartford" || len(x.Credentials) != 2 ||
		!slices.Equal(x.Exclude, []string{"10.30.0.10/31", "10.30.0.12/30", "10.30.0.16/31", "10.30.0.99/32"}) {
		t.Errorf("what is not named stays: %v %s", err, asJSON(x))
	}
	x, err = put("10.30.0.0/24", SubnetPut{Site: some(""), Credentials: &[]string{}, V2c: some(false), Exclude: &[]string{}})
	if err != nil || x.Site != "" || len(x.Credentials) != 0 || x.V2c || len(x.Exclude) != 0 {
		t.Errorf("and can be emptied: %v %s", err, asJSON(x))
	}
	if x, err = put("fd00::/64", SubnetPut{EverySeconds: some(int64(0))}); err != nil || x.V2c {
		t.Errorf("%v %s", err, asJSON(x))
	}
	var ranges []string // of which each comes to some 60 networks of its own
	for i := range 40 {
		ranges = append(ranges, fmt.Sprintf("fd00::%x:0:1-fd00::%x:ffff:fffe", i*8, i*8))
	}
	for _, o := range []struct {
		n          string
		in         SubnetPut
		kind, want string
	}{
		{"10.31.0.1/24", SubnetPut{}, invalid, "the network is 10.31.0.0/24"},
		{"10.0.0.0/8", SubnetPut{}, invalid, "(--every never)"},
		{"224.0.0.0/24", SubnetPut{}, invalid, "no addresses of devices"},
		{"10.31.0.0/24", SubnetPut{Site: some("hartfort")}, notFound, "did you mean hartford?"},
		{"10.31.0.0/24", SubnetPut{Credentials: &[]string{"public-rw"}}, notFound, "did you mean public-ro?"},
		{"10.31.0.0/24", SubnetPut{Credentials: &[]string{"public-ro"}, V2c: some(false)}, invalid, "leave them out, or allow them"},
		{"10.31.0.0/24", SubnetPut{Exclude: &[]string{"10.32.0.0/24"}}, invalid, "does not lie in it"},
		{"10.31.0.0/24", SubnetPut{Exclude: &[]string{"10.31.0.0/16"}}, invalid, "leaves nothing"},
		{"10.31.0.0/24", SubnetPut{Exclude: &[]string{"10.31.0.9-10.31.0.1"}}, invalid, "no range"},
		{"fd00::/64", SubnetPut{Exclude: &ranges}, invalid, "wider ones"},
		{"10.31.0.0/24", SubnetPut{EverySeconds: some(int64(60))}, invalid, "every 10 minutes"},
		{"10.31.0.0/24", SubnetPut{Rate: some(0)}, invalid, ""},
		{"10.31.0.0/24", SubnetPut{Port: some(70_000)}, invalid, ""},
	} {
		_, err := put(o.n, o.in)
		if p := problemIn(t, err, o.kind); !strings.Contains(p.Detail, o.want) {
			t.Errorf("%s %+v: %v", o.n, o.in, p)
		}
	}
	_, err = c.SubnetSet(ctx, SubnetPutInput{Address: "10.0.0.0", Bits: 40})
	problemIn(t, err, invalid)
	if list, err := c.SubnetList(ctx); err != nil || len(list.Subnets) != 3 {
		t.Errorf("%v %s", err, asJSON(list))
	}
	if _, body := w.get("staff", "/subnets?format=csv"); !strings.Contains(body, "10.20.0.0/16,parks/hartford,161,core,false,86400,10.20.7.0/24,50,") {
		t.Error(body)
	}
	problemIn(t, c.SubnetDelete(ctx, SubnetInput{"10.99.0.0", 24}), notFound)
	problemIn(t, c.SiteDelete(ctx, SiteInput{"parks", "hartford"}), conflict)
	if err := c.SubnetDelete(ctx, SubnetInput{"10.20.0.0", 16}); err != nil {
		t.Error(err)
	}
	if p := problemIn(t, c.SiteDelete(ctx, SiteInput{"parks", "hartford"}), conflict); !strings.Contains(p.Detail, "target 10.20.0.1:161") {
		t.Error(p)
	}
}

func TestTargets(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("staff")
	put := func(address string, in TargetPut) (Target, error) {
		return c.TargetSet(ctx, TargetPutInput{Address: address, Body: in})
	}
	list, err := c.TargetList(ctx, TargetListInput{})
	if err != nil || len(list.Targets) != 2 || list.Targets[0].Name != "pc-2" || list.Targets[0].Site != "parks/hartford" || list.Counts["silent"] != 1 || list.More {
		t.Fatalf("%v %s", err, asJSON(list))
	}
	for _, o := range []struct {
		in   TargetListInput
		want string
	}{
		{TargetListInput{States: []string{"SILENT"}}, "10.20.0.2"},
		{TargetListInput{Network: "10.20.0.1"}, "10.20.0.1"},
		{TargetListInput{Network: "10.20.0.0/24", Limit: 1}, "10.20.0.1 more"},
		{TargetListInput{Site: "salem"}, ""},
	} {
		got, err := c.TargetList(ctx, o.in)
		var text []string
		for _, x := range got.Targets {
			text = append(text, x.Address)
		}
		if got.More {
			text = append(text, "more")
		}
		if err != nil || strings.Join(text, " ") != o.want {
			t.Errorf("%+v: %v %s", o.in, err, asJSON(got))
		}
	}
	_, err = c.TargetList(ctx, TargetListInput{States: []string{"ded"}})
	if p := problemIn(t, err, invalid); !strings.Contains(p.Detail, "did you mean dead?") {
		t.Error(p)
	}

	// A new one is as its subnet says; what is there keeps what is not named.
	x, err := put("10.20.0.7", TargetPut{Credential: some("PUBLIC-RO")})
	if err != nil || x.Port != 161 || x.Site != "parks/hartford" || x.Credential != "public-ro" || !x.Pinned || x.State != "untried" || x.Origin != "hand" || x.CreatedBy != "staff" {
		t.Errorf("%v %s", err, asJSON(x))
	}
	if x, err = put("10.20.0.7", TargetPut{Site: some("salem")}); err != nil || x.Credential != "public-ro" || x.Site != "parks/salem" {
		t.Errorf("%v %s", err, asJSON(x))
	}
	if x, err = put("10.20.0.7", TargetPut{Credential: some("")}); err != nil || x.Credential != "" || x.Pinned {
		t.Errorf("%v %s", err, asJSON(x))
	}
	if x, err = put("[fd00::7]:1161", TargetPut{}); err != nil || x.Address != "fd00::7" || x.Port != 1161 || x.Site != "" {
		t.Errorf("%v %s", err, asJSON(x))
	}
	if x, err = put("fd00::7", TargetPut{}); err != nil || x.Port != 1161 {
		t.Errorf("the only one at its address: %v %s", err, asJSON(x))
	}
	if _, err = put("[fd00::7]:1162", TargetPut{}); err != nil {
		t.Error(err)
	}
	_, err = c.TargetShow(ctx, TargetInput{"fd00::7"})
	if p := problemIn(t, err, ambiguous); !strings.Contains(p.Detail, "1161, 1162") {
		t.Error(p)
	}
	for _, o := range []struct {
		address    string
		in         TargetPut
		kind, want string
	}{
		{"sw-1", TargetPut{}, invalid, "is no address"},
		{"10.20.0.1:0", TargetPut{}, invalid, "is no address"},
		{"fe80::1%eth0", TargetPut{}, invalid, "on one machine only"},
		{"224.0.0.1", TargetPut{}, invalid, "no address of one device"},
		{"10.20.0.8", TargetPut{Credential: some("cor")}, notFound, "did you mean core?"},
		{"10.20.0.8", TargetPut{Site: some("nowhere")}, notFound, "muster site add AGENCY/SITE"},
	} {
		_, err := put(o.address, o.in)
		if p := problemIn(t, err, o.kind); !strings.Contains(p.Detail, o.want) {
			t.Errorf("%s %+v: %v", o.address, o.in, p)
		}
	}
	show, err := c.TargetShow(ctx, TargetInput{"10.20.0.1:161"})
	want := &TargetHabits{Version: "3", Repetitions: 20, RoundTripSeconds: 0.0045, EngineID: "800000000102", IdentifiedAt: time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC), Requests: 1000, Timeouts: 3}
	if err != nil || show.Target.Device != pc2 || !reflect.DeepEqual(show.Learned, want) {
		t.Errorf("%v %s", err, asJSON(show))
	}
	for _, body := range []string{asJSON(show), func() string { _, b := w.get("staff", "/targets/10.20.0.1"); return b }()} {
		for _, inner := range []string{"1.3.6.1", "qqqq", "c2Vjb25k", "gAAAAAEC", "standing"} {
			if strings.Contains(body, inner) {
				t.Errorf("%s shows %s, which is the poller's own", body, inner)
			}
		}
	}
	problemIn(t, c.TargetDelete(ctx, TargetInput{"10.20.0.1:162"}), notFound)
	if err := c.TargetDelete(ctx, TargetInput{"10.20.0.1"}); err != nil {
		t.Error(err)
	}
	if _, body := w.get("staff", "/targets?format=csv"); !strings.Contains(body, `10.20.0.2,161,,,silent,"answers pings, but no question",`) {
		t.Error(body)
	}
}

func TestTargetTest(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("staff")
	for _, o := range []struct{ address, named, at, with string }{
		{"10.20.0.1", "", "10.20.0.1:161", "core"},                               // pinned
		{"10.20.0.1", "PUBLIC-RO", "10.20.0.1:161", "public-ro"},                 // named
		{"10.20.0.2", "", "10.20.0.2:161", "core"},                               // its subnet's
		{"10.20.0.77:1161", "", "10.20.0.77:1161", "core"},                       // no target
		{"192.0.2.1", "", "192.0.2.1:161", "core public-ro"},                     // no subnet
		{"192.0.2.1", "public-ro core", "192.0.2.1:161", "public-ro core"},       // in order
		{"2001:db8::1", "public-ro", "[2001:db8::1]:161", "public-ro"},           // IPv6
		{"[2001:db8::1]:1161", "core", "[2001:db8::1]:1161", "core"},             // and a port
		{"::ffff:192.0.2.1", "core", "192.0.2.1:161", "core"},                    // one address has one spelling
		{"10.20.0.1", "core core", "10.20.0.1:161", "core"},                      // once
		{"127.0.0.1:1161", "public-ro public-ro", "127.0.0.1:1161", "public-ro"}, // this machine
	} {
		x, err := c.TargetTest(ctx, TargetTestInput{Address: o.address, Body: TargetTestOrder{Credentials: strings.Fields(o.named)}})
		if err != nil || x.State != "live" || x.Name != "sw-1" {
			t.Fatalf("%s: %v %s", o.address, err, asJSON(x))
		}
		last := w.gear.tested[len(w.gear.tested)-1]
		if last.Address.String() != o.at || strings.Join(last.Credentials, " ") != o.with {
			t.Errorf("%+v asked %+v", o, last)
		}
	}
	_, err := c.TargetTest(ctx, TargetTestInput{Address: "10.20.0.1", Body: TargetTestOrder{Credentials: []string{"nobody"}}})
	problemIn(t, err, notFound)
	_, err = c.TargetTest(ctx, TargetTestInput{Address: "255.255.255.255"})
	problemIn(t, err, invalid)
	w.gear.credentials = w.gear.credentials[1:]
	w.gear.subnets[0].Credentials = nil
	_, err = c.TargetTest(ctx, TargetTestInput{Address: "10.20.0.2"})
	if p := problemIn(t, err, invalid); !strings.Contains(p.Detail, "allows version 3 only") {
		t.Error(p)
	}
	w.gear.failing = errors.New("socket broke")
	_, err = c.TargetTest(ctx, TargetTestInput{Address: "192.0.2.1"})
	problemIn(t, err, internal)
}

// TestGearThatCannotBeAsked wants the parts that are missing to be told.
func TestGearThatCannotBeAsked(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("admin")
	w.Server.d.Gear.Discover, w.Server.d.Gear.TestTarget, w.Server.d.Gear.Profiles = nil, nil, nil
	_, err := c.DiscoveryStart(ctx, DiscoveryInput{Body: DiscoveryWish{Network: "10.20.1.0/24"}})
	if p := problemIn(t, err, busy); p.Status != 503 || !strings.Contains(p.Detail, "its poller does not run") {
		t.Error(p)
	}
	_, err = c.TargetTest(ctx, TargetTestInput{Address: "10.20.0.1"})
	if p := problemIn(t, err, busy); p.Status != 503 || !strings.Contains(p.Detail, "its poller does not run") {
		t.Error(p)
	}
	_, err = c.ProfileList(ctx)
	problemIn(t, err, busy)
	if list, err := c.DiscoveryList(ctx); err != nil || len(list.Discoveries) != 0 {
		t.Errorf("%v %s", err, asJSON(list))
	}
	w.Server.d.Gear = Gear{}
	for _, id := range []string{"credential-list", "credential-set", "credential-delete", "subnet-list", "subnet-set", "subnet-delete", "discovery-start", "discovery-list", "discovery-show",
		"discovery-stop", "target-list", "target-show", "target-set", "target-delete", "target-test", "profile-list", "profile-show", "profile-try"} {
		if status, body := w.ask("socket", id, examples()[id]); status != 501 || !strings.Contains(body, "polls no network gear") {
			t.Errorf("%s: %d %s", id, status, body)
		}
	}
	if err := c.SiteDelete(ctx, SiteInput{"parks", "salem"}); err != nil {
		t.Error(err)
	}
}

func TestDiscoveryOrders(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("staff")
	w.gear.subnets = append(w.gear.subnets, store.Subnet{Network: netip.MustParsePrefix("10.20.8.0/24"), Port: 1161, V2c: true, Rate: 9, Site: 13})
	w.gear.look = func(context.Context, DiscoveryOrder, func(DiscoveryStep)) error { return nil }
	start := func(in DiscoveryWish) (Discovery, error) {
		x, err := c.DiscoveryStart(ctx, DiscoveryInput{Body: in})
		if err == nil {
			_, err = c.DiscoveryShow(ctx, DiscoveryShowInput{ID: x.ID, WaitSeconds: 30})
		}
		return x, err
	}
	for _, o := range []struct {
		in    DiscoveryWish
		want  string
		total int
		clear bool
	}{
		{DiscoveryWish{Network: "10.20.0.0/16"}, "10.20.0.0/16 161 [core] [10.20.7.0/24] 50 11 subnet 10.20.0.0/16", 65_536 - 256, false},
		{DiscoveryWish{Network: "10.20.1.9"}, "10.20.1.9/32 161 [core] [] 50 11 subnet 10.20.0.0/16", 1, false},
		{DiscoveryWish{Network: "10.20.6.0/23", DryRun: true, Exclude: []string{"10.20.7.8/29", "10.20.6.1-10.20.6.2"}}, "10.20.6.0/23 161 [core] [10.20.7.0/24 10.20.6.1/32 10.20.6.2/32] 50 11 subnet 10.20.0.0/16", 254, false},
		{DiscoveryWish{Network: "10.20.8.128/25"}, "10.20.8.128/25 1161 [core public-ro] [] 9 13 subnet 10.20.8.0/24", 128, true},
		{DiscoveryWish{Network: "10.20.8.128/25", V2c: some(false), Port: 161, Rate: 3, Site: "dover"}, "10.20.8.128/25 161 [core] [] 3 12 subnet 10.20.8.0/24", 128, false},
		{DiscoveryWish{Network: "10.20.1.0/24", Credentials: []string{"public-ro"}}, "10.20.1.0/24 161 [public-ro] [] 50 11 subnet 10.20.0.0/16", 256, true},
		{DiscoveryWish{Network: "127.1.0.0/26", Port: 1161}, "127.1.0.0/26 1161 [core public-ro] [] 100 0 hand", 64, true},
		{DiscoveryWish{Network: "10.20.1.5/24"}, "10.20.1.0/24 161 [core] [] 50 11 subnet 10.20.0.0/16", 256, false},
	} {
		x, err := start(o.in)
		if err != nil {
			t.Fatalf("%+v: %v", o.in, err)
		}
		l := w.gear.looked[len(w.gear.looked)-1]
		got := fmt.Sprint(l.Network, " ", l.Port, " ", l.Credentials, " ", l.Exclude, " ", l.Rate, " ", l.Site, " ", l.Origin)
		if got != o.want || x.Total != o.total || x.Clear != o.clear || l.DryRun != o.in.DryRun || l.By != "staff" {
			t.Errorf("%+v:\n%s, %s\nwant %s", o.in, got, asJSON(x), o.want)
		}
	}
	for _, o := range []struct {
		in         DiscoveryWish
		kind, want string
	}{
		{DiscoveryWish{Network: "10.0.0.0/8"}, tooMuch, "name a part of it"},
		{DiscoveryWish{Network: "fd00::/64"}, tooMuch, "name a part of it"},
		{DiscoveryWish{Network: "here"}, invalid, "is no network"},
		{DiscoveryWish{Network: "224.0.0.0/28"}, invalid, "no addresses of devices"},
		{DiscoveryWish{Network: "10.20.7.0/24"}, invalid, "leaves nothing of it"},
		{DiscoveryWish{Network: "10.20.1.0/24", Credentials: []string{"cor"}}, notFound, "did you mean core?"},
		{DiscoveryWish{Network: "10.20.1.0/24", Credentials: []string{"public-ro"}, V2c: some(false)}, invalid, "leave them out"},
		{DiscoveryWish{Network: "10.20.1.0/24", Site: "nowhere"}, notFound, "no site"},
		{DiscoveryWish{Network: "10.20.1.0/24", Exclude: []string{"x"}}, invalid, "is no network"},
	} {
		_, err := start(o.in)
		if p := problemIn(t, err, o.kind); !strings.Contains(p.Detail, o.want) {
			t.Errorf("%+v: %v", o.in, p)
		}
	}
	w.gear.credentials = nil
	_, err := start(DiscoveryWish{Network: "127.0.0.1"})
	problemIn(t, err, invalid)
}

// alone runs a test in virtual time, over a server of its own that Run keeps
// going until stop.
func alone(t *testing.T, test func(t *testing.T, w *world, stop func())) {
	w := newWorld(t) // outside of the bubble: it lives as long as the test
	synctest.Test(t, func(t *testing.T) {
		s, err := New(w.Server.d)
		if err != nil {
			t.Fatal(err)
		}
		w.Server, w.handler = s, s.Handler()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		stopped := false
		stop := func() {
			if cancel(); !stopped {
				stopped = true
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}
		defer stop()
		test(t, w, stop)
	})
}

func TestDiscoveryGoesOn(t *testing.T) {
	alone(t, func(t *testing.T, w *world, _ func()) {
		steps := make(chan DiscoveryStep)
		w.gear.look = func(ctx context.Context, _ DiscoveryOrder, tell func(DiscoveryStep)) error {
			for s := range steps {
				tell(s)
			}
			return nil
		}
		ctx, c := t.Context(), w.client("staff")
		x, err := c.DiscoveryStart(ctx, DiscoveryInput{Body: DiscoveryWish{Network: "10.20.1.0/24"}})
		if err != nil || x.State != looksRunning || x.ID != 1 || x.Total != 256 {
			t.Fatalf("%v %s", err, asJSON(x))
		}
		show := func(after, wait int) DiscoveryShow {
			t.Helper()
			y, err := c.DiscoveryShow(ctx, DiscoveryShowInput{ID: 1, After: after, WaitSeconds: wait})
			if err != nil {
				t.Fatal(err)
			}
			return y
		}
		begin := time.Now()
		if y := show(0, 20); len(y.Found) != 0 || y.Discovery.State != looksRunning || time.Since(begin) != 20*time.Second {
			t.Errorf("nothing new: after %v %s", time.Since(begin), asJSON(y))
		}
		go func() {
			time.Sleep(3 * time.Second)
			steps <- DiscoveryStep{Done: 100, Total: 250}
			time.Sleep(3 * time.Second)
			steps <- DiscoveryStep{Done: 90, Found: []Found{{Address: "10.20.1.1", State: "live", New: true}, {Address: "10.20.1.2", State: "wrong_credential"}}}
			time.Sleep(time.Hour)
			steps <- DiscoveryStep{Done: 200, Found: []Found{{Address: "10.20.1.3", State: "live"}}}
			close(steps)
		}()
		begin = time.Now()
		y := show(0, 20)
		if d := y.Discovery; len(y.Found) != 2 || y.Next != 2 || d.Done != 100 || d.Total != 250 || d.Answered != 1 || d.Silent != 1 || d.Added != 1 || time.Since(begin) != 6*time.Second {
			t.Errorf("as soon as there is something: after %v %s", time.Since(begin), asJSON(y))
		}
		time.Sleep(2 * time.Hour)
		if y = show(2, 20); len(y.Found) != 1 || y.Discovery.State != looksDone || y.Discovery.Done != 250 || y.Discovery.EndedAt.IsZero() {
			t.Errorf("the end: %s", asJSON(y))
		}
		if y = show(99, 20); len(y.Found) != 0 || y.Next != 3 || w.gear.changed != 1 {
			t.Errorf("all told: %s, %d changes", asJSON(y), w.gear.changed)
		}
		_, err = c.DiscoveryShow(ctx, DiscoveryShowInput{ID: 2})
		problemIn(t, err, notFound)
	})
}

func TestDiscoveriesEnd(t *testing.T) {
	alone(t, func(t *testing.T, w *world, stop func()) {
		release := make(chan error)
		w.gear.look = func(ctx context.Context, _ DiscoveryOrder, tell func(DiscoveryStep)) error {
			select {
			case err := <-release:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		ctx, c := t.Context(), w.client("staff")
		start := func() (Discovery, error) {
			return c.DiscoveryStart(ctx, DiscoveryInput{Body: DiscoveryWish{Network: "10.20.1.0/24", DryRun: true}})
		}
		state := func(id int64) string {
			t.Helper()
			synctest.Wait()
			y, err := c.DiscoveryShow(ctx, DiscoveryShowInput{ID: id})
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimSuffix(y.Discovery.State+" "+y.Discovery.Fault, " ")
		}
		for range mostLooking {
			if _, err := start(); err != nil {
				t.Fatal(err)
			}
		}
		_, err := start()
		if p := problemIn(t, err, conflict); !strings.Contains(p.Detail, "1 (10.20.1.0/24)") {
			t.Error(p)
		}
		if x, err := c.DiscoveryStop(ctx, NumberInput{1}); err != nil || x.ID != 1 {
			t.Errorf("%v %s", err, asJSON(x))
		}
		if got := state(1); got != looksStopped {
			t.Error(got)
		}
		release <- NewProblem(invalid, "no way to 10.20.1.0/24")
		release <- errors.New("socket broke at 10.0.0.1")
		synctest.Wait()
		all := []string{state(2), state(3), state(4)}
		slices.Sort(all)
		if !slices.Equal(all, []string{"failed no way to 10.20.1.0/24", "failed the collector could not go on; its log says why", "running"}) || !strings.Contains(w.log.String(), "socket broke") {
			t.Errorf("%q %s", all, w.log)
		}
		if _, err := c.DiscoveryStop(ctx, NumberInput{1}); err != nil {
			t.Errorf("stopped twice: %v", err)
		}
		_, err = c.DiscoveryStop(ctx, NumberInput{99})
		problemIn(t, err, notFound)

		// The last ones are remembered, and those that go on.
		for range mostLooked + 5 {
			if _, err := start(); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			list, err := c.DiscoveryList(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.DiscoveryStop(ctx, NumberInput{list.Discoveries[0].ID}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		list, err := c.DiscoveryList(ctx)
		running := slices.IndexFunc(list.Discoveries, func(x Discovery) bool { return x.State == looksRunning })
		if n := len(list.Discoveries); err != nil || n < mostLooked || n > mostLooked+2 || running != n-1 || list.Discoveries[0].ID <= list.Discoveries[1].ID {
			t.Errorf("%v %d %s", err, running, asJSON(list))
		}

		// With the collector ends what goes on, and nothing is begun any more.
		id := list.Discoveries[running].ID
		stop()
		if got := state(id); got != "failed the collector was stopped" {
			t.Error(got)
		}
		_, err = start()
		problemIn(t, err, busy)
		if again, err := c.DiscoveryList(ctx); err != nil || len(again.Discoveries) > len(list.Discoveries) {
			t.Errorf("%v %s", err, asJSON(again))
		}
	})
}

func TestManyFound(t *testing.T) {
	alone(t, func(t *testing.T, w *world, _ func()) {
		w.gear.look = func(ctx context.Context, _ DiscoveryOrder, tell func(DiscoveryStep)) error {
			for range 70 {
				tell(DiscoveryStep{Found: make([]Found, 1000)})
			}
			return nil
		}
		ctx, c := t.Context(), w.client("staff")
		if _, err := c.DiscoveryStart(ctx, DiscoveryInput{Body: DiscoveryWish{Network: "10.20.0.0/16"}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		y, err := c.DiscoveryShow(ctx, DiscoveryShowInput{ID: 1, After: 500})
		if err != nil || len(y.Found) != foundAtOnce || y.Next != 1500 || y.Discovery.Answered != 70_000 {
			t.Errorf("%v %d %s", err, len(y.Found), asJSON(y.Discovery))
		}
		if y, err = c.DiscoveryShow(ctx, DiscoveryShowInput{ID: 1, After: mostFound}); err != nil || len(y.Found) != 0 || y.Next != mostFound {
			t.Errorf("%v %d", err, y.Next)
		}
	})
}

// FuzzNetworks reads lists of networks and ranges.
func FuzzNetworks(f *testing.F) {
	for _, seed := range []string{"10.20.0.0/16", "10.20.0.1", "10.20.0.10-10.20.0.99", "0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fd00::1 - fd00::ff", "::ffff:10.0.0.1-10.0.0.9", "fe80::1%eth0-fe80::2%eth0", "-", "10.0.0.9-10.0.0.1", "1.2.3.4/33"} {
		f.Add(seed, "10.0.0.0/8")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		list, err := spans("exclude", []string{a, b})
		if err != nil {
			if p := problemIn(t, err, invalid); p.Detail == "" {
				t.Error("it does not say what is wrong")
			}
			return
		}
		if len(list) == 0 || len(list) > 4*128 {
			t.Fatalf("%q and %q are %d networks", a, b, len(list))
		}
		for i, p := range list {
			if !p.IsValid() || p != p.Masked() || p.Addr().Zone() != "" || slices.Contains(list[:i], p) {
				t.Fatalf("%q and %q have %v in %v", a, b, p, list)
			}
		}
		first, last, ranged := strings.Cut(a, "-")
		if !ranged {
			return
		}
		from, to := netip.MustParseAddr(strings.TrimSpace(first)).Unmap(), netip.MustParseAddr(strings.TrimSpace(last)).Unmap()
		one, err := spans("exclude", []string{a})
		if err != nil || one[0].Addr() != from || lastOf(one[len(one)-1]) != to {
			t.Fatalf("%q is %v, %v", a, one, err)
		}
		for i, p := range one[1:] { // without a hole, without an overlap
			if lastOf(one[i]).Next() != p.Addr() {
				t.Fatalf("%q is %v", a, one)
			}
		}
		for i, p := range widest(list) {
			for j, k := range widest(list) {
				if i != j && p.Overlaps(k) {
					t.Fatalf("%v overlaps %v", p, k)
				}
			}
		}
	})
}

// FuzzTargetRef reads addresses with and without a port.
func FuzzTargetRef(f *testing.F) {
	for _, seed := range []string{"10.20.0.1", "10.20.0.1:161", "fd00::1", "[fd00::1]:161", "[fd00::1]", "fe80::1%1", "[fd00::1", "10.20.0.1:0", "10.20.0.1:+5", "10.20.0.1:0161", "::ffff:10.0.0.1", "[::ffff:10.0.0.1]:9", ":161", "[10.0.0.1]:5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, port, err := targetRef(text)
		if err != nil {
			problemIn(t, err, invalid)
			return
		}
		if !a.IsValid() || a.Zone() != "" || a.Is4In6() {
			t.Fatalf("%q is %v", text, a)
		}
		again := a.String()
		if port != 0 {
			again = netip.AddrPortFrom(a, port).String()
		}
		if b, p, err := targetRef(again); err != nil || a != b || p != port {
			t.Fatalf("%q is %s, and that is %v %d %v", text, again, b, p, err)
		}
	})
}
