package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/collector/account"
)

// policy is who may do what, written by hand and not derived from anything:
//
//	i intern   I intern of one agency   p intern who may see persons
//	s staff    S staff of one agency
//	a admin    A admin of one agency    l the local socket
//
// Whoever is not named is refused; nobody without a token gets anything.
func policy() map[string]string {
	return map[string]string{
		"device-list":        "iIpsSaAl",
		"device-facets":      "iIpsSaAl",
		"search-read":        "iIpsSaAl",
		"search-field":       "iIpsSaAl",
		"search-add":         "iIpsSaAl",
		"device-show":        "iIpsSaAl",
		"device-history":     "iIpsSaAl",
		"device-events":      "iIpsSaAl",
		"device-diff":        "iIpsSaAl",
		"device-settings":    "iIpsSaAl",
		"device-set":         "sSaAl",
		"device-import":      "sSaAl",
		"device-retire":      "sSaAl",
		"device-unretire":    "sSaAl",
		"device-refresh":     "iIpsSaAl",
		"device-revoke":      "sal",
		"merge-list":         "iIpsSaAl",
		"merge-new":          "sSaAl",
		"merge-undo":         "sSaAl",
		"history-list":       "iIpsSaAl",
		"event-list":         "iIpsSaAl",
		"summary-show":       "iIpsSaAl",
		"summary-list":       "iIpsSaAl",
		"summary-set":        "al",
		"summary-delete":     "al",
		"summary-send":       "al",
		"search-list":        "iIpsSaAl",
		"search-show":        "iIpsSaAl",
		"search-new":         "iIpsSaAl",
		"search-set":         "iIpsSaAl",
		"search-delete":      "iIpsSaAl",
		"look-show":          "iIpsSaAl",
		"query-list":         "sal",
		"query-show":         "sal",
		"query-new":          "sal",
		"query-set":          "sal",
		"query-delete":       "sal",
		"agency-list":        "iIpsSaAl",
		"agency-new":         "sal",
		"agency-rename":      "sal",
		"agency-delete":      "sal",
		"site-list":          "iIpsSaAl",
		"site-new":           "sal",
		"site-set":           "sal",
		"site-delete":        "sal",
		"label-list":         "iIpsSaAl",
		"label-add":          "sSaAl",
		"label-remove":       "sSaAl",
		"label-rename":       "sSaAl",
		"group-list":         "iIpsSaAl",
		"group-show":         "iIpsSaAl",
		"group-devices":      "iIpsSaAl",
		"group-set":          "sal",
		"group-delete":       "sal",
		"port-places":        "iIpsSaAl",
		"port-where":         "iIpsSaAl",
		"port-show":          "iIpsSaAl",
		"topology-show":      "iIpsSaAl",
		"series-query":       "iIpsSaAl",
		"series-names":       "iIpsSaAl",
		"software-list":      "iIpsSaAl",
		"software-devices":   "iIpsSaAl",
		"software-show":      "iIpsSaAl",
		"software-news":      "iIpsSaAl",
		"section-rows":       "iIpsSaAl",
		"sql-query":          "sal",
		"schema-show":        "iIpsSaAl",
		"incident-list":      "iIpsSaAl",
		"incident-show":      "iIpsSaAl",
		"incident-claim":     "iIpsSaAl",
		"incident-release":   "iIpsSaAl",
		"incident-note":      "iIpsSaAl",
		"incident-check":     "iIpsSaAl",
		"incident-snooze":    "iIpsSaAl",
		"incident-wake":      "iIpsSaAl",
		"incident-escalate":  "iIpsSaAl",
		"incident-resolve":   "iIpsSaAl",
		"incident-reopen":    "iIpsSaAl",
		"finding-list":       "iIpsSaAl",
		"finding-show":       "iIpsSaAl",
		"finding-explain":    "iIpsSaAl",
		"rule-list":          "iIpsSaAl",
		"rule-show":          "iIpsSaAl",
		"rule-explain":       "iIpsSaAl",
		"rule-replay":        "sal",
		"rule-reset":         "sal",
		"rule-set":           "al",
		"rule-restore":       "al",
		"maintenance-list":   "iIpsSaAl",
		"maintenance-new":    "sal",
		"maintenance-delete": "sal",
		"channel-list":       "al",
		"channel-set":        "al",
		"channel-delete":     "al",
		"channel-test":       "al",
		"route-list":         "al",
		"route-set":          "al",
		"route-delete":       "al",
		"notice-list":        "al",
		"notice-retry":       "al",
		"notice-drop":        "al",
		"credential-list":    "al",
		"credential-set":     "al",
		"credential-delete":  "al",
		"subnet-list":        "sal",
		"subnet-set":         "sal",
		"subnet-delete":      "sal",
		"discovery-start":    "sal",
		"discovery-list":     "sal",
		"discovery-show":     "sal",
		"discovery-stop":     "sal",
		"target-list":        "sal",
		"target-show":        "sal",
		"target-set":         "sal",
		"target-delete":      "sal",
		"target-test":        "sal",
		"profile-list":       "sal",
		"profile-show":       "sal",
		"profile-try":        "sal",
		"enroll-list":        "sal",
		"enroll-new":         "sal",
		"enroll-revoke":      "sal",
		"approval-list":      "sal",
		"approval-approve":   "sal",
		"approval-deny":      "sal",
		"me-show":            "iIpsSaAl",
		"setup-link":         "al",
		"user-list":          "al",
		"user-new":           "al",
		"user-set":           "al",
		"user-delete":        "al",
		"user-password":      "al",
		"user-link":          "al",
		"user-sessions":      "al",
		"user-session-end":   "al",
		"user-sign-out":      "al",
		"user-reset-factor":  "al",
		"token-list":         "al",
		"token-new":          "al",
		"token-revoke":       "al",
		"audit-list":         "al",
		"audit-verify":       "al",
		"ca-show":            "al",
		"ca-rotate":          "al",
		"backup-make":        "al",
		"purge-person":       "al",
		"outbox-list":        "iIpsSaAl",
		"outbox-aside":       "al",
		"outbox-retry":       "al",
		"outbox-drop":        "al",
		"outbox-drain":       "al",
		"status-show":        "iIpsSaAl",
	}
}

// letters are the actors of the policy.
func letters() map[string]string {
	return map[string]string{
		"i": "intern", "I": "intern-parks", "p": "intern-person",
		"s": "staff", "S": "staff-parks", "a": "admin", "A": "admin-parks", "l": "socket",
	}
}

const strongPassword = "correct horse battery staple"

// secretURL is a secret of a channel.
const secretURL = "https://hooks.example.org/T0/sesame"

// examples is a request of each operation that works in the world of the
// tests, for everyone who may make it.
func examples() map[string]any {
	text := func(s string) *string { return &s }
	return map[string]any{
		"device-list":        DeviceListInput{Filter: "name:pc", Limit: 2},
		"device-facets":      DeviceFacetsInput{Filter: "name:pc"},
		"summary-show":       SummaryInput{Days: 7},
		"summary-list":       NoInput{},
		"summary-set":        SchedulePutInput{Name: "board", Body: SchedulePut{Every: "week", Weekday: "tue", Hour: 7, Channel: "desk", To: []string{"board@example.org"}}},
		"summary-delete":     ChannelInput{Name: "Old"},
		"summary-send":       SummarySendInput{Name: "weekly", Body: SummarySend{To: []string{"me@example.org"}}},
		"search-read":        SearchReadInput{Filter: "name:pc site:", Cursor: -1},
		"search-field":       SearchFieldInput{Field: "site"},
		"search-add":         SearchAddInput{Filter: "name:pc", Field: "site", How: ":", Value: "City Hall"},
		"device-show":        DeviceShowInput{Ref: "pc-1"},
		"device-history":     DeviceHistoryInput{Ref: "pc-1", From: "7d"},
		"device-events":      DeviceEventsInput{Ref: "pc-1"},
		"device-diff":        DeviceDiffInput{A: "pc-1", B: "pc-2"},
		"device-settings":    RefInput{Ref: "pc-1"},
		"device-set":         DeviceSetInput{Ref: "pc-1", Body: DeviceChange{Note: text("new")}},
		"device-import":      DeviceImportInput{RawBody: []byte("name,note\npc-2,hello\n")},
		"device-retire":      RefInput{Ref: "pc-1"},
		"device-unretire":    RefInput{Ref: "pc-1"},
		"device-refresh":     RefInput{Ref: "pc-1"},
		"device-revoke":      DeviceRevokeInput{Ref: "pc-1", Body: RevokeReason{Reason: "stolen"}},
		"merge-list":         NoInput{},
		"merge-new":          MergeInput{Body: MergeOrder{Old: "pc-2", Into: "pc-1"}},
		"merge-undo":         MergeUndoInput{ID: 7},
		"history-list":       HistoryInput{},
		"event-list":         EventsInput{Kinds: []string{"user_logon"}},
		"search-list":        NoInput{},
		"search-show":        SavedInput{Ref: "1"},
		"search-new":         SearchNewInput{Body: SearchNew{Name: "Loaners", Filter: "label:loaner", Columns: []string{"model"}, Sort: "-model", Shared: true}},
		"search-set":         SearchSetInput{ID: 1, Body: SearchChange{Name: text("Lent")}},
		"search-delete":      SavedIDInput{ID: 1},
		"look-show":          LookInput{Now: true},
		"query-list":         NoInput{},
		"query-show":         SavedInput{Ref: "2"},
		"query-new":          QueryNewInput{Body: QueryNew{Name: "One", SQL: "SELECT 1"}},
		"query-set":          QuerySetInput{ID: 2, Body: QueryChange{Shared: new(true)}},
		"query-delete":       SavedIDInput{ID: 2},
		"agency-list":        NoInput{},
		"agency-new":         AgencyNewInput{Body: Naming{Name: "courts"}},
		"agency-rename":      AgencyRenameInput{Name: "roads", Body: Naming{Name: "highways"}},
		"agency-delete":      AgencyInput{Name: "courts"},
		"site-list":          SiteListInput{},
		"site-new":           SiteNewInput{Body: SiteNew{Agency: "parks", Name: "keene", Subnets: []string{"10.1.0.0/16"}}},
		"site-set":           SiteSetInput{Agency: "parks", Name: "salem", Body: SiteChange{Subnets: &[]string{"10.2.0.0/16"}}},
		"site-delete":        SiteInput{Agency: "parks", Name: "keene"},
		"label-list":         NoInput{},
		"label-add":          LabelInput{Label: "kiosk", Body: LabelTargets{Devices: []string{"pc-1"}}},
		"label-remove":       LabelInput{Label: "kiosk"},
		"label-rename":       LabelRenameInput{Label: "loaner", Body: Naming{Name: "lent"}},
		"group-list":         NoInput{},
		"group-show":         GroupInput{Name: "kiosks"},
		"group-devices":      GroupDevicesInput{Name: "kiosks"},
		"group-set":          GroupPutInput{Name: "slow", Body: GroupPut{Filter: "label:slow", Settings: GroupSettings{SampleSeconds: 300, Off: []string{"process"}, Cadence: map[string]int64{"software": 3600}}}},
		"group-delete":       GroupInput{Name: "slow"},
		"port-places":        PortPlacesInput{Devices: []string{"pc-1"}},
		"port-where":         PortWhereInput{What: "pc-1", History: true},
		"port-show":          PortShowInput{Ref: "pc-1"},
		"topology-show":      TopologyInput{Filter: "name:sw"},
		"series-query":       SeriesQueryInput{Name: "cpu_usage_user", Device: "pc-1", Labels: []string{"cpu=cpu-total"}},
		"series-names":       SeriesNamesInput{Match: "cpu"},
		"software-list":      SoftwareListInput{Name: "cmd"},
		"software-devices":   SoftwareDevicesInput{Name: "bash"},
		"software-show":      SoftwareShowInput{Name: "bash"},
		"software-news":      SoftwareNewsInput{},
		"section-rows":       SectionRowsInput{Section: "software", Filter: "name:pc", Columns: []string{"name", "version", "user_name"}},
		"sql-query":          SQLInput{Body: SQLQuestion{Query: "SELECT 1"}},
		"schema-show":        SchemaInput{Section: "disk"},
		"incident-list":      IncidentListInput{Filter: "name:pc", Site: "hartford", Limit: 5},
		"incident-show":      IncidentInput{Number: 1},
		"incident-claim":     IncidentInput{Number: 1},
		"incident-release":   IncidentInput{Number: 1},
		"incident-note":      IncidentNoteInput{Number: 1, Body: IncidentNote{Text: "Looked at it."}},
		"incident-check":     IncidentCheckInput{Number: 1, Body: IncidentCheck{Check: 2, Text: "Nothing there."}},
		"incident-snooze":    IncidentSnoozeInput{Number: 1, Body: IncidentSnooze{Until: "3d", Reason: "The part is ordered."}},
		"incident-wake":      IncidentInput{Number: 1},
		"incident-escalate":  IncidentEscalateInput{Number: 1, Body: IncidentEscalation{To: "Desktop team", Reason: "It grows."}},
		"incident-resolve":   IncidentResolveInput{Number: 1, Body: IncidentOutcome{Useful: "yes", Replaced: "disk", Text: "Copied and swapped."}},
		"incident-reopen":    IncidentInput{Number: 1},
		"finding-list":       FindingListInput{Filter: "name:pc", Rules: []string{"s01"}, States: []string{"firing", "pending"}},
		"finding-show":       FindingInput{ID: 1},
		"finding-explain":    FindingInput{ID: 1},
		"rule-list":          NoInput{},
		"rule-show":          RuleInput{ID: "S01"},
		"rule-explain":       RuleExplainInput{Device: "pc-1", Rule: "S01"},
		"rule-replay":        RuleReplayInput{ID: "S01", Body: ReplayOrder{Filter: "name:pc", Since: "3d"}},
		"rule-reset":         RuleInput{ID: "S01"},
		"rule-set":           RuleSetInput{ID: "S01", Body: RuleSetting{Limits: map[string]RuleLimitChange{"full": {Default: new(97.0)}}, Reason: "Ours fill up fast."}},
		"rule-restore":       RuleInput{ID: "S01"},
		"maintenance-list":   NoInput{},
		"maintenance-new":    MaintenanceNewInput{Body: MaintenanceNew{Name: "patch night", Filter: "site:hartford", Days: []string{"tue"}, Start: "22:00", Minutes: 240, Zone: "America/New_York"}},
		"maintenance-delete": NumberInput{ID: 1},
		"channel-list":       NoInput{},
		"channel-set":        ChannelPutInput{Name: "chat", Body: ChannelPut{Kind: "webhook", Settings: map[string]any{"form": "slack"}, Secrets: map[string]Secret{"url": secretURL}}},
		"channel-delete":     ChannelInput{Name: "chat"},
		"channel-test":       ChannelInput{Name: "desk"},
		"route-list":         NoInput{},
		"route-set":          RoutePutInput{Name: "nights", Body: RoutePut{Channel: "desk", Severity: "critical", Sites: []string{"hartford"}, Hours: &RouteHours{From: "20:00", To: "06:00"}, Position: 1}},
		"route-delete":       ChannelInput{Name: "nights"},
		"notice-list":        NoticeListInput{},
		"notice-retry":       IDInput{ID: "n-1"},
		"notice-drop":        IDInput{ID: "n-2"},
		"credential-list":    NoInput{},
		"credential-set":     CredentialPutInput{Name: "old-ro", Body: CredentialPut{Version: text("2c"), Secrets: map[string]Secret{"community": secretCommunity}}},
		"credential-delete":  CredentialInput{Name: "old-ro"},
		"subnet-list":        NoInput{},
		"subnet-set":         SubnetPutInput{Address: "10.30.0.0", Bits: 24, Body: SubnetPut{Site: text("hartford"), Credentials: &[]string{"public-ro"}}},
		"subnet-delete":      SubnetInput{Address: "10.30.0.0", Bits: 24},
		"discovery-start":    DiscoveryInput{Body: DiscoveryWish{Network: "10.20.1.0/24"}},
		"discovery-list":     NoInput{},
		"discovery-show":     DiscoveryShowInput{ID: 1, WaitSeconds: 5},
		"discovery-stop":     NumberInput{ID: 1},
		"target-list":        TargetListInput{States: []string{"live", "silent"}, Site: "hartford"},
		"target-show":        TargetInput{Address: "10.20.0.1"},
		"target-set":         TargetPutInput{Address: "10.20.0.3:1161", Body: TargetPut{Credential: text("core")}},
		"target-delete":      TargetInput{Address: "10.20.0.3:1161"},
		"target-test":        TargetTestInput{Address: "10.20.0.1"},
		"profile-list":       NoInput{},
		"profile-show":       ProfileInput{Name: "switch"},
		"profile-try":        ProfileTryInput{Body: ProfileTryOrder{Address: "10.20.0.1"}},
		"enroll-list":        NoInput{},
		"enroll-new":         InvitationNewInput{Body: InvitationNew{Uses: 3, Site: "hartford", Networks: []string{"10.0.0.0/8"}}},
		"enroll-revoke":      IDInput{ID: "inv1"},
		"approval-list":      NoInput{},
		"approval-approve":   IDInput{ID: "x"},
		"approval-deny":      IDInput{ID: "x"},
		"me-show":            NoInput{},
		"setup-link":         NoInput{},
		"user-list":          NoInput{},
		"user-new":           UserNewInput{Body: UserNew{Name: "bob", Role: "staff", Agencies: []string{"parks"}, Password: strongPassword}},
		"user-set":           UserSetInput{Name: "ann", Body: UserChange{Role: text("intern")}},
		"user-delete":        NameInput{Name: "bob"},
		"user-password":      PasswordInput{Name: "ann", Body: Password{Password: strongPassword}},
		"user-link":          NameInput{Name: "ann"},
		"user-sessions":      NameInput{Name: "ann"},
		"user-session-end":   SessionInput{Name: "ann", ID: "s-1"},
		"user-sign-out":      NameInput{Name: "ann"},
		"user-reset-factor":  NameInput{Name: "ann"},
		"token-list":         NoInput{},
		"token-new":          TokenNewInput{Body: TokenNew{Name: "script", Role: "intern", Sites: []string{"parks/hartford"}}},
		"token-revoke":       NameInput{Name: "script"},
		"audit-list":         AuditInput{Limit: 5},
		"audit-verify":       NoInput{},
		"ca-show":            NoInput{},
		"ca-rotate":          CARotateInput{},
		"backup-make":        BackupInput{},
		"purge-person":       purgeExample(),
		"outbox-list":        NoInput{},
		"outbox-aside":       OutboxAsideInput{Limit: 5},
		"outbox-retry":       OutboxChoiceInput{Body: OutboxChoice{Numbers: []uint64{7}}},
		"outbox-drop":        OutboxChoiceInput{Body: OutboxChoice{All: true}},
		"outbox-drain":       OutboxDrainInput{Body: OutboxDrain{Close: new(true)}},
		"status-show":        NoInput{},
	}
}

// ask sends an operation's example.
func (w *world) ask(who, id string, in any) (int, string) {
	w.t.Helper()
	o, ok := Find(id)
	if !ok {
		w.t.Fatalf("no operation %s", id)
	}
	r, err := request(w.t.Context(), "http://collector", o, in)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := w.client(who).HTTP.Transport.RoundTrip(authorized(r, w.tokens[who]))
	if err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	if _, err := fmt.Fprint(&b, bodyOf(w.t, resp)); err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, b.String()
}

// TestPolicy is F29: every operation of the table times every actor.
func TestPolicy(t *testing.T) {
	want, example := policy(), examples()
	for _, o := range Operations() {
		if _, ok := want[o.ID]; !ok {
			t.Errorf("%s is not in the policy written by hand", o.ID)
		}
		if _, ok := example[o.ID]; !ok {
			t.Errorf("%s has no example", o.ID)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	for id := range want {
		if _, ok := Find(id); !ok {
			t.Errorf("the policy names %s, which does not exist", id)
		}
	}
	w := newWorld(t)
	for _, letter := range slices.Sorted(maps.Keys(letters())) {
		who := letters()[letter]
		t.Run(who, func(t *testing.T) {
			for _, o := range Operations() {
				if letter != "l" && o.ID == "user-new" && strings.Contains(want[o.ID], letter) {
					continue // argon2 costs; once is enough
				}
				status, body := w.ask(who, o.ID, example[o.ID])
				may := status != http.StatusUnauthorized && status != http.StatusForbidden
				if may != strings.Contains(want[o.ID], letter) {
					t.Errorf("%s: %d %s", o.ID, status, body)
				}
				if status >= 500 {
					t.Errorf("%s broke: %d %s", o.ID, status, body)
				}
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		for _, o := range Operations() {
			if status, body := w.ask("", o.ID, example[o.ID]); status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", o.ID, status, body)
			}
		}
	})
}

// TestEveryExampleWorks wants the admin's requests of the examples to succeed,
// in the order of the table: what the policy test lets through is no error.
func TestEveryExampleWorks(t *testing.T) {
	w := newWorld(t)
	for _, o := range Operations() {
		in := examples()[o.ID]
		switch o.ID { // what an operation before it in the table has not made yet
		case "agency-delete":
			in = AgencyInput{Name: "courts"}
		case "group-delete":
			in = GroupInput{Name: "slow"}
		}
		if status, body := w.ask("socket", o.ID, in); status/100 != 2 {
			t.Errorf("%s: %d %s", o.ID, status, body)
		}
	}
}

// TestRoutes wants nothing to answer that the table does not list.
func TestRoutes(t *testing.T) {
	w := newWorld(t)
	want := []string{"GET " + Prefix + "/docs", "GET " + Prefix + "/openapi.json"}
	for _, o := range Operations() {
		want = append(want, o.Method+" "+Prefix+o.Path)
	}
	slices.Sort(want)
	got := slices.Sorted(slices.Values(w.mux.patterns))
	if !slices.Equal(got, want) {
		t.Errorf("routes are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, path := range []string{"/", "/nothing", "/devices/x/y/z", "/openapi.yaml", "/schemas/Device.json", "/../../etc/passwd"} {
		if resp, body := w.get("admin", path); resp.StatusCode != http.StatusNotFound || resp.Header.Get("Content-Type") != problemType {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	r := httptest.NewRequest("PUT", Prefix+"/devices", nil)
	if resp := w.do(r); resp.StatusCode != http.StatusMethodNotAllowed || !strings.Contains(resp.Header.Get("Allow"), "GET") {
		t.Errorf("PUT /devices: %d, allows %q", resp.StatusCode, resp.Header.Get("Allow"))
	}
}

// TestTableIsHeld wants a server not to start over a table with a hole.
func TestTableIsHeld(t *testing.T) {
	good := Operations()
	for name, spoil := range map[string]func(*Operation){
		"no right":      func(o *Operation) { o.Right = "" },
		"unknown right": func(o *Operation) { o.Right = "everything" },
		"no handler":    func(o *Operation) { o.register = nil },
		"no summary":    func(o *Operation) { o.Summary = "" },
		"no ID":         func(o *Operation) { o.ID = "" },
		"twice":         func(o *Operation) { o.ID = good[1].ID },
		"same route":    func(o *Operation) { o.Method, o.Path = good[1].Method, good[1].Path },
	} {
		list := Operations()
		spoil(&list[0])
		s := &Server{}
		if err := s.mount(list); err == nil {
			t.Errorf("%s: the server would start", name)
		}
	}
	if err := checkTable(good); err != nil {
		t.Error(err)
	}
}

// TestTableReads holds the table to its own habits.
func TestTableReads(t *testing.T) {
	for _, o := range Operations() {
		if !strings.Contains(o.ID, "-") || strings.ToLower(o.ID) != o.ID {
			t.Errorf("%s is not noun-verb", o.ID)
		}
		if o.Summary[0] < 'A' || o.Summary[0] > 'Z' || strings.HasSuffix(o.Summary, ".") {
			t.Errorf("%s: summary %q", o.ID, o.Summary)
		}
		// A statement that was saved is of use to those who may ask it.
		if o.Method == http.MethodGet && (o.Right == account.Edit || o.Right == account.Query && !strings.HasPrefix(o.ID, "query-")) {
			t.Errorf("%s reads under the right to %s", o.ID, o.Right)
		}
		for i := range o.Input.NumField() {
			f := o.Input.Field(i)
			if p := f.Tag.Get("path"); p != "" && !strings.Contains(o.Path, "{"+p+"}") {
				t.Errorf("%s: input %s is not in the path", o.ID, p)
			}
			if (f.Tag.Get("path") != "" || f.Tag.Get("query") != "") && f.Type.Kind() == reflect.String && f.Tag.Get("maxLength") == "" && f.Tag.Get("enum") == "" {
				t.Errorf("%s: parameter %s has no limit", o.ID, f.Name)
			}
		}
	}
}

// TestClientHasEveryOperation wants one method per operation, whose types are
// those of the table.
func TestClientHasEveryOperation(t *testing.T) {
	c := reflect.TypeFor[*Client]()
	for _, o := range Operations() {
		var name string
		for word := range strings.SplitSeq(o.ID, "-") {
			switch word {
			case "sql", "ca":
				name += strings.ToUpper(word)
			default:
				name += strings.ToUpper(word[:1]) + word[1:]
			}
		}
		m, ok := c.MethodByName(name)
		if !ok {
			t.Errorf("Client has no method %s for %s", name, o.ID)
			continue
		}
		if o.Output == reflect.TypeFor[Archive]() {
			if m.Type.NumIn() < 4 || m.Type.In(2) != o.Input || m.Type.NumOut() != 1 {
				t.Errorf("%s is %v: it takes %v, and where the file goes", name, m.Type, o.Input)
			}
			continue
		}
		in, out := m.Type.NumIn() == 3, m.Type.NumOut() == 2
		if in != (o.Input != reflect.TypeFor[NoInput]()) || in && m.Type.In(2) != o.Input {
			t.Errorf("%s takes %v, the table says %v", name, m.Type, o.Input)
		}
		if out != (o.Output != reflect.TypeFor[Nothing]()) || out && m.Type.Out(0) != o.Output {
			t.Errorf("%s gives %v, the table says %v", name, m.Type, o.Output)
		}
	}
}

// TestAudit wants one record of every change, whatever came of it, and never a
// secret in any.
func TestAudit(t *testing.T) {
	w := newWorld(t)
	w.accounts.taken()
	all := ""
	for _, o := range Operations() {
		status, body := w.ask("socket", o.ID, examples()[o.ID])
		records := w.accounts.taken()
		if want := map[bool]int{true: 1, false: 0}[o.Changes()]; len(records) != want {
			t.Errorf("%s (%d %s): %d records, want %d", o.ID, status, body, len(records), want)
			continue
		}
		for _, r := range records {
			if r.Action != o.ID || r.Outcome != "done" || r.Actor != "root" || r.Via != "socket" {
				t.Errorf("%s: record %+v", o.ID, r)
			}
			all += asJSON(r)
		}
	}
	for _, o := range Operations() {
		if !o.Changes() {
			continue
		}
		if !strings.Contains(policy()[o.ID], "i") {
			w.ask("intern", o.ID, examples()[o.ID])
			if got := w.accounts.taken(); len(got) != 1 || got[0].Outcome != "refused" || got[0].Actor != "intern" || got[0].Address != "127.0.0.1" {
				t.Errorf("%s refused: records %+v", o.ID, got)
			}
		}
		// A body that cannot be read never reaches the handler.
		r := httptest.NewRequest(o.Method, Prefix+strings.NewReplacer("{ref}", "nobody", "{id}", "9999", "{number}", "9999", "{name}", "nobody", "{label}", "nobody", "{agency}", "x", "{address}", "10.9.9.9", "{bits}", "32").Replace(o.Path), strings.NewReader("{"))
		r.Header.Set("Authorization", "Bearer "+w.tokens["admin"])
		r.Header.Set("Content-Type", "application/json")
		resp := w.do(r)
		got := w.accounts.taken()
		outcome := map[bool]string{true: "done", false: "failed"}[resp.StatusCode/100 == 2]
		if len(got) != 1 || got[0].Outcome != outcome {
			t.Errorf("%s with rubbish (%d): records %+v", o.ID, resp.StatusCode, got)
		}
	}
	for _, secret := range []string{strongPassword, enrolmentText, secretURL, secretCommunity, "sesame", "muster_", "argon2", "Jane Doe", "Desktop team", "Copied and swapped", "The part is ordered"} {
		if strings.Contains(all, secret) {
			t.Errorf("the audit holds %q: %s", secret, all)
		}
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !strings.Contains(all, `"fields":"note"`) || strings.Contains(all, `"new"`) {
		t.Errorf("device-set tells which fields, not what they hold: %s", all)
	}
}

// TestAuditFails wants a change that could not be recorded to be told.
func TestAuditFails(t *testing.T) {
	w := newWorld(t)
	w.accounts.broken = fmt.Errorf("disk on fire")
	status, body := w.ask("admin", "device-retire", RefInput{Ref: "pc-1"})
	if status != http.StatusInternalServerError || !strings.Contains(body, "could not be written to the audit") || strings.Contains(body, "fire") {
		t.Errorf("got %d %s", status, body)
	}
}
