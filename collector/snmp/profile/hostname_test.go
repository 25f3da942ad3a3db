package profile

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/collector/snmp/session"
)

// productWords are what people call hosts by, besides what stands in patterns.
func productWords() []string {
	return []string{
		"aironet",
		"apc",
		"aruba",
		"astaro",
		"axis",
		"barracuda",
		"brocade",
		"catalyst",
		"checkpoint",
		"cisco",
		"cs121",
		"cs141",
		"dell",
		"diskstation",
		"dlink",
		"eaton",
		"edgerouter",
		"edgeswitch",
		"esxi",
		"extreme",
		"fortigate",
		"freenas",
		"gaia",
		"huawei",
		"idrac",
		"ilo",
		"juniper",
		"lexmark",
		"mikrotik",
		"netapp",
		"netscaler",
		"nexus",
		"opnsense",
		"panorama",
		"pfsense",
		"proxmox",
		"qnap",
		"routeros",
		"ruckus",
		"rut950",
		"sonic",
		"sonicwall",
		"sophos",
		"supermicro",
		"synology",
		"teltonika",
		"truenas",
		"TS-453",
		"UBNT",
		"UCG-Ultra",
		"UDM-Pro",
		"unifi",
		"USG",
		"USW-24",
		"vcenter",
		"vyos",
		"watchguard",
		"xerox",
		"zyxel",
	}
}

// patternWords are the words of three characters or more that patterns of
// sysDescr look for.
func patternWords(s *Set) []string {
	escape, word := regexp.MustCompile(`\\.|\(\?\w+\)`), regexp.MustCompile(`[A-Za-z][A-Za-z0-9]{2,}`)
	out := map[string]bool{}
	for _, p := range s.profiles {
		for _, m := range p.matches {
			for _, w := range word.FindAllString(escape.ReplaceAllString(m.Description, " "), -1) {
				out[w] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// A server is called by what stands beside it, or by what it looks after. That
// makes it none of these: net-snmp has the name of the host in sysDescr.
func TestNamesOfHostsTellNothing(t *testing.T) {
	s := own(t)
	words := append(patternWords(s), productWords()...)
	if len(words) < 150 {
		t.Fatalf("only %d words", len(words))
	}
	for _, box := range []struct{ objectID, description, profile string }{
		{"1.3.6.1.4.1.8072.3.2.10", "Linux HOST 5.15.0-134-generic #145-Ubuntu SMP Wed Feb 12 20:08:39 UTC 2025 x86_64", "linux"},
		{"1.3.6.1.4.1.8072.3.2.255", "Linux HOST 4.19.97 #1294 Thu Jan 30 13:10:54 GMT 2020 armv6l", "linux"},
		{"1.3.6.1.4.1.8072.3.2.8", "FreeBSD HOST 13.2-RELEASE-p4 FreeBSD 13.2-RELEASE-p4 #0 r268512: Thu Jul 10 23:44:39 UTC 2023 root@HOST:/usr/obj/usr/src/sys/GENERIC amd64", "freebsd"},
		{"1.3.6.1.4.1.12325.1.1.2.1.1", "HOST 4042322160 FreeBSD 13.2-RELEASE-p4", "freebsd"},
		{"1.3.6.1.4.1.8072.3.2.13", "Windows HOST 10.0.17763   Intel64 Family 6 Model 85 Stepping 7", "any-host"},
		{"1.3.6.1.4.1.311.1.1.3.1.2", "Hardware: Intel64 Family 6 Model 85 Stepping 7 AT/AT COMPATIBLE - Software: Windows Version 6.3 (Build 17763 Multiprocessor Free)", "windows"},
	} {
		facts := func(host string) map[string]string {
			w := &walked{contexts: map[string][]session.Variable{}, requests: new(int), fail: map[string]error{}}
			w.set(t, oidSysDescr, "s", strings.ReplaceAll(box.description, "HOST", host))
			w.set(t, oidSysObjectID, "o", box.objectID)
			w.set(t, oidSysName, "s", host)
			w.set(t, "1.3.6.1.2.1.25.1.6.0", "g", "120") // hrSystemProcesses
			d := identifyWith(t, s, w)
			out := map[string]string{"profile": d.Profile()}
			for _, name := range []string{"vendor", "model", "os", "version", "kind", "serial"} {
				out[name] = d.Fact(name)
			}
			return out
		}
		plain := facts("files")
		if plain["profile"] != box.profile {
			t.Fatalf("%s: %v, want %s", box.description, plain, box.profile)
		}
		for _, word := range words {
			for _, host := range []string{word, strings.ToLower(word), strings.ToUpper(word), "srv-" + word, word + "-2.office.example"} {
				if got := facts(host); !maps.Equal(got, plain) {
					t.Errorf("a host called %s (%s): %v, want %v", host, box.objectID, got, plain)
				}
			}
		}
	}
}
