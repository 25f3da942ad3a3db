package api

import "context"

// One method per operation of the table, in its order. A test holds that each
// operation has its method here and that their types agree.

// DeviceList calls device-list: list devices.
func (c *Client) DeviceList(ctx context.Context, in DeviceListInput) (DeviceList, error) {
	return call[DeviceListInput, DeviceList](ctx, c, "device-list", in)
}

// DeviceFacets calls device-facets: count devices by what they are.
func (c *Client) DeviceFacets(ctx context.Context, in DeviceFacetsInput) (DeviceFacets, error) {
	return call[DeviceFacetsInput, DeviceFacets](ctx, c, "device-facets", in)
}

// DeviceShow calls device-show: show a device.
func (c *Client) DeviceShow(ctx context.Context, in DeviceShowInput) (DeviceShow, error) {
	return call[DeviceShowInput, DeviceShow](ctx, c, "device-show", in)
}

// DeviceHistory calls device-history: list a device's changes.
func (c *Client) DeviceHistory(ctx context.Context, in DeviceHistoryInput) (History, error) {
	return call[DeviceHistoryInput, History](ctx, c, "device-history", in)
}

// DeviceEvents calls device-events: list a device's events.
func (c *Client) DeviceEvents(ctx context.Context, in DeviceEventsInput) (EventList, error) {
	return call[DeviceEventsInput, EventList](ctx, c, "device-events", in)
}

// DeviceDiff calls device-diff: compare two devices or times.
func (c *Client) DeviceDiff(ctx context.Context, in DeviceDiffInput) (DeviceDiff, error) {
	return call[DeviceDiffInput, DeviceDiff](ctx, c, "device-diff", in)
}

// DeviceSettings calls device-settings: show what a device's agent is set to, and by whom.
func (c *Client) DeviceSettings(ctx context.Context, in RefInput) (DeviceSettings, error) {
	return call[RefInput, DeviceSettings](ctx, c, "device-settings", in)
}

// DeviceSet calls device-set: change what people keep about a device.
func (c *Client) DeviceSet(ctx context.Context, in DeviceSetInput) (Device, error) {
	return call[DeviceSetInput, Device](ctx, c, "device-set", in)
}

// DeviceImport calls device-import: bring people's fields from CSV.
func (c *Client) DeviceImport(ctx context.Context, in DeviceImportInput) (ImportResult, error) {
	return call[DeviceImportInput, ImportResult](ctx, c, "device-import", in)
}

// DeviceRetire calls device-retire: mark a device as out of use.
func (c *Client) DeviceRetire(ctx context.Context, in RefInput) (Device, error) {
	return call[RefInput, Device](ctx, c, "device-retire", in)
}

// DeviceUnretire calls device-unretire: take a device back into use.
func (c *Client) DeviceUnretire(ctx context.Context, in RefInput) (Device, error) {
	return call[RefInput, Device](ctx, c, "device-unretire", in)
}

// DeviceRefresh calls device-refresh: ask a device for everything anew.
func (c *Client) DeviceRefresh(ctx context.Context, in RefInput) (Refresh, error) {
	return call[RefInput, Refresh](ctx, c, "device-refresh", in)
}

// DeviceRevoke calls device-revoke: take a device's identity away.
func (c *Client) DeviceRevoke(ctx context.Context, in DeviceRevokeInput) error {
	_, err := call[DeviceRevokeInput, Nothing](ctx, c, "device-revoke", in)
	return err
}

// MergeList calls merge-list: list merges.
func (c *Client) MergeList(ctx context.Context) (MergeList, error) {
	return call[NoInput, MergeList](ctx, c, "merge-list", NoInput{})
}

// MergeNew calls merge-new: hide a device's old record behind its new one.
func (c *Client) MergeNew(ctx context.Context, in MergeInput) (Merge, error) {
	return call[MergeInput, Merge](ctx, c, "merge-new", in)
}

// MergeUndo calls merge-undo: take a merge back.
func (c *Client) MergeUndo(ctx context.Context, in MergeUndoInput) (Merge, error) {
	return call[MergeUndoInput, Merge](ctx, c, "merge-undo", in)
}

// HistoryList calls history-list: list changes of many devices.
func (c *Client) HistoryList(ctx context.Context, in HistoryInput) (History, error) {
	return call[HistoryInput, History](ctx, c, "history-list", in)
}

// EventList calls event-list: list events of many devices.
func (c *Client) EventList(ctx context.Context, in EventsInput) (EventList, error) {
	return call[EventsInput, EventList](ctx, c, "event-list", in)
}

// AgencyList calls agency-list: list agencies.
func (c *Client) AgencyList(ctx context.Context) (AgencyList, error) {
	return call[NoInput, AgencyList](ctx, c, "agency-list", NoInput{})
}

// AgencyNew calls agency-new: make an agency.
func (c *Client) AgencyNew(ctx context.Context, in AgencyNewInput) (Agency, error) {
	return call[AgencyNewInput, Agency](ctx, c, "agency-new", in)
}

// AgencyRename calls agency-rename: rename an agency.
func (c *Client) AgencyRename(ctx context.Context, in AgencyRenameInput) (Agency, error) {
	return call[AgencyRenameInput, Agency](ctx, c, "agency-rename", in)
}

// AgencyDelete calls agency-delete: delete an agency without sites.
func (c *Client) AgencyDelete(ctx context.Context, in AgencyInput) error {
	_, err := call[AgencyInput, Nothing](ctx, c, "agency-delete", in)
	return err
}

// SiteList calls site-list: list sites.
func (c *Client) SiteList(ctx context.Context, in SiteListInput) (SiteList, error) {
	return call[SiteListInput, SiteList](ctx, c, "site-list", in)
}

// SiteNew calls site-new: make a site.
func (c *Client) SiteNew(ctx context.Context, in SiteNewInput) (Site, error) {
	return call[SiteNewInput, Site](ctx, c, "site-new", in)
}

// SiteSet calls site-set: change a site.
func (c *Client) SiteSet(ctx context.Context, in SiteSetInput) (Site, error) {
	return call[SiteSetInput, Site](ctx, c, "site-set", in)
}

// SiteDelete calls site-delete: delete a site without devices.
func (c *Client) SiteDelete(ctx context.Context, in SiteInput) error {
	_, err := call[SiteInput, Nothing](ctx, c, "site-delete", in)
	return err
}

// LabelList calls label-list: list labels.
func (c *Client) LabelList(ctx context.Context) (LabelList, error) {
	return call[NoInput, LabelList](ctx, c, "label-list", NoInput{})
}

// LabelAdd calls label-add: put a label on devices.
func (c *Client) LabelAdd(ctx context.Context, in LabelInput) (Changed, error) {
	return call[LabelInput, Changed](ctx, c, "label-add", in)
}

// LabelRemove calls label-remove: take a label off devices.
func (c *Client) LabelRemove(ctx context.Context, in LabelInput) (Changed, error) {
	return call[LabelInput, Changed](ctx, c, "label-remove", in)
}

// LabelRename calls label-rename: rename a label.
func (c *Client) LabelRename(ctx context.Context, in LabelRenameInput) (Changed, error) {
	return call[LabelRenameInput, Changed](ctx, c, "label-rename", in)
}

// GroupList calls group-list: list groups.
func (c *Client) GroupList(ctx context.Context) (GroupList, error) {
	return call[NoInput, GroupList](ctx, c, "group-list", NoInput{})
}

// GroupShow calls group-show: show a group.
func (c *Client) GroupShow(ctx context.Context, in GroupInput) (Group, error) {
	return call[GroupInput, Group](ctx, c, "group-show", in)
}

// GroupDevices calls group-devices: list the devices of a group.
func (c *Client) GroupDevices(ctx context.Context, in GroupDevicesInput) (DeviceList, error) {
	return call[GroupDevicesInput, DeviceList](ctx, c, "group-devices", in)
}

// GroupSet calls group-set: make or replace a group.
func (c *Client) GroupSet(ctx context.Context, in GroupPutInput) (Group, error) {
	return call[GroupPutInput, Group](ctx, c, "group-set", in)
}

// GroupDelete calls group-delete: delete a group.
func (c *Client) GroupDelete(ctx context.Context, in GroupInput) error {
	_, err := call[GroupInput, Nothing](ctx, c, "group-delete", in)
	return err
}

// PortPlaces calls port-places: list the ports that devices hang on.
func (c *Client) PortPlaces(ctx context.Context, in PortPlacesInput) (PortPlaces, error) {
	return call[PortPlacesInput, PortPlaces](ctx, c, "port-places", in)
}

// PortWhere calls port-where: find the port that a device or address hangs on.
func (c *Client) PortWhere(ctx context.Context, in PortWhereInput) (PortWhere, error) {
	return call[PortWhereInput, PortWhere](ctx, c, "port-where", in)
}

// PortShow calls port-show: show what hangs on the ports of a device.
func (c *Client) PortShow(ctx context.Context, in PortShowInput) (PortShow, error) {
	return call[PortShowInput, PortShow](ctx, c, "port-show", in)
}

// TopologyShow calls topology-show: show how network gear is connected.
func (c *Client) TopologyShow(ctx context.Context, in TopologyInput) (Topology, error) {
	return call[TopologyInput, Topology](ctx, c, "topology-show", in)
}

// SeriesQuery calls series-query: query numbers over time.
func (c *Client) SeriesQuery(ctx context.Context, in SeriesQueryInput) (SeriesAnswer, error) {
	return call[SeriesQueryInput, SeriesAnswer](ctx, c, "series-query", in)
}

// SeriesNames calls series-names: list the numbers there are.
func (c *Client) SeriesNames(ctx context.Context, in SeriesNamesInput) (SeriesNames, error) {
	return call[SeriesNamesInput, SeriesNames](ctx, c, "series-names", in)
}

// SoftwareList calls software-list: list programs by how many devices have them.
func (c *Client) SoftwareList(ctx context.Context, in SoftwareListInput) (SoftwareList, error) {
	return call[SoftwareListInput, SoftwareList](ctx, c, "software-list", in)
}

// SoftwareDevices calls software-devices: list who has a program.
func (c *Client) SoftwareDevices(ctx context.Context, in SoftwareDevicesInput) (SoftwareDevices, error) {
	return call[SoftwareDevicesInput, SoftwareDevices](ctx, c, "software-devices", in)
}

// SoftwareShow calls software-show: show a program: its versions, and how it spread.
func (c *Client) SoftwareShow(ctx context.Context, in SoftwareShowInput) (SoftwareShow, error) {
	return call[SoftwareShowInput, SoftwareShow](ctx, c, "software-show", in)
}

// SoftwareNews calls software-news: list programs that nobody had before.
func (c *Client) SoftwareNews(ctx context.Context, in SoftwareNewsInput) (SoftwareNews, error) {
	return call[SoftwareNewsInput, SoftwareNews](ctx, c, "software-news", in)
}

// SectionRows calls section-rows: list a section of many devices.
func (c *Client) SectionRows(ctx context.Context, in SectionRowsInput) (SectionRows, error) {
	return call[SectionRowsInput, SectionRows](ctx, c, "section-rows", in)
}

// SQLQuery calls sql-query: ask in SQL.
func (c *Client) SQLQuery(ctx context.Context, in SQLInput) (SQLAnswer, error) {
	return call[SQLInput, SQLAnswer](ctx, c, "sql-query", in)
}

// SchemaShow calls schema-show: show the catalogue.
func (c *Client) SchemaShow(ctx context.Context, in SchemaInput) (Schema, error) {
	return call[SchemaInput, Schema](ctx, c, "schema-show", in)
}

// IncidentList calls incident-list: list what needs somebody, the worst first.
func (c *Client) IncidentList(ctx context.Context, in IncidentListInput) (IncidentList, error) {
	return call[IncidentListInput, IncidentList](ctx, c, "incident-list", in)
}

// IncidentShow calls incident-show: show an incident.
func (c *Client) IncidentShow(ctx context.Context, in IncidentInput) (IncidentShow, error) {
	return call[IncidentInput, IncidentShow](ctx, c, "incident-show", in)
}

// IncidentClaim calls incident-claim: make an incident one's own.
func (c *Client) IncidentClaim(ctx context.Context, in IncidentInput) (IncidentShow, error) {
	return call[IncidentInput, IncidentShow](ctx, c, "incident-claim", in)
}

// IncidentRelease calls incident-release: let a claimed incident go.
func (c *Client) IncidentRelease(ctx context.Context, in IncidentInput) (IncidentShow, error) {
	return call[IncidentInput, IncidentShow](ctx, c, "incident-release", in)
}

// IncidentNote calls incident-note: write something down about an incident.
func (c *Client) IncidentNote(ctx context.Context, in IncidentNoteInput) (IncidentShow, error) {
	return call[IncidentNoteInput, IncidentShow](ctx, c, "incident-note", in)
}

// IncidentCheck calls incident-check: tick one of an incident's first checks.
func (c *Client) IncidentCheck(ctx context.Context, in IncidentCheckInput) (IncidentShow, error) {
	return call[IncidentCheckInput, IncidentShow](ctx, c, "incident-check", in)
}

// IncidentSnooze calls incident-snooze: put an incident off, with a reason.
func (c *Client) IncidentSnooze(ctx context.Context, in IncidentSnoozeInput) (IncidentShow, error) {
	return call[IncidentSnoozeInput, IncidentShow](ctx, c, "incident-snooze", in)
}

// IncidentWake calls incident-wake: take a snoozed incident up again.
func (c *Client) IncidentWake(ctx context.Context, in IncidentInput) (IncidentShow, error) {
	return call[IncidentInput, IncidentShow](ctx, c, "incident-wake", in)
}

// IncidentEscalate calls incident-escalate: hand an incident on.
func (c *Client) IncidentEscalate(ctx context.Context, in IncidentEscalateInput) (IncidentShow, error) {
	return call[IncidentEscalateInput, IncidentShow](ctx, c, "incident-escalate", in)
}

// IncidentResolve calls incident-resolve: close an incident, with what came of it.
func (c *Client) IncidentResolve(ctx context.Context, in IncidentResolveInput) (IncidentShow, error) {
	return call[IncidentResolveInput, IncidentShow](ctx, c, "incident-resolve", in)
}

// IncidentReopen calls incident-reopen: open a resolved incident again.
func (c *Client) IncidentReopen(ctx context.Context, in IncidentInput) (IncidentShow, error) {
	return call[IncidentInput, IncidentShow](ctx, c, "incident-reopen", in)
}

// FindingList calls finding-list: list what rules found.
func (c *Client) FindingList(ctx context.Context, in FindingListInput) (FindingList, error) {
	return call[FindingListInput, FindingList](ctx, c, "finding-list", in)
}

// FindingShow calls finding-show: show a finding.
func (c *Client) FindingShow(ctx context.Context, in FindingInput) (FindingShow, error) {
	return call[FindingInput, FindingShow](ctx, c, "finding-show", in)
}

// FindingExplain calls finding-explain: explain a finding by what its rule sees now.
func (c *Client) FindingExplain(ctx context.Context, in FindingInput) (Explanations, error) {
	return call[FindingInput, Explanations](ctx, c, "finding-explain", in)
}

// RuleList calls rule-list: list rules and what became of their incidents.
func (c *Client) RuleList(ctx context.Context) (RuleList, error) {
	return call[NoInput, RuleList](ctx, c, "rule-list", NoInput{})
}

// RuleShow calls rule-show: show a rule.
func (c *Client) RuleShow(ctx context.Context, in RuleInput) (RuleShow, error) {
	return call[RuleInput, RuleShow](ctx, c, "rule-show", in)
}

// RuleExplain calls rule-explain: explain what a rule says of a device.
func (c *Client) RuleExplain(ctx context.Context, in RuleExplainInput) (Explanations, error) {
	return call[RuleExplainInput, Explanations](ctx, c, "rule-explain", in)
}

// RuleReplay calls rule-replay: hold a rule against the past.
func (c *Client) RuleReplay(ctx context.Context, in RuleReplayInput) (Replay, error) {
	return call[RuleReplayInput, Replay](ctx, c, "rule-replay", in)
}

// RuleReset calls rule-reset: forget a rule's outcomes and switch it on.
func (c *Client) RuleReset(ctx context.Context, in RuleInput) (RuleShow, error) {
	return call[RuleInput, RuleShow](ctx, c, "rule-reset", in)
}

// RuleSet calls rule-set: switch a rule off or on, and set its limits.
func (c *Client) RuleSet(ctx context.Context, in RuleSetInput) (RuleShow, error) {
	return call[RuleSetInput, RuleShow](ctx, c, "rule-set", in)
}

// RuleRestore calls rule-restore: take back what was set otherwise in a rule.
func (c *Client) RuleRestore(ctx context.Context, in RuleInput) error {
	_, err := call[RuleInput, Nothing](ctx, c, "rule-restore", in)
	return err
}

// MaintenanceList calls maintenance-list: list times of maintenance.
func (c *Client) MaintenanceList(ctx context.Context) (MaintenanceList, error) {
	return call[NoInput, MaintenanceList](ctx, c, "maintenance-list", NoInput{})
}

// MaintenanceNew calls maintenance-new: make a time of maintenance.
func (c *Client) MaintenanceNew(ctx context.Context, in MaintenanceNewInput) (Maintenance, error) {
	return call[MaintenanceNewInput, Maintenance](ctx, c, "maintenance-new", in)
}

// MaintenanceDelete calls maintenance-delete: delete a time of maintenance.
func (c *Client) MaintenanceDelete(ctx context.Context, in NumberInput) error {
	_, err := call[NumberInput, Nothing](ctx, c, "maintenance-delete", in)
	return err
}

// ChannelList calls channel-list: list channels.
func (c *Client) ChannelList(ctx context.Context) (ChannelList, error) {
	return call[NoInput, ChannelList](ctx, c, "channel-list", NoInput{})
}

// ChannelSet calls channel-set: make or replace a channel.
func (c *Client) ChannelSet(ctx context.Context, in ChannelPutInput) (Channel, error) {
	return call[ChannelPutInput, Channel](ctx, c, "channel-set", in)
}

// ChannelDelete calls channel-delete: delete a channel that no route goes to.
func (c *Client) ChannelDelete(ctx context.Context, in ChannelInput) error {
	_, err := call[ChannelInput, Nothing](ctx, c, "channel-delete", in)
	return err
}

// ChannelTest calls channel-test: send a test through a channel.
func (c *Client) ChannelTest(ctx context.Context, in ChannelInput) (ChannelTest, error) {
	return call[ChannelInput, ChannelTest](ctx, c, "channel-test", in)
}

// RouteList calls route-list: list routes, in the order in which they decide.
func (c *Client) RouteList(ctx context.Context) (RouteList, error) {
	return call[NoInput, RouteList](ctx, c, "route-list", NoInput{})
}

// RouteSet calls route-set: make or replace a route.
func (c *Client) RouteSet(ctx context.Context, in RoutePutInput) (Route, error) {
	return call[RoutePutInput, Route](ctx, c, "route-set", in)
}

// RouteDelete calls route-delete: delete a route.
func (c *Client) RouteDelete(ctx context.Context, in ChannelInput) error {
	_, err := call[ChannelInput, Nothing](ctx, c, "route-delete", in)
	return err
}

// NoticeList calls notice-list: list messages that wait or were put aside.
func (c *Client) NoticeList(ctx context.Context, in NoticeListInput) (NoticeList, error) {
	return call[NoticeListInput, NoticeList](ctx, c, "notice-list", in)
}

// NoticeRetry calls notice-retry: try a message again that was put aside.
func (c *Client) NoticeRetry(ctx context.Context, in IDInput) error {
	_, err := call[IDInput, Nothing](ctx, c, "notice-retry", in)
	return err
}

// NoticeDrop calls notice-drop: put a message aside that is being tried.
func (c *Client) NoticeDrop(ctx context.Context, in IDInput) error {
	_, err := call[IDInput, Nothing](ctx, c, "notice-drop", in)
	return err
}

// CredentialList calls credential-list: list credentials of gear.
func (c *Client) CredentialList(ctx context.Context) (CredentialList, error) {
	return call[NoInput, CredentialList](ctx, c, "credential-list", NoInput{})
}

// CredentialSet calls credential-set: make or change a credential of gear.
func (c *Client) CredentialSet(ctx context.Context, in CredentialPutInput) (Credential, error) {
	return call[CredentialPutInput, Credential](ctx, c, "credential-set", in)
}

// CredentialDelete calls credential-delete: delete a credential that nothing is asked with.
func (c *Client) CredentialDelete(ctx context.Context, in CredentialInput) error {
	_, err := call[CredentialInput, Nothing](ctx, c, "credential-delete", in)
	return err
}

// SubnetList calls subnet-list: list subnets in which gear is looked for.
func (c *Client) SubnetList(ctx context.Context) (SubnetList, error) {
	return call[NoInput, SubnetList](ctx, c, "subnet-list", NoInput{})
}

// SubnetSet calls subnet-set: make or change a subnet in which gear is looked for.
func (c *Client) SubnetSet(ctx context.Context, in SubnetPutInput) (Subnet, error) {
	return call[SubnetPutInput, Subnet](ctx, c, "subnet-set", in)
}

// SubnetDelete calls subnet-delete: look for gear no more in a subnet.
func (c *Client) SubnetDelete(ctx context.Context, in SubnetInput) error {
	_, err := call[SubnetInput, Nothing](ctx, c, "subnet-delete", in)
	return err
}

// DiscoveryStart calls discovery-start: look for gear in a network.
func (c *Client) DiscoveryStart(ctx context.Context, in DiscoveryInput) (Discovery, error) {
	return call[DiscoveryInput, Discovery](ctx, c, "discovery-start", in)
}

// DiscoveryList calls discovery-list: list looks for gear.
func (c *Client) DiscoveryList(ctx context.Context) (DiscoveryList, error) {
	return call[NoInput, DiscoveryList](ctx, c, "discovery-list", NoInput{})
}

// DiscoveryShow calls discovery-show: show how a look for gear goes.
func (c *Client) DiscoveryShow(ctx context.Context, in DiscoveryShowInput) (DiscoveryShow, error) {
	return call[DiscoveryShowInput, DiscoveryShow](ctx, c, "discovery-show", in)
}

// DiscoveryStop calls discovery-stop: stop a look for gear.
func (c *Client) DiscoveryStop(ctx context.Context, in NumberInput) (Discovery, error) {
	return call[NumberInput, Discovery](ctx, c, "discovery-stop", in)
}

// TargetList calls target-list: list targets.
func (c *Client) TargetList(ctx context.Context, in TargetListInput) (TargetList, error) {
	return call[TargetListInput, TargetList](ctx, c, "target-list", in)
}

// TargetShow calls target-show: show a target.
func (c *Client) TargetShow(ctx context.Context, in TargetInput) (TargetShow, error) {
	return call[TargetInput, TargetShow](ctx, c, "target-show", in)
}

// TargetSet calls target-set: make or change a target.
func (c *Client) TargetSet(ctx context.Context, in TargetPutInput) (Target, error) {
	return call[TargetPutInput, Target](ctx, c, "target-set", in)
}

// TargetDelete calls target-delete: poll a target no more.
func (c *Client) TargetDelete(ctx context.Context, in TargetInput) error {
	_, err := call[TargetInput, Nothing](ctx, c, "target-delete", in)
	return err
}

// TargetTest calls target-test: ask an address once over SNMP.
func (c *Client) TargetTest(ctx context.Context, in TargetTestInput) (TargetTest, error) {
	return call[TargetTestInput, TargetTest](ctx, c, "target-test", in)
}

// ProfileList calls profile-list: list profiles: how gear is read.
func (c *Client) ProfileList(ctx context.Context) (ProfileList, error) {
	return call[NoInput, ProfileList](ctx, c, "profile-list", NoInput{})
}

// ProfileShow calls profile-show: show a profile.
func (c *Client) ProfileShow(ctx context.Context, in ProfileInput) (ProfileShow, error) {
	return call[ProfileInput, ProfileShow](ctx, c, "profile-show", in)
}

// ProfileTry calls profile-try: ask a device now and tell what profiles make of it.
func (c *Client) ProfileTry(ctx context.Context, in ProfileTryInput) (ProfileTry, error) {
	return call[ProfileTryInput, ProfileTry](ctx, c, "profile-try", in)
}

// EnrollList calls enroll-list: list invitations.
func (c *Client) EnrollList(ctx context.Context) (InvitationList, error) {
	return call[NoInput, InvitationList](ctx, c, "enroll-list", NoInput{})
}

// EnrollNew calls enroll-new: make an invitation.
func (c *Client) EnrollNew(ctx context.Context, in InvitationNewInput) (InvitationMade, error) {
	return call[InvitationNewInput, InvitationMade](ctx, c, "enroll-new", in)
}

// EnrollRevoke calls enroll-revoke: revoke an invitation.
func (c *Client) EnrollRevoke(ctx context.Context, in IDInput) error {
	_, err := call[IDInput, Nothing](ctx, c, "enroll-revoke", in)
	return err
}

// ApprovalList calls approval-list: list devices that wait to be let in.
func (c *Client) ApprovalList(ctx context.Context) (ApprovalList, error) {
	return call[NoInput, ApprovalList](ctx, c, "approval-list", NoInput{})
}

// ApprovalApprove calls approval-approve: let a waiting device in.
func (c *Client) ApprovalApprove(ctx context.Context, in IDInput) error {
	_, err := call[IDInput, Nothing](ctx, c, "approval-approve", in)
	return err
}

// ApprovalDeny calls approval-deny: turn a waiting device away.
func (c *Client) ApprovalDeny(ctx context.Context, in IDInput) error {
	_, err := call[IDInput, Nothing](ctx, c, "approval-deny", in)
	return err
}

// MeShow calls me-show: show who you are.
func (c *Client) MeShow(ctx context.Context) (Me, error) {
	return call[NoInput, Me](ctx, c, "me-show", NoInput{})
}

// SetupLink calls setup-link: show the link to the first account.
func (c *Client) SetupLink(ctx context.Context) (SetupLink, error) {
	return call[NoInput, SetupLink](ctx, c, "setup-link", NoInput{})
}

// UserList calls user-list: list users.
func (c *Client) UserList(ctx context.Context) (UserList, error) {
	return call[NoInput, UserList](ctx, c, "user-list", NoInput{})
}

// UserNew calls user-new: make a user.
func (c *Client) UserNew(ctx context.Context, in UserNewInput) (User, error) {
	return call[UserNewInput, User](ctx, c, "user-new", in)
}

// UserSet calls user-set: change a user.
func (c *Client) UserSet(ctx context.Context, in UserSetInput) (User, error) {
	return call[UserSetInput, User](ctx, c, "user-set", in)
}

// UserDelete calls user-delete: delete a user.
func (c *Client) UserDelete(ctx context.Context, in NameInput) error {
	_, err := call[NameInput, Nothing](ctx, c, "user-delete", in)
	return err
}

// UserPassword calls user-password: set a user's password.
func (c *Client) UserPassword(ctx context.Context, in PasswordInput) error {
	_, err := call[PasswordInput, Nothing](ctx, c, "user-password", in)
	return err
}

// UserLink calls user-link: make a link under which a user sets a password.
func (c *Client) UserLink(ctx context.Context, in NameInput) (UserLink, error) {
	return call[NameInput, UserLink](ctx, c, "user-link", in)
}

// UserSessions calls user-sessions: list where a user is signed in.
func (c *Client) UserSessions(ctx context.Context, in NameInput) (SessionList, error) {
	return call[NameInput, SessionList](ctx, c, "user-sessions", in)
}

// UserSessionEnd calls user-session-end: sign a user out of one browser.
func (c *Client) UserSessionEnd(ctx context.Context, in SessionInput) error {
	_, err := call[SessionInput, Nothing](ctx, c, "user-session-end", in)
	return err
}

// UserSignOut calls user-sign-out: sign a user out everywhere.
func (c *Client) UserSignOut(ctx context.Context, in NameInput) (SessionsEnded, error) {
	return call[NameInput, SessionsEnded](ctx, c, "user-sign-out", in)
}

// UserResetFactor calls user-reset-factor: take a user's second factor off.
func (c *Client) UserResetFactor(ctx context.Context, in NameInput) error {
	_, err := call[NameInput, Nothing](ctx, c, "user-reset-factor", in)
	return err
}

// TokenList calls token-list: list tokens.
func (c *Client) TokenList(ctx context.Context) (TokenList, error) {
	return call[NoInput, TokenList](ctx, c, "token-list", NoInput{})
}

// TokenNew calls token-new: make a token.
func (c *Client) TokenNew(ctx context.Context, in TokenNewInput) (TokenMade, error) {
	return call[TokenNewInput, TokenMade](ctx, c, "token-new", in)
}

// TokenRevoke calls token-revoke: revoke a token.
func (c *Client) TokenRevoke(ctx context.Context, in NameInput) error {
	_, err := call[NameInput, Nothing](ctx, c, "token-revoke", in)
	return err
}

// AuditList calls audit-list: list who did what.
func (c *Client) AuditList(ctx context.Context, in AuditInput) (AuditList, error) {
	return call[AuditInput, AuditList](ctx, c, "audit-list", in)
}

// AuditVerify calls audit-verify: check that the audit is whole.
func (c *Client) AuditVerify(ctx context.Context) (AuditVerdict, error) {
	return call[NoInput, AuditVerdict](ctx, c, "audit-verify", NoInput{})
}

// CAShow calls ca-show: show the certificate authority.
func (c *Client) CAShow(ctx context.Context) (CA, error) {
	return call[NoInput, CA](ctx, c, "ca-show", NoInput{})
}

// CARotate calls ca-rotate: take a step of the authority's rotation.
func (c *Client) CARotate(ctx context.Context, in CARotateInput) (CA, error) {
	return call[CARotateInput, CA](ctx, c, "ca-rotate", in)
}

// PurgePerson calls purge-person: remove what is kept of a person.
func (c *Client) PurgePerson(ctx context.Context, in PurgeInput) (PurgeResult, error) {
	return call[PurgeInput, PurgeResult](ctx, c, "purge-person", in)
}

// OutboxList calls outbox-list: show how far the stores of numbers are behind.
func (c *Client) OutboxList(ctx context.Context) (OutboxStatus, error) {
	return call[NoInput, OutboxStatus](ctx, c, "outbox-list", NoInput{})
}

// OutboxAside calls outbox-aside: list records that a store refuses.
func (c *Client) OutboxAside(ctx context.Context, in OutboxAsideInput) (OutboxAside, error) {
	return call[OutboxAsideInput, OutboxAside](ctx, c, "outbox-aside", in)
}

// OutboxRetry calls outbox-retry: give stores records again that were put aside.
func (c *Client) OutboxRetry(ctx context.Context, in OutboxChoiceInput) (OutboxChanged, error) {
	return call[OutboxChoiceInput, OutboxChanged](ctx, c, "outbox-retry", in)
}

// OutboxDrop calls outbox-drop: remove records for good that were put aside.
func (c *Client) OutboxDrop(ctx context.Context, in OutboxChoiceInput) (OutboxChanged, error) {
	return call[OutboxChoiceInput, OutboxChanged](ctx, c, "outbox-drop", in)
}

// OutboxDrain calls outbox-drain: try stores at once, and take no reports
// meanwhile if told so.
func (c *Client) OutboxDrain(ctx context.Context, in OutboxDrainInput) (OutboxStatus, error) {
	return call[OutboxDrainInput, OutboxStatus](ctx, c, "outbox-drain", in)
}

// StatusShow calls status-show: show how the collector is doing.
func (c *Client) StatusShow(ctx context.Context) (Status, error) {
	return call[NoInput, Status](ctx, c, "status-show", NoInput{})
}
