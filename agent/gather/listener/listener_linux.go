package listener

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"muster/agent/gather/home"
	"muster/agent/gather/running"
	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) (rows []inventory.ListeningPort, asked, faults []string, err error) {
	ephemeral := parseSpan(h.Line("/proc/sys/net/ipv4/ip_local_port_range"))
	type key struct {
		protocol, addr string
	}
	sockets := map[key]socket{}
	wanted := map[uint64]bool{}
	sharing := map[key][]uint64{} // several sockets on one port
	for _, table := range []struct{ file, protocol, state string }{
		{"tcp", "tcp", tcpListen}, {"tcp6", "tcp", tcpListen}, {"udp", "udp", unconnected}, {"udp6", "udp", unconnected},
	} {
		f, err := h.Open("/proc/net/" + table.file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a kernel without IPv6
		}
		if err != nil {
			return nil, nil, nil, err
		}
		list, err := parse(f, table.state)
		f.Close()
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", table.file, err))
		}
		asked = append(asked, table.file)
		for _, s := range list {
			if table.protocol == "udp" && ephemeral.holds(s.Addr.Port()) || s.Addr.Port() == 0 {
				continue
			}
			k := key{table.protocol, s.Addr.String()}
			sockets[k] = s
			sharing[k] = append(sharing[k], s.Inode)
			wanted[s.Inode] = true
		}
	}
	if len(asked) == 0 {
		return nil, nil, nil, fmt.Errorf("the kernel has no tables of sockets: %w", errors.ErrUnsupported)
	}
	holders, blind, err := running.Sockets(ctx, h, wanted)
	if err != nil {
		return nil, nil, nil, err
	}
	if blind && !h.Privileged {
		faults = append(faults, "which program listens can be seen for all accounts by root only")
	}
	names := home.Names(h)
	for k, s := range sockets {
		r := s.row(k.protocol)
		pid := int64(0)
		for _, inode := range sharing[k] {
			if p := holders[inode]; p != 0 && (pid == 0 || p < pid) {
				pid = p
			}
		}
		uid := s.UID
		if pid != 0 {
			p := running.Tell(h, pid)
			r.Process, r.Service, r.PID = p.Name, p.Unit, &pid
			if p.UID >= 0 {
				uid = p.UID
			}
		}
		if r.Account = names[uid]; r.Account == "" {
			r.Account = strconv.FormatInt(uid, 10)
		}
		rows = append(rows, r)
	}
	return rows, asked, faults, nil
}
