package join

import (
	"strings"
	"testing"
)

func TestParseSSSD(t *testing.T) {
	d, ok := parseSSSD(strings.NewReader("[sssd]\ndomains = two, one\n[domain/one]\nid_provider=ldap\n[domain/two]\nid_provider = AD\nad_domain = ad.agency.example\nldap_default_authtok = secret\n[domain/two/sub.example]\nid_provider = x\n"))
	if !ok || d != (domain{Name: "ad.agency.example", Provider: "ad"}) {
		t.Errorf("%+v, %v", d, ok)
	}
	if d, ok := parseSSSD(strings.NewReader("[domain/a]\nid_provider=ldap\nkrb5_realm=R\n")); !ok || d.Name != "a" || d.Realm != "R" {
		t.Errorf("%+v, %v", d, ok)
	}
	if _, ok := parseSSSD(strings.NewReader("[sssd]\ndomains=x\n")); ok {
		t.Error("a domain without settings was found")
	}
}

func TestNames(t *testing.T) {
	if s := dns("ou=x, dc=agency,DC=example"); s != "agency.example" {
		t.Error(s)
	}
	for in, want := range map[string]string{"10.0.0.1": "10.0.0.1", "dc1.example:88": "dc1.example", "[2001:db8::1]:88": "2001:db8::1", "a b": "", "": ""} {
		if got := address(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func FuzzSettings(f *testing.F) {
	f.Add("[sssd]\ndomains = a\n[domain/a]\nid_provider = ad\nad_domain = b\n")
	f.Add("[global]\nworkgroup = W\nsecurity = ads\n")
	f.Add("uri ldap://u:p@h/\nbase dc=a,dc=b\n")
	f.Fuzz(func(t *testing.T, text string) {
		if d, ok := parseSSSD(strings.NewReader(text)); ok && (d.Name == "" || strings.ContainsAny(d.Name, "\n")) {
			t.Errorf("%+v", d)
		}
		parseSMB(strings.NewReader(text))
		if server, base := parseNslcd(strings.NewReader(text)); strings.Contains(server, "@") {
			t.Errorf("%q of %q", server, base)
		}
		find(strings.NewReader(text), "global", "workgroup")
		dns(text)
		address(text)
	})
}
