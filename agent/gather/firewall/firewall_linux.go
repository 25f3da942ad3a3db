package firewall

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"muster/agent/gather/running"
	"muster/agent/gather/unit"
	"muster/agent/host"
	"muster/internal/inventory"
)

// maxChains bounds the base chains that are kept.
const maxChains = 1000

func read(ctx context.Context, h *host.Host) ([]inventory.Firewall, []string, []string, error) {
	return gatherAll(ctx, h, kernelOf(h))
}

func gatherAll(ctx context.Context, h *host.Host, k kernel) (rows []inventory.Firewall, asked, faults []string, err error) {
	take := func(r *inventory.Firewall, err error) {
		if err != nil {
			faults = append(faults, err.Error())
		}
		if r != nil {
			r.Profile, r.PolicyFrom = "all", "local"
			rows = append(rows, *r)
		}
	}
	take(ufw(h))
	take(firewalld(ctx, h))
	take(nftables(k))
	take(iptables(h))
	return rows, []string{"ufw", "firewalld", "nftables", "iptables"}, faults, nil
}

// refused words an error of a missing right for the section's reason.
func refused(what string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s can be seen by root only", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func settings(h *host.Host, name string) (map[string]string, error) {
	f, err := h.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return values(f), nil
}

func ufw(h *host.Host) (*inventory.Firewall, error) {
	m, err := settings(h, "/etc/ufw/ufw.conf")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, refused("ufw", err)
	}
	on := strings.EqualFold(m["ENABLED"], "yes")
	level := strings.ToLower(m["LOGLEVEL"])
	logs := level != "off" && level != ""
	r := &inventory.Firewall{Product: "ufw", Enabled: &on, Active: &on, Logging: &logs}
	d, err := settings(h, "/etc/default/ufw")
	if err != nil {
		return r, refused("policies of ufw", err)
	}
	r.Inbound, r.Outbound = action(d["DEFAULT_INPUT_POLICY"]), action(d["DEFAULT_OUTPUT_POLICY"])
	rules, found := int64(0), false
	for _, name := range []string{"/etc/ufw/user.rules", "/etc/ufw/user6.rules"} {
		f, err := h.Open(name)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				return r, refused("rules of ufw", err)
			}
			continue
		}
		rules += tuples(f)
		found = true
		f.Close()
	}
	if found {
		r.Rules = &rules
	}
	return r, nil
}

func firewalld(ctx context.Context, h *host.Host) (*inventory.Firewall, error) {
	if !h.Exists("/usr/sbin/firewalld") && !h.Exists("/usr/bin/firewalld") {
		return nil, nil
	}
	on := false
	if err := running.Each(ctx, h, func(_ int64, name string) bool {
		on = on || name == "firewalld"
		return !on
	}); err != nil {
		return nil, refused("firewalld", err)
	}
	starts := slices.Contains(unit.Enabled(h, unit.System), "firewalld.service")
	enabled := on || starts
	r := &inventory.Firewall{Product: "firewalld", Enabled: &enabled, Active: &on, Outbound: "allow"}
	m, err := settings(h, "/etc/firewalld/firewalld.conf")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, refused("settings of firewalld", err)
	}
	logs := m["LogDenied"] != "" && m["LogDenied"] != "off"
	r.Logging = &logs
	name := m["DefaultZone"]
	if name == "" {
		name = "public"
	}
	if strings.ContainsAny(name, "/\x00") {
		return r, fmt.Errorf("firewalld: %q is no zone", name)
	}
	for _, dir := range []string{"/etc/firewalld/zones/", "/usr/lib/firewalld/zones/"} {
		f, err := h.Open(dir + name + ".xml")
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				return r, refused("zones of firewalld", err)
			}
			continue
		}
		z, ok := parseZone(f)
		f.Close()
		if !ok {
			return r, fmt.Errorf("firewalld: the file of zone %s is not understood", name)
		}
		r.Rules = &z.Rules
		if r.Inbound = action(z.Target); z.Target == "" || z.Target == "default" {
			r.Inbound = "reject" // what firewalld does by default
		}
		break
	}
	return r, nil
}

// nftables asks the kernel, which knows rules of every tool that uses it.
func nftables(k kernel) (*inventory.Firewall, error) {
	if k == nil {
		return nil, nil
	}
	var list []chain
	tables := 0
	err := k(getChain, func(kind uint16, body []byte) {
		if kind != newChain {
			return
		}
		tables++
		if c, ok := parseChain(body); ok && len(list) < maxChains {
			list = append(list, c)
		}
	})
	switch {
	case errors.Is(err, os.ErrPermission):
		return nil, errors.New("nftables can be seen by root only")
	case errors.Is(err, errors.ErrUnsupported):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("nftables: %w", err)
	case tables == 0:
		return nil, nil
	}
	rules := int64(0)
	if err := k(getRule, func(kind uint16, _ []byte) {
		if kind == newRule {
			rules++
		}
	}); err != nil {
		return nil, fmt.Errorf("rules of nftables: %w", err)
	}
	r := &inventory.Firewall{Product: "nftables", Rules: &rules}
	var guarded bool
	r.Inbound, guarded = verdict(list, hookInput)
	r.Outbound, _ = verdict(list, hookOutput)
	r.Enabled, r.Active = &guarded, &guarded
	return r, nil
}

// iptables is the older interface of the kernel: whether its filter is loaded
// tells a file of /proc; what it does, only what was saved for the next start.
func iptables(h *host.Host) (*inventory.Firewall, error) {
	b, err := h.ReadFile("/proc/net/ip_tables_names")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, refused("iptables", err)
	}
	if !slices.Contains(strings.Fields(string(b)), "filter") {
		return nil, nil
	}
	on := true
	r := &inventory.Firewall{Product: "iptables", Enabled: &on, Active: &on, Inbound: "unknown", Outbound: "unknown"}
	for _, name := range []string{"/etc/iptables/rules.v4", "/etc/sysconfig/iptables", "/etc/iptables/rules-save", "/etc/iptables.rules"} {
		f, err := h.Open(name)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				return r, refused("saved rules of iptables", err)
			}
			continue
		}
		s, ok := parseSaved(f)
		f.Close()
		if ok {
			r.Inbound, r.Outbound, r.Rules, r.Logging = s.Input, s.Output, &s.Rules, &s.Log
			break
		}
	}
	return r, nil
}
