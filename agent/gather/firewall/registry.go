package firewall

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

const (
	policyRoot = `HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall`
	localRoot  = `HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy`
)

// fromRegistry reads the three profiles of Windows' firewall as they are in
// force: a value that a policy sets goes before the machine's own.
func fromRegistry(h *host.Host) (rows []inventory.Firewall, asked, faults []string, err error) {
	if _, err := h.Key(host.View64, localRoot, "no value"); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("there is no Windows firewall here: %w", errors.ErrUnsupported)
		}
		return nil, nil, nil, err
	}
	read := func(path string, values ...string) host.Key {
		k, err := h.Key(host.View64, path, values...)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err.Error())
		}
		return k
	}
	// Without its service nothing is filtered, whatever the profiles say.
	start, known := read(`HKLM\SYSTEM\CurrentControlSet\Services\mpssvc`, "Start").Number("Start")
	off := known && start == 4
	n := rules(read(policyRoot+`\FirewallRules`)) + rules(read(localRoot+`\FirewallRules`))
	for _, p := range []struct{ key, name string }{{"DomainProfile", "domain"}, {"StandardProfile", "private"}, {"PublicProfile", "public"}} {
		values := []string{"EnableFirewall", "DefaultInboundAction", "DefaultOutboundAction", "DisableStealthMode"}
		policy := read(policyRoot+`\`+p.key, values...)
		local := read(localRoot+`\`+p.key, values...)
		value := func(name string) (uint64, bool) {
			if v, ok := policy.Number(name); ok {
				return v, true
			}
			return local.Number(name)
		}
		r := inventory.Firewall{Product: "windows", Profile: p.name, PolicyFrom: "local", Rules: &n, Inbound: "block", Outbound: "allow"}
		if policy.Has("EnableFirewall") {
			r.PolicyFrom = "domain"
		}
		if on, ok := value("EnableFirewall"); ok {
			r.Enabled = new(on != 0 && !off)
		} else if off {
			r.Enabled = new(false)
		}
		// Without a value Windows blocks from outside and allows to outside.
		if v, ok := value("DefaultInboundAction"); ok && v == 0 {
			r.Inbound = "allow"
		}
		if v, ok := value("DefaultOutboundAction"); ok && v == 1 {
			r.Outbound = "block"
		}
		if v, ok := value("DisableStealthMode"); ok {
			r.Stealth = new(v == 0)
		} else {
			r.Stealth = new(true)
		}
		log, set := read(policyRoot+`\`+p.key+`\Logging`, "LogDroppedPackets").Number("LogDroppedPackets")
		if !set {
			log, _ = read(localRoot+`\`+p.key+`\Logging`, "LogDroppedPackets").Number("LogDroppedPackets")
		}
		r.Logging = new(log != 0)
		rows = append(rows, r)
	}
	return rows, []string{"registry"}, faults, nil
}

// rules counts those in force: a text of fields such as
// "v2.31|Action=Allow|Active=TRUE|Dir=In|…".
func rules(k host.Key) (n int64) {
	for _, v := range k.Values {
		if strings.Contains(v.Text(), "|Active=TRUE|") {
			n++
		}
	}
	return n
}
