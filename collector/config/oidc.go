package config

import (
	"net/url"
	"strings"

	"muster/internal/settings"
)

// OIDC is where people sign in besides: a provider of OpenID Connect.
type OIDC struct {
	Issuer      string            `yaml:"issuer" doc:"Address of the provider, exactly as it writes it in issuer of its /.well-known/openid-configuration. Empty: people sign in here only."`
	Name        string            `yaml:"name" default:"the provider's host name" doc:"What the sign-in page calls the provider."`
	ClientID    string            `yaml:"client_id" doc:"ID that the provider gave Muster."`
	SecretFile  string            `yaml:"secret_file" doc:"File that holds the client's secret and nothing else. Only the collector's account may read it."`
	CAFile      string            `yaml:"ca_file" doc:"PEM file of the CAs that may have signed the provider's certificate. Empty: those of this machine."`
	NameClaim   string            `yaml:"name_claim" default:"preferred_username" doc:"Claim that becomes the name of an account: preferred_username, email, upn."`
	GroupsClaim string            `yaml:"groups_claim" default:"groups" doc:"Claim that lists a person's groups."`
	Scopes      []string          `yaml:"scopes" default:"openid, profile, email" doc:"Scopes that are asked for. Some providers need one more for groups."`
	Create      bool              `yaml:"create" doc:"Whoever is in one of the groups gets an account at the first sign-in. Otherwise an administrator makes it before, of the same name and without a password."`
	Admins      []string          `yaml:"admins" doc:"Groups whose members are administrators. Of several roles the strongest holds; who is in no group is not let in."`
	Staff       []string          `yaml:"staff" doc:"Groups whose members are staff."`
	Interns     []string          `yaml:"interns" doc:"Groups whose members are interns."`
	Places      map[string]string `yaml:"places" doc:"Of a group, the agencies (NAME) and sites (AGENCY/SITE), with commas between, which are all that its members see. Members of none of these groups see everything, and so do administrators."`
}

// Used says whether a provider is set.
func (o *OIDC) Used() bool { return o.Issuer != "" }

// PlacesOf are the places of each group, one by one.
func (o *OIDC) PlacesOf() map[string][]string {
	out := map[string][]string{}
	for group, text := range o.Places {
		out[group] = nil
		for x := range strings.SplitSeq(text, ",") {
			if x = strings.TrimSpace(x); x != "" {
				out[group] = append(out[group], x)
			}
		}
	}
	return out
}

// Check says what no tag can.
func (o *OIDC) Check() settings.Problems {
	var ps settings.Problems
	if !o.Used() {
		if o.ClientID != "" || o.SecretFile != "" || o.CAFile != "" {
			ps.Add("issuer", "", "the provider's address is expected")
		}
		return ps
	}
	if u, err := url.Parse(o.Issuer); err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		ps.Add("issuer", o.Issuer, "an address that begins with https:// is expected")
	}
	if o.ClientID == "" {
		ps.Add("client_id", "", "the ID that the provider gave Muster is expected")
	}
	if o.SecretFile == "" {
		ps.Add("secret_file", "", "a file with the client's secret is expected")
	}
	if len(o.Admins)+len(o.Staff)+len(o.Interns) == 0 {
		ps.Add("staff", "", "at least one group is expected in admins, staff or interns: nobody could sign in")
	}
	for group, places := range o.PlacesOf() {
		if len(places) == 0 {
			ps.Add("places."+group, "", "agencies or sites are expected")
		}
	}
	return ps
}
