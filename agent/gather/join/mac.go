package join

import (
	"context"
	"net/url"
	"strings"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// readMac reads the section on macOS: Active Directory by dsconfigad, device
// management by profiles.
func readMac(ctx context.Context, h *host.Host) (inventory.DomainJoin, []string, []string, error) {
	row := inventory.DomainJoin{Kind: "none"}
	var asked, faults []string
	var ad struct {
		General struct {
			Domain string `plist:"Active Directory Domain"`
			Forest string `plist:"Active Directory Forest"`
		} `plist:"General Info"`
		Administrative struct {
			Controller string `plist:"Preferred Domain Controller"`
		} `plist:"Administrative"`
	}
	if err := apple.Ask(ctx, h, "dsconfigad", &ad); err != nil {
		faults = append(faults, err.Error())
	} else {
		asked = append(asked, "dsconfigad")
		if ad.General.Domain != "" {
			row.Kind, row.Domain, row.Realm, row.Client = "domain", ad.General.Domain, strings.ToUpper(ad.General.Domain), "opendirectory"
		}
		if c := ad.Administrative.Controller; c != "" && c != "not set" {
			row.Controller = c
		}
	}
	b, err := h.Run(ctx, "profiles")
	if err != nil {
		faults = append(faults, err.Error())
	} else {
		asked = append(asked, "profiles")
		enrolment(apple.Lines(b), &row)
	}
	if len(asked) == 0 {
		return row, nil, nil, err
	}
	return row, asked, faults, nil
}

// enrolment takes over what profiles status says: "Enrolled via DEP: Yes", "MDM
// enrollment: Yes (User Approved)", "MDM server: https://…".
func enrolment(v map[string]string, row *inventory.DomainJoin) {
	enrolled, told := v["MDM enrollment"]
	if !told {
		return
	}
	row.MDM = new(strings.HasPrefix(enrolled, "Yes"))
	if dep, told := v["Enrolled via DEP"]; told {
		row.MDMSupervised = new(strings.HasPrefix(dep, "Yes"))
	}
	u, err := url.Parse(v["MDM server"])
	if err != nil || u.Hostname() == "" {
		return
	}
	row.MDMServer = u.Hostname()
	for _, x := range [...][2]string{
		{"jamfcloud.com", "Jamf"}, {"manage.microsoft.com", "Intune"}, {"kandji.io", "Kandji"}, {"iru.com", "Kandji"}, {"mosyle.com", "Mosyle"},
		{"awmdm.com", "Workspace ONE"}, {"meraki.com", "Meraki"}, {"jumpcloud.com", "JumpCloud"}, {"addigy.com", "Addigy"}, {"simplemdm.com", "SimpleMDM"},
		{"apple.com", "Apple Business Essentials"},
	} {
		if row.MDMServer == x[0] || strings.HasSuffix(row.MDMServer, "."+x[0]) {
			row.MDMProvider = x[1]
		}
	}
}
