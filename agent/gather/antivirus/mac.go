package antivirus

import (
	"context"
	"fmt"
	"path"
	"slices"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// macProduct is how one product is known on macOS: by its app or folder, and by
// the job of launchd that does its work.
type macProduct struct {
	Name, Vendor, Kind string
	Places             []string // any of them says that it is installed
	Jobs               []string // any of them running says that it works
	Info               string   // property list with the version
	Managed            []string // any of them says that a console steers it
}

// xprotect is Apple's own, on every Mac; its version is that of its signatures.
const xprotect = "/Library/Apple/System/Library/CoreServices/XProtect.bundle/Contents/Info.plist"

// macProducts lists what is known. Places and labels are those of the vendors'
// own packages and removal guides.
func macProducts() []macProduct {
	return []macProduct{
		{Name: "Microsoft Defender for Endpoint", Vendor: "Microsoft", Kind: "edr", Places: []string{"/Applications/Microsoft Defender.app"},
			Jobs: []string{"com.microsoft.fresno", "com.microsoft.wdav"}, Info: "/Applications/Microsoft Defender.app/Contents/Info.plist",
			Managed: []string{"/Library/Managed Preferences/com.microsoft.wdav.plist", "/Library/Managed Preferences/com.microsoft.wdav.atp.plist"}},
		{Name: "CrowdStrike Falcon", Vendor: "CrowdStrike", Kind: "edr", Places: []string{"/Applications/Falcon.app"},
			Jobs: []string{"com.crowdstrike.falcond", "com.crowdstrike.falcon.Agent"}, Info: "/Applications/Falcon.app/Contents/Info.plist"},
		{Name: "SentinelOne", Vendor: "SentinelOne", Kind: "edr", Places: []string{"/Library/Sentinel/sentinel-agent.bundle", "/Applications/SentinelOne"},
			Jobs: []string{"com.sentinelone.sentineld"}, Info: "/Library/Sentinel/sentinel-agent.bundle/Contents/Info.plist"},
		{Name: "Sophos Endpoint", Vendor: "Sophos", Kind: "edr", Places: []string{"/Library/Sophos Anti-Virus", "/Applications/Sophos/Sophos Endpoint.app"},
			Jobs: []string{"com.sophos.endpoint.scanextension", "com.sophos.mcs", "com.sophos.common.servicemanager"}, Info: "/Applications/Sophos/Sophos Endpoint.app/Contents/Info.plist"},
		{Name: "ESET Endpoint Security", Vendor: "ESET", Kind: "antivirus", Places: []string{"/Applications/ESET Endpoint Security.app", "/Applications/ESET Endpoint Antivirus.app"},
			Jobs: []string{"com.eset.endpoint", "com.eset.esets_daemon"}, Info: "/Applications/ESET Endpoint Security.app/Contents/Info.plist"},
		{Name: "Jamf Protect", Vendor: "Jamf", Kind: "edr", Places: []string{"/Applications/JamfProtect.app"}, Jobs: []string{"com.jamf.protect.daemon"},
			Info: "/Applications/JamfProtect.app/Contents/Info.plist"},
		{Name: "Malwarebytes", Vendor: "Malwarebytes", Kind: "antivirus", Places: []string{"/Library/Application Support/Malwarebytes/MBAM", "/Applications/Malwarebytes.app"},
			Jobs: []string{"com.malwarebytes.mbam.rtprotection.daemon"}, Info: "/Applications/Malwarebytes.app/Contents/Info.plist"},
		{Name: "Bitdefender GravityZone", Vendor: "Bitdefender", Kind: "edr", Places: []string{"/Library/Bitdefender/AVP"}, Jobs: []string{"com.bitdefender.epsecurity.BDLDaemonApp", "com.bitdefender.CoreIssues"}},
		{Name: "Carbon Black Cloud", Vendor: "Broadcom", Kind: "edr", Places: []string{"/Applications/VMware Carbon Black Cloud", "/Applications/Confer.app"}, Jobs: []string{"com.vmware.carbonblack.cloud.daemon"}},
		{Name: "Cortex XDR", Vendor: "Palo Alto Networks", Kind: "edr", Places: []string{"/Library/Application Support/PaloAltoNetworks/Traps"}, Jobs: []string{"com.paloaltonetworks.cortex.agent", "com.paloaltonetworks.traps.agent"}},
		{Name: "Trellix Endpoint Security", Vendor: "Trellix", Kind: "antivirus", Places: []string{"/usr/local/McAfee/AntiMalware", "/Library/Trellix/ens"}, Jobs: []string{"com.mcafee.virusscan.fmpd", "com.trellix.CoreServices"}},
		{Name: "Trend Micro Security", Vendor: "Trend Micro", Kind: "antivirus", Places: []string{"/Library/Application Support/TrendMicro"}, Jobs: []string{"com.trendmicro.icore.av"}},
		{Name: "Cisco Secure Endpoint", Vendor: "Cisco", Kind: "edr", Places: []string{"/opt/cisco/amp", "/Applications/Cisco Secure Endpoint"}, Jobs: []string{"com.cisco.amp.daemon"}},
		{Name: "Elastic Defend", Vendor: "Elastic", Kind: "edr", Places: []string{"/Library/Elastic/Endpoint"}, Jobs: []string{"co.elastic.endpoint"}, Managed: []string{"/Library/Elastic/Agent/fleet.enc"}},
		{Name: "Wazuh", Vendor: "Wazuh", Kind: "edr", Places: []string{"/Library/Ossec/bin/wazuh-agentd"}, Jobs: []string{"com.wazuh.agent"}, Managed: []string{"/Library/Ossec/etc/client.keys"}},
		{Name: "Symantec Endpoint Protection", Vendor: "Broadcom", Kind: "antivirus", Places: []string{"/Applications/Symantec Solutions", "/Applications/Symantec Endpoint Protection.app"},
			Jobs: []string{"com.symantec.symdaemon", "com.broadcom.mes.systemextension"}},
		{Name: "Kaspersky Endpoint Security", Vendor: "Kaspersky", Kind: "antivirus", Places: []string{"/Applications/Kaspersky Endpoint Security.app"}, Jobs: []string{"com.kaspersky.kav"}},
		{Name: "Huntress", Vendor: "Huntress", Kind: "edr", Places: []string{"/Applications/Huntress.app"}, Jobs: []string{"com.huntress.agent"}},
	}
}

// bundle is what the property list of an app or bundle says of its version.
type bundle struct {
	Short string `plist:"CFBundleShortVersionString"`
	Build string `plist:"CFBundleVersion"`
}

// fromMac reads the section on macOS. Whether a product watches files is known
// to its own console alone; here is told whether its job runs.
func fromMac(ctx context.Context, h *host.Host) (rows []inventory.Antivirus, asked, faults []string, err error) {
	asked = []string{"files"}
	if fi, err := h.Stat(xprotect); err == nil {
		r := inventory.Antivirus{Name: "XProtect", Vendor: "Apple", Kind: "antivirus", Enabled: new(true), SignatureAt: fi.ModTime().UTC()}
		var b bundle
		if err := apple.File(h, xprotect, &b); err != nil {
			faults = append(faults, err.Error())
		}
		r.Signature = cleanVersion(b.Short)
		rows = append(rows, r)
	}
	var running map[string]apple.Loaded
	for _, p := range macProducts() {
		if !slices.ContainsFunc(p.Places, h.Exists) {
			continue
		}
		if running == nil {
			out, err := h.Run(ctx, "launchctl")
			if err != nil {
				faults = append(faults, fmt.Sprintf("which products run: %v", err))
			}
			running = apple.ParseLoaded(out)
			asked = append(asked, "launchctl")
		}
		r := inventory.Antivirus{Name: p.Name, Vendor: p.Vendor, Kind: p.Kind}
		if len(running) > 0 {
			there := func(job string) bool { _, ok := running[job]; return ok }
			r.Enabled = new(slices.ContainsFunc(p.Jobs, there))
			r.Running = new(slices.ContainsFunc(p.Jobs, func(job string) bool { return running[job].PID > 0 }))
		}
		if p.Info != "" && h.Exists(p.Info) {
			var b bundle
			if err := apple.File(h, p.Info, &b); err != nil {
				faults = append(faults, path.Base(path.Dir(path.Dir(p.Info)))+": "+err.Error())
			}
			if r.Version = cleanVersion(b.Short); r.Version == "" {
				r.Version = cleanVersion(b.Build)
			}
		}
		if len(p.Managed) > 0 {
			r.Managed = new(slices.ContainsFunc(p.Managed, h.Exists))
		}
		rows = append(rows, r)
	}
	return rows, asked, faults, nil
}
