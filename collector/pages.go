package collector

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

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
	site, err := web.New(web.Options{API: c.api, Accounts: c.accounts, Log: c.log, Now: c.now, Zone: zone, Peer: c.api.Peer,
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
	base := strings.TrimSuffix(c.cfg.Web.URL, "/")
	if base == "" {
		base = "http://" + c.cfg.Web.Address
		if c.cfg.Web.Certificate != "" {
			base = "https://" + c.cfg.Web.Address
		}
	}
	return base + path, nil
}
