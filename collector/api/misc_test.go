package api

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"muster/collector/account"
	"muster/collector/store"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func netipOf(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{100, byte(i >> 16), byte(i >> 8), byte(i)})
}

func adminActor() account.Actor { return account.Local("root") }

// A database that is away is no fault of the collector: it says later.
func TestBusyStoreSaysLater(t *testing.T) {
	for _, err := range []error{store.ErrBusy, fmt.Errorf("list devices: %w: database muster at db:5432 cannot be reached", store.ErrBusy)} {
		p, hidden := problemOf(err)
		if p.Status != http.StatusServiceUnavailable || p.RetryAfter == 0 || !strings.Contains(p.Detail, "try again in a moment") || strings.Contains(p.Detail, "db:5432") || !hidden {
			t.Errorf("%v: %+v, %v", err, p, hidden)
		}
	}
}
