package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
)

// Proxy says how the agent gets out: environment, none, or a URL. A URL may
// hold a password, so printing one in any way shows it without.
type Proxy string

// String is the proxy without its password.
func (p Proxy) String() string {
	u, err := p.url()
	switch {
	case err != nil:
		return "(unreadable)"
	case u == nil:
		return string(p)
	}
	return u.Redacted()
}

// GoString keeps %#v from showing the password.
func (p Proxy) GoString() string { return fmt.Sprintf("config.Proxy(%q)", p.String()) }

// LogValue keeps slog from showing the password.
func (p Proxy) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText keeps JSON from showing the password.
func (p Proxy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// For is how requests find their proxy, for http.Transport.Proxy; nil for none.
func (p Proxy) For() func(*http.Request) (*url.URL, error) {
	switch p {
	case "none":
		return nil
	case "environment":
		return http.ProxyFromEnvironment
	}
	u, err := p.url()
	return func(*http.Request) (*url.URL, error) { return u, err }
}

// url is nil for environment and none.
func (p Proxy) url() (*url.URL, error) {
	if p == "environment" || p == "none" {
		return nil, nil
	}
	// The texts of url.Parse's errors repeat the URL, and with it a password.
	u, err := url.Parse(string(p))
	if err != nil {
		return nil, errors.New("read proxy: not a URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("read proxy: a scheme of http or https and a host are expected")
	}
	return u, nil
}
