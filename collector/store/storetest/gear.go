package storetest

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
)

// RunGear tests what store.Gear promises. open makes an empty store that ends
// with the test.
func RunGear(t *testing.T, open func(t *testing.T) store.Gear) {
	tests := []struct {
		name string
		run  func(*closet)
	}{
		{"credentials and their secrets", testCredentials},
		{"what is wrong is not kept", testWrongGear},
		{"targets by hand", testTargets},
		{"targets are chosen", testTargetQuery},
		{"targets that were found", testFound},
		{"marks", testMarks},
		{"numbers of targets are not given twice", testTargetNumbers},
		{"subnets", testGearSubnets},
		{"what is used stays", testGearInUse},
		{"many at once", testGearTogether},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			x.run(&closet{T: t, s: open(t)})
		})
	}
}

// closet is a store under test with shorthands that fail the test.
type closet struct {
	*testing.T
	s store.Gear
}

func (c *closet) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *closet) is(err, kind error) {
	c.Helper()
	(&fleet{T: c.T}).is(err, kind)
}

func (c *closet) want(what string, got, want any) {
	c.Helper()
	if !reflect.DeepEqual(got, want) {
		c.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// v2c makes a credential of version 2c.
func (c *closet) v2c(name string) store.Credential {
	c.Helper()
	k := store.Credential{ID: "id of " + name, Name: name, Version: store.SNMPv2c, ChangedBy: "ines"}
	c.ok(c.s.PutCredential(c.Context(), k, map[string][]byte{store.SecretCommunity: []byte("sealed " + name)}, t0()))
	return k
}

func (c *closet) target(address, credential string) store.Target {
	c.Helper()
	x, err := c.s.PutTarget(c.Context(), store.Target{Address: netip.MustParseAddr(address), Port: 161, Credential: credential, Pinned: credential != "", Origin: "hand", CreatedBy: "ines"}, t0())
	c.ok(err)
	return x
}

// only finds the one target with an ID.
func (c *closet) only(id int64) store.Target {
	c.Helper()
	list, err := c.s.Targets(c.Context(), store.TargetQuery{})
	c.ok(err)
	i := slices.IndexFunc(list, func(x store.Target) bool { return x.ID == id })
	if i < 0 {
		c.Fatalf("target %d is not there", id)
	}
	return list[i]
}

func testCredentials(c *closet) {
	ctx := c.Context()
	list, err := c.s.Credentials(ctx)
	c.ok(err)
	c.want("an empty store", len(list), 0)
	core := store.Credential{ID: store.NewCredentialID(), Name: "Core", Version: store.SNMPv3, User: "muster", Auth: "sha256", Priv: "aes", Context: "vlan-1", ChangedBy: "ines"}
	c.ok(c.s.PutCredential(ctx, core, map[string][]byte{"auth": []byte("a"), "priv": []byte("p")}, t0()))
	c.v2c("access")
	list, err = c.s.Credentials(ctx)
	c.ok(err)
	if len(list) != 2 || list[0].Name != "access" {
		c.Fatalf("by name: %+v", list)
	}
	core.Secrets, core.Revision, core.CreatedAt, core.ChangedAt = []string{"auth", "priv"}, 1, t0(), t0()
	c.want("as it was given", list[1], core)

	// A change keeps secrets that it does not name, and counts.
	core.Context, core.Priv, core.ChangedBy = "", "", "bo"
	c.ok(c.s.PutCredential(ctx, core, map[string][]byte{"priv": nil, "auth": []byte("b")}, hours(1)))
	list, err = c.s.Credentials(ctx)
	c.ok(err)
	core.Secrets, core.Revision, core.ChangedAt = []string{"auth"}, 2, hours(1)
	c.want("after a change", list[1], core)
	secrets, err := c.s.CredentialSecrets(ctx, core.ID)
	c.ok(err)
	c.want("secrets", secrets, map[string][]byte{"auth": []byte("b")})

	core.Name = "edge"
	c.is(c.s.PutCredential(ctx, core, nil, t0()), store.ErrConflict)
	taken := store.Credential{ID: "another", Name: "CORE", Version: store.SNMPv2c}
	c.is(c.s.PutCredential(ctx, taken, nil, t0()), store.ErrConflict)
	c.ok(c.s.DeleteCredential(ctx, "core"))
	c.is(c.s.DeleteCredential(ctx, "core"), store.ErrNotFound)
	secrets, err = c.s.CredentialSecrets(ctx, core.ID)
	c.ok(err)
	c.want("secrets of one that is gone", len(secrets), 0)
}

func testWrongGear(c *closet) {
	ctx := c.Context()
	for what, k := range map[string]store.Credential{
		"no ID":             {Name: "a", Version: store.SNMPv2c},
		"no name":           {ID: "1", Version: store.SNMPv2c},
		"a name with /":     {ID: "1", Name: "a/b", Version: store.SNMPv2c},
		"two lines":         {ID: "1", Name: "a\nb", Version: store.SNMPv2c},
		"no version":        {ID: "1", Name: "a"},
		"a user in 2c":      {ID: "1", Name: "a", Version: store.SNMPv2c, User: "x"},
		"no user in 3":      {ID: "1", Name: "a", Version: store.SNMPv3},
		"a long user":       {ID: "1", Name: "a", Version: store.SNMPv3, User: strings.Repeat("x", 33)},
		"an unknown digest": {ID: "1", Name: "a", Version: store.SNMPv3, User: "x", Auth: "crc32"},
		"an unknown cipher": {ID: "1", Name: "a", Version: store.SNMPv3, User: "x", Auth: "sha", Priv: "rot13"},
		"priv without auth": {ID: "1", Name: "a", Version: store.SNMPv3, User: "x", Priv: "aes"},
	} {
		if c.s.PutCredential(ctx, k, nil, t0()) == nil {
			c.Errorf("a credential with %s is kept", what)
		}
	}
	at := netip.MustParseAddr("10.0.0.1")
	for what, x := range map[string]store.Target{
		"no address":      {Port: 161},
		"no port":         {Address: at},
		"a zone":          {Address: netip.MustParseAddr("fe80::1%eth0"), Port: 161},
		"every address":   {Address: netip.IPv4Unspecified(), Port: 161},
		"a group":         {Address: netip.MustParseAddr("224.0.0.1"), Port: 161},
		"everybody":       {Address: netip.MustParseAddr("255.255.255.255"), Port: 161},
		"a mapped one":    {Address: netip.MustParseAddr("::ffff:10.0.0.1"), Port: 161},
		"a strange state": {Address: at, Port: 161, State: "well"},
		"broken JSON":     {Address: at, Port: 161, Learned: json.RawMessage("{")},
		"much JSON":       {Address: at, Port: 161, Learned: json.RawMessage(`"` + strings.Repeat("x", 70_000) + `"`)},
	} {
		if _, err := c.s.PutTarget(ctx, x, t0()); err == nil {
			c.Errorf("a target with %s is kept", what)
		}
		if _, err := c.s.AddTargets(ctx, []store.Target{{Address: at, Port: 162}, x}, t0()); err == nil {
			c.Errorf("a target with %s is kept among others", what)
		}
	}
	if c.s.MarkTargets(ctx, []store.TargetMark{{ID: 1, State: "well"}}) == nil || c.s.MarkTargets(ctx, []store.TargetMark{{ID: 1, Learned: json.RawMessage("{")}}) == nil {
		c.Error("a mark that cannot be is taken")
	}
	net := netip.MustParsePrefix
	for what, x := range map[string]store.Subnet{
		"no network":               {Port: 161, Rate: 1},
		"host bits":                {Network: net("10.0.0.1/24"), Port: 161, Rate: 1},
		"groups":                   {Network: net("224.0.0.0/24"), Port: 161, Rate: 1},
		"no port":                  {Network: net("10.0.0.0/24"), Rate: 1},
		"no rate":                  {Network: net("10.0.0.0/24"), Port: 161},
		"a wild rate":              {Network: net("10.0.0.0/24"), Port: 161, Rate: 1e6},
		"scans without end":        {Network: net("10.0.0.0/24"), Port: 161, Rate: 1, Every: time.Minute},
		"more than a scan":         {Network: net("10.0.0.0/8"), Port: 161, Rate: 1, Every: time.Hour},
		"an exclusion elsewhere":   {Network: net("10.0.0.0/24"), Port: 161, Rate: 1, Exclude: []netip.Prefix{net("10.0.1.1/32")}},
		"an exclusion of it all":   {Network: net("10.0.0.0/24"), Port: 161, Rate: 1, Exclude: []netip.Prefix{net("10.0.0.0/24")}},
		"a credential of nobody's": {Network: net("10.0.0.0/24"), Port: 161, Rate: 1, Credentials: []string{"nobody"}},
	} {
		if c.s.PutSubnet(ctx, x, t0()) == nil {
			c.Errorf("a subnet with %s is kept", what)
		}
	}
	targets, err := c.s.Targets(ctx, store.TargetQuery{})
	c.ok(err)
	subnets, err := c.s.Subnets(ctx)
	c.ok(err)
	c.want("kept", len(targets)+len(subnets), 0)
}

func testTargets(c *closet) {
	ctx := c.Context()
	c.v2c("public")
	c.v2c("other")
	x, err := c.s.PutTarget(ctx, store.Target{Address: netip.MustParseAddr("10.0.0.1"), Port: 161, Credential: "PUBLIC", Pinned: true, Site: 3, Origin: "hand", CreatedBy: "ines"}, t0())
	c.ok(err)
	if x.ID == 0 {
		c.Fatal("no number was given")
	}
	want := store.Target{ID: x.ID, Address: netip.MustParseAddr("10.0.0.1"), Port: 161, Credential: "public", Pinned: true, Site: 3, Origin: "hand",
		State: store.Untried, Since: t0(), Revision: 1, CreatedAt: t0(), CreatedBy: "ines"}
	c.want("made", x, want)
	c.want("kept", c.only(x.ID), want)
	_, err = c.s.PutTarget(ctx, store.Target{Address: x.Address, Port: 161}, t0())
	c.is(err, store.ErrConflict)
	_, err = c.s.PutTarget(ctx, store.Target{Address: x.Address, Port: 162, Credential: "nobody"}, t0())
	c.is(err, store.ErrNotFound)
	_, err = c.s.PutTarget(ctx, store.Target{ID: 99, Address: x.Address, Port: 161}, t0())
	c.is(err, store.ErrNotFound)

	// Another site leaves its state; another credential lets it begin anew.
	c.ok(c.s.MarkTargets(ctx, []store.TargetMark{{ID: x.ID, Revision: 1, At: hours(1), State: store.Live, Reason: "answers", Device: id(1), Learned: json.RawMessage(`{"bulk":20}`)}}))
	x.Site = 4
	x, err = c.s.PutTarget(ctx, x, hours(2))
	c.ok(err)
	want.Site, want.Revision, want.State, want.Reason, want.Since, want.PolledAt, want.GoodAt, want.Device = 4, 2, store.Live, "answers", hours(1), hours(1), hours(1), id(1)
	want.Learned = json.RawMessage(`{"bulk":20}`)
	c.want("another site", x, want)
	x.Credential = "other"
	x, err = c.s.PutTarget(ctx, x, hours(3))
	c.ok(err)
	want.Credential, want.Revision, want.State, want.Reason, want.Since = "other", 3, store.Untried, "", hours(3)
	c.want("another credential", x, want)
	x.Credential, x.Pinned = "", false
	x, err = c.s.PutTarget(ctx, x, hours(4))
	c.ok(err)
	want.Credential, want.Pinned, want.Revision, want.Since = "", false, 4, hours(4)
	c.want("none", x, want)
	c.ok(c.s.DeleteTarget(ctx, x.ID))
	c.is(c.s.DeleteTarget(ctx, x.ID), store.ErrNotFound)
}

func testTargetQuery(c *closet) {
	ctx := c.Context()
	var list []store.Target
	for i, a := range []string{"10.0.0.9", "10.0.0.10", "fd00::1", "10.0.1.1", "9.255.0.1", "10.0.0.9"} {
		list = append(list, store.Target{Address: netip.MustParseAddr(a), Port: uint16(161 + i/5), Site: int64(i % 2), State: store.TargetStates()[i%3], Origin: "crawl"})
	}
	list[3].Device = id(7)
	_, err := c.s.AddTargets(ctx, list, t0())
	c.ok(err)
	for _, x := range []struct {
		q    store.TargetQuery
		want string
	}{
		{store.TargetQuery{}, "9.255.0.1:161 10.0.0.9:161 10.0.0.9:162 10.0.0.10:161 10.0.1.1:161 [fd00::1]:161"},
		{store.TargetQuery{Limit: 2}, "9.255.0.1:161 10.0.0.9:161"},
		{store.TargetQuery{Port: 162}, "10.0.0.9:162"},
		{store.TargetQuery{Site: 1}, "10.0.0.9:162 10.0.0.10:161 10.0.1.1:161"},
		{store.TargetQuery{Device: id(7)}, "10.0.1.1:161"},
		{store.TargetQuery{Network: netip.MustParsePrefix("10.0.0.0/24")}, "10.0.0.9:161 10.0.0.9:162 10.0.0.10:161"},
		{store.TargetQuery{Network: netip.MustParsePrefix("10.0.0.10/32")}, "10.0.0.10:161"},
		{store.TargetQuery{Network: netip.MustParsePrefix("0.0.0.0/0"), Limit: 9}, "9.255.0.1:161 10.0.0.9:161 10.0.0.9:162 10.0.0.10:161 10.0.1.1:161"},
		{store.TargetQuery{Network: netip.MustParsePrefix("fd00::/8")}, "[fd00::1]:161"},
		{store.TargetQuery{States: []store.TargetState{store.Live, store.Suspect}, Network: netip.MustParsePrefix("10.0.0.0/8")}, "10.0.0.9:162 10.0.0.10:161"},
		{store.TargetQuery{States: []store.TargetState{store.Dead}}, ""},
	} {
		got, err := c.s.Targets(ctx, x.q)
		c.ok(err)
		var words []string
		for _, k := range got {
			words = append(words, k.AddrPort().String())
		}
		c.want(fmt.Sprintf("%+v", x.q), strings.Join(words, " "), x.want)
	}
	n, err := c.s.CountTargets(ctx)
	c.ok(err)
	c.want("counts", n, map[store.TargetState]int{store.Untried: 2, store.Live: 2, store.Suspect: 2})
}

func testFound(c *closet) {
	ctx := c.Context()
	c.v2c("public")
	by := c.target("10.0.0.2", "public")
	a := netip.MustParseAddr
	got, err := c.s.AddTargets(ctx, []store.Target{
		{Address: a("10.0.0.1"), Port: 161, Credential: "Public", Site: 2, Origin: "subnet 10.0.0.0/24", State: store.Live, Since: hours(1), PolledAt: hours(1), GoodAt: hours(1), Learned: json.RawMessage(`1`)},
		{Address: a("10.0.0.2"), Port: 161, Credential: "gone", Site: 9, Origin: "crawl", State: store.Dead},
		{Address: a("10.0.0.3"), Port: 161, Credential: "gone", Origin: "crawl"},
	}, hours(2))
	c.ok(err)
	if len(got) != 3 {
		c.Fatalf("got %+v", got)
	}
	c.want("a new one", got[0], store.Target{ID: got[0].ID, Address: a("10.0.0.1"), Port: 161, Credential: "public", Site: 2, Origin: "subnet 10.0.0.0/24",
		State: store.Live, Since: hours(1), PolledAt: hours(1), GoodAt: hours(1), Learned: json.RawMessage(`1`), Revision: 1, CreatedAt: hours(2)})
	c.want("one that is there", got[1], by)
	c.want("with a credential that is gone", got[2], store.Target{ID: got[2].ID, Address: a("10.0.0.3"), Port: 161, Origin: "crawl", State: store.Untried, Since: hours(2), Revision: 1, CreatedAt: hours(2)})
	again, err := c.s.AddTargets(ctx, got, hours(3))
	c.ok(err)
	c.want("again", again, got)
}

func testMarks(c *closet) {
	ctx := c.Context()
	c.v2c("public")
	c.v2c("other")
	pinned, free := c.target("10.0.0.1", "public"), c.target("10.0.0.2", "")
	c.ok(c.s.MarkTargets(ctx, nil))
	c.ok(c.s.MarkTargets(ctx, []store.TargetMark{
		{ID: pinned.ID, Revision: 1, At: hours(1), State: store.WrongCredential, Reason: "no such user", Credential: "other"},
		{ID: free.ID, Revision: 1, At: hours(1), State: store.Live, Credential: "OTHER", Device: id(1), Learned: json.RawMessage(`{"a":1}`)},
		{ID: 99, Revision: 1, At: hours(1), State: store.Dead},
	}))
	pinned.State, pinned.Reason, pinned.Since, pinned.PolledAt = store.WrongCredential, "no such user", hours(1), hours(1)
	c.want("a pinned one", c.only(pinned.ID), pinned)
	free.State, free.Since, free.PolledAt, free.GoodAt, free.Credential, free.Device, free.Learned = store.Live, hours(1), hours(1), hours(1), "other", id(1), json.RawMessage(`{"a":1}`)
	c.want("one that is free", c.only(free.ID), free)

	// The same state goes on since then, for another reason; what is empty stays.
	c.ok(c.s.MarkTargets(ctx, []store.TargetMark{
		{ID: pinned.ID, Revision: 1, At: hours(2), State: store.WrongCredential, Reason: "wrong digest"},
		{ID: free.ID, Revision: 1, At: hours(2), Credential: "gone", Reason: "not said"},
	}))
	pinned.Reason, pinned.PolledAt, free.PolledAt = "wrong digest", hours(2), hours(2)
	c.want("the same state", c.only(pinned.ID), pinned)
	c.want("no state", c.only(free.ID), free)

	// A person's change makes marks of polls begun before it void.
	free, err := c.s.PutTarget(ctx, store.Target{ID: free.ID, Address: free.Address, Port: 161, Credential: "public", Pinned: true}, hours(3))
	c.ok(err)
	c.ok(c.s.MarkTargets(ctx, []store.TargetMark{{ID: free.ID, Revision: 1, At: hours(4), State: store.Live, Device: id(2)}}))
	c.want("a mark of before", c.only(free.ID), free)

	// A clock that was set back keeps nothing from being marked.
	long := strings.Repeat("ä", 400)
	c.ok(c.s.MarkTargets(ctx, []store.TargetMark{{ID: pinned.ID, Revision: 1, At: hours(-100), State: store.Silent, Reason: long}}))
	if got := c.only(pinned.ID); !got.PolledAt.Equal(hours(-100)) || got.State != store.Silent || len(got.Reason) > 500 || !strings.HasPrefix(long, got.Reason) || got.Reason == "" {
		c.Errorf("a long reason, an early time: %+v", got)
	}
}

func testTargetNumbers(c *closet) {
	seen := map[int64]bool{}
	for range 3 {
		x := c.target("10.0.0.1", "")
		if seen[x.ID] {
			c.Fatalf("number %d is given twice", x.ID)
		}
		seen[x.ID] = true
		c.ok(c.s.DeleteTarget(c.Context(), x.ID))
	}
}

func testGearSubnets(c *closet) {
	ctx := c.Context()
	c.v2c("public")
	c.v2c("Other")
	net := netip.MustParsePrefix
	x := store.Subnet{Network: net("10.20.0.0/16"), Site: 3, Port: 161, Credentials: []string{"other", "PUBLIC"}, V2c: true, Every: 24 * time.Hour,
		Exclude: []netip.Prefix{net("10.20.7.0/24"), net("10.20.0.1/32")}, Rate: 100, ChangedBy: "ines"}
	c.ok(c.s.PutSubnet(ctx, x, t0()))
	for _, n := range []string{"fd00::/64", "10.20.30.0/24", "9.0.0.0/8", "0.0.0.0/0", "::/0"} {
		c.ok(c.s.PutSubnet(ctx, store.Subnet{Network: net(n), Port: 1161, Rate: 1}, t0()))
	}
	list, err := c.s.Subnets(ctx)
	c.ok(err)
	var words []string
	for _, k := range list {
		words = append(words, k.Network.String())
	}
	c.want("by network", strings.Join(words, " "), "::/0 0.0.0.0/0 9.0.0.0/8 10.20.0.0/16 10.20.30.0/24 fd00::/64")
	x.Credentials, x.CreatedAt, x.ChangedAt = []string{"Other", "public"}, t0(), t0()
	c.want("as it was given", list[3], x)

	scan := store.Scan{StartedAt: hours(1), EndedAt: hours(2), Asked: 65279, Answered: 12, Silent: 3, Added: 12, Fault: "the collector was stopped"}
	c.ok(c.s.MarkSubnet(ctx, x.Network, scan))
	c.is(c.s.MarkSubnet(ctx, net("10.21.0.0/16"), scan), store.ErrNotFound)
	x.Credentials, x.Exclude, x.Every, x.ChangedBy = []string{"public"}, nil, 0, "bo"
	c.ok(c.s.PutSubnet(ctx, x, hours(3)))
	list, err = c.s.Subnets(ctx)
	c.ok(err)
	x.Scan, x.ChangedAt, x.Exclude = scan, hours(3), list[3].Exclude
	c.want("replaced, with its last scan", list[3], x)
	c.want("no exclusions", len(list[3].Exclude), 0)

	c.ok(c.s.DeleteSubnet(ctx, x.Network))
	c.is(c.s.DeleteSubnet(ctx, x.Network), store.ErrNotFound)
	list, err = c.s.Subnets(ctx)
	c.ok(err)
	c.want("the one inside it stays", len(list), 5)
}

func testGearInUse(c *closet) {
	ctx := c.Context()
	for _, name := range []string{"of a subnet", "pinned", "found"} {
		c.v2c(name)
	}
	subnet := netip.MustParsePrefix("10.0.0.0/24")
	c.ok(c.s.PutSubnet(ctx, store.Subnet{Network: subnet, Port: 161, Rate: 1, Credentials: []string{"of a subnet"}}, t0()))
	by := c.target("10.0.0.1", "pinned")
	free, err := c.s.AddTargets(ctx, []store.Target{{Address: netip.MustParseAddr("10.0.0.2"), Port: 161, Credential: "found", State: store.Live}}, t0())
	c.ok(err)
	err = c.s.DeleteCredential(ctx, "of a subnet")
	if c.is(err, store.ErrConflict); !strings.Contains(err.Error(), "10.0.0.0/24") {
		c.Errorf("it does not say which: %v", err)
	}
	err = c.s.DeleteCredential(ctx, "pinned")
	if c.is(err, store.ErrConflict); !strings.Contains(err.Error(), "10.0.0.1:161") {
		c.Errorf("it does not say which: %v", err)
	}
	c.ok(c.s.DeleteCredential(ctx, "found"))
	if got := c.only(free[0].ID); got.Credential != "" || got.State != store.Live {
		c.Errorf("left without: %+v", got)
	}
	c.ok(c.s.DeleteTarget(ctx, by.ID))
	c.ok(c.s.DeleteCredential(ctx, "pinned"))
	c.ok(c.s.DeleteSubnet(ctx, subnet))
	c.ok(c.s.DeleteCredential(ctx, "of a subnet"))
}

func testGearTogether(c *closet) {
	ctx := c.Context()
	var list []store.Target
	for i := range 500 {
		list = append(list, store.Target{Address: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Port: 161})
	}
	list, err := c.s.AddTargets(ctx, list, t0())
	c.ok(err)
	done := make(chan error, 4)
	for g := range 4 {
		go func() {
			var marks []store.TargetMark
			for i := g; i < len(list); i += 4 {
				marks = append(marks, store.TargetMark{ID: list[i].ID, Revision: 1, At: hours(1), State: store.Live})
			}
			_, err := c.s.Targets(ctx, store.TargetQuery{Limit: 10})
			if err == nil {
				err = c.s.MarkTargets(ctx, marks)
			}
			done <- err
		}()
	}
	for range 4 {
		c.ok(<-done)
	}
	n, err := c.s.CountTargets(ctx)
	c.ok(err)
	c.want("counts", n, map[store.TargetState]int{store.Live: 500})
}
