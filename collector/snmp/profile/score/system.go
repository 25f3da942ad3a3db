package score

import (
	"regexp"
	"slices"
	"strings"
)

// product is what may be said of devices of one product line, as the expected
// values name it.
type product struct {
	line   string // device.os of the expected values
	vendor string // any of these words, parted by |
	os     string // regular expression of a system's name; none: it has no name of its own, and the maker and the kind of device tell
	kinds  string // kinds of device that it may be, parted by |; none: any
}

// products says how the two programs name things: the expected values name a
// product line (ciscosb), Muster a maker and an operating system.
func products() []product {
	const (
		network = "switch|router|firewall|access_point|wireless_controller"
		power   = "ups|pdu|other"
		server  = "main_server|server|nas|embedded|other"
	)
	return []product{
		{"3com", "3Com|HP|HPE|H3C", "", network},
		{"airos", "Ubiquiti", "airOS|airMAX", ""},
		{"airos-af", "Ubiquiti", "airOS|airFiber", ""},
		{"airos-af-ltu", "Ubiquiti", "airOS|airFiber|LTU", ""},
		{"airos-af60", "Ubiquiti", "airOS|airFiber|AF60", ""},
		{"aix", "IBM", "AIX", server},
		{"allied", "Allied Telesis", "AlliedWare|AT-S|^$", network},
		{"apc", "APC|Schneider", "", power},
		{"apc-epdu", "APC|Schneider", "", power},
		{"apc-mgeups", "APC|MGE|Eaton|Schneider", "", power},
		{"arista_eos", "Arista", "EOS", network},
		{"aruba-instant", "Aruba|HPE", "Instant|AOS|ArubaOS", "access_point|wireless_controller"},
		{"arubaos", "Aruba|HPE", "ArubaOS|AOS", "wireless_controller|access_point"},
		{"arubaos-cx", "Aruba|HPE", "AOS-CX|ArubaOS-CX", "switch|router"},
		{"asa", "Cisco", "ASA|Adaptive Security", "firewall"},
		{"avaya-ers", "Avaya|Nortel|Extreme", "BOSS|ERS|^$", network},
		{"awplus", "Allied Telesis", "AlliedWare", network},
		{"axiscam", "Axis", "", "camera|other"},
		{"boss", "Avaya|Nortel|Extreme", "BOSS|Baystack|Ethernet Routing", network},
		{"brother", "Brother", "", "printer"},
		{"canonprinter", "Canon", "", "printer"},
		{"cimc", "Cisco", "CIMC|Integrated Management", server},
		{"ciscosb", "Cisco", "", network},
		{"ciscosmblinux", "Cisco|Linksys", "", network},
		{"ciscowlc", "Cisco", "AireOS|WLC|Wireless|Mobility Express|Business Wireless", "wireless_controller|access_point"},
		{"comware", "HP|HPE|H3C|3Com", "Comware", network},
		{"cumulus", "Cumulus|NVIDIA|Mellanox", "Cumulus", network},
		{"cyberoam-utm", "Sophos|Cyberoam", "", "firewall"},
		{"cyberpower", "CyberPower", "", power},
		{"dahua", "Dahua", "", "camera|other"},
		{"dahuanvr", "Dahua", "", "camera|nas|other"},
		{"dell-laser", "Dell|Lexmark", "", "printer"},
		{"dell-os10", "Dell", "OS10", network},
		{"dell-rpdu", "Dell|APC", "", power},
		{"dell-sonic", "Dell", "SONiC", network},
		{"dell-ups", "Dell", "", power},
		{"deltaups", "Delta", "", power},
		{"dlink", "D-Link", "", network},
		{"dlink-dgs1250", "D-Link", "", network},
		{"dlinkap", "D-Link", "", "access_point|router"},
		{"dnos", "Dell", "DNOS|OS9|FTOS|Force10|Networking OS|OS6|N-Series", network},
		{"draytek", "DrayTek", "", network},
		{"drac", "Dell", "iDRAC|DRAC|CMC", server},
		{"dsm", "Synology", "DSM|DiskStation", "nas|main_server"},
		{"eatonpdu", "Eaton", "", power},
		{"eatonups", "Eaton|Powerware", "", power},
		{"eatonupsm2", "Eaton", "", power},
		{"eaton-mgeups", "Eaton|MGE", "", power},
		{"edgecos", "Edge-Core|Edgecore|Accton", "", network},
		{"edgeos", "Ubiquiti", "EdgeOS", network},
		{"edgeswitch", "Ubiquiti", "EdgeSwitch|UniFi|FASTPATH|^$", network},
		{"enterasys", "Enterasys|Extreme", "", network},
		{"epson", "Epson", "", "printer"},
		{"f5", "F5", "BIG-IP|TMOS|F5OS", ""},
		{"fabos", "Brocade|Broadcom", "Fabric OS|FOS", ""},
		{"fortiadc", "Fortinet", "FortiADC", ""},
		{"fortiap", "Fortinet", "FortiAP", "access_point"},
		{"fortigate", "Fortinet", "FortiOS|FortiGate", "firewall|router"},
		{"fortiswitch", "Fortinet", "FortiSwitch", "switch"},
		{"fortiweb", "Fortinet", "FortiWeb", ""},
		{"fortiwlc", "Fortinet|Meru", "", "wireless_controller"},
		{"freebsd", "", "FreeBSD", server},
		{"freenas", "iXsystems|FreeNAS", "FreeNAS|TrueNAS", "nas|main_server"},
		{"ftd", "Cisco", "FTD|Firepower|Threat Defense", "firewall"},
		{"ftos", "Dell|Force10", "FTOS|Force10|OS9|DNOS|Networking OS", network},
		{"fujifilmprinter", "Fuji", "", "printer"},
		{"fujixerox-printer", "Fuji|Xerox", "", "printer"},
		{"gaia", "Check Point", "Gaia|GAiA", "firewall|main_server|router"},
		{"generex-ups", "Generex", "", power},
		{"hikvision-cam", "Hikvision", "", "camera|other"},
		{"hikvision-nvr", "Hikvision", "", "camera|nas|other"},
		{"hirschmann", "Hirschmann|Belden", "HiOS|^$", network},
		{"hiveos-wireless", "Aerohive|Extreme", "HiveOS|IQ Engine", "access_point"},
		{"hpe-ilo", "HP|HPE", "iLO", server},
		{"hpe-pdu", "HP|HPE", "", power},
		{"hpe-rtups", "HP|HPE", "", power},
		{"huaweiups", "Huawei", "", power},
		{"ibm-amm", "IBM|Lenovo", "AMM|^$", server},
		{"ibm-imm", "IBM|Lenovo", "IMM", server},
		{"ios", "Cisco", `\bIOS$|IOS Software`, network},
		{"iosxe", "Cisco", "IOS.?XE", network},
		{"iosxr", "Cisco", "IOS.?XR", network},
		{"ironware", "Brocade|Foundry|Ruckus|Extreme", "IronWare|FastIron|NetIron", network},
		{"ironware-foundry", "Brocade|Foundry|Ruckus|Extreme", "IronWare|FastIron|NetIron", network},
		{"ise", "Cisco", "ISE|Identity", ""},
		{"jetdirect", "HP|HPE", "", "printer"},
		{"jetstream", "TP-Link", "", network},
		{"junos", "Juniper", "Junos", network},
		{"konica", "Konica", "", "printer"},
		{"kyocera", "Kyocera|UTAX|Triumph", "", "printer"},
		{"lexmarkprinter", "Lexmark|Dell", "", "printer"},
		{"liebert", "Vertiv|Liebert|Emerson", "", power},
		{"linksys-ss", "Linksys", "", network},
		{"linux", "", "Linux|Debian|Ubuntu|Red Hat|CentOS|SUSE|Alpine", server},
		{"meraki", "Cisco|Meraki", "", network},
		{"merakims", "Cisco|Meraki", "", network},
		{"mellanox", "Mellanox|NVIDIA", "MLNX|Onyx", network},
		{"netagent2", "Megatec|NetAgent", "", power},
		{"netbotz", "APC|NetBotz|Schneider", "", ""},
		{"netgear", "Netgear", "", network},
		{"netmanplus", "Riello", "", power},
		{"netscaler", "Citrix", "NetScaler|ADC", ""},
		{"nos", "Brocade|Extreme", "NOS|Network OS", network},
		{"nxos", "Cisco", "NX.?OS", network},
		{"okilan", "Oki", "", "printer"},
		{"omnipcx", "Alcatel", "", ""},
		{"aos", "Alcatel", "AOS", network},
		{"aos6", "Alcatel", "AOS", network},
		{"aos7", "Alcatel", "AOS", network},
		{"opnsense", "Deciso|OPNsense|FreeBSD", "OPNsense", "firewall|router"},
		{"panos", "Palo Alto", "PAN.?OS", "firewall|router"},
		{"panasonic-ups", "Panasonic", "", power},
		{"pcoweb", "Carel", "", ""},
		{"pfsense", "Netgate|pfSense|FreeBSD", "pfSense", "firewall|router"},
		{"planetos", "Planet", "", network},
		{"poweralert", "Tripp", "", power},
		{"powerconnect", "Dell", "", network},
		{"procurve", "HP|HPE|Aruba", "ProCurve|ProVision|ArubaOS-Switch|AOS-S|^$", network},
		{"qnap", "QNAP", "QTS|QuTS|^$", "nas|main_server"},
		{"raritan-kvm", "Raritan", "", ""},
		{"raritan-pdu", "Raritan", "", power},
		{"ricoh", "Ricoh|Lanier|Savin|Gestetner|NRG", "", "printer"},
		{"routeros", "MikroTik", "RouterOS", network},
		{"ruckuswireless", "Ruckus|Brocade|CommScope", "", "wireless_controller|access_point"},
		{"ruckuswireless-hotzone", "Ruckus|Brocade|CommScope", "", "wireless_controller|access_point"},
		{"ruckuswireless-sz", "Ruckus|Brocade|CommScope", "", "wireless_controller|access_point"},
		{"ruckuswireless-unleashed", "Ruckus|Brocade|CommScope", "", "wireless_controller|access_point"},
		{"samsungprinter", "Samsung|HP", "", "printer"},
		{"scalance", "Siemens", "", network},
		{"screenos", "Juniper|NetScreen", "ScreenOS", "firewall"},
		{"secureplatform", "Check Point", "SecurePlatform", "firewall|main_server"},
		{"sentry3", "Server Technology|Sentry", "", power},
		{"sentry4", "Server Technology|Sentry", "", power},
		{"serveriron", "Brocade|Foundry", "", network},
		{"sharp", "Sharp", "", "printer"},
		{"slxos", "Extreme|Brocade", "SLX", network},
		{"snr", "SNR", "", network},
		{"socomec-ups", "Socomec", "", power},
		{"sonicwall", "SonicWall|Dell", "SonicOS", "firewall|router"},
		{"sophos", "Sophos", "SFOS|Sophos|UTM|^$", "firewall|router|main_server"},
		{"sophos-xg", "Sophos", "SFOS|Sophos|XG|XGS", "firewall|router"},
		{"supermicro-bmc", "Supermicro|Super Micro", "", server},
		{"swos", "MikroTik", "SwOS", network},
		{"symbol", "Zebra|Symbol|Motorola|Extreme", "", network},
		{"toshiba-tec", "Toshiba", "", "printer"},
		{"tplink", "TP-Link", "", network},
		{"trendnet", "TRENDnet", "", network},
		{"trippliteups", "Tripp", "", power},
		{"truenas", "iXsystems|TrueNAS", "TrueNAS|FreeNAS", "nas|main_server"},
		{"unifi", "Ubiquiti", "UniFi", "access_point"},
		{"vertiv-pdu", "Vertiv|Geist", "", power},
		{"vivotek", "Vivotek", "", "camera|other"},
		{"vmware-esxi", "VMware|HP|HPE|Dell|Lenovo|Cisco|Supermicro|Fujitsu|IBM", "ESXi", server},
		{"vmware-vcsa", "VMware", "vCenter|VCSA|Photon", ""},
		{"voss", "Extreme|Avaya|Nortel", "VOSS|VSP|Fabric Engine", network},
		{"vrp", "Huawei", "VRP", network},
		{"vyatta", "Vyatta|Brocade", "Vyatta", network},
		{"vyos", "VyOS", "VyOS", network},
		{"windows", "", "Windows", server},
		{"xclarity", "Lenovo|IBM", "XCC|XClarity", server},
		{"xerox", "Xerox", "", "printer"},
		{"xirrus_aos", "Xirrus|Cambium|Riverbed", "", "access_point|wireless_controller|switch"},
		{"xos", "Extreme", "XOS|EXOS|Switch Engine", network},
		{"zynos", "Zyxel|ZyXEL", "", network},
		{"zywall", "Zyxel|ZyXEL", "", "firewall|router"},
		{"zyxelnwa", "Zyxel|ZyXEL", "", "access_point"},
		{"zyxelusg", "Zyxel|ZyXEL", "", "firewall|router"},
		{"zyxelwlc", "Zyxel|ZyXEL", "", "wireless_controller"},
	}
}

// productOf finds a line.
func productOf(line string) (product, bool) {
	list := products()
	i := slices.IndexFunc(list, func(p product) bool { return p.line == line })
	if i < 0 {
		return product{}, false
	}
	return list[i], true
}

// made says whether a vendor is the maker: one of its words is in the name.
func (p *product) made(vendor string) bool {
	return slices.ContainsFunc(strings.Split(p.vendor, "|"), func(w string) bool {
		return w != "" && strings.Contains(strings.ToLower(vendor), strings.ToLower(w))
	})
}

// runs says whether a system, with the maker and the kind of the device, is
// that of the line.
func (p *product) runs(os, vendor, kind string) bool {
	if p.os != "" && regexp.MustCompile("(?i)"+p.os).MatchString(os) && (os != "" || p.made(vendor)) {
		return true
	}
	if p.os != "" {
		return false
	}
	return p.made(vendor) && (p.kinds == "" || slices.Contains(strings.Split(p.kinds, "|"), kind))
}

// says holds a text of a device against the one that is expected: they are the
// same, or all words of one stand in the other side by side, as "16.6.7" in
// "CAT9K_IOSXE 16.6.7" or "PowerEdge R640" in "Dell PowerEdge R640". Of models
// and versions a word with a digit must be among them, since "Switch" says
// nothing.
func says(got, want string) bool {
	if same(got, want) {
		return got != ""
	}
	a, b := wordsOf(got), wordsOf(want)
	if len(a) > len(b) {
		a, b = b, a
	}
	telling := slices.ContainsFunc(a, func(w string) bool { return len(w) > 2 && strings.ContainsAny(w, "0123456789") })
	if !telling {
		return false
	}
	for i := 0; i+len(a) <= len(b); i++ {
		if slices.Equal(a, b[i:i+len(a)]) {
			return true
		}
	}
	return false
}

// wordsOf are the words of a text in lower case, without the v of versions.
func wordsOf(s string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return strings.ContainsRune(" ,;:/[]\"'\t\r\n_", r) }) {
		w = strings.Trim(w, ".-")
		if strings.HasPrefix(w, "(") || strings.HasSuffix(w, ")") && !strings.Contains(w, "(") {
			w = strings.Trim(w, "()")
		}
		if len(w) > 1 && w[0] == 'v' && w[1] >= '0' && w[1] <= '9' {
			w = w[1:]
		}
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

// plain is a serial number without what people put between its parts.
func plain(s string) string {
	return strings.ToLower(strings.NewReplacer(":", "", "-", "", " ", "", ".", "").Replace(s))
}
