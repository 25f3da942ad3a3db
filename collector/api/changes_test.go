package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/store"
)

func TestDeviceSet(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.client("admin"), t.Context()
	text := func(s string) *string { return &s }
	d, err := c.DeviceSet(ctx, DeviceSetInput{Ref: "pc-1", Body: DeviceChange{
		Owner: text(" John Roe "), Warranty: text("2028-02-29"), Note: text("line\nline"), AssetTag: text(""),
		AddLabels: []string{"b", "a", "LOANER"}, RemoveLabels: []string{"x"}, Site: text("parks/salem"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if *d.People.Owner != "John Roe" || d.People.Warranty != "2028-02-29" || d.People.AssetTag != "" || d.Site != "salem" || strings.Join(d.Labels, " ") != "a b loaner" {
		t.Errorf("got %s", asJSON(d))
	}
	if w.changed != 1 {
		t.Errorf("policies were told %d times", w.changed)
	}
	for what, change := range map[string]DeviceChange{
		"a day that is none": {Warranty: text("2027-02-29")},
		"a date in words":    {Purchased: text("yesterday")},
		"a control char":     {Owner: text("a\x00b")},
		"two lines":          {Owner: text("a\nb")},
		"a bad label":        {AddLabels: []string{"a b"}},
		"an empty label":     {AddLabels: []string{""}},
		"no such site":       {Site: text("hartfort")},
		"half a site":        {Site: text("/")},
	} {
		_, err := c.DeviceSet(ctx, DeviceSetInput{Ref: "pc-1", Body: change})
		p, ok := err.(*Problem)
		if !ok || p.Status/100 != 4 {
			t.Errorf("%s: %v", what, err)
		}
		if what == "no such site" && !strings.Contains(p.Detail, "hartford") {
			t.Errorf("%s: %v", what, p)
		}
	}
	// A name that two agencies have is not guessed.
	w.inventory.sites = append(w.inventory.sites, store.Site{ID: 99, Agency: "roads", Name: "salem"})
	_, err = c.DeviceSet(ctx, DeviceSetInput{Ref: "pc-1", Body: DeviceChange{Site: text("salem")}})
	problemIn(t, err, ambiguous)
	if d, err := c.DeviceRetire(ctx, RefInput{Ref: "pc-1"}); err != nil || !d.RetiredAt.Equal(w.now) {
		t.Errorf("%v %+v", err, d)
	}
	w.now = w.now.Add(time.Hour)
	if d, err := c.DeviceRetire(ctx, RefInput{Ref: "pc-1"}); err != nil || d.RetiredAt.Equal(w.now) {
		t.Errorf("retiring again moves the day: %v %+v", err, d)
	}
}

func TestImport(t *testing.T) {
	for name, c := range map[string]struct {
		file  string
		want  ImportResult
		err   string // part of what is said
		owner string // of pc-1 afterwards
		note  string // of pc-2 afterwards
	}{
		"plain":            {file: "name,owner,note\npc-1,John Roe,\npc-2,,spare\n", want: ImportResult{Lines: 2, Changed: 2}, owner: "John Roe", note: "spare"},
		"as Excel saves":   {file: "\xef\xbb\xbfName;Owner\r\npc-1;John Roe\r\n", want: ImportResult{Lines: 1, Changed: 1}, owner: "John Roe"},
		"tabs":             {file: "serial\tOwner\nser1\tJohn Roe\n", want: ImportResult{Lines: 1, Changed: 1}, owner: "John Roe"},
		"an empty cell":    {file: "name,owner\npc-1,\n", want: ImportResult{Lines: 1, Same: 1}, owner: "Jane Doe"},
		"a dash empties":   {file: "name,owner\npc-1,-\n", want: ImportResult{Lines: 1, Changed: 1}, owner: ""},
		"the same":         {file: "name,owner\npc-1,Jane Doe\n", want: ImportResult{Lines: 1, Same: 1}, owner: "Jane Doe"},
		"guarded":          {file: "name,owner\npc-1,'=SUM(1)\n", want: ImportResult{Lines: 1, Changed: 1}, owner: "=SUM(1)"},
		"by asset tag":     {file: "asset tag,owner\nCT-1,John Roe\n", want: ImportResult{Lines: 1, Changed: 1}, owner: "John Roe"},
		"site and labels":  {file: "name,agency,site,labels\npc-1,parks,salem,a;b\n", want: ImportResult{Lines: 1, Changed: 1}, owner: "Jane Doe"},
		"one bad line":     {file: "name,owner\npc-1,John Roe\npc-9,x\n", err: "line 3 name no device answers", owner: "Jane Doe"},
		"ambiguous":        {file: "name,owner\npc-3,x\n", err: "line 2 name several devices", owner: "Jane Doe"},
		"another's name":   {file: "serial,owner\npc-1,x\n", err: `no device has the serial "pc-1"`, owner: "Jane Doe"},
		"twice":            {file: "name,owner\npc-1,x\nPC-1,y\n", err: "line 2 is about the same device", owner: "Jane Doe"},
		"a bad value":      {file: "name,warranty\npc-1,soon\n", err: "no day", owner: "Jane Doe"},
		"a short line":     {file: "name,owner\npc-1\n", err: "the header has 2 columns, this line 1", owner: "Jane Doe"},
		"a quote open":     {file: "name,owner\npc-1,\"x\n", err: "cannot be read from here on", owner: "Jane Doe"},
		"an unknown one":   {file: "name,ownr\npc-1,x\n", err: "did you mean owner", owner: "Jane Doe"},
		"nothing to take":  {file: "name,serial\npc-1,x\n", err: "no column has anything", owner: "Jane Doe"},
		"no key":           {file: "owner\nx\n", err: "no column says which device", owner: "Jane Doe"},
		"a column twice":   {file: "name,owner,owner\npc-1,x,y\n", err: "twice", owner: "Jane Doe"},
		"not UTF-8":        {file: "name,owner\npc-1,\xff\n", err: "not UTF-8", owner: "Jane Doe"},
		"no device named":  {file: "name,owner\n,x\n", err: "does not say which device", owner: "Jane Doe"},
		"only the header":  {file: "name,owner\n", want: ImportResult{}, owner: "Jane Doe"},
		"a line in quotes": {file: "name,note,owner\npc-2,\"a\nb\",\npc-9,,x\n", err: "line 4 name", owner: "Jane Doe"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			got, err := w.client("staff").DeviceImport(t.Context(), DeviceImportInput{RawBody: []byte(c.file)})
			switch {
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("got %v %s, want %q", err, asJSON(got), c.err)
			case c.err == "" && err != nil:
				t.Error(err)
			case asJSON(got) != asJSON(c.want):
				t.Errorf("got %s, want %s", asJSON(got), asJSON(c.want))
			}
			if d := w.inventory.at(pc1); d.People.Owner != c.owner {
				t.Errorf("owner is %q", d.People.Owner)
			}
			if d := w.inventory.at(pc2); d.People.Note != c.note {
				t.Errorf("note is %q", d.People.Note)
			}
		})
	}
	w := newWorld(t)
	dry, err := w.client("staff").DeviceImport(t.Context(), DeviceImportInput{DryRun: true, RawBody: []byte("name,owner\npc-1,x\npc-9,y\n")})
	if err != nil || dry.Changed != 1 || len(dry.Errors) != 1 || dry.Errors[0].Line != 3 || w.inventory.at(pc1).People.Owner != "Jane Doe" {
		t.Errorf("dry: %v %s", err, asJSON(dry))
	}
	part, err := w.client("staff").DeviceImport(t.Context(), DeviceImportInput{Partial: true, RawBody: []byte("name,owner\npc-1,x\npc-9,y\n")})
	if err != nil || part.Changed != 1 || len(part.Errors) != 1 || w.inventory.at(pc1).People.Owner != "x" {
		t.Errorf("partial: %v %s", err, asJSON(part))
	}
	if d := w.inventory.at(pc1); d.Site != "hartford" {
		t.Errorf("site is %s", d.Site)
	}
}

// TestExportIsImport wants the list as CSV to be a file that can be brought
// back as it is.
func TestExportIsImport(t *testing.T) {
	w := newWorld(t)
	w.inventory.at(pc2).People.Note = "=1+1"
	_, file := w.get("staff", "/devices?format=csv")
	got, err := w.client("staff").DeviceImport(t.Context(), DeviceImportInput{RawBody: []byte(file)})
	if err != nil || got.Lines != 4 || got.Same != 4 {
		t.Errorf("%v %s\n%s", err, asJSON(got), file)
	}
}

func TestGroups(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.client("admin"), t.Context()
	for what, x := range map[string]struct {
		put  GroupPut
		kind string
		says string
	}{
		"a bad filter":     {GroupPut{Filter: "os:"}, badFilter, "character"},
		"persons":          {GroupPut{Filter: `owner:"Jane"`}, badFilter, "owner"},
		"groups":           {GroupPut{Filter: "label:x group:y"}, badFilter, "group"},
		"unknown section":  {GroupPut{Filter: "label:x", Settings: GroupSettings{Off: []string{"sofware"}}}, invalid, "did you mean software"},
		"unknown cadence":  {GroupPut{Filter: "label:x", Settings: GroupSettings{Cadence: map[string]int64{"dsk": 600}}}, invalid, "disk"},
		"too often":        {GroupPut{Filter: "label:x", Settings: GroupSettings{Cadence: map[string]int64{"disk": 5}}}, invalid, "60"},
		"too seldom":       {GroupPut{Filter: "label:x", Settings: GroupSettings{Cadence: map[string]int64{"disk": 1e9}}}, invalid, "604800"},
		"samples too fast": {GroupPut{Filter: "label:x", Settings: GroupSettings{SampleSeconds: 1}}, invalid, "10"},
		"off and on":       {GroupPut{Filter: "label:x", Settings: GroupSettings{Off: []string{"disk"}, Cadence: map[string]int64{"disk": 600}}}, invalid, "off and has a cadence"},
	} {
		_, err := c.GroupSet(ctx, GroupPutInput{Name: "g", Body: x.put})
		if p := problemIn(t, err, x.kind); !strings.Contains(p.Detail, x.says) {
			t.Errorf("%s: %v", what, p)
		}
	}
	g, err := c.GroupSet(ctx, GroupPutInput{Name: "KIOSKS", Body: GroupPut{Filter: "label:kiosk", Priority: 5, Settings: GroupSettings{PerCore: true}}})
	if err != nil || g.Name != "kiosks" || len(w.inventory.groups) != 1 {
		t.Errorf("replacing: %v %+v", err, g)
	}
	members, err := c.GroupDevices(ctx, GroupDevicesInput{Name: "kiosks"})
	if err != nil || len(members.Devices) != 0 || w.inventory.asked.Personal {
		t.Errorf("members: %v %s", err, asJSON(members))
	}
	_, err = c.GroupSet(ctx, GroupPutInput{Name: "a b", Body: GroupPut{Filter: "label:x"}})
	problemIn(t, err, invalid)
}

func TestPlaces(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.client("admin"), t.Context()
	_, err := c.AgencyNew(ctx, AgencyNewInput{Body: Naming{Name: "parks"}})
	problemIn(t, err, conflict)
	_, err = c.AgencyNew(ctx, AgencyNewInput{Body: Naming{Name: "a/b"}})
	problemIn(t, err, invalid)
	if _, err := c.SiteNew(ctx, SiteNewInput{Body: SiteNew{Agency: "roads", Name: "x"}}); err != nil {
		t.Fatal(err)
	}
	err = c.AgencyDelete(ctx, AgencyInput{Name: "roads"})
	if p := problemIn(t, err, conflict); !strings.Contains(p.Detail, "1 sites") {
		t.Error(p)
	}
	s, err := c.SiteNew(ctx, SiteNewInput{Body: SiteNew{Agency: "PARKS", Name: "keene", Subnets: []string{"10.1.2.3/16", "192.0.2.7", "2001:db8::/32"}}})
	if err != nil || strings.Join(s.Subnets, " ") != "10.1.0.0/16 192.0.2.7/32 2001:db8::/32" || s.Agency != "parks" {
		t.Errorf("%v %+v", err, s)
	}
	_, err = c.SiteNew(ctx, SiteNewInput{Body: SiteNew{Agency: "parks", Name: "Keene"}})
	problemIn(t, err, conflict)
	_, err = c.SiteNew(ctx, SiteNewInput{Body: SiteNew{Agency: "park", Name: "x"}})
	if p := problemIn(t, err, notFound); !strings.Contains(p.Detail, "did you mean parks") {
		t.Error(p)
	}
	_, err = c.SiteSet(ctx, SiteSetInput{Agency: "parks", Name: "keene", Body: SiteChange{Subnets: &[]string{"fe80::1%eth0"}}})
	problemIn(t, err, invalid)
	// A path takes any name.
	if _, err := c.AgencyNew(ctx, AgencyNewInput{Body: Naming{Name: "Müller & Søn? 100%"}}); err != nil {
		t.Fatal(err)
	}
	if a, err := c.AgencyRename(ctx, AgencyRenameInput{Name: "Müller & Søn? 100%", Body: Naming{Name: "m"}}); err != nil || a.Name != "m" {
		t.Errorf("%v %+v", err, a)
	}
	if n, err := c.LabelAdd(ctx, LabelInput{Label: "x", Body: LabelTargets{Filter: "name:pc"}}); err != nil || n.Devices != 4 {
		t.Errorf("%v %+v", err, n)
	}
	if n, err := c.LabelRename(ctx, LabelRenameInput{Label: "x", Body: Naming{Name: "y"}}); err != nil || n.Devices != 4 {
		t.Errorf("%v %+v", err, n)
	}
	if n, err := c.LabelRemove(ctx, LabelInput{Label: "y"}); err != nil || n.Devices != 4 {
		t.Errorf("%v %+v", err, n)
	}
	_, err = c.LabelAdd(ctx, LabelInput{Label: "x"})
	problemIn(t, err, invalid)
}

func TestEnrolment(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.client("staff"), t.Context()
	made, err := c.EnrollNew(ctx, InvitationNewInput{Body: InvitationNew{Expires: "7d", Site: "hartford", Labels: []string{"b", "a"}, Networks: []string{"10.1.2.3/8"}}})
	o := w.enrolment.order
	if err != nil || made.Enrolment != enrolmentText || o.Uses != 1 || o.Site != 11 || o.SiteName != "parks/hartford" || !o.ExpiresAt.Equal(w.now.Add(7*24*time.Hour)) || o.Networks[0].String() != "10.0.0.0/8" || o.By != "staff" {
		t.Errorf("%v %+v", err, o)
	}
	for _, x := range []InvitationNew{{Expires: "2y"}, {Expires: "2020-01-01"}, {Expires: "soon"}, {Networks: []string{"x"}}, {Labels: []string{" "}}, {Note: "a\nb"}} {
		_, err := c.EnrollNew(ctx, InvitationNewInput{Body: x})
		problemIn(t, err, invalid)
	}
	problemIn(t, c.EnrollRevoke(ctx, IDInput{ID: "nope"}), notFound)
	if err := c.DeviceRevoke(ctx, DeviceRevokeInput{Ref: "SER3"}); err != nil || w.enrolment.revoked[0] != pc3 {
		t.Errorf("%v %v", err, w.enrolment.revoked)
	}
	w.Server.d.Enrolment, w.Server.d.Authority, w.Server.d.SQL = nil, nil, nil
	_, err = c.EnrollList(ctx)
	problemIn(t, err, notOffered)
}

func TestAccounts(t *testing.T) {
	w := newWorld(t)
	text := func(s string) *string { return &s }
	c, ctx := w.client("admin"), t.Context()
	_, err := c.UserNew(ctx, UserNewInput{Body: UserNew{Name: "ann", Role: "staff"}})
	problemIn(t, err, conflict)
	_, err = c.UserNew(ctx, UserNewInput{Body: UserNew{Name: "x\ny", Role: "staff"}})
	problemIn(t, err, invalid)
	_, err = c.UserNew(ctx, UserNewInput{Body: UserNew{Name: "eve", Role: "admin", Agencies: []string{"parks"}}})
	problemIn(t, err, invalid)
	_, err = c.UserNew(ctx, UserNewInput{Body: UserNew{Name: "eve", Role: "staff", Agencies: []string{"prks"}}})
	problemIn(t, err, notFound)
	_, err = c.UserNew(ctx, UserNewInput{Body: UserNew{Name: "eve", Role: "staff", Password: "short"}})
	if p := problemIn(t, err, invalid); !strings.Contains(p.Detail, "12") {
		t.Error(p)
	}
	u, err := c.UserSet(ctx, UserSetInput{Name: "ann", Body: UserChange{Sites: &[]string{"hartford"}}})
	if err != nil || strings.Join(u.Sites, " ") != "parks/hartford" {
		t.Errorf("%v %+v", err, u)
	}
	if got := w.accounts.users[0].Scope; got.All || len(got.Sites) != 1 || got.Sites[0] != 11 {
		t.Errorf("scope %+v", got)
	}
	// A rename neither breaks a scope nor its name.
	if _, err := c.SiteSet(ctx, SiteSetInput{Agency: "parks", Name: "hartford", Body: SiteChange{Name: text("hartford 2")}}); err != nil {
		t.Fatal(err)
	}
	if u, err := c.UserSet(ctx, UserSetInput{Name: "ann", Body: UserChange{Role: text("intern")}}); err != nil || strings.Join(u.Sites, " ") != "parks/hartford 2" {
		t.Errorf("%v %+v", err, u)
	}
	if l, err := c.UserList(ctx); err != nil || strings.Join(l.Users[0].Sites, " ") != "parks/hartford 2" {
		t.Errorf("%v %+v", err, l)
	}
	// A number that an account is bound to is never set free for another place.
	err = c.SiteDelete(ctx, SiteInput{Agency: "parks", Name: "hartford 2"})
	if p := problemIn(t, err, conflict); !strings.Contains(p.Detail, "user ann") {
		t.Error(p)
	}
	w.inventory.sites = slices.DeleteFunc(w.inventory.sites, func(k store.Site) bool { return k.Agency == "parks" && k.ID != 11 })
	err = c.AgencyDelete(ctx, AgencyInput{Name: "parks"})
	if p := problemIn(t, err, conflict); !strings.Contains(p.Detail, "-parks is bound") {
		t.Error(p)
	}
	if _, err = c.UserSet(ctx, UserSetInput{Name: "ann", Body: UserChange{Sites: &[]string{}}}); err != nil || !w.accounts.users[0].Scope.All {
		t.Errorf("%v %+v", err, w.accounts.users[0].Scope)
	}
	made, err := c.TokenNew(ctx, TokenNewInput{Body: TokenNew{Name: "t", Role: "intern", Expires: "never"}})
	if err != nil || !made.Token.ExpiresAt.IsZero() || made.Token.CreatedBy != "admin" {
		t.Fatalf("%v %+v", err, made.Token)
	}
	_, err = c.TokenNew(ctx, TokenNewInput{Body: TokenNew{Name: "t", Role: "intern"}})
	problemIn(t, err, conflict)
	w.tokens["t"] = made.Text
	if me, err := w.client("t").MeShow(ctx); err != nil || me.Role != string(account.Intern) || me.Via != "token" || strings.Join(me.Rights, " ") != "self read work" {
		t.Errorf("%v %+v", err, me)
	}
	if me, err := w.client("staff-parks").MeShow(ctx); err != nil || strings.Join(me.Agencies, " ") != "parks" {
		t.Errorf("%v %+v", err, me)
	}
	if err := c.TokenRevoke(ctx, NameInput{Name: "t"}); err != nil {
		t.Fatal(err)
	}
	_, err = w.client("t").MeShow(ctx)
	if p := problemIn(t, err, signedOut); !strings.Contains(p.Detail, "revoked") {
		t.Error(p)
	}
	if v, err := c.AuditVerify(ctx); err != nil || !v.OK || v.Checked == 0 {
		t.Errorf("%v %+v", err, v)
	}
	w.accounts.records[2].Object = "forged"
	if v, err := c.AuditVerify(ctx); err != nil || v.OK || v.Broken != 3 {
		t.Errorf("%v %+v", err, v)
	}
	page, err := c.AuditList(ctx, AuditInput{Limit: 2})
	if err != nil || len(page.Records) != 2 || page.Next == 0 {
		t.Errorf("%v %+v", err, page)
	}
	all, err := c.AuditList(ctx, AuditInput{})
	if err != nil || len(all.Records) < 3 {
		t.Fatal(err, len(all.Records))
	}
	one := all.Records[1]
	for _, in := range []AuditInput{{Action: one.Action}, {Action: one.Action[:3] + "*"}, {Actor: strings.ToUpper(one.Actor)}, {Outcome: one.Outcome}, {From: "1d"}} {
		some, err := c.AuditList(ctx, in)
		if err != nil || len(some.Records) == 0 || !slices.ContainsFunc(some.Records, func(r account.Record) bool { return r.Seq == one.Seq }) {
			t.Errorf("%+v: %v %+v", in, err, some)
		}
		for _, r := range some.Records {
			if in.Action == one.Action && r.Action != one.Action || in.Actor != "" && r.Actor != one.Actor {
				t.Errorf("%+v gives %+v", in, r)
			}
		}
	}
	for _, in := range []AuditInput{{Action: "nothing-at-all"}, {Actor: "nobody"}, {To: "1d"}} {
		if none, err := c.AuditList(ctx, in); err != nil || len(none.Records) != 0 || none.Next != 0 {
			t.Errorf("%+v: %v %+v", in, err, none)
		}
	}
}

func TestSeries(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.client("admin"), t.Context()
	a, err := c.SeriesQuery(ctx, SeriesQueryInput{Measurement: "net", Field: "bytes_recv", Labels: []string{"interface!=lo|docker0"}, From: "10h"})
	q := w.series.asked
	if err != nil || a.Unit != "byte_per_second" || a.Name != "net_bytes_recv" || q.Aggregate != store.Rate || q.Step != 2*time.Minute || q.To.Sub(q.From) != 10*time.Hour {
		t.Errorf("%v %+v %+v", err, a, q)
	}
	const devfs = "devfs: dev file system, mounted on: /packages/mnt/dev,rw"
	if _, err := c.SeriesQuery(ctx, SeriesQueryInput{Name: "storage_used_percent", Labels: []string{"storage=" + devfs, "host=a, b"}, From: "10h"}); err != nil {
		t.Error(err)
	} else if m := w.series.asked.Matchers; len(m) < 2 || m[0].Values[0] != devfs || m[1].Values[0] != "a, b" {
		t.Errorf("values with commas: %+v", m)
	}
	if m := q.Matchers; len(m) != 1 || !m[0].Not || strings.Join(m[0].Values, " ") != "lo docker0" {
		t.Errorf("matchers %+v", m)
	}
	if _, err := c.SeriesQuery(ctx, SeriesQueryInput{Name: "mem_used_percent"}); err != nil || w.series.asked.Aggregate != store.Mean || w.series.asked.Step != time.Minute {
		t.Errorf("%v %+v", err, w.series.asked)
	}
	if _, err := c.SeriesQuery(ctx, SeriesQueryInput{Name: "mem_used_percent", Step: "0"}); err != nil || w.series.asked.Aggregate != store.Last || w.series.asked.Step != 0 {
		t.Errorf("%v %+v", err, w.series.asked)
	}
	for _, in := range []SeriesQueryInput{
		{}, {Name: "cpu_usage_usr"}, {Name: "x", Measurement: "y"}, {Measurement: "cpu"}, {Measurement: "cpu", Field: "nope"},
		{Name: "cpu_usage_user", Labels: []string{"cpu"}}, {Name: "cpu_usage_user", Labels: []string{"core=1"}},
		{Name: "cpu_usage_user", From: "tomorrow"}, {Name: "cpu_usage_user", From: "now", To: "1h"}, {Name: "cpu_usage_user", Step: "-5m"},
		{Name: "cpu_usage_user", Step: "0", Aggregate: "mean"},
	} {
		_, err := c.SeriesQuery(ctx, in)
		problemIn(t, err, invalid)
	}
	_, err = c.SeriesQuery(ctx, SeriesQueryInput{Name: "cpu_usage_usr"})
	if !strings.Contains(err.Error(), "did you mean cpu_usage_user") {
		t.Error(err)
	}
}

func TestStatusAndSchema(t *testing.T) {
	w := newWorld(t)
	s, err := w.client("intern").StatusShow(t.Context())
	if err != nil || s.UptimeSeconds != 3600 || s.Counts.Devices != 4 || s.Series.Ready != 0.5 || len(s.Problems) != 3 {
		t.Errorf("%v %s", err, asJSON(s))
	}
	if j := s.Judging; j == nil || j.Devices != 4 || j.RulesOn != 2 || j.RulesOff != 1 || j.RulesBroken == 0 {
		t.Errorf("judging: %+v", j)
	}
	if n := s.Notices; n == nil || n.Unsent != 1 || n.Failed != 1 {
		t.Errorf("notices: %+v", n)
	}
	x, err := w.client("intern").SchemaShow(t.Context(), SchemaInput{})
	if err != nil || len(x.Sections) < 50 || len(x.Measurements) < 10 || len(x.Events) < 30 || len(x.Fields) < 30 {
		t.Errorf("%v: %d sections", err, len(x.Sections))
	}
	one, err := w.client("intern").SchemaShow(t.Context(), SchemaInput{Section: "user"})
	if err != nil || one.Sections[0].Columns[0].Sensitivity != "personal" {
		t.Errorf("%v %+v", err, one)
	}
	_, err = w.client("intern").SchemaShow(t.Context(), SchemaInput{Section: "dsk"})
	problemIn(t, err, notFound)
	_, err = w.client("staff").SQLQuery(t.Context(), SQLInput{Body: SQLQuestion{Query: "ATTACH 'x' AS y"}})
	problemIn(t, err, badSQL)
}
