package iface

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

func routing(h *host.Host, k kernel) ([]inventory.Route, []string, []string, error) {
	if k.routes == nil {
		return nil, nil, nil, errNoRoutes
	}
	all, _, err := links(h, k)
	if err != nil {
		return nil, nil, nil, err
	}
	names, pairs := map[int64]string{}, map[int64]bool{}
	for _, l := range all {
		names[l.Index] = l.Name
		pairs[l.Index] = l.Kind == "veth"
	}
	b, err := k.routes()
	if err != nil {
		return nil, nil, nil, err
	}
	tables := tableNames(h)
	best := map[[4]string]inventory.Route{}
	left := 0
	for _, r := range parseRoutes(b) {
		if r.ours(pairs) {
			continue
		}
		hops := r.Hops
		if len(hops) == 0 {
			hops = []hop{{}}
		}
		for _, way := range hops {
			row := inventory.Route{Vrf: tables(r.Table), Destination: r.To.String(), Interface: names[way.Index],
				Protocol: r.protocol(), Metric: r.Metric, Kind: r.kind()}
			if way.Via.IsValid() {
				row.NextHop = way.Via.String()
			}
			key := [4]string{row.Vrf, row.Destination, row.NextHop, row.Interface}
			had, is := best[key]
			switch {
			case is && cost(had) <= cost(row): // the same way once more, and dearer
			case !is && len(best) == maxRoutes:
				left++
			default:
				best[key] = row
			}
		}
	}
	rows := make([]inventory.Route, 0, len(best))
	for _, row := range best {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b inventory.Route) int {
		return strings.Compare(a.Vrf+"\x00"+a.Destination+"\x00"+a.NextHop+"\x00"+a.Interface, b.Vrf+"\x00"+b.Destination+"\x00"+b.NextHop+"\x00"+b.Interface)
	})
	var faults []string
	if left > 0 {
		faults = append(faults, fmt.Sprintf("%d routes more than the %d that are told", left, maxRoutes))
	}
	return rows, []string{"netlink"}, faults, nil
}

func cost(r inventory.Route) int64 {
	if r.Metric == nil {
		return 0
	}
	return *r.Metric
}

// tableNames names routing tables by rt_tables of iproute2; the main one is
// the empty text.
func tableNames(h *host.Host) func(uint32) string {
	names := map[uint32]string{}
	for _, file := range []string{"/usr/lib/iproute2/rt_tables", "/usr/share/iproute2/rt_tables", "/etc/iproute2/rt_tables"} {
		f, err := h.Open(file)
		if err != nil {
			continue
		}
		eachLine(f, func(w []string) {
			if len(w) < 2 || strings.HasPrefix(w[0], "#") {
				return
			}
			if n, err := strconv.ParseUint(w[0], 0, 32); err == nil {
				names[uint32(n)] = w[1]
			}
		})
		f.Close()
	}
	return func(table uint32) string {
		if table == tableMain || table == 0 {
			return ""
		}
		if name := names[table]; name != "" {
			return name
		}
		return strconv.FormatUint(uint64(table), 10)
	}
}
