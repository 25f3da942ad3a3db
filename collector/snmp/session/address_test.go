package session_test

import (
	"net/netip"
	"testing"
)

// address is one that nothing is sent to: a link of the test takes it.
func address(t testing.TB) netip.AddrPort {
	t.Helper()
	return netip.MustParseAddrPort("192.0.2.1:161")
}
