package web

import (
	"fmt"
	"net/http"

	"muster/collector/account"
)

// page is one address: what it needs and who answers.
type page struct {
	method, path string
	right        account.Right // open: anybody
	do           func(*Site, *visit) error
}

// open is the right of pages that must be seen to sign in.
const open account.Right = "open"

// pages is the table: every address there is, one a line. What is not here does
// not exist, and none goes without a right.
func pages() []page {
	const get, post = http.MethodGet, http.MethodPost
	return []page{
		{get, "/sign-in", open, (*Site).signInPage},
		{post, "/sign-in", open, (*Site).signIn},
		{get, "/sign-in/code", open, (*Site).codePage},
		{post, "/sign-in/code", open, (*Site).code},
		{get, "/sign-in/provider", open, (*Site).toProvider},
		{get, account.CallbackPath, open, (*Site).fromProvider},
		{get, "/sign-in/kept", account.Self, (*Site).lateFormPage},
		{post, "/sign-out", open, (*Site).signOut},
		{get, "/setup", open, (*Site).setupPage},
		{post, "/setup", open, (*Site).setup},
		{get, "/assets/{name}", open, (*Site).asset},

		{get, "/welcome", open, (*Site).welcomePage},
		{post, "/welcome", open, (*Site).welcome},

		{get, "/account", account.Self, (*Site).account},
		{post, "/account/password", account.Self, (*Site).accountPassword},
		{get, "/account/code", account.Self, (*Site).accountCodePage},
		{post, "/account/code", account.Self, (*Site).accountCode},
		{post, "/account/code/remove", account.Self, (*Site).accountCodeRemove},
		{post, "/account/sessions", account.Self, (*Site).accountSessions},
		{post, "/account/language", account.Self, (*Site).accountLanguage},

		{get, "/{$}", account.Read, (*Site).triage},
		{post, "/first/enroll", account.Manage, (*Site).enrolHere},
		{get, "/live", account.Read, (*Site).live},
		{get, "/incidents", account.Read, (*Site).incidents},
		{get, "/incidents/{number}", account.Read, (*Site).incident},
		{post, "/incidents/{number}/{act}", account.Work, (*Site).incidentAct},

		{get, "/find", account.Read, (*Site).find},
		{get, "/devices", account.Read, (*Site).devices},
		{post, "/devices/bulk", account.Edit, (*Site).deviceBulk},
		{get, "/devices/read", account.Read, (*Site).searchRead},
		{get, "/devices/condition", account.Read, (*Site).condition},
		{get, "/devices/words", account.Read, (*Site).searchWords},
		{get, "/devices/saved", account.Read, (*Site).savedSearches},
		{post, "/devices/saved", account.Read, (*Site).saveSearch},
		{post, "/devices/saved/{id}", account.Read, (*Site).changeSearch},
		{get, "/devices/{ref}", account.Read, (*Site).device},
		{post, "/devices/{ref}", account.Edit, (*Site).deviceEdit},
		{post, "/devices/{ref}/refresh/now", account.Work, (*Site).deviceRefresh},
		{get, "/devices/{ref}/compare", account.Read, (*Site).compare},
		{get, "/devices/{ref}/settings", account.Read, (*Site).deviceSettings},
		{get, "/devices/{ref}/chart/{chart}", account.Read, (*Site).deviceChart},

		{get, "/network", account.Read, (*Site).network},
		{get, "/network/find", account.Read, (*Site).netFind},
		{get, "/network/topology", account.Read, (*Site).topology},
		{get, "/network/vlans", account.Read, (*Site).vlans},

		{get, "/software", account.Read, (*Site).software},
		{get, "/software/{title}", account.Read, (*Site).softwareTitle},

		{get, "/sql", account.Query, (*Site).sql},
		{post, "/sql", account.Query, (*Site).sql},
		{get, "/sql/saved", account.Query, (*Site).savedQueries},
		{post, "/sql/saved", account.Query, (*Site).saveQuery},
		{post, "/sql/saved/{id}", account.Query, (*Site).changeQuery},

		{get, "/fleet", account.Read, (*Site).fleet},
		{get, "/fleet/upgrade", account.Read, (*Site).fleetUpgrade},
		{get, "/fleet/replacement", account.Read, (*Site).fleetQuestions},
		{get, "/fleet/quality", account.Read, (*Site).fleetQuestions},
		{get, "/fleet/reports", account.Read, (*Site).fleetReports},

		{get, "/admin/users", account.Administer, (*Site).adminUsers},
		{post, "/admin/users", account.Administer, (*Site).adminUsersAct},
		{get, "/admin/users/one", account.Administer, (*Site).adminUser},
		{post, "/admin/users/one", account.Administer, (*Site).adminUserAct},
		{get, "/admin/tokens", account.Administer, (*Site).adminTokens},
		{post, "/admin/tokens", account.Administer, (*Site).adminTokensAct},
		{get, "/admin", account.Manage, (*Site).adminHub},
		{get, "/admin/enroll", account.Manage, (*Site).adminEnroll},
		{post, "/admin/enroll", account.Manage, (*Site).adminEnrollAct},
		{get, "/admin/approvals", account.Manage, (*Site).adminApprovals},
		{post, "/admin/approvals", account.Manage, (*Site).adminApprovalsAct},
		{get, "/admin/places", account.Manage, (*Site).adminPlaces},
		{post, "/admin/places", account.Manage, (*Site).adminPlacesAct},
		{get, "/admin/places/one", account.Manage, (*Site).adminPlace},
		{post, "/admin/places/one", account.Manage, (*Site).adminPlaceAct},
		{get, "/admin/labels", account.Manage, (*Site).adminLabels},
		{post, "/admin/labels", account.Manage, (*Site).adminLabelsAct},
		{get, "/admin/groups", account.Manage, (*Site).adminGroups},
		{post, "/admin/groups", account.Manage, (*Site).adminGroupsAct},
		{get, "/admin/groups/one", account.Manage, (*Site).adminGroup},
		{post, "/admin/groups/one", account.Manage, (*Site).adminGroupAct},
		{get, "/admin/targets", account.Manage, (*Site).adminTargets},
		{post, "/admin/targets", account.Manage, (*Site).adminTargetsAct},
		{get, "/admin/targets/one", account.Manage, (*Site).adminTarget},
		{post, "/admin/targets/one", account.Manage, (*Site).adminTargetAct},
		{get, "/admin/subnets", account.Manage, (*Site).adminSubnets},
		{post, "/admin/subnets", account.Manage, (*Site).adminSubnetsAct},
		{get, "/admin/subnets/one", account.Manage, (*Site).adminSubnet},
		{post, "/admin/subnets/one", account.Manage, (*Site).adminSubnetAct},
		{get, "/admin/discoveries", account.Manage, (*Site).adminDiscoveries},
		{post, "/admin/discoveries", account.Manage, (*Site).adminDiscoveriesAct},
		{get, "/admin/discoveries/{id}", account.Manage, (*Site).adminDiscovery},
		{post, "/admin/discoveries/{id}", account.Manage, (*Site).adminDiscoveryAct},
		{get, "/admin/credentials", account.Administer, (*Site).adminCredentials},
		{post, "/admin/credentials", account.Administer, (*Site).adminCredentialsAct},
		{get, "/admin/credentials/one", account.Administer, (*Site).adminCredential},
		{post, "/admin/credentials/one", account.Administer, (*Site).adminCredentialAct},
		{get, "/admin/rules", account.Manage, (*Site).adminRules},
		{get, "/admin/rules/{id}", account.Manage, (*Site).adminRule},
		{post, "/admin/rules/{id}", account.Manage, (*Site).adminRuleAct},
		{post, "/admin/rules/{id}/set", account.Administer, (*Site).adminRuleSet},
		{get, "/admin/maintenance", account.Manage, (*Site).adminMaintenance},
		{post, "/admin/maintenance", account.Manage, (*Site).adminMaintenanceAct},
		{get, "/admin/channels", account.Administer, (*Site).adminChannels},
		{post, "/admin/channels", account.Administer, (*Site).adminChannelsAct},
		{get, "/admin/channels/one", account.Administer, (*Site).adminChannel},
		{post, "/admin/channels/one", account.Administer, (*Site).adminChannelAct},
		{get, "/admin/routes/one", account.Administer, (*Site).adminRoute},
		{post, "/admin/routes/one", account.Administer, (*Site).adminRouteAct},
		{get, "/admin/summaries", account.Administer, (*Site).adminSummaries},
		{post, "/admin/summaries", account.Administer, (*Site).adminSummariesAct},
		{get, "/admin/notices", account.Administer, (*Site).adminNotices},
		{post, "/admin/notices", account.Administer, (*Site).adminNoticesAct},
		{get, "/admin/audit", account.Administer, (*Site).adminAudit},
		{post, "/admin/audit", account.Administer, (*Site).adminAuditAct},
		{get, "/admin/ca", account.Administer, (*Site).adminCA},
		{post, "/admin/ca", account.Administer, (*Site).adminCAAct},
		{get, "/admin/health", account.Administer, (*Site).adminHealth},
		{post, "/admin/health", account.Administer, (*Site).adminHealthAct},
		{get, "/admin/about", account.Manage, (*Site).adminAbout},
	}
}

// mount registers the table.
func (s *Site) mount(list []page) error {
	seen := map[string]bool{}
	for _, p := range list {
		pattern := p.method + " " + p.path
		switch {
		case p.right == "" || p.do == nil:
			return fmt.Errorf("start pages: %s has no right or no handler", pattern)
		case seen[pattern]:
			return fmt.Errorf("start pages: %s is there twice", pattern)
		}
		seen[pattern] = true
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(p, w, r) })
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.serve(page{right: account.Self, do: (*Site).nowhere}, w, r)
	})
	return nil
}
