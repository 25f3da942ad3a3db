package join

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/inventory"
)

// joined is what NetGetJoinInformation says.
type joined struct {
	Name   string // short name of domain or workgroup
	Status uint32 // NETSETUP_JOIN_STATUS
}

// fromRegistry joins that with what the registry keeps of domain, Entra and
// device management.
func fromRegistry(h *host.Host, j joined) (r inventory.DomainJoin, asked, faults []string, err error) {
	const workgroup, domain = 2, 3 // NetSetupWorkgroupName, NetSetupDomainName
	read := func(path string, values ...string) host.Key {
		k, err := h.Key(host.View64, path, values...)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err.Error())
		}
		return k
	}
	if _, err := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters`, "no value"); err != nil {
		return r, nil, nil, err
	}
	asked = []string{"netapi", "registry"}
	r.Kind = "none"
	switch j.Status {
	case workgroup:
		r.Kind, r.Domain = "workgroup", j.Name
	case domain:
		r.Kind, r.Domain, r.Client = "domain", j.Name, "netlogon"
		r.Realm = read(`HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters`, "Domain").Text("Domain")
		netlogon := read(`HKLM\SYSTEM\CurrentControlSet\Services\Netlogon\Parameters`, "SiteName", "DynamicSiteName")
		if r.Site = netlogon.Text("SiteName"); r.Site == "" {
			r.Site = netlogon.Text("DynamicSiteName")
		}
		const policy = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\`
		if _, unit, ok := strings.Cut(read(policy+`State\Machine`, "Distinguished-Name").Text("Distinguished-Name"), ","); ok {
			r.OrgUnit = unit
		}
		r.Controller = strings.TrimPrefix(read(policy+`History`, "DCName").Text("DCName"), `\\`)
		r.PolicyAt = policyTime(read(policy+`State\Machine\Extension-List\{00000000-0000-0000-0000-000000000000}`, "Status", "EndTimeHi", "EndTimeLo"))
	}
	entra(read, &r)
	managed(read, &r)
	return r, asked, faults, nil
}

// policyTime is when policies were last applied without an error.
func policyTime(k host.Key) time.Time {
	status, ok := k.Number("Status")
	hi, _ := k.Number("EndTimeHi")
	lo, _ := k.Number("EndTimeLo")
	if !ok || status != 0 {
		return time.Time{}
	}
	return host.FileTime(hi<<32 | lo&(1<<32-1)).Truncate(time.Second)
}

// entra reads the join to a tenant; the key of each certificate that proves it
// is one join.
func entra(read func(string, ...string) host.Key, r *inventory.DomainJoin) {
	const root = `HKLM\SYSTEM\CurrentControlSet\Control\CloudDomainJoin\`
	for _, name := range read(root+"JoinInfo", "no value").Subkeys {
		k := read(root+`JoinInfo\`+name, "TenantId", "UserEmail")
		if r.TenantID = strings.ToLower(k.Text("TenantId")); r.TenantID == "" {
			continue
		}
		r.JoinedBy = k.Text("UserEmail")
		if r.Kind == "domain" {
			r.Kind = "hybrid"
		} else {
			r.Kind = "entra"
		}
		r.TenantName = read(root+`TenantInfo\`+k.Text("TenantId"), "DisplayName").Text("DisplayName")
		return
	}
}

// managed reads enrolments to device management that are complete.
func managed(read func(string, ...string) host.Key, r *inventory.DomainJoin) {
	const root = `HKLM\SOFTWARE\Microsoft\Enrollments`
	r.MDM = new(false)
	list := read(root, "no value").Subkeys
	for _, name := range list[:min(len(list), 200)] {
		k := read(root+`\`+name, "ProviderID", "EnrollmentState", "UPN", "DiscoveryServiceFullURL")
		provider := k.Text("ProviderID")
		if n, ok := k.Number("EnrollmentState"); provider == "" || !ok || n != 1 {
			continue
		}
		r.MDM, r.MDMProvider, r.MDMUser = new(true), provider, k.Text("UPN")
		if provider == "MS DM Server" {
			r.MDMProvider = "Intune"
		}
		if u, err := url.Parse(k.Text("DiscoveryServiceFullURL")); err == nil {
			r.MDMServer = u.Hostname()
		}
		return
	}
}
