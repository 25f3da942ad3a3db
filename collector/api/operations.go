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
		op[DeviceShowInput, DeviceShow](get, "/devices/{ref}", "device-show", account.Read, "Show a device", (*Server).deviceShow),
		op[DeviceHistoryInput, History](get, "/devices/{ref}/history", "device-history", account.Read, "List a device's changes", (*Server).deviceHistory),
		op[DeviceEventsInput, EventList](get, "/devices/{ref}/events", "device-events", account.Read, "List a device's events", (*Server).deviceEvents),
		op[DeviceDiffInput, DeviceDiff](get, "/diff", "device-diff", account.Read, "Compare two devices or times", (*Server).deviceDiff),
		op[DeviceSetInput, Device](patch, "/devices/{ref}", "device-set", account.Edit, "Change what people keep about a device", (*Server).deviceSet),
		op[DeviceImportInput, ImportResult](post, "/import/devices", "device-import", account.Edit, "Bring people's fields from CSV", (*Server).deviceImport),
		op[RefInput, Device](post, "/devices/{ref}/retire", "device-retire", account.Edit, "Mark a device as out of use", (*Server).deviceRetire),
		op[RefInput, Device](post, "/devices/{ref}/unretire", "device-unretire", account.Edit, "Take a device back into use", (*Server).deviceUnretire),
		op[DeviceRevokeInput, Nothing](post, "/devices/{ref}/revoke", "device-revoke", account.Manage, "Take a device's identity away", (*Server).deviceRevoke),
		op[NoInput, MergeList](get, "/merges", "merge-list", account.Read, "List merges", (*Server).mergeList),
		op[MergeInput, Merge](post, "/merges", "merge-new", account.Edit, "Hide a device's old record behind its new one", (*Server).mergeNew),
		op[MergeUndoInput, Merge](post, "/merges/{id}/undo", "merge-undo", account.Edit, "Take a merge back", (*Server).mergeUndo),
		op[HistoryInput, History](get, "/history", "history-list", account.Read, "List changes of many devices", (*Server).historyList),
		op[EventsInput, EventList](get, "/events", "event-list", account.Read, "List events of many devices", (*Server).eventList),

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

		// Numbers, programs, SQL, the catalogue.
		op[SeriesQueryInput, SeriesAnswer](get, "/series", "series-query", account.Read, "Query numbers over time", (*Server).seriesQuery),
		op[SeriesNamesInput, SeriesNames](get, "/series/names", "series-names", account.Self, "List the numbers there are", (*Server).seriesNames),
		op[SoftwareListInput, SoftwareList](get, "/software", "software-list", account.Read, "List programs by how many devices have them", (*Server).softwareList),
		op[SoftwareDevicesInput, SoftwareDevices](get, "/software/devices", "software-devices", account.Read, "List who has a program", (*Server).softwareDevices),
		op[SQLInput, SQLAnswer](post, "/sql", "sql-query", account.Query, "Ask in SQL", (*Server).sqlQuery),
		op[SchemaInput, Schema](get, "/schema", "schema-show", account.Self, "Show the catalogue", (*Server).schemaShow),

		// Enrolment.
		op[NoInput, InvitationList](get, "/enroll/invitations", "enroll-list", account.Manage, "List invitations", (*Server).enrollList),
		op[InvitationNewInput, InvitationMade](post, "/enroll/invitations", "enroll-new", account.Manage, "Make an invitation", (*Server).enrollNew),
		op[IDInput, Nothing](post, "/enroll/invitations/{id}/revoke", "enroll-revoke", account.Manage, "Revoke an invitation", (*Server).enrollRevoke),
		op[NoInput, ApprovalList](get, "/enroll/approvals", "approval-list", account.Manage, "List devices that wait to be let in", (*Server).approvalList),
		op[IDInput, Nothing](post, "/enroll/approvals/{id}/approve", "approval-approve", account.Manage, "Let a waiting device in", (*Server).approvalApprove),
		op[IDInput, Nothing](post, "/enroll/approvals/{id}/deny", "approval-deny", account.Manage, "Turn a waiting device away", (*Server).approvalDeny),

		// Accounts, audit, CA, the collector itself.
		op[NoInput, Me](get, "/me", "me-show", account.Self, "Show who you are", (*Server).meShow),
		op[NoInput, UserList](get, "/users", "user-list", account.Administer, "List users", (*Server).userList),
		op[UserNewInput, User](post, "/users", "user-new", account.Administer, "Make a user", (*Server).userNew),
		op[UserSetInput, User](patch, "/users/{name}", "user-set", account.Administer, "Change a user", (*Server).userSet),
		op[NameInput, Nothing](del, "/users/{name}", "user-delete", account.Administer, "Delete a user", (*Server).userDelete),
		op[PasswordInput, Nothing](put, "/users/{name}/password", "user-password", account.Administer, "Set a user's password", (*Server).userPassword),
		op[NoInput, TokenList](get, "/tokens", "token-list", account.Administer, "List tokens", (*Server).tokenList),
		op[TokenNewInput, TokenMade](post, "/tokens", "token-new", account.Administer, "Make a token", (*Server).tokenNew),
		op[NameInput, Nothing](post, "/tokens/{name}/revoke", "token-revoke", account.Administer, "Revoke a token", (*Server).tokenRevoke),
		op[AuditInput, AuditList](get, "/audit", "audit-list", account.Administer, "List who did what", (*Server).auditList),
		op[NoInput, AuditVerdict](get, "/audit/verify", "audit-verify", account.Administer, "Check that the audit is whole", (*Server).auditVerify),
		op[NoInput, CA](get, "/ca", "ca-show", account.Administer, "Show the certificate authority", (*Server).caShow),
		op[CARotateInput, CA](post, "/ca/rotate", "ca-rotate", account.Administer, "Take a step of the authority's rotation", (*Server).caRotate),
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
