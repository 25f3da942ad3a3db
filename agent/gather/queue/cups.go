package queue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

func fromCUPS(ctx context.Context, h *host.Host) (rows []inventory.PrintQueue, asked, faults []string, err error) {
	asked = []string{"cups"}
	f, err := h.Open("/etc/cups/printers.conf")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, asked, nil, nil // no CUPS, or one without a queue
	}
	if err != nil {
		return nil, nil, nil, err
	}
	defer f.Close()
	rows = parsePrinters(f)
	refused := 0
	for i := range rows {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		q := &rows[i]
		if strings.ContainsAny(q.Name, "/\x00") {
			continue
		}
		p, err := h.Open("/etc/cups/ppd/" + q.Name + ".ppd")
		if err != nil {
			if errors.Is(err, fs.ErrPermission) {
				refused++
			}
			continue // printers that need no driver have none
		}
		q.Driver, q.DriverVersion = parsePPD(p)
		p.Close()
	}
	if refused > 0 {
		faults = append(faults, fmt.Sprintf("drivers of %d queues can be seen by root only", refused))
	}
	return rows, asked, faults, nil
}
