// Package netio samples the traffic of network cards (measurement net). It
// must not know addresses or what is behind a card.
package netio

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/shirou/gopsutil/v3/net"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/order"
)

// Sampler reads the counters of network cards.
type Sampler struct {
	Counters func(ctx context.Context, each bool) ([]net.IOCountersStat, error)
}

// New samples the machine's own cards.
func New() *Sampler { return &Sampler{Counters: net.IOCountersWithContext} }

// Name of the sampler in logs.
func (*Sampler) Name() string { return "net" }

const most = 16

// Sample puts the counters of every card that is up.
func (s *Sampler) Sample(ctx context.Context, h *host.Host, to gather.Sink) error {
	var all []net.IOCountersStat
	b, err := h.AskNative(host.NativeCards)
	switch {
	case err == nil:
		all = parseCards(b)
	case runtime.GOOS == "darwin":
		all, err = fromNetstat(ctx, h)
	case errors.Is(err, errors.ErrUnsupported):
		if all, err = s.Counters(ctx, true); err == nil {
			all = slices.DeleteFunc(all, func(c net.IOCountersStat) bool { return !Card(h, c.Name) })
		}
	}
	if err != nil {
		return fmt.Errorf("network counters: %w", err)
	}
	order.By(all, func(a, b net.IOCountersStat) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range all[:min(len(all), most)] {
		to.Put("net", "bytes_recv", float64(c.BytesRecv), "interface", c.Name)
		to.Put("net", "bytes_sent", float64(c.BytesSent), "interface", c.Name)
		to.Put("net", "packets_recv", float64(c.PacketsRecv), "interface", c.Name)
		to.Put("net", "packets_sent", float64(c.PacketsSent), "interface", c.Name)
		to.Put("net", "err_in", float64(c.Errin), "interface", c.Name)
		to.Put("net", "drop_in", float64(c.Dropin), "interface", c.Name)
		to.Put("net", "err_out", float64(c.Errout), "interface", c.Name)
		to.Put("net", "drop_out", float64(c.Dropout), "interface", c.Name)
	}
	return nil
}

// Card tells a card that is up from loopback, from virtual interfaces and
// from one without a cable. A machine whose only way out is a virtual
// interface, such as a container, keeps that one.
func Card(h *host.Host, name string) bool {
	if name == "lo" || strings.HasPrefix(name, "Loopback") || strings.HasPrefix(name, "lo0") {
		return false
	}
	base := "/sys/class/net/" + name
	if !h.Exists(base) {
		return !h.Exists("/sys/class/net")
	}
	if h.Line(base+"/operstate") == "down" {
		return false
	}
	if h.Exists(base + "/device") {
		return true
	}
	return strings.HasPrefix(name, "eth") || strings.HasPrefix(name, "en") || strings.HasPrefix(name, "wl")
}
