package collector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"muster/collector/account"
	"muster/collector/outgoing"
	"muster/collector/store"
	"muster/collector/web"
)

// withPages puts the pages before what programs ask. A program that was built
// without Node has none, and says so once.
func (c *collector) withPages(ctx context.Context, programs http.Handler) (http.Handler, error) {
	zone := time.Local
	if z := c.cfg.Health.Zone; z != "" {
		if l, err := time.LoadLocation(z); err == nil {
			zone = l
		}
	}
	provider, err := c.provider()
	if err != nil {
		return nil, err
	}
	site, err := web.New(web.Options{Provider: provider, AdminsNeedCode: c.cfg.Web.AdminCode,
		API: c.api, Accounts: c.accounts, Log: c.log, Now: c.now, Zone: zone, Peer: c.api.Peer,
		Secure: c.cfg.Web.Certificate != "" || strings.HasPrefix(c.cfg.Web.URL, "https://"), FailuresPerMinute: c.cfg.Limits.LoginsPerMinute})
	if errors.Is(err, web.ErrNoAssets) {
		c.log.Warn("there are no pages", "why", err)
		return programs, nil
	}
	if err != nil {
		return nil, err
	}
	c.site.Store(site)
	// Whoever stops a collector while it starts is no reason for a fault.
	if link, err := c.setupLink(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	} else if link != "" {
		c.log.Info("nobody has an account yet: make the first one within an hour", "link", link)
	}
	mux := http.NewServeMux()
	mux.Handle("/", site.Handler())
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		mux.Handle(path, programs)
	}
	mux.Handle("/api/", site.Programs(programs))
	return mux, nil
}

// setupLink is the whole address under which the first account is made; empty
// when there is one, or there are no pages.
func (c *collector) setupLink(ctx context.Context) (string, error) {
	site := c.site.Load()
	if site == nil {
		return "", nil
	}
	path, err := site.SetupPath(ctx)
	if err != nil || path == "" {
		return "", err
	}
	return c.base() + path, nil
}

// base is the address of the pages.
func (c *collector) base() string {
	switch {
	case c.cfg.Web.URL != "":
		return strings.TrimSuffix(c.cfg.Web.URL, "/")
	case c.cfg.Web.Certificate != "":
		return "https://" + c.cfg.Web.Address
	}
	return "http://" + c.cfg.Web.Address
}

// pageLink is the whole address of a page; empty when there are none.
func (c *collector) pageLink(path string) string {
	if c.site.Load() == nil {
		return ""
	}
	return c.base() + path
}

// provider is where people sign in besides; nil if nowhere.
func (c *collector) provider() (*account.Provider, error) {
	o := &c.cfg.Web.OIDC
	if !o.Used() {
		return nil, nil
	}
	secret, err := passwordIn("web.oidc.secret_file", o.SecretFile)()
	if err != nil {
		return nil, err
	}
	// Some providers publish long lists of keys and addresses.
	calls := outgoing.Options{Body: 1 << 20}
	if o.CAFile != "" {
		if calls.Roots, err = rootsIn("web.oidc.ca_file", o.CAFile); err != nil {
			return nil, err
		}
	}
	return account.NewProvider(c.accounts, account.ProviderOptions{Name: o.Name, Issuer: o.Issuer, ClientID: o.ClientID, Secret: secret,
		Redirect: c.base() + account.CallbackPath, NameClaim: o.NameClaim, GroupsClaim: o.GroupsClaim, Admins: o.Admins, Staff: o.Staff, Interns: o.Interns,
		Places: o.PlacesOf(), Create: o.Create, Scopes: o.Scopes, Now: c.now, Scope: c.scopeOf,
		Client: c.dialer.Client(calls)})
}

// scopeOf finds agencies (NAME) and sites (AGENCY/SITE). One that is not there
// is an error: nobody must see more, or nothing, by a slip.
func (c *collector) scopeOf(ctx context.Context, agencies, sites []string) (store.Scope, error) {
	var out store.Scope
	all, err := c.inventory.Agencies(ctx, store.Scope{All: true})
	if err != nil {
		return out, err
	}
	for _, name := range agencies {
		i := slices.IndexFunc(all, func(x store.Agency) bool { return strings.EqualFold(x.Name, name) })
		if i < 0 {
			return out, fmt.Errorf("there is no agency %q", name)
		}
		out.Agencies = append(out.Agencies, all[i].ID)
	}
	places, err := c.inventory.Sites(ctx, store.Scope{All: true})
	if err != nil {
		return out, err
	}
	for _, name := range sites {
		i := slices.IndexFunc(places, func(x store.Site) bool { return strings.EqualFold(x.Agency+"/"+x.Name, name) })
		if i < 0 {
			return out, fmt.Errorf("there is no site %q", name)
		}
		out.Sites = append(out.Sites, places[i].ID)
	}
	return out, nil
}
