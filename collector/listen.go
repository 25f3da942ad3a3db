package collector

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"syscall"
	"time"

	"muster/collector/api"
	"muster/collector/config"
)

// listen takes an address, and says by which setting and flag another one can
// be given when it is taken.
func listen(setting, flag, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE) || isAddressInUse(err):
		return nil, fmt.Errorf("another program listens on %s: give another address with %s or the setting %s", address, flag, setting)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this account may not listen on %s: give a port above 1023 with %s or the setting %s", address, flag, setting)
	case err != nil:
		return nil, fmt.Errorf("listen on %s (%s, setting %s): %w", address, flag, setting, err)
	}
	return l, nil
}

// listenLocal makes the socket through which the command line works on this
// machine. Who can open it may do everything, so it is the owner's alone. The
// folder is held by the outbox's lock, so a socket that is there is left over.
func listenLocal(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("local socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		if len(path) > 100 {
			return nil, fmt.Errorf("local socket: the path %s is too long for a socket; name a shorter data folder with --data", path)
		}
		return nil, fmt.Errorf("local socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("local socket: %w", err)
	}
	return l, nil
}

// profiles serves the Go runtime's profiles.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// webTLS wraps the web listener when the settings name a certificate, and says
// until when that is good.
func webTLS(c config.Config) (_ func(net.Listener) net.Listener, until time.Time, _ error) {
	if c.Web.Certificate == "" {
		return nil, time.Time{}, nil
	}
	pair, err := tls.LoadX509KeyPair(c.Web.Certificate, c.Web.Key)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("web.certificate and web.key: %w", err)
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
	return func(l net.Listener) net.Listener { return tls.NewListener(l, t) }, pair.Leaf.NotAfter, nil
}

// certificates are those that somebody has to renew.
func (c *collector) certificates() []api.Certificate {
	if at := c.webExpiry(); !at.IsZero() {
		return []api.Certificate{{Name: "web", NotAfter: at}}
	}
	return nil
}

// webExpiry is when web.certificate ends; zero without one.
func (c *collector) webExpiry() time.Time {
	if at := c.webCert.Load(); at != nil {
		return *at
	}
	return time.Time{}
}
