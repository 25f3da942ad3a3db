package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Events lists events, newest first.
func (x *Inventory) Events(ctx context.Context, q store.EventQuery) ([]store.EventRow, error) {
	var out []store.EventRow
	err := x.d.read(ctx, func(v *view) error {
		var w where
		w.scope(q.Scope)
		if len(q.Devices) > 0 {
			w.devices(q.Devices)
		} else {
			w.add("d.merged_into IS NULL")
		}
		if len(q.Kinds) > 0 {
			w.add("e.kind IN (SELECT value FROM json_each(?))", textsOf(q.Kinds))
		}
		w.between("e.at", q.From, q.To)
		return v.each(ctx, "SELECT e.at, e.received_at, d.device_id, d.name, e.kind, e.count, e.attributes FROM event_rows e JOIN device_rows d USING (device_no)"+
			w.String()+" ORDER BY e.at DESC, e.event_no DESC LIMIT ?", append(w.args, limitOf(q.Limit)), func(scan scan) error {
			var e store.EventRow
			var at, received int64
			var attributes *string
			if err := scan(&at, &received, &e.Device, &e.Name, &e.Kind, &e.Count, &attributes); err != nil {
				return err
			}
			e.At, e.ReceivedAt = timeOf(at), timeOf(received)
			if attributes != nil {
				if err := json.Unmarshal([]byte(*attributes), &e.Attributes); err != nil {
					return err
				}
			}
			out = append(out, e)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	return out, nil
}

// Gaps lists the ranges of reports that never came, oldest first.
func (x *Inventory) Gaps(ctx context.Context, id inventory.DeviceID) ([]report.Gap, error) {
	var out []report.Gap
	err := x.d.read(ctx, func(v *view) error {
		no, err := v.deviceNo(ctx, id)
		if err != nil {
			return err
		}
		return v.each(ctx, "SELECT from_seq, to_seq FROM gap_rows WHERE device_no = ? ORDER BY at, epoch, from_seq", []any{no}, func(scan scan) error {
			var from, to int64
			err := scan(&from, &to)
			out = append(out, report.Gap{From: uint64(from), To: uint64(to)})
			return err
		})
	})
	return out, err
}
