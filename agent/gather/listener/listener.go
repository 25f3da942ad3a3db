// Package listener reads section listening_port: TCP ports that accept
// connections, UDP ports that are bound on purpose, and who holds them.
//
// It owns the form of the kernel's tables of sockets. It must never read
// arguments of programs: a listener is told by its name alone.
package listener

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// socket is one that waits for somebody.
type socket struct {
	Addr  netip.AddrPort
	UID   int64
	Inode uint64
}

// maxSockets bounds those that are kept of one table.
const maxSockets = 10_000

// errTooMany says that there are more.
var errTooMany = errors.New("more than " + strconv.Itoa(maxSockets) + " sockets wait")

// States of sockets in the kernel's tables (include/net/tcp_states.h). A UDP
// socket without a far side is in the state of a closed one.
const (
	tcpListen   = "0A"
	unconnected = "07"
)

// span is the range of ports that the kernel gives to who asks for any.
type span struct{ Low, High uint16 }

// parseSpan reads /proc/sys/net/ipv4/ip_local_port_range; without it the
// kernel's default holds.
func parseSpan(s string) span {
	w := strings.Fields(s)
	if len(w) == 2 {
		low, err := strconv.ParseUint(w[0], 10, 16)
		high, err2 := strconv.ParseUint(w[1], 10, 16)
		if err == nil && err2 == nil && low <= high {
			return span{uint16(low), uint16(high)}
		}
	}
	return span{32768, 60999}
}

func (s span) holds(port uint16) bool { return port >= s.Low && port <= s.High }

// parse reads /proc/net/tcp, tcp6, udp or udp6 (proc(5)) and keeps the sockets
// in one state. It holds one line at a time: a busy server has 100,000
// connections in these files.
func parse(r io.Reader, state string) ([]socket, error) {
	var list []socket
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 1024), 8<<10)
	for s.Scan() {
		w := fields(s.Bytes())
		if string(w[3]) != state {
			continue
		}
		addr, ok := address(string(w[1]))
		if !ok {
			continue
		}
		uid, err := strconv.ParseInt(string(w[7]), 10, 64)
		inode, err2 := strconv.ParseUint(string(w[9]), 10, 64)
		if err != nil || err2 != nil || uid < 0 {
			continue
		}
		if len(list) == maxSockets {
			return list, errTooMany
		}
		list = append(list, socket{Addr: addr, UID: uid, Inode: inode})
	}
	return list, s.Err()
}

// fields gives the first ten words of a line.
func fields(line []byte) (w [10][]byte) {
	for i := range w {
		line = bytes.TrimLeft(line, " \t")
		end := bytes.IndexAny(line, " \t")
		if end < 0 {
			w[i] = line
			return w
		}
		w[i], line = line[:end], line[end:]
	}
	return w
}

// address reads 0100007F:0050: words of 32 bits as the machine holds them,
// then the port.
func address(s string) (netip.AddrPort, bool) {
	text, port, ok := strings.Cut(s, ":")
	if !ok || len(text) != 8 && len(text) != 32 {
		return netip.AddrPort{}, false
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	a, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a, uint16(n)), ok
}

// row begins the row of a socket.
func (s socket) row(protocol string) inventory.ListeningPort {
	exposed := !s.Addr.Addr().Unmap().IsLoopback()
	return inventory.ListeningPort{Protocol: protocol, Address: s.Addr.Addr().String(), Port: int64(s.Addr.Port()), Exposed: &exposed}
}
