package collector

import (
	"context"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/summary"
)

// openSummaries makes what mails figures at set times. It counts as the API
// does, so it comes after it.
func (c *collector) openSummaries() {
	zone := time.Local
	if z, err := time.LoadLocation(c.cfg.Health.Zone); c.cfg.Health.Zone != "" && err == nil {
		zone = z
	}
	page := ""
	if c.cfg.Web.URL != "" {
		page = strings.TrimSuffix(c.cfg.Web.URL, "/") + "/fleet/reports"
	}
	c.summaries = &summary.Sender{Sources: c.api.SummaryFigures(), Schedules: c.control, Line: c.inventory.Notices(), CSV: api.SummaryCSV,
		Wake: c.notifier.Reload, Zone: zone, URL: page, Log: c.log, Now: c.now}
}

// sendSummary mails one now, for the API.
func (c *collector) sendSummary(ctx context.Context, x summary.Schedule, to []string) (string, error) {
	return c.summaries.Send(ctx, x, to)
}
