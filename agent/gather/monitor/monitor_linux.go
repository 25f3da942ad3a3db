package monitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// source is what is asked.
const source = "sysfs"

func read(ctx context.Context, h *host.Host) ([]inventory.Monitor, []string, error) {
	list, err := h.ReadDir("/sys/class/drm")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("the kernel drives no displays here: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, nil, err
	}
	rows := []inventory.Monitor{}
	var faults []string
	looked := 0
	for _, e := range list {
		if !isConnector(e.Name()) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if looked++; looked > maxConnectors {
			faults = append(faults, fmt.Sprintf("only the first %d connectors are looked at", maxConnectors))
			break
		}
		at := "/sys/class/drm/" + e.Name()
		// The kernel keeps what it knows; it is not asked to look anew, which
		// makes some displays flicker.
		if h.Line(at+"/status") != "connected" {
			continue
		}
		r := inventory.Monitor{Connector: e.Name()}
		link, builtin := kind(e.Name())
		r.Link, r.Builtin = link, &builtin
		if b, err := described(h, at+"/edid"); err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", e.Name(), err))
		} else {
			r.EDID = whole(b)
		}
		card, _, _ := strings.Cut(e.Name(), "-")
		if target, err := h.Readlink("/sys/class/drm/" + card + "/device"); err == nil {
			r.Gpu = path.Base(target)
		}
		rows = append(rows, r)
	}
	return rows, faults, nil
}

// described reads an EDID; a display without one has an empty file.
func described(h *host.Host, name string) ([]byte, error) {
	f, err := h.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxEDID))
}
