// Package join reads section domain_join: which directory the machine belongs
// to, and what keeps it there.
//
// It owns the settings of sssd, samba, FreeIPA, Kerberos, nslcd, Centrify and
// Himmelblau as far as they name a domain. It must not read passwords of bind
// accounts, nor any key: of a keytab only that it is there.
package join

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/url"
	"strings"

	"muster/agent/gather"
	"muster/agent/gather/keyfile"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	row, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows([]inventory.DomainJoin{row}, asked...)
	r.Faults = faults
	return r, err
}

// domain is one of sssd's.
type domain struct {
	Name     string // by the directory itself, else by sssd's section
	Provider string
	Realm    string
}

// parseSSSD reads sssd.conf(5): the first domain that is in use, or the first
// at all.
func parseSSSD(r io.Reader) (d domain, ok bool) {
	var list []domain
	own := map[string]string{} // the directory's own name, by section
	first := ""
	_ = keyfile.Parse(r, func(section, key, value string) {
		key = strings.ToLower(key)
		if section == "sssd" && key == "domains" {
			first, _, _ = strings.Cut(value, ",")
			first = strings.TrimSpace(first)
		}
		name, isDomain := strings.CutPrefix(section, "domain/")
		if !isDomain || name == "" || strings.Contains(name, "/") {
			return // the last are trusted domains of a domain
		}
		if len(list) == 0 || list[len(list)-1].Name != name {
			if len(list) == 50 {
				return
			}
			list = append(list, domain{Name: name})
		}
		one := &list[len(list)-1]
		switch key {
		case "id_provider":
			one.Provider = strings.ToLower(value)
		case "krb5_realm":
			one.Realm = value
		case "ad_domain", "ipa_domain":
			own[name] = value
		}
	})
	if len(list) == 0 {
		return d, false
	}
	d = list[0]
	for _, one := range list {
		if one.Name == first {
			d = one
			break
		}
	}
	if name := own[d.Name]; name != "" {
		d.Name = name
	}
	return d, true
}

// smb is what smb.conf(5) says of a domain.
type smb struct{ Workgroup, Realm, Security string }

func parseSMB(r io.Reader) (s smb) {
	_ = keyfile.Parse(r, func(section, key, value string) {
		if !strings.EqualFold(section, "global") {
			return
		}
		switch strings.ToLower(key) {
		case "workgroup":
			s.Workgroup = keyfile.Unquote(value)
		case "realm":
			s.Realm = keyfile.Unquote(value)
		case "security":
			s.Security = strings.ToLower(value)
		}
	})
	return s
}

// find gives the value of a key in a section of a file.
func find(r io.Reader, section, key string) (found string) {
	_ = keyfile.Parse(r, func(s, k, v string) {
		if found == "" && strings.EqualFold(s, section) && strings.EqualFold(k, key) {
			found = keyfile.Unquote(v)
		}
	})
	return found
}

// parseNslcd reads server and base of nslcd.conf(5): "word value" a line.
func parseNslcd(r io.Reader) (server, base string) {
	s := bufio.NewScanner(io.LimitReader(r, keyfile.Most))
	for s.Scan() {
		w := strings.Fields(s.Text())
		if len(w) < 2 {
			continue
		}
		switch w[0] {
		case "uri":
			if u, err := url.Parse(w[1]); err == nil && server == "" {
				server = u.Hostname()
			}
		case "base":
			if base == "" {
				base = w[1]
			}
		}
	}
	return server, base
}

// dns turns dc=agency,dc=example into agency.example.
func dns(base string) string {
	var parts []string
	for p := range strings.SplitSeq(base, ",") {
		if k, v, ok := strings.Cut(strings.TrimSpace(p), "="); ok && strings.EqualFold(k, "dc") {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, ".")
}

// address keeps what is an address or a name of a server, the first of a file
// that lists one a line.
func address(line string) string {
	line = strings.TrimSpace(line)
	if h, _, err := net.SplitHostPort(line); err == nil {
		line = h
	}
	if line == "" || len(line) > 253 || strings.ContainsAny(line, " \t/\x00") {
		return ""
	}
	return line
}
