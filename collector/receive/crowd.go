package receive

import (
	"container/list"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// crowd bounds how many connections are open. Each is an open file, and a
// process without one left can open neither a segment nor a database: it would
// fail for want of what idle agents hold. So the one that has been idle longest
// makes room for the newcomer; its agent connects again with its next report.
// If all are at work the newcomer has to wait for another try.
type crowd struct {
	most int // 0: no bound
	log  *slog.Logger
	now  func() time.Time

	mu     sync.Mutex
	open   map[net.Conn]*list.Element // nil while not idle
	idle   list.List                  // of net.Conn, longest idle first
	closed int64
	told   time.Time
}

// changed is http.Server.ConnState.
func (c *crowd) changed(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[net.Conn]*list.Element{}
	}
	if e := c.open[conn]; e != nil {
		c.idle.Remove(e)
		c.open[conn] = nil
	}
	switch s {
	case http.StateNew:
		c.open[conn] = nil
		if c.most > 0 && len(c.open) > c.most {
			c.displace(conn)
		}
	case http.StateIdle:
		c.open[conn] = c.idle.PushBack(conn)
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	}
}

// displace ends the connection that is idle longest, or else the new one.
// Called with mu held.
func (c *crowd) displace(conn net.Conn) {
	if e := c.idle.Front(); e != nil {
		conn = e.Value.(net.Conn)
		c.idle.Remove(e)
	}
	delete(c.open, conn) // its file is free with the next line, whenever the server learns of it
	inner(conn).Close()
	c.closed++
	if now := c.now(); now.Sub(c.told) > 10*time.Minute {
		c.told = now
		c.log.Warn("more agents are connected than this process may have files open; idle ones are disconnected and come again with their next report",
			"connections", c.most, "hint", "raise LimitNOFILE (ulimit -n)")
	}
}

// inner is the connection under TLS: closing it waits for nobody.
func inner(conn net.Conn) net.Conn {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return conn
}

// count is how many are open, and how many were ended for others.
func (c *crowd) count() (open int, displaced int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open), c.closed
}
