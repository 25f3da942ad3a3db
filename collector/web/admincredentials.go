package web

import (
	"strings"

	"muster/collector/api"
	"muster/collector/web/texts"
)

func credentialForm(name string) *form {
	f := &form{ID: "credential", Title: "New credential", Action: "/admin/credentials", Do: "set", Button: "Keep it", Text: "What is secret is encrypted before it is kept, and no page shows it again.", Fields: []*field{
		{Name: "name", Label: "Name", Must: true, Max: 63, Example: "office"},
		{Name: "version", Label: "Version of SNMP", Kind: "select", Value: "3", Choices: []choice{{"3", "3: signed and encrypted"}, {"2c", "2c: travels in the open"}, {"1", "1: travels in the open"}}},
		{Name: "community", Label: "Community", Kind: "secret", Hint: "Of versions 2c and 1.", Max: 255},
		{Name: "user", Label: "User", Hint: "Of version 3, as are all below.", Max: 32},
		{Name: "auth", Label: "Signed with", Kind: "select", Value: "sha256", Choices: []choice{{"sha256", "SHA-256"}, {"sha512", "SHA-512"}, {"sha384", "SHA-384"}, {"sha224", "SHA-224"}, {"sha", "SHA-1"}, {"md5", "MD5"}, {"", "Not signed"}}},
		{Name: "auth_secret", Label: "Password for signing", Kind: "secret", Hint: "At least 8 characters.", Max: 255},
		{Name: "priv", Label: "Encrypted with", Kind: "select", Value: "aes", Choices: []choice{{"aes", "AES-128"}, {"aes256", "AES-256"}, {"aes192", "AES-192"}, {"aes256c", "AES-256, as Cisco does"}, {"aes192c", "AES-192, as Cisco does"}, {"des", "DES"}, {"", "Not encrypted"}}},
		{Name: "priv_secret", Label: "Password for encrypting", Kind: "secret", Hint: "At least 8 characters.", Max: 255},
		{Name: "context", Label: "Context", Hint: "Only if your gear asks for one.", Max: 255},
	}}
	if name != "" {
		f.ID, f.Title, f.Action, f.Button = "change", "", credentialAt(name), "Keep"
		f.Text = "A secret that you leave empty stays as it is."
		f.Fields = f.Fields[1:]
	}
	return f
}

func credentialAt(name string) string { return "/admin/credentials/one?" + queryOf("name", name) }

// credential is what the form wants.
func (f *form) credential() api.CredentialPut {
	version := f.value("version")
	in := api.CredentialPut{Version: &version, Secrets: map[string]api.Secret{}}
	secret := func(field, name string) {
		if x := f.value(field); x != "" {
			in.Secrets[name] = api.Secret(x)
		}
	}
	if version != "3" {
		secret("community", "community")
		return in
	}
	user, auth, priv, context := f.value("user"), f.value("auth"), f.value("priv"), f.value("context")
	in.User, in.Auth, in.Priv, in.Context = &user, &auth, &priv, &context
	if auth != "" {
		secret("auth_secret", "auth")
	}
	if priv != "" {
		secret("priv_secret", "priv")
	}
	return in
}

func (s *Site) adminCredentials(v *visit) error { return s.credentialsDesk(v, nil) }

func (s *Site) credentialsDesk(v *visit, again *form) error {
	list, err := v.api.CredentialList(v.ctx())
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/credentials"), Lede: "With what network gear is asked. A read-only community or user is enough, and better."}
	clear := 0
	g := &grid{Caption: "Credentials", Heads: heads("Name", "Version", "User", "Secrets that are set", "Subnets", "Changed")}
	for _, c := range list.Credentials {
		how := state("fine", texts.F("SNMP {1}", c.Version))
		switch {
		case c.Version != "3":
			how.Class, how.Icon, how.Sub = "u u--week", "week", "travels in the open"
			clear++
		case c.Priv == "":
			how.Class, how.Icon, how.Sub = "u u--week", "week", "not encrypted"
			clear++
		default:
			how.Sub = texts.As(strings.ToUpper(c.Auth + ", " + c.Priv))
		}
		changed := at(c.ChangedAt)
		changed.Sub = texts.F("by {1}", c.ChangedBy)
		g.add(nil, leads(credentialAt(c.Name), texts.As(c.Name)), how, txt(c.User), txt(strings.Join(c.Secrets, ", ")), txt(strings.Join(c.Subnets, ", ")), changed)
	}
	switch n := len(g.Rows); {
	case n == 0:
		p.Title = "Network gear cannot be asked without a credential"
	case clear == 0:
		p.Title = count(n, "credential, encrypted", "credentials, all encrypted")
	default:
		p.Title = texts.F("{1} of {2} in the open", whole(int64(clear)), count(n, "credential travels", "credentials travel"))
	}
	f := credentialForm("").or(again)
	f.Open = f.Open || len(g.Rows) == 0
	p.Cards = []*sheet{{Table: g, Forms: []*form{f}, Empty: "It is what your switches and printers answer to: a community of SNMP 2c, or a user of SNMP 3. Look into one of them, or ask who set them up."}}
	return s.show(v, p, again)
}

func (s *Site) adminCredentialsAct(v *visit) error {
	f := credentialForm("").read(v)
	in := f.credential()
	if !f.asked() {
		return s.credentialsDesk(v, f)
	}
	name := f.value("name")
	list, err := v.api.CredentialList(v.ctx())
	if err != nil {
		return err
	}
	for _, c := range list.Credentials {
		if strings.EqualFold(c.Name, name) {
			f.fault("name", "There is a credential of this name: choose another, or change that one.")
			return s.credentialsDesk(v, f)
		}
	}
	if _, err := v.api.CredentialSet(v.ctx(), api.CredentialPutInput{Name: name, Body: in}); err != nil {
		if f.blame(err) {
			return s.credentialsDesk(v, f)
		}
		return err
	}
	return s.did(v, "/admin/credentials", texts.F("The credential {1} is kept. Try it on one address: Targets, “Ask it now”.", name))
}

func (s *Site) adminCredential(v *visit) error { return s.credentialDesk(v, nil) }

func (s *Site) credentialDesk(v *visit, again *form) error {
	name := v.r.URL.Query().Get("name")
	list, err := v.api.CredentialList(v.ctx())
	if err != nil {
		return err
	}
	for _, c := range list.Credentials {
		if c.Name != name {
			continue
		}
		f := credentialForm(name).set("version", c.Version).set("user", c.User).set("auth", c.Auth).set("priv", c.Priv).set("context", c.Context)
		p := &desk{adminFrame: s.adminFrame(v, "/admin/credentials"), Crumb: []link{{"/admin/credentials", "Credentials"}}, Acts: []*form{button(credentialAt(name), "delete", "Delete", texts.As(name))}}
		p.Title = texts.F("The credential {1} is of SNMP {2}", name, c.Version)
		note := texts.T("no secret is set")
		if len(c.Secrets) > 0 {
			note = texts.F("set, and never shown: {1}", strings.Join(c.Secrets, ", "))
		}
		p.Cards = []*sheet{{Title: "Change", Note: note, Forms: []*form{f.or(again)}}}
		return s.show(v, p, again)
	}
	return s.nowhere(v)
}

func (s *Site) adminCredentialAct(v *visit) error {
	name := v.r.URL.Query().Get("name")
	if name == "" {
		return s.nowhere(v)
	}
	if v.form("do") == "delete" {
		ok, err := s.sure(v, credentialAt(name), texts.F("Delete the credential {1}?", name), "Delete it", "Its secrets are gone for good. A credential that gear is asked with cannot be deleted.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.CredentialDelete(v.ctx(), api.CredentialInput{Name: name}); err != nil {
			return err
		}
		return s.did(v, "/admin/credentials", texts.F("The credential {1} is deleted.", name))
	}
	f := credentialForm(name).read(v)
	if _, err := v.api.CredentialSet(v.ctx(), api.CredentialPutInput{Name: name, Body: f.credential()}); err != nil {
		if f.blame(err) {
			return s.credentialDesk(v, f)
		}
		return err
	}
	return s.did(v, "/admin/credentials", texts.F("The credential {1} is kept.", name))
}
