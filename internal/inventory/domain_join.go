package inventory

import "time"

// DomainJoin is where the machine belongs: directory, tenant, management.
type DomainJoin struct {
	Kind          string    `inv:"kind" enum:"none|workgroup|domain|entra|hybrid|registered|ldap|other" doc:"How it is joined."`
	Domain        string    `inv:"domain" doc:"Domain or workgroup."`
	Realm         string    `inv:"realm" doc:"Kerberos realm or DNS name of the domain."`
	OrgUnit       string    `inv:"organizational_unit" doc:"Distinguished name of the unit the computer stands in."`
	Site          string    `inv:"directory_site" doc:"Directory site."`
	Client        string    `inv:"join_client,dict" doc:"What keeps the join, such as netlogon, sssd, winbind or opendirectory."`
	TenantID      string    `inv:"tenant_id" doc:"Entra tenant."`
	TenantName    string    `inv:"tenant_name" doc:"Name of the tenant."`
	EntraID       string    `inv:"entra_device_id" doc:"Identifier of the machine in Entra."`
	JoinedBy      string    `inv:"joined_by,personal" doc:"Account that joined it."`
	MDM           *bool     `inv:"mdm_enrolled" doc:"True when a device management steers it."`
	MDMProvider   string    `inv:"mdm_provider,dict" doc:"Device management, such as Intune or Jamf."`
	MDMServer     string    `inv:"mdm_server" doc:"Host of the device management."`
	MDMSupervised *bool     `inv:"mdm_supervised" doc:"True when enrolled through the maker's programme or supervised."`
	MDMUser       string    `inv:"mdm_user_name,personal" doc:"Person it is enrolled for."`
	CoManaged     *bool     `inv:"co_managed" doc:"True when Configuration Manager and a device management share it."`
	TrustOK       *bool     `inv:"trust_ok,latest" doc:"True when the machine's secret still fits its domain."`
	Controller    string    `inv:"domain_controller,latest" doc:"Domain controller in use."`
	PolicyAt      time.Time `inv:"policy_applied_at,latest" doc:"When policies were last applied with success."`
	MDMSyncedAt   time.Time `inv:"mdm_synced_at,latest" doc:"When the device management was last in touch."`
}

// Section says how the section is named, kept and read.
func (DomainJoin) Section() Meta {
	return Meta{Name: "domain_join", Doc: "Domain, Entra tenant and device management of a machine.", Single: true, Cadence: 24 * time.Hour,
		Windows: `NetGetJoinInformation, site in Netlogon\Parameters, CloudDomainJoin, Enrollments`, Darwin: "dsconfigad, profiles status", Linux: "settings of sssd, samba, FreeIPA, Centrify, Himmelblau, nslcd and krb5; whether there is a keytab"}
}
