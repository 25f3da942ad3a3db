package send

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// connectProxy is an HTTP proxy that only tunnels (RFC 9110 §9.3.6), as
// offices have it; it counts and can refuse.
func connectProxy(t *testing.T, refuse bool) (*url.URL, *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var tunnels atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				rq, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil || rq.Method != http.MethodConnect {
					io.WriteString(c, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
					return
				}
				if refuse {
					io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
					return
				}
				to, err := net.Dial("tcp", rq.Host)
				if err != nil {
					io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
					return
				}
				defer to.Close()
				tunnels.Add(1)
				io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
				go io.Copy(to, c)
				io.Copy(c, to)
			}()
		}
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}, &tunnels
}

func TestThroughAProxy(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	defer srv.Close()
	for name, refuse := range map[string]bool{"open": false, "refusing": true} {
		t.Run(name, func(t *testing.T) {
			proxy, tunnels := connectProxy(t, refuse)
			c := New(Options{TLS: func() *tls.Config { return srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone() },
				Addresses: func() []string { return []string{strings.TrimPrefix(srv.URL, "https://")} },
				Proxy:     http.ProxyURL(proxy), Timeout: 5 * time.Second})
			defer c.Reset()
			o := c.Post(t.Context(), PathReports, []byte("hello"))
			if refuse {
				if o.Verdict != Later || !strings.Contains(o.Err.Error(), "Proxy Authentication Required") {
					t.Errorf("%s, %v: want later, and the proxy's words", o.Verdict, o.Err)
				}
				return
			}
			if o.Verdict != Accepted || string(o.Body) != "hello" || tunnels.Load() != 1 {
				t.Errorf("%+v through %d tunnels", o, tunnels.Load())
			}
		})
	}
}
