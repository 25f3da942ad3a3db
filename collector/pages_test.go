package collector

import (
	"encoding/pem"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/collector/account"
	"muster/collector/account/providertest"
	"muster/collector/config"
)

// TestSigningInAtAProviderWithAnOwnCA goes the whole way, over HTTPS that only
// web.oidc.ca_file vouches for: the pages, the provider, and back.
func TestSigningInAtAProviderWithAnOwnCA(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	home := "http://" + address
	h := providertest.New(t, home+account.CallbackPath)
	h.Person = map[string]any{"sub": "s-1", "preferred_username": "dana", "groups": []string{"it-staff"}}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw})))
	set := func(ca string) func(*config.Config) {
		return func(cfg *config.Config) {
			cfg.Web.Address = address
			cfg.Outgoing.Allow = []string{"127.0.0.0/8"}
			cfg.Web.OIDC = config.OIDC{Issuer: h.URL, ClientID: providertest.ClientID, SecretFile: write("secret", providertest.ClientSecret+"\n"), CAFile: ca, Staff: []string{"it-staff"}, Create: true}
		}
	}
	c := office(t, set(ca))
	jar, _ := cookiejar.New(nil)
	// The browser trusts the house by the office's own means.
	b := &http.Client{Jar: jar, Transport: h.Client().Transport}
	resp, err := b.Get(home + "/sign-in/provider?to=/devices")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.String() != home+"/devices" {
		t.Errorf("%s at %s", resp.Status, resp.Request.URL)
	}
	if u, _, err := c.control.UserSecret(t.Context(), "dana"); err != nil || u.Role != account.Staff || !u.Outside {
		t.Errorf("%+v, %v", u, err)
	}

	like := func() *collector {
		return &collector{cfg: c.cfg, accounts: c.accounts, dialer: c.dialer, now: c.now, inventory: c.inventory}
	}
	for why, x := range map[string]struct{ ca, want string }{
		"a file that is not there": {filepath.Join(dir, "gone.pem"), "web.oidc.ca_file: open "},
		"a file without a CA":      {write("empty.pem", "hello"), "web.oidc.ca_file: no certificate in PEM form is in it"},
	} {
		bad := like()
		set(x.ca)(&bad.cfg)
		if _, err := bad.provider(); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v", why, err)
		}
	}
	// Another CA, or none of one's own, does not do.
	bad := like()
	set("")(&bad.cfg)
	p, err := bad.provider()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Begin(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a provider that nobody vouches for is asked: %v", err)
	}
}
