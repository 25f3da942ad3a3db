package receive

import (
	"container/list"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// crowd bounds how many connections are open. A silent one takes 40 KiB and an
// open file, and a process without files left can open neither a segment nor a
// database. So one that is idle makes room for a newcomer; its agent connects
// again with its next report. If all are at work the newcomer has to try again.
//
// All agents have the same rhythm, so the one that was heard last will be
// silent longest: it goes, and those whose turn is near stay. Ending what is
// idle longest would end each just before it is used. But the very last ones
// may have more to say at once: settled is how long that takes.
type crowd struct {
	most int // 0: no bound
	log  *slog.Logger
	now  func() time.Time

	mu     sync.Mutex
	open   map[net.Conn]*list.Element // nil while not idle
	young  list.List                  // of idling: not settled, the oldest first
	old    list.List                  // of idling: settled, the oldest first
	closed int64
	told   time.Time
}

type idling struct {
	conn  net.Conn
	since time.Time
	old   bool
}

const settled = 10 * time.Second

// changed is http.Server.ConnState.
func (c *crowd) changed(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[net.Conn]*list.Element{}
	}
	if e := c.open[conn]; e != nil {
		c.leave(e)
		c.open[conn] = nil
	}
	switch s {
	case http.StateNew:
		c.open[conn] = nil
		if c.most > 0 && len(c.open) > c.most {
			c.displace(conn)
		}
	case http.StateIdle:
		c.open[conn] = c.young.PushBack(&idling{conn: conn, since: c.now()})
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	}
}

func (c *crowd) leave(e *list.Element) {
	if e.Value.(*idling).old {
		c.old.Remove(e)
	} else {
		c.young.Remove(e)
	}
}

// displace ends an idle connection, or else the new one. Called with mu held.
func (c *crowd) displace(conn net.Conn) {
	now := c.now()
	for e := c.young.Front(); e != nil; e = c.young.Front() {
		i := e.Value.(*idling)
		if now.Sub(i.since) < settled {
			break
		}
		c.young.Remove(e)
		i.old = true
		c.open[i.conn] = c.old.PushBack(i)
	}
	e := c.old.Back()
	if e == nil {
		e = c.young.Front()
	}
	if e != nil {
		conn = e.Value.(*idling).conn
		c.leave(e)
	}
	delete(c.open, conn) // its file is free with the next line, whenever the server learns of it
	inner(conn).Close()
	c.closed++
	if now.Sub(c.told) > time.Hour {
		c.told = now
		c.log.Info("more agents are there than may stay connected; idle ones are disconnected and come again with their next report",
			"connections", c.most, "hint", "limits.connections; each takes 40 KiB and an open file (LimitNOFILE)")
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
