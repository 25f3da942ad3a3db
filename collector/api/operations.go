package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"muster/collector/account"
)

// Operation is one thing that can be asked for.
type Operation struct {
	Method  string
	Path    string // below Prefix
	ID      string // noun-verb; also the action in the audit
	Right   account.Right
	Summary string // for people, in a few words
	Input   reflect.Type
	Output  reflect.Type

	register func(huma.API, *Server)
}

// Changes says whether the operation changes something, and so is recorded.
func (o Operation) Changes() bool { return o.Method != http.MethodGet }

// Operations is the table: everything the API can do, one a line. What is not
// here cannot be asked for.
func Operations() []Operation {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return []Operation{
		// Devices.
		op[DeviceListInput, DeviceList](get, "/devices", "device-list", account.Read, "List devices", (*Server).deviceList),
		op[SearchReadInput, SearchRead](get, "/search", "search-read", account.Read, "Read a search back in words, and offer how to go on", (*Server).searchRead),
		op[SearchFieldInput, SearchField](get, "/search/field", "search-field", account.Read, "Tell how a field can be searched by", (*Server).searchField),
		op[SearchAddInput, SearchAdded](get, "/search/add", "search-add", account.Read, "Add a condition to a search", (*Server).searchAdd),
		op[DeviceFacetsInput, DeviceFacets](get, "/facets", "device-facets", account.Read, "Count devices by what they are", (*Server).deviceFacets),
		op[DeviceShowInput, DeviceShow](get, "/devices/{ref}", "device-show", account.Read, "Show a device", (*Server).deviceShow),
		op[DeviceHistoryInput, History](get, "/devices/{ref}/history", "device-history", account.Read, "List a device's changes", (*Server).deviceHistory),
		op[DeviceEventsInput, EventList](get, "/devices/{ref}/events", "device-events", account.Read, "List a device's events", (*Server).deviceEvents),
		op[DeviceDiffInput, DeviceDiff](get, "/diff", "device-diff", account.Read, "Compare two devices or times", (*Server).deviceDiff),
		op[DeviceSetInput, Device](patch, "/devices/{ref}", "device-set", account.Edit, "Change what people keep about a device", (*Server).deviceSet),
		op[DeviceImportInput, ImportResult](post, "/import/devices", "device-import", account.Edit, "Bring people's fields from CSV", (*Server).deviceImport),
		op[RefInput, DeviceSettings](get, "/devices/{ref}/settings", "device-settings", account.Read, "Show what a device's agent is set to, and by whom", (*Server).deviceSettings),
		op[RefInput, Device](post, "/devices/{ref}/retire", "device-retire", account.Edit, "Mark a device as out of use", (*Server).deviceRetire),
		op[RefInput, Device](post, "/devices/{ref}/unretire", "device-unretire", account.Edit, "Take a device back into use", (*Server).deviceUnretire),
		op[RefInput, Refresh](post, "/devices/{ref}/refresh", "device-refresh", account.Work, "Ask a device for everything anew", (*Server).deviceRefresh),
		op[DeviceRevokeInput, Nothing](post, "/devices/{ref}/revoke", "device-revoke", account.Manage, "Take a device's identity away", (*Server).deviceRevoke),
		op[NoInput, MergeList](get, "/merges", "merge-list", account.Read, "List merges", (*Server).mergeList),
		op[MergeInput, Merge](post, "/merges", "merge-new", account.Edit, "Hide a device's old record behind its new one", (*Server).mergeNew),
		op[MergeUndoInput, Merge](post, "/merges/{id}/undo", "merge-undo", account.Edit, "Take a merge back", (*Server).mergeUndo),
		op[HistoryInput, History](get, "/history", "history-list", account.Read, "List changes of many devices", (*Server).historyList),
		op[EventsInput, EventList](get, "/events", "event-list", account.Read, "List events of many devices", (*Server).eventList),

		// What people keep under a name.
		op[NoInput, SearchList](get, "/searches", "search-list", account.Read, "List saved searches", (*Server).searchList),
		op[SavedInput, SavedSearch](get, "/searches/{ref}", "search-show", account.Read, "Show a saved search", (*Server).searchShow),
		op[SearchNewInput, SavedSearch](post, "/searches", "search-new", account.Read, "Save a search", (*Server).searchNew),
		op[SearchSetInput, SavedSearch](patch, "/searches/{id}", "search-set", account.Read, "Rename, share or change a saved search", (*Server).searchSet),
		op[SavedIDInput, Nothing](del, "/searches/{id}", "search-delete", account.Read, "Delete a saved search", (*Server).searchDelete),
		op[LookInput, Look](get, "/look", "look-show", account.Read, "Tell when you last looked at the board", (*Server).lookShow),
		op[NoInput, QueryList](get, "/queries", "query-list", account.Query, "List saved statements", (*Server).queryList),
		op[SavedInput, SavedQuery](get, "/queries/{ref}", "query-show", account.Query, "Show a saved statement", (*Server).queryShow),
		op[QueryNewInput, SavedQuery](post, "/queries", "query-new", account.Query, "Save a statement", (*Server).queryNew),
		op[QuerySetInput, SavedQuery](patch, "/queries/{id}", "query-set", account.Query, "Rename, share or change a saved statement", (*Server).querySet),
		op[SavedIDInput, Nothing](del, "/queries/{id}", "query-delete", account.Query, "Delete a saved statement", (*Server).queryDelete),

		// Places, labels, groups.
		op[NoInput, AgencyList](get, "/agencies", "agency-list", account.Read, "List agencies", (*Server).agencyList),
		op[AgencyNewInput, Agency](post, "/agencies", "agency-new", account.Manage, "Make an agency", (*Server).agencyNew),
		op[AgencyRenameInput, Agency](patch, "/agencies/{name}", "agency-rename", account.Manage, "Rename an agency", (*Server).agencyRename),
		op[AgencyInput, Nothing](del, "/agencies/{name}", "agency-delete", account.Manage, "Delete an agency without sites", (*Server).agencyDelete),
		op[SiteListInput, SiteList](get, "/sites", "site-list", account.Read, "List sites", (*Server).siteList),
		op[SiteNewInput, Site](post, "/sites", "site-new", account.Manage, "Make a site", (*Server).siteNew),
		op[SiteSetInput, Site](patch, "/sites/{agency}/{name}", "site-set", account.Manage, "Change a site", (*Server).siteSet),
		op[SiteInput, Nothing](del, "/sites/{agency}/{name}", "site-delete", account.Manage, "Delete a site without devices", (*Server).siteDelete),
		op[NoInput, LabelList](get, "/labels", "label-list", account.Read, "List labels", (*Server).labelList),
		op[LabelInput, Changed](post, "/labels/{label}/add", "label-add", account.Edit, "Put a label on devices", (*Server).labelAdd),
		op[LabelInput, Changed](post, "/labels/{label}/remove", "label-remove", account.Edit, "Take a label off devices", (*Server).labelRemove),
		op[LabelRenameInput, Changed](post, "/labels/{label}/rename", "label-rename", account.Edit, "Rename a label", (*Server).labelRename),
		op[NoInput, GroupList](get, "/groups", "group-list", account.Read, "List groups", (*Server).groupList),
		op[GroupInput, Group](get, "/groups/{name}", "group-show", account.Read, "Show a group", (*Server).groupShow),
		op[GroupDevicesInput, DeviceList](get, "/groups/{name}/devices", "group-devices", account.Read, "List the devices of a group", (*Server).groupDevices),
		op[GroupPutInput, Group](put, "/groups/{name}", "group-set", account.Manage, "Make or replace a group", (*Server).groupSet),
		op[GroupInput, Nothing](del, "/groups/{name}", "group-delete", account.Manage, "Delete a group", (*Server).groupDelete),

		// Which port is it on.
		op[PortPlacesInput, PortPlaces](get, "/ports/places", "port-places", account.Read, "List the ports that devices hang on", (*Server).portPlaces),
		op[PortWhereInput, PortWhere](get, "/ports/where", "port-where", account.Read, "Find the port that a device or address hangs on", (*Server).portWhere),
		op[PortShowInput, PortShow](get, "/devices/{ref}/ports", "port-show", account.Read, "Show what hangs on the ports of a device", (*Server).portShow),
		op[TopologyInput, Topology](get, "/topology", "topology-show", account.Read, "Show how network gear is connected", (*Server).topologyShow),

		// Numbers, programs, SQL, the catalogue.
		op[SeriesQueryInput, SeriesAnswer](get, "/series", "series-query", account.Read, "Query numbers over time", (*Server).seriesQuery),
		op[SeriesNamesInput, SeriesNames](get, "/series/names", "series-names", account.Self, "List the numbers there are", (*Server).seriesNames),
		op[SoftwareListInput, SoftwareList](get, "/software", "software-list", account.Read, "List programs by how many devices have them", (*Server).softwareList),
		op[SoftwareDevicesInput, SoftwareDevices](get, "/software/devices", "software-devices", account.Read, "List who has a program", (*Server).softwareDevices),
		op[SoftwareShowInput, SoftwareShow](get, "/software/title", "software-show", account.Read, "Show a program: its versions, and how it spread", (*Server).softwareShow),
		op[SoftwareNewsInput, SoftwareNews](get, "/software/news", "software-news", account.Read, "List programs that nobody had before", (*Server).softwareNews),
		op[SectionRowsInput, SectionRows](get, "/sections/{section}/rows", "section-rows", account.Read, "List a section of many devices", (*Server).sectionRows),
		op[SQLInput, SQLAnswer](post, "/sql", "sql-query", account.Query, "Ask in SQL", (*Server).sqlQuery),
		op[SchemaInput, Schema](get, "/schema", "schema-show", account.Self, "Show the catalogue", (*Server).schemaShow),

		// What is wrong, and what people do about it.
		op[IncidentListInput, IncidentList](get, "/incidents", "incident-list", account.Read, "List what needs somebody, the worst first", (*Server).incidentList),
		op[IncidentInput, IncidentShow](get, "/incidents/{number}", "incident-show", account.Read, "Show an incident", (*Server).incidentShow),
		op[IncidentInput, IncidentShow](post, "/incidents/{number}/claim", "incident-claim", account.Work, "Make an incident one's own", (*Server).incidentClaim),
		op[IncidentInput, IncidentShow](post, "/incidents/{number}/release", "incident-release", account.Work, "Let a claimed incident go", (*Server).incidentRelease),
		op[IncidentNoteInput, IncidentShow](post, "/incidents/{number}/note", "incident-note", account.Work, "Write something down about an incident", (*Server).incidentNote),
		op[IncidentCheckInput, IncidentShow](post, "/incidents/{number}/check", "incident-check", account.Work, "Tick one of an incident's first checks", (*Server).incidentCheck),
		op[IncidentSnoozeInput, IncidentShow](post, "/incidents/{number}/snooze", "incident-snooze", account.Work, "Put an incident off, with a reason", (*Server).incidentSnooze),
		op[IncidentInput, IncidentShow](post, "/incidents/{number}/wake", "incident-wake", account.Work, "Take a snoozed incident up again", (*Server).incidentWake),
		op[IncidentEscalateInput, IncidentShow](post, "/incidents/{number}/escalate", "incident-escalate", account.Work, "Hand an incident on", (*Server).incidentEscalate),
		op[IncidentResolveInput, IncidentShow](post, "/incidents/{number}/resolve", "incident-resolve", account.Work, "Close an incident, with what came of it", (*Server).incidentResolve),
		op[IncidentInput, IncidentShow](post, "/incidents/{number}/reopen", "incident-reopen", account.Work, "Open a resolved incident again", (*Server).incidentReopen),
		op[FindingListInput, FindingList](get, "/findings", "finding-list", account.Read, "List what rules found", (*Server).findingList),
		op[FindingInput, FindingShow](get, "/findings/{id}", "finding-show", account.Read, "Show a finding", (*Server).findingShow),
		op[FindingInput, Explanations](get, "/findings/{id}/explain", "finding-explain", account.Read, "Explain a finding by what its rule sees now", (*Server).findingExplain),
		op[NoInput, RuleList](get, "/rules", "rule-list", account.Read, "List rules and what became of their incidents", (*Server).ruleList),
		op[RuleInput, RuleShow](get, "/rules/{id}", "rule-show", account.Read, "Show a rule", (*Server).ruleShow),
		op[RuleExplainInput, Explanations](get, "/explain", "rule-explain", account.Read, "Explain what a rule says of a device", (*Server).ruleExplain),
		op[RuleReplayInput, Replay](post, "/rules/{id}/replay", "rule-replay", account.Query, "Hold a rule against the past", (*Server).ruleReplay),
		op[RuleInput, RuleShow](post, "/rules/{id}/reset", "rule-reset", account.Manage, "Forget a rule's outcomes and switch it on", (*Server).ruleReset),
		op[RuleSetInput, RuleShow](patch, "/rules/{id}", "rule-set", account.Administer, "Switch a rule off or on, and set its limits", (*Server).ruleSet),
		op[RuleInput, Nothing](del, "/rules/{id}/change", "rule-restore", account.Administer, "Take back what was set otherwise in a rule", (*Server).ruleRestore),
		op[NoInput, MaintenanceList](get, "/maintenance", "maintenance-list", account.Read, "List times of maintenance", (*Server).maintenanceList),
		op[MaintenanceNewInput, Maintenance](post, "/maintenance", "maintenance-new", account.Manage, "Make a time of maintenance", (*Server).maintenanceNew),
		op[NumberInput, Nothing](del, "/maintenance/{id}", "maintenance-delete", account.Manage, "Delete a time of maintenance", (*Server).maintenanceDelete),

		// Who is told.
		op[NoInput, ChannelList](get, "/channels", "channel-list", account.Administer, "List channels", (*Server).channelList),
		op[ChannelPutInput, Channel](put, "/channels/{name}", "channel-set", account.Administer, "Make or replace a channel", (*Server).channelSet),
		op[ChannelInput, Nothing](del, "/channels/{name}", "channel-delete", account.Administer, "Delete a channel that no route goes to", (*Server).channelDelete),
		op[ChannelInput, ChannelTest](post, "/channels/{name}/test", "channel-test", account.Administer, "Send a test through a channel", (*Server).channelTest),
		op[NoInput, RouteList](get, "/routes", "route-list", account.Administer, "List routes, in the order in which they decide", (*Server).routeList),
		op[RoutePutInput, Route](put, "/routes/{name}", "route-set", account.Administer, "Make or replace a route", (*Server).routeSet),
		op[ChannelInput, Nothing](del, "/routes/{name}", "route-delete", account.Administer, "Delete a route", (*Server).routeDelete),
		op[NoticeListInput, NoticeList](get, "/notices", "notice-list", account.Administer, "List messages that wait or were put aside", (*Server).noticeList),
		op[IDInput, Nothing](post, "/notices/{id}/retry", "notice-retry", account.Administer, "Try a message again that was put aside", (*Server).noticeRetry),
		op[IDInput, Nothing](post, "/notices/{id}/drop", "notice-drop", account.Administer, "Put a message aside that is being tried", (*Server).noticeDrop),

		// Figures.
		op[SummaryInput, Summary](get, "/summary", "summary-show", account.Read, "Count what a board asks for: incidents, rules, the fleet", (*Server).summaryShow),
		op[NoInput, ScheduleList](get, "/summaries", "summary-list", account.Read, "List when summaries are mailed", (*Server).summaryList),
		op[SchedulePutInput, Schedule](put, "/summaries/{name}", "summary-set", account.Administer, "Make or replace a summary that is mailed", (*Server).summarySet),
		op[ChannelInput, Nothing](del, "/summaries/{name}", "summary-delete", account.Administer, "Mail a summary no more", (*Server).summaryDelete),
		op[SummarySendInput, SummarySent](post, "/summaries/{name}/send", "summary-send", account.Administer, "Mail a summary now", (*Server).summarySend),

		// Network gear.
		op[NoInput, CredentialList](get, "/credentials", "credential-list", account.Administer, "List credentials of gear", (*Server).credentialList),
		op[CredentialPutInput, Credential](put, "/credentials/{name}", "credential-set", account.Administer, "Make or change a credential of gear", (*Server).credentialSet),
		op[CredentialInput, Nothing](del, "/credentials/{name}", "credential-delete", account.Administer, "Delete a credential that nothing is asked with", (*Server).credentialDelete),
		op[NoInput, SubnetList](get, "/subnets", "subnet-list", account.Manage, "List subnets in which gear is looked for", (*Server).subnetList),
		op[SubnetPutInput, Subnet](put, "/subnets/{address}/{bits}", "subnet-set", account.Manage, "Make or change a subnet in which gear is looked for", (*Server).subnetSet),
		op[SubnetInput, Nothing](del, "/subnets/{address}/{bits}", "subnet-delete", account.Manage, "Look for gear no more in a subnet", (*Server).subnetDelete),
		op[DiscoveryInput, Discovery](post, "/discoveries", "discovery-start", account.Manage, "Look for gear in a network", (*Server).discoveryStart),
		op[NoInput, DiscoveryList](get, "/discoveries", "discovery-list", account.Manage, "List looks for gear", (*Server).discoveryList),
		op[DiscoveryShowInput, DiscoveryShow](get, "/discoveries/{id}", "discovery-show", account.Manage, "Show how a look for gear goes", (*Server).discoveryShow),
		op[NumberInput, Discovery](post, "/discoveries/{id}/stop", "discovery-stop", account.Manage, "Stop a look for gear", (*Server).discoveryStop),
		op[TargetListInput, TargetList](get, "/targets", "target-list", account.Manage, "List targets: what is polled over SNMP", (*Server).targetList),
		op[TargetInput, TargetShow](get, "/targets/{address}", "target-show", account.Manage, "Show a target", (*Server).targetShow),
		op[TargetPutInput, Target](put, "/targets/{address}", "target-set", account.Manage, "Make or change a target", (*Server).targetSet),
		op[TargetInput, Nothing](del, "/targets/{address}", "target-delete", account.Manage, "Poll a target no more", (*Server).targetDelete),
		op[TargetTestInput, TargetTest](post, "/targets/{address}/test", "target-test", account.Manage, "Ask an address once over SNMP", (*Server).targetTest),
		op[NoInput, ProfileList](get, "/profiles", "profile-list", account.Manage, "List profiles: how gear is read", (*Server).profileList),
		op[ProfileInput, ProfileShow](get, "/profiles/{name}", "profile-show", account.Manage, "Show a profile", (*Server).profileShow),
		op[ProfileTryInput, ProfileTry](post, "/profiles/try", "profile-try", account.Manage, "Ask a device now and tell what profiles make of it", (*Server).profileTry),

		// Enrolment.
		op[NoInput, InvitationList](get, "/enroll/invitations", "enroll-list", account.Manage, "List invitations", (*Server).enrollList),
		op[InvitationNewInput, InvitationMade](post, "/enroll/invitations", "enroll-new", account.Manage, "Make an invitation", (*Server).enrollNew),
		op[IDInput, Nothing](post, "/enroll/invitations/{id}/revoke", "enroll-revoke", account.Manage, "Revoke an invitation", (*Server).enrollRevoke),
		op[NoInput, ApprovalList](get, "/enroll/approvals", "approval-list", account.Manage, "List devices that wait to be let in", (*Server).approvalList),
		op[IDInput, Nothing](post, "/enroll/approvals/{id}/approve", "approval-approve", account.Manage, "Let a waiting device in", (*Server).approvalApprove),
		op[IDInput, Nothing](post, "/enroll/approvals/{id}/deny", "approval-deny", account.Manage, "Turn a waiting device away", (*Server).approvalDeny),

		// Numbers on their way to their stores.
		op[NoInput, OutboxStatus](get, "/outbox", "outbox-list", account.Read, "Show how far the stores of numbers are behind", (*Server).outboxList),
		op[OutboxAsideInput, OutboxAside](get, "/outbox/aside", "outbox-aside", account.Administer, "List records that a store refuses", (*Server).outboxAside),
		op[OutboxChoiceInput, OutboxChanged](post, "/outbox/aside/retry", "outbox-retry", account.Administer, "Give stores records again that were put aside", (*Server).outboxRetry),
		op[OutboxChoiceInput, OutboxChanged](post, "/outbox/aside/drop", "outbox-drop", account.Administer, "Remove records for good that were put aside", (*Server).outboxDrop),
		op[OutboxDrainInput, OutboxStatus](post, "/outbox/drain", "outbox-drain", account.Administer, "Try stores at once, and take no reports meanwhile if told so", (*Server).outboxDrain),

		// Accounts, audit, CA, the collector itself.
		op[NoInput, Me](get, "/me", "me-show", account.Self, "Show who you are", (*Server).meShow),
		op[NoInput, SetupLink](get, "/setup-link", "setup-link", account.Administer, "Show the link to the first account", (*Server).setupLink),
		op[NoInput, UserList](get, "/users", "user-list", account.Administer, "List users", (*Server).userList),
		op[UserNewInput, User](post, "/users", "user-new", account.Administer, "Make a user", (*Server).userNew),
		op[SessionInput, Nothing](del, "/users/{name}/sessions/{id}", "user-session-end", account.Administer, "Sign a user out of one browser", (*Server).userSessionEnd),
		op[UserSetInput, User](patch, "/users/{name}", "user-set", account.Administer, "Change a user", (*Server).userSet),
		op[NameInput, Nothing](del, "/users/{name}", "user-delete", account.Administer, "Delete a user", (*Server).userDelete),
		op[PasswordInput, Nothing](put, "/users/{name}/password", "user-password", account.Administer, "Set a user's password", (*Server).userPassword),
		op[NameInput, UserLink](post, "/users/{name}/link", "user-link", account.Administer, "Make a link under which a user sets a password", (*Server).userLink),
		op[NameInput, SessionList](get, "/users/{name}/sessions", "user-sessions", account.Administer, "List where a user is signed in", (*Server).userSessions),
		op[NameInput, SessionsEnded](post, "/users/{name}/sign-out", "user-sign-out", account.Administer, "Sign a user out everywhere", (*Server).userSignOut),
		op[NameInput, Nothing](del, "/users/{name}/second-factor", "user-reset-factor", account.Administer, "Take a user's second factor off", (*Server).userResetFactor),
		op[NoInput, TokenList](get, "/tokens", "token-list", account.Administer, "List tokens", (*Server).tokenList),
		op[TokenNewInput, TokenMade](post, "/tokens", "token-new", account.Administer, "Make a token", (*Server).tokenNew),
		op[NameInput, Nothing](post, "/tokens/{name}/revoke", "token-revoke", account.Administer, "Revoke a token", (*Server).tokenRevoke),
		op[AuditInput, AuditList](get, "/audit", "audit-list", account.Administer, "List who did what", (*Server).auditList),
		op[NoInput, AuditVerdict](get, "/audit/verify", "audit-verify", account.Administer, "Check that the audit is whole", (*Server).auditVerify),
		op[NoInput, CA](get, "/ca", "ca-show", account.Administer, "Show the certificate authority", (*Server).caShow),
		op[CARotateInput, CA](post, "/ca/rotate", "ca-rotate", account.Administer, "Take a step of the authority's rotation", (*Server).caRotate),
		op[PurgeInput, PurgeResult](post, "/purge/person", "purge-person", account.Administer, "Remove what is kept of a person", (*Server).purgePerson),
		stream[BackupInput](post, "/backup", "backup-make", account.Administer, "Make a backup while the collector runs", (*Server).backupMake),
		op[NoInput, Status](get, "/status", "status-show", account.Read, "Show how the collector is doing", (*Server).statusShow),
	}
}

// Find finds an operation by its ID.
func Find(id string) (Operation, bool) {
	for _, o := range Operations() {
		if o.ID == id {
			return o, true
		}
	}
	return Operation{}, false
}
