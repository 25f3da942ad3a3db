package antivirus

// product is how one product is known on Linux: by what its installer lays
// down, the programs that do its work, and the unit that starts them.
type product struct {
	Name, Vendor, Kind string
	Places             []string // any of them says that it is installed
	Programs           []string // any of them running says that it works
	Units              []string
	Packages           []string // of dpkg, for the version
	Version            []source // first that tells
	Signatures         []string // files or folders whose time is that of the signatures
	Managed            []string // any of them says that a console steers it
}

// source is a file that tells a version.
type source struct {
	File string
	Key  string // of a key file, or of an object when the file is JSON; empty: the first line is it
	Name string // instead: prefix of folders, in which the version stands in the name
}

// products lists what is known. Places are those of the vendors' own packages.
func products() []product {
	return []product{
		{Name: "ClamAV", Vendor: "Cisco Talos", Kind: "antivirus",
			Places: []string{"/usr/sbin/clamd", "/usr/bin/clamscan", "/usr/local/sbin/clamd"}, Programs: []string{"clamd"},
			Units: []string{"clamav-daemon.service", "clamd@scan.service", "clamd.service"}, Packages: []string{"clamav-daemon", "clamav"}},
		{Name: "CrowdStrike Falcon", Vendor: "CrowdStrike", Kind: "edr",
			Places: []string{"/opt/CrowdStrike/falconctl"}, Programs: []string{"falcon-sensor", "falcon-sensor-bpf", "falcond"},
			Units: []string{"falcon-sensor.service"}, Packages: []string{"falcon-sensor"}},
		{Name: "SentinelOne", Vendor: "SentinelOne", Kind: "edr",
			Places: []string{"/opt/sentinelone/bin"}, Programs: []string{"s1-agent", "s1-orchestrator", "sentinelone-agent"},
			Units: []string{"sentinelone.service"}, Packages: []string{"sentinelagent"}},
		{Name: "Microsoft Defender for Endpoint", Vendor: "Microsoft", Kind: "edr",
			Places: []string{"/opt/microsoft/mdatp"}, Programs: []string{"wdavdaemon"},
			Units: []string{"mdatp.service"}, Packages: []string{"mdatp"},
			Signatures: []string{"/var/opt/microsoft/mdatp/definitions.noindex", "/opt/microsoft/mdatp/definitions.noindex"},
			Managed:    []string{"/etc/opt/microsoft/mdatp/mdatp_onboard.json"}},
		{Name: "Sophos Protection for Linux", Vendor: "Sophos", Kind: "edr",
			Places: []string{"/opt/sophos-spl/base"}, Programs: []string{"sophos_managementagent", "sophos_threat_detector", "av"},
			Units:      []string{"sophos-spl.service"},
			Version:    []source{{File: "/opt/sophos-spl/base/VERSION.ini", Key: "PRODUCT_VERSION"}},
			Signatures: []string{"/opt/sophos-spl/plugins/av/chroot/susi/update_source/vdl"},
			Managed:    []string{"/opt/sophos-spl/base/etc/mcs.config"}},
		{Name: "Sophos Anti-Virus", Vendor: "Sophos", Kind: "antivirus",
			Places: []string{"/opt/sophos-av/bin/savd", "/opt/sophos-av/engine"}, Programs: []string{"savd"}, Units: []string{"sav-protect.service"}},
		{Name: "ESET Server Security", Vendor: "ESET", Kind: "antivirus",
			Places: []string{"/opt/eset/efs"}, Programs: []string{"startd", "scand", "oaeventd"}, Units: []string{"efs.service"}, Packages: []string{"efs"},
			Signatures: []string{"/var/opt/eset/efs/lib"}, Managed: []string{"/opt/eset/RemoteAdministrator/Agent"}},
		{Name: "ESET Endpoint Antivirus", Vendor: "ESET", Kind: "antivirus",
			Places: []string{"/opt/eset/eea"}, Programs: []string{"startd", "scand", "oaeventd"}, Units: []string{"eea.service"}, Packages: []string{"eea"},
			Signatures: []string{"/var/opt/eset/eea/lib"}, Managed: []string{"/opt/eset/RemoteAdministrator/Agent"}},
		{Name: "Trend Micro Deep Security Agent", Vendor: "Trend Micro", Kind: "edr",
			Places: []string{"/opt/ds_agent/ds_agent"}, Programs: []string{"ds_agent", "ds_am"}, Units: []string{"ds_agent.service"}, Packages: []string{"ds-agent"}},
		{Name: "Trend Micro Vision One", Vendor: "Trend Micro", Kind: "edr",
			Places: []string{"/opt/TrendMicro/EndpointBasecamp"}, Programs: []string{"tmxbc"}, Units: []string{"tmxbc.service"}},
		{Name: "Trend Micro ServerProtect", Vendor: "Trend Micro", Kind: "antivirus",
			Places: []string{"/opt/TrendMicro/SProtectLinux"}, Programs: []string{"vsapiapp", "splx"}, Units: []string{"splx.service"}},
		{Name: "Elastic Defend", Vendor: "Elastic", Kind: "edr",
			Places: []string{"/opt/Elastic/Endpoint/elastic-endpoint"}, Programs: []string{"elastic-endpoint"}, Units: []string{"ElasticEndpoint.service"},
			Version: []source{{File: "/opt/Elastic/Agent/data", Name: "elastic-agent-"}}, Managed: []string{"/opt/Elastic/Agent/fleet.enc"}},
		{Name: "Wazuh", Vendor: "Wazuh", Kind: "edr",
			Places: []string{"/var/ossec/bin/wazuh-agentd", "/var/ossec/bin/ossec-agentd"}, Programs: []string{"wazuh-agentd", "ossec-agentd"},
			Units: []string{"wazuh-agent.service"}, Packages: []string{"wazuh-agent"},
			Version: []source{{File: "/var/ossec/VERSION.json", Key: "version"}, {File: "/etc/ossec-init.conf", Key: "VERSION"}},
			Managed: []string{"/var/ossec/etc/client.keys"}},
		{Name: "Cylance", Vendor: "BlackBerry", Kind: "edr",
			Places: []string{"/opt/cylance/desktop"}, Programs: []string{"cylancesvc"}, Units: []string{"cylancesvc.service"}, Packages: []string{"cylance-protect"}},
		{Name: "Carbon Black Cloud", Vendor: "Broadcom", Kind: "edr",
			Places: []string{"/opt/carbonblack/psc"}, Programs: []string{"cbagentd", "event_collector"}, Units: []string{"cbagentd.service"}, Packages: []string{"cb-psc-sensor"}},
		{Name: "Carbon Black EDR", Vendor: "Broadcom", Kind: "edr",
			Places: []string{"/opt/cbsensor", "/usr/sbin/cbdaemon"}, Programs: []string{"cbdaemon"}, Units: []string{"cbdaemon.service"}},
		{Name: "Trellix Endpoint Security", Vendor: "Trellix", Kind: "antivirus",
			Places: []string{"/opt/McAfee/ens/tp", "/opt/isec/ens/threatprevention"}, Programs: []string{"mfetpd", "mfetpcli", "isectpd"},
			Units: []string{"mfetpd.service", "isectpd.service"}, Managed: []string{"/opt/McAfee/agent/bin/masvc"}},
		{Name: "Trellix HX", Vendor: "Trellix", Kind: "edr",
			Places: []string{"/opt/fireeye/bin/xagt"}, Programs: []string{"xagt"}, Units: []string{"xagt.service"}, Packages: []string{"xagt"}},
		{Name: "Cortex XDR", Vendor: "Palo Alto Networks", Kind: "edr",
			Places: []string{"/opt/traps/bin"}, Programs: []string{"pmd", "traps_pmd"}, Units: []string{"traps_pmd.service"}, Packages: []string{"cortex-agent"}},
		{Name: "Kaspersky Endpoint Security", Vendor: "Kaspersky", Kind: "antivirus",
			Places: []string{"/opt/kaspersky/kesl"}, Programs: []string{"kesl"}, Units: []string{"kesl.service", "kesl-supervisor.service"}, Packages: []string{"kesl"},
			Managed: []string{"/opt/kaspersky/klnagent64"}},
		{Name: "Bitdefender GravityZone", Vendor: "Bitdefender", Kind: "edr",
			Places: []string{"/opt/bitdefender-security-tools"}, Programs: []string{"bdsecd", "auctlmngr"}, Units: []string{"bdsec.service"}, Packages: []string{"bitdefender-security-tools"}},
		{Name: "Cisco Secure Endpoint", Vendor: "Cisco", Kind: "edr",
			Places: []string{"/opt/cisco/amp"}, Programs: []string{"ampdaemon"}, Units: []string{"cisco-amp.service"}},
		{Name: "Symantec Endpoint Protection", Vendor: "Broadcom", Kind: "antivirus",
			Places: []string{"/opt/Symantec/sdcssagent", "/opt/Symantec/symantec_antivirus", "/usr/lib/symantec"}, Programs: []string{"sisamddaemon", "rtvscand", "sisidsdaemon"},
			Units: []string{"sisamddaemon.service", "rtvscand.service"}},
		{Name: "Cybereason", Vendor: "Cybereason", Kind: "edr",
			Places: []string{"/opt/cybereason/sensor"}, Programs: []string{"cybereason-sensor", "cybereason-sens"}, Units: []string{"cybereason-sensor.service"}},
		{Name: "WithSecure Linux Protection", Vendor: "WithSecure", Kind: "antivirus",
			Places: []string{"/opt/f-secure/linuxsecurity", "/opt/f-secure/fsbg"}, Programs: []string{"fsma", "fsicd", "fsaua", "fsoasd"},
			Units: []string{"f-secure-linuxsecurity-scand.service"}, Packages: []string{"f-secure-linuxsecurity"}},
		{Name: "Dr.Web", Vendor: "Doctor Web", Kind: "antivirus",
			Places: []string{"/opt/drweb.com/bin"}, Programs: []string{"drweb-configd"}, Units: []string{"drweb-configd.service"}, Signatures: []string{"/var/opt/drweb.com/bases"}},
		{Name: "Huntress", Vendor: "Huntress", Kind: "edr",
			Places: []string{"/usr/share/huntress"}, Programs: []string{"huntress-agent"}, Units: []string{"huntress-agent.service"}},
		{Name: "Rapid7 Insight Agent", Vendor: "Rapid7", Kind: "other",
			Places: []string{"/opt/rapid7/ir_agent"}, Programs: []string{"ir_agent"}, Units: []string{"ir_agent.service"}},
	}
}
