package join

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// look goes through what can keep a machine in a directory.
type look struct {
	host   *host.Host
	faults []string
}

// open calls use with a file that is there; what is there and cannot be read
// is a fault.
func (l *look) open(source, name string, use func(io.Reader)) {
	f, err := l.host.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case errors.Is(err, fs.ErrPermission):
		l.faults = append(l.faults, source+" is set up, and its settings can be read by root only")
		return
	case err != nil:
		l.faults = append(l.faults, fmt.Sprintf("%s: %v", source, err))
		return
	}
	defer f.Close()
	use(f)
}

func read(_ context.Context, h *host.Host) (row inventory.DomainJoin, asked, faults []string, err error) {
	l := &look{host: h}
	row.Kind = "none"
	for _, try := range []func() (inventory.DomainJoin, bool){l.sssd, l.samba, l.ipa, l.centrify, l.himmelblau, l.nslcd, l.kerberos, l.workgroup} {
		if r, ok := try(); ok {
			row = r
			break
		}
	}
	if row.Kind == "none" && len(l.faults) > 0 {
		// What could not be read may be the join.
		return row, nil, nil, fmt.Errorf("%s: %w", l.faults[0], fs.ErrPermission)
	}
	if row.Realm != "" {
		row.Controller = controller(h, row.Realm)
	}
	l.management(&row)
	return row, []string{"sssd", "samba", "ipa", "centrify", "himmelblau", "nslcd", "krb5"}, l.faults, nil
}

func (l *look) sssd() (r inventory.DomainJoin, ok bool) {
	l.open("sssd", "/etc/sssd/sssd.conf", func(f io.Reader) {
		d, found := parseSSSD(f)
		if !found {
			return
		}
		r = inventory.DomainJoin{Client: "sssd", Domain: d.Name, Realm: d.Realm}
		switch d.Provider {
		case "ad", "ipa":
			r.Kind = "domain"
			if r.Realm == "" {
				r.Realm = strings.ToUpper(d.Name)
			}
		case "ldap":
			r.Kind = "ldap"
		case "files", "proxy", "":
			return
		default:
			r.Kind = "other"
		}
		ok = true
	})
	return r, ok
}

func (l *look) samba() (r inventory.DomainJoin, ok bool) {
	l.open("samba", "/etc/samba/smb.conf", func(f io.Reader) {
		s := parseSMB(f)
		// Settings alone are no join: the machine's account leaves a keytab or
		// samba's own store of secrets.
		if s.Security != "ads" && s.Security != "domain" || !l.joined() {
			return
		}
		r, ok = inventory.DomainJoin{Kind: "domain", Client: "winbind", Domain: s.Workgroup, Realm: s.Realm}, true
	})
	return r, ok
}

// joined says whether the machine has keys of its own: only that they are
// there is looked at.
func (l *look) joined() bool {
	return l.host.Exists("/etc/krb5.keytab") || l.host.Exists("/var/lib/samba/private/secrets.tdb") || l.host.Exists("/var/lib/samba/private/secrets.keytab")
}

func (l *look) ipa() (r inventory.DomainJoin, ok bool) {
	l.open("ipa", "/etc/ipa/default.conf", func(f io.Reader) {
		b, err := io.ReadAll(io.LimitReader(f, 64<<10))
		if err != nil {
			return
		}
		get := func(key string) string { return find(strings.NewReader(string(b)), "global", key) }
		if r.Domain = get("domain"); r.Domain == "" {
			return
		}
		r.Kind, r.Client, r.Realm, ok = "domain", "ipa", get("realm"), true
	})
	return r, ok
}

func (l *look) centrify() (r inventory.DomainJoin, ok bool) {
	name := address(l.host.Line("/var/centrifydc/kset.domain"))
	if name == "" {
		return r, false
	}
	return inventory.DomainJoin{Kind: "domain", Client: "centrify", Domain: name, Realm: strings.ToUpper(name),
		Site: address(l.host.Line("/var/centrifydc/kset.site"))}, true
}

func (l *look) himmelblau() (r inventory.DomainJoin, ok bool) {
	l.open("himmelblau", "/etc/himmelblau/himmelblau.conf", func(f io.Reader) {
		names := find(f, "global", "domains")
		first, _, _ := strings.Cut(names, ",")
		if first = strings.TrimSpace(first); first != "" {
			r, ok = inventory.DomainJoin{Kind: "entra", Client: "himmelblau", Domain: first}, true
		}
	})
	return r, ok
}

func (l *look) nslcd() (r inventory.DomainJoin, ok bool) {
	l.open("nslcd", "/etc/nslcd.conf", func(f io.Reader) {
		server, base := parseNslcd(f)
		if base == "" {
			return
		}
		r, ok = inventory.DomainJoin{Kind: "ldap", Client: "nslcd", Domain: dns(base), Controller: server}, true
	})
	return r, ok
}

// kerberos is a machine with a key of its own and nothing that says more.
func (l *look) kerberos() (r inventory.DomainJoin, ok bool) {
	if !l.host.Exists("/etc/krb5.keytab") {
		return r, false
	}
	l.open("krb5", "/etc/krb5.conf", func(f io.Reader) {
		if realm := find(f, "libdefaults", "default_realm"); realm != "" {
			r, ok = inventory.DomainJoin{Kind: "other", Client: "krb5", Domain: strings.ToLower(realm), Realm: realm}, true
		}
	})
	return r, ok
}

func (l *look) workgroup() (r inventory.DomainJoin, ok bool) {
	l.open("samba", "/etc/samba/smb.conf", func(f io.Reader) {
		if s := parseSMB(f); s.Workgroup != "" {
			r, ok = inventory.DomainJoin{Kind: "workgroup", Client: "samba", Domain: s.Workgroup}, true
		}
	})
	return r, ok
}

// controller is the server that sssd found last, which it writes down for the
// Kerberos library.
func controller(h *host.Host, realm string) string {
	if strings.ContainsAny(realm, "/\x00") {
		return ""
	}
	first, _, _ := strings.Cut(h.Line("/var/lib/sss/pubconf/kdcinfo."+realm), "\n")
	return address(first)
}

// management adds which device management is installed. Whether the machine is
// enrolled stands in people's own stores of secrets, which are not looked at.
func (l *look) management(r *inventory.DomainJoin) {
	for _, m := range []struct{ place, name string }{
		{"/opt/microsoft/intune/bin", "Intune"},
		{"/opt/jumpcloud", "JumpCloud"},
		{"/opt/VMware/ws1-hub", "Workspace ONE"},
	} {
		if l.host.Exists(m.place) {
			r.MDMProvider = m.name
			return
		}
	}
}
