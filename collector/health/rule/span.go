package rule

import (
	"time"

	"muster/internal/settings"
)

// span is a duration as rules write it, such as 7d or 90m.
func span(d time.Duration) string { return settings.Duration(d).String() }

// parseSpan reads one.
func parseSpan(s string) (time.Duration, error) {
	d, err := settings.ParseDuration(s)
	return d.D(), err
}
