package netio

import (
	"context"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v3/net"

	"muster/agent/host"
)

// fromNetstat reads the counters of a Mac's cards.
func fromNetstat(ctx context.Context, h *host.Host) ([]net.IOCountersStat, error) {
	out, err := h.Run(ctx, "netstat-counters")
	if err != nil {
		return nil, err
	}
	return parseNetstat(string(out)), nil
}

// parseNetstat reads netstat -ibdn (netstat(1)): names of columns, then a line
// for each card and each of its addresses. Counted is that of the card, which
// has its number as network; without a hardware address that column is empty. A
// star behind the name says that it is down. Cards are called en and a number;
// all others are loopback, tunnels and Apple's own radio links.
func parseNetstat(text string) (list []net.IOCountersStat) {
	var columns []string
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) > 4 && w[0] == "Name" {
			columns = w
			continue
		}
		if len(w) < 3 || !strings.HasPrefix(w[2], "<Link#") || !strings.HasPrefix(w[0], "en") || strings.HasSuffix(w[0], "*") || len(list) == 4*most {
			continue
		}
		if len(w) == len(columns)-1 {
			w = append(append(append([]string(nil), w[:3]...), ""), w[3:]...)
		}
		if len(w) != len(columns) {
			continue
		}
		c := net.IOCountersStat{Name: w[0]}
		into := map[string]*uint64{"Ipkts": &c.PacketsRecv, "Ierrs": &c.Errin, "Ibytes": &c.BytesRecv, "Opkts": &c.PacketsSent, "Oerrs": &c.Errout, "Obytes": &c.BytesSent, "Drop": &c.Dropout}
		for i, name := range columns {
			if to := into[name]; to != nil {
				*to, _ = strconv.ParseUint(w[i], 10, 64)
			}
		}
		if c.PacketsRecv+c.PacketsSent > 0 {
			list = append(list, c)
		}
	}
	return list
}
