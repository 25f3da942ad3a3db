package listener

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"muster/agent/gather/running"
	"muster/agent/host"
	"muster/internal/inventory"
)

// dynamicPort is where Windows begins to give ports to those who ask for any
// (RFC 6335): what stands there over UDP are clients that wait for answers.
const dynamicPort = 49_152

// owned is a row of one of Windows' tables.
type owned struct {
	Addr netip.AddrPort
	PID  int64
}

// form is how rows of a table are laid out (iprtrmib.h, udpmib.h).
type form struct {
	question        host.Native
	protocol        string
	row, port, pid  int // length of a row, and where what stands
	addr, addrBytes int
}

func forms() []form {
	return []form{
		{question: host.NativeTCP4, protocol: "tcp", row: 24, addr: 4, addrBytes: 4, port: 8, pid: 20},
		{question: host.NativeTCP6, protocol: "tcp", row: 56, addr: 0, addrBytes: 16, port: 20, pid: 52},
		{question: host.NativeUDP4, protocol: "udp", row: 12, addr: 0, addrBytes: 4, port: 4, pid: 8},
		{question: host.NativeUDP6, protocol: "udp", row: 28, addr: 0, addrBytes: 16, port: 20, pid: 24},
	}
}

// parseTable reads a table: a count, then rows. A port stands in the order of
// the network in the lower half of its four bytes.
func parseTable(b []byte, f form) ([]owned, error) {
	if len(b) < 4 {
		return nil, nil
	}
	n := binary.LittleEndian.Uint32(b)
	var list []owned
	for b = b[4:]; n > 0 && len(b) >= f.row; n, b = n-1, b[f.row:] {
		if len(list) == maxSockets {
			return list, errTooMany
		}
		a, _ := netip.AddrFromSlice(b[f.addr : f.addr+f.addrBytes])
		list = append(list, owned{netip.AddrPortFrom(a, binary.BigEndian.Uint16(b[f.port:])), int64(binary.LittleEndian.Uint32(b[f.pid:]))})
	}
	return list, nil
}

// fromTables reads Windows' tables of who waits for connections.
func fromTables(h *host.Host) (rows []inventory.ListeningPort, asked, faults []string, err error) {
	names := map[int64]string{}
	if b, err := h.AskNative(host.NativeProcesses); err == nil {
		for _, e := range running.List(b) {
			names[e.PID] = e.Name
		}
	} else {
		faults = append(faults, "which program listens: "+err.Error())
	}
	type key struct {
		protocol string
		addr     netip.AddrPort
	}
	seen := map[key]bool{}
	for _, f := range forms() {
		b, err := h.AskNative(f.question)
		if err != nil {
			if errors.Is(err, errors.ErrUnsupported) && f.addrBytes == 16 {
				continue // without IPv6
			}
			return nil, nil, nil, err
		}
		list, err := parseTable(b, f)
		if err != nil {
			faults = append(faults, err.Error())
		}
		asked = append(asked, string(f.question))
		for _, o := range list {
			k := key{f.protocol, o.Addr}
			if seen[k] || o.Addr.Port() == 0 || f.protocol == "udp" && o.Addr.Port() >= dynamicPort {
				continue
			}
			seen[k] = true
			r := socket{Addr: o.Addr}.row(f.protocol)
			if o.PID != 0 {
				r.Process, r.PID = names[o.PID], &o.PID
			}
			rows = append(rows, r)
		}
	}
	return rows, asked, faults, nil
}
