package certificate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"muster/agent/gather/home"
	"muster/agent/host"
	"muster/internal/inventory"
)

// program says which settings of a program name certificates.
type program struct {
	Files     []string // patterns
	Cert, Key string
	Base      string // of paths that are not absolute; empty: the folder of the file
}

// programs lists those whose settings are looked at.
func programs() []program {
	nginx := []string{"/etc/nginx/nginx.conf", "/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*", "/etc/nginx/http.d/*.conf"}
	apache := []string{"/etc/apache2/apache2.conf", "/etc/apache2/sites-enabled/*.conf", "/etc/apache2/mods-enabled/*.conf", "/etc/apache2/conf-enabled/*.conf",
		"/etc/httpd/conf/httpd.conf", "/etc/httpd/conf.d/*.conf"}
	return []program{
		{Files: nginx, Cert: "ssl_certificate", Key: "ssl_certificate_key", Base: "/etc/nginx"},
		{Files: apache, Cert: "SSLCertificateFile", Key: "SSLCertificateKeyFile", Base: "/etc/httpd"},
		{Files: []string{"/etc/postfix/main.cf"}, Cert: "smtpd_tls_cert_file", Key: "smtpd_tls_key_file"},
		{Files: []string{"/etc/dovecot/dovecot.conf", "/etc/dovecot/conf.d/*.conf"}, Cert: "ssl_cert", Key: "ssl_key"},
		{Files: []string{"/etc/openvpn/*.conf", "/etc/openvpn/client/*.conf", "/etc/openvpn/server/*.conf"}, Cert: "cert", Key: "key"},
		{Files: []string{"/etc/NetworkManager/system-connections/*.nmconnection"}, Cert: "client-cert", Key: "private-key"},
		{Files: []string{"/etc/cups/cups-files.conf", "/etc/cups/cupsd.conf"}, Cert: "ServerCertificate", Key: "ServerKey"},
		{Files: []string{"/etc/ldap/slapd.conf", "/etc/openldap/slapd.conf"}, Cert: "TLSCertificateFile", Key: "TLSCertificateKeyFile"},
		{Files: []string{"/etc/vsftpd.conf", "/etc/vsftpd/vsftpd.conf"}, Cert: "rsa_cert_file", Key: "rsa_private_key_file"},
	}
}

// spots are where certificates lie without being named; Key is what stands
// beside one when its key is there, relative to its folder, with * for its
// name without the ending.
func spots() []struct{ Pattern, Key string } {
	return []struct{ Pattern, Key string }{
		{"/etc/letsencrypt/live/*/cert.pem", "privkey.pem"},
		{"/etc/ssl/*.pem", "private/*.key"},
		{"/etc/ssl/*.crt", "private/*.key"},
		{"/etc/pki/tls/certs/*.crt", "../private/*.key"},
		{"/etc/pki/tls/certs/*.pem", "../private/*.key"},
		{"/etc/cups/ssl/*.crt", "*.key"},
		{"/etc/cockpit/ws-certs.d/*.cert", "*.key"},
		{"/etc/cockpit/ws-certs.d/*.crt", "*.key"},
		{"/etc/kubernetes/pki/*.crt", "*.key"},
		{"/var/lib/kubelet/pki/kubelet-client-current.pem", ""},
		{"/etc/pve/local/pve-ssl.pem", "pve-ssl.key"},
		{"/usr/local/share/ca-certificates/*.crt", ""},
		{"/etc/pki/ca-trust/source/anchors/*", ""},
		{"/etc/ca-certificates/trust-source/anchors/*", ""},
		{"/etc/pki/trust/anchors/*", ""},
	}
}

// maxFiles bounds the files of one pattern.
const maxFiles = 200

// finding gathers rows of one reading.
type finding struct {
	host    *host.Host
	rows    []inventory.Certificate
	read    map[string]bool
	refused int
	strange int
}

func read(ctx context.Context, h *host.Host) (rows []inventory.Certificate, asked, faults []string, err error) {
	x := &finding{host: h, read: map[string]bool{}}
	for _, p := range programs() {
		for _, name := range x.files(p.Files...) {
			if ctx.Err() != nil {
				return nil, nil, nil, ctx.Err()
			}
			f, err := h.Open(name)
			if err != nil {
				x.refuse(err)
				continue
			}
			base := p.Base
			if base == "" {
				base = path.Dir(name)
			}
			uses := parseSettings(f, p.Cert, p.Key, base)
			f.Close()
			for _, u := range uses {
				x.take(u.Cert, u.Key != "" && u.Key != u.Cert && h.Exists(u.Key))
			}
		}
	}
	for _, s := range spots() {
		for _, name := range x.files(s.Pattern) {
			// Bundles of the authorities everybody trusts are the same on all
			// machines, and in package ca-certificates of section software.
			if base := path.Base(name); strings.HasPrefix(base, "ca-bundle") || strings.HasPrefix(base, "ca-certificates") || strings.HasPrefix(base, "tls-ca-bundle") {
				continue
			}
			key := false
			if s.Key != "" {
				stem := strings.TrimSuffix(path.Base(name), path.Ext(name))
				key = h.Exists(path.Join(path.Dir(name), strings.Replace(s.Key, "*", stem, 1)))
			}
			x.take(name, key)
		}
	}
	if x.refused > 0 {
		faults = append(faults, fmt.Sprintf("%d files can be read by root only", x.refused))
	}
	if x.strange > 0 {
		faults = append(faults, fmt.Sprintf("%d certificates are not understood", x.strange))
	}
	return x.rows, []string{"settings", "places"}, faults, nil
}

func (x *finding) files(patterns ...string) []string {
	var l []string
	for _, p := range patterns {
		found := x.host.Glob(p)
		l = append(l, found[:min(len(found), maxFiles)]...)
	}
	return l
}

// refuse counts files that lack a right; others may have gone meanwhile.
func (x *finding) refuse(err error) {
	if errors.Is(err, fs.ErrPermission) {
		x.refused++
	}
}

func (x *finding) take(name string, key bool) {
	if x.read[name] {
		return
	}
	x.read[name] = true
	fi, err := x.host.Stat(name)
	if err != nil || !fi.Mode().IsRegular() {
		if err != nil {
			x.refuse(err)
		}
		return
	}
	f, err := x.host.Open(name)
	if err != nil {
		x.refuse(err)
		return
	}
	defer f.Close()
	list, among, strange := parse(f)
	x.strange += strange
	for i, c := range list {
		// A chain's own key is that of the first; those behind it are its
		// issuers'.
		if r := row(home.Hide(name), c, i == 0 && (key || among)); len(x.rows) < maxRows {
			x.rows = append(x.rows, r)
		}
	}
}
