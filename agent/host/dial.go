package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// Server is a program of this machine that readers may talk to over TCP, on
// the loopback address alone.
type Server struct {
	Name    string
	Address string // of the loopback network, with its port
	Limit   time.Duration
	Most    int64 // bytes that it may say
	Why     string
}

// Servers is the whole table. Nobody else is ever talked to.
func Servers() []Server {
	return []Server{
		{
			Name: "nut", Address: "127.0.0.1:3493", Limit: 5 * time.Second, Most: 256 << 10,
			Why: "Network UPS Tools keeps what its drivers read in memory alone",
		},
		{
			Name: "apcupsd", Address: "127.0.0.1:3551", Limit: 5 * time.Second, Most: 64 << 10,
			Why: "apcupsd keeps what it reads in memory alone",
		},
	}
}

// Dial connects to a server of the table by name. The connection ends by
// itself at the server's limits. Errors: ErrNoSocket when nobody listens.
func (h *Host) Dial(ctx context.Context, name string) (net.Conn, error) {
	for _, s := range Servers() {
		if s.Name != name {
			continue
		}
		if h.Connect == nil {
			return nil, fmt.Errorf("%s: %w", name, ErrNoSocket)
		}
		ctx, cancel := context.WithTimeout(ctx, s.Limit)
		defer cancel()
		c, err := h.Connect(ctx, s)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return nil, fmt.Errorf("%s: %w", name, ErrNoSocket)
		}
		if err != nil {
			return nil, fmt.Errorf("talk to %s: %w", name, err)
		}
		if err := c.SetDeadline(time.Now().Add(s.Limit)); err != nil {
			c.Close()
			return nil, fmt.Errorf("talk to %s: %w", name, err)
		}
		return &talk{Conn: c, said: io.LimitReader(c, s.Most)}, nil
	}
	return nil, fmt.Errorf("%s is not in the table of servers", name)
}

// talk is a connection over which only so much is heard.
type talk struct {
	net.Conn
	said io.Reader
}

func (t *talk) Read(p []byte) (int, error) { return t.said.Read(p) }

func connect(ctx context.Context, s Server) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", s.Address)
}
