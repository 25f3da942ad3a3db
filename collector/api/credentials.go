package api

import (
	"context"
	"maps"
	"slices"
	"strings"

	"muster/collector/store"
)

func (s *Server) credentialList(ctx context.Context, _ *NoInput) (CredentialList, error) {
	g, err := s.gear()
	if err != nil {
		return CredentialList{}, err
	}
	list, err := g.Credentials.Credentials(ctx)
	if err != nil {
		return CredentialList{}, err
	}
	subnets, err := g.Subnets.Subnets(ctx)
	out := CredentialList{Credentials: make([]Credential, len(list))}
	for i, c := range list {
		out.Credentials[i] = shownCredential(c, subnets)
	}
	return out, err
}

func shownCredential(c store.Credential, subnets []store.Subnet) Credential {
	out := Credential{Name: c.Name, Version: c.Version, User: c.User, Auth: c.Auth, Priv: c.Priv, Context: c.Context,
		Secrets: orNone(c.Secrets), Subnets: []string{}, CreatedAt: c.CreatedAt, ChangedAt: c.ChangedAt, ChangedBy: c.ChangedBy}
	for _, x := range subnets {
		if containsFold(x.Credentials, c.Name) {
			out.Subnets = append(out.Subnets, x.Network.String())
		}
	}
	return out
}

// credential finds one by name.
func credential(name string, list []store.Credential) (store.Credential, error) {
	var names []string
	for _, c := range list {
		if strings.EqualFold(c.Name, strings.TrimSpace(name)) {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return store.Credential{}, NewProblem(notFound, "there is no credential %q%s: muster credential list shows them", clip(printable(name), 70), near(name, names))
}

func (s *Server) credentialSet(ctx context.Context, in *CredentialPutInput) (Credential, error) {
	g, err := s.gear()
	if err != nil {
		return Credential{}, err
	}
	list, err := g.Credentials.Credentials(ctx)
	if err != nil {
		return Credential{}, err
	}
	c, err := credential(in.Name, list)
	if err != nil {
		if in.Body.Version == nil {
			return Credential{}, NewProblem(invalid, "there is no credential %q yet, and a new one needs a version: 3, 2c or 1", clip(printable(in.Name), 70))
		}
		c = store.Credential{ID: store.NewCredentialID(), Name: in.Name}
	}
	old := c
	b := in.Body
	if b.Version != nil && *b.Version != c.Version {
		c = store.Credential{ID: c.ID, Name: c.Name, Version: *b.Version, Secrets: c.Secrets}
	}
	for _, x := range []struct{ from, into *string }{{b.User, &c.User}, {b.Auth, &c.Auth}, {b.Priv, &c.Priv}, {b.Context, &c.Context}} {
		if x.from != nil {
			*x.into = *x.from
		}
	}
	for _, text := range []string{c.User, c.Context} {
		if err := plainText(text, false); err != nil {
			return Credential{}, err
		}
	}
	c.ChangedBy = actorOf(ctx).Name
	if err := c.Check(); err != nil {
		return Credential{}, NewProblem(invalid, "%v", err)
	}
	secrets, err := secretsFor(&c, &old, b.Secrets)
	if err != nil {
		return Credential{}, err
	}
	note(ctx, "version", c.Version)
	note(ctx, "auth", c.Auth)
	note(ctx, "priv", c.Priv)
	note(ctx, "secrets", strings.Join(slices.Sorted(maps.Keys(secrets)), " "))
	if err := g.mayBeClear(ctx, &c); err != nil {
		return Credential{}, err
	}
	if err := g.Credentials.PutCredential(ctx, c, secrets); err != nil {
		return Credential{}, err
	}
	g.changed()
	if list, err = g.Credentials.Credentials(ctx); err != nil {
		return Credential{}, err
	}
	if c, err = credential(c.Name, list); err != nil {
		return Credential{}, err
	}
	subnets, err := g.Subnets.Subnets(ctx)
	return shownCredential(c, subnets), err
}

// secretsFor checks what is secret of a credential, and takes away what it has
// no use for any more.
func secretsFor(c, old *store.Credential, given map[string]Secret) (map[string]Secret, error) {
	needed := c.SecretNames()
	out := map[string]Secret{}
	for _, name := range old.Secrets {
		if !slices.Contains(needed, name) {
			out[name] = ""
		}
	}
	for name, secret := range given {
		switch {
		case !slices.Contains(needed, name):
			has := "has no secrets"
			if len(needed) > 0 {
				has = "has " + strings.Join(needed, " and ")
			}
			return nil, NewProblem(invalid, "credential %s has no secret %q: as it is set up it %s", c.Name, clip(printable(name), 40), has)
		case secret == "":
			return nil, NewProblem(invalid, "credential %s: the secret %s is empty", c.Name, name)
		case name != store.SecretCommunity && len(secret) < store.LeastSecret:
			return nil, NewProblem(invalid, "credential %s: the secret %s has fewer than %d characters, which SNMP does not take (RFC 3414)", c.Name, name, store.LeastSecret)
		case len(secret) > 255 || strings.ContainsAny(string(secret), "\r\n\x00"):
			return nil, NewProblem(invalid, "credential %s: the secret %s is no line of at most 255 characters", c.Name, name)
		}
		out[name] = secret
	}
	for _, name := range needed {
		if out[name] == "" && !slices.Contains(old.Secrets, name) {
			return nil, NewProblem(invalid, "credential %s lacks its secret %s", c.Name, name)
		}
	}
	return out, nil
}

// mayBeClear keeps a credential from becoming one that travels unencrypted in
// subnets that do not allow that.
func (g *Gear) mayBeClear(ctx context.Context, c *store.Credential) error {
	if !c.Clear() {
		return nil
	}
	subnets, err := g.Subnets.Subnets(ctx)
	if err != nil {
		return err
	}
	for _, x := range subnets {
		if !x.V2c && containsFold(x.Credentials, c.Name) {
			return NewProblem(conflict, "subnet %s is asked with credential %s and does not allow version %s: allow it there first", x.Network, c.Name, c.Version)
		}
	}
	return nil
}

func (s *Server) credentialDelete(ctx context.Context, in *CredentialInput) (Nothing, error) {
	g, err := s.gear()
	if err != nil {
		return Nothing{}, err
	}
	list, err := g.Credentials.Credentials(ctx)
	if err != nil {
		return Nothing{}, err
	}
	c, err := credential(in.Name, list)
	if err != nil {
		return Nothing{}, err
	}
	if err := g.Credentials.DeleteCredential(ctx, c.Name); err != nil {
		return Nothing{}, err
	}
	g.changed()
	return Nothing{}, nil
}

// namedCredentials finds credentials by name, once each, in order.
func namedCredentials(names []string, all []store.Credential) ([]store.Credential, error) {
	var out []store.Credential
	for _, name := range trimmed(names) {
		c, err := credential(name, all)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(x store.Credential) bool { return x.ID == c.ID }) {
			out = append(out, c)
		}
	}
	return out, nil
}

func credentialNames(list []store.Credential) []string {
	out := []string{}
	for _, c := range list {
		out = append(out, c.Name)
	}
	return out
}

// anyClear says whether some travel unencrypted.
func anyClear(list []store.Credential) bool {
	return slices.ContainsFunc(list, func(c store.Credential) bool { return c.Clear() })
}
