package api

import (
	"net"
	"net/http"
	"net/netip"

	"muster/collector/account"
)

// Guarded lets to a page that is no operation, such as /metrics, who comes
// from this machine without a proxy, through the socket, or with a token that
// has a right and no scope.
//
// A request that names another host than this machine does not count as from
// here: a page in a browser reaches loopback under a name of its own.
func (s *Server) Guarded(right account.Right, next http.Handler) http.Handler {
	return s.logged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" && s.here(r) {
			next.ServeHTTP(w, r)
			return
		}
		a := askedOf(r.Context())
		actor, err := s.identify(r)
		if err == nil {
			a.actor = actor
			if err = actor.Can(right); err == nil && !actor.Scope.All {
				err = account.ErrScoped
			}
		}
		if err == nil {
			next.ServeHTTP(w, r)
			return
		}
		p, hidden := problemOf(err)
		if hidden {
			s.d.Log.ErrorContext(r.Context(), "identify caller", "error", err, "request_id", a.id)
		}
		if p.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="muster"`)
		}
		writeProblem(w, a.id, p)
	}))
}

// here says whether a request comes from this machine itself.
func (s *Server) here(r *http.Request) bool {
	if _, ok := r.Context().Value(socketKey{}).(string); ok {
		return true
	}
	for _, h := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback() && loopback(host)
}
