package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// onDevice runs f in a write transaction with the number of a device.
func (x *Inventory) onDevice(ctx context.Context, act string, id inventory.DeviceID, f func(t *tx, no int64) error) error {
	err := x.d.write(ctx, func(t *tx) error {
		no, err := t.deviceNo(id)
		if err != nil {
			return err
		}
		x.forget(t, id)
		return f(t, no)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	return nil
}

func (t *tx) deviceNo(id inventory.DeviceID) (int64, error) {
	var no int64
	found, err := t.one("SELECT device_no FROM device_rows WHERE device_id = ?", []any{string(id)}, &no)
	if err == nil && !found {
		err = notFound("device", id)
	}
	return no, err
}

// SetPeople replaces the people's fields of a device.
func (x *Inventory) SetPeople(ctx context.Context, id inventory.DeviceID, p store.People) error {
	return x.onDevice(ctx, "set people's fields", id, func(t *tx, no int64) error { return x.setPeople(t, no, p) })
}

func (x *Inventory) setPeople(t *tx, no int64, p store.People) error {
	if err := t.do("UPDATE device_rows SET asset_tag = ?, owner = ?, department = ?, purchased = ?, warranty = ?, note = ? WHERE device_no = ?",
		p.AssetTag, p.Owner, p.Department, p.Purchased, p.Warranty, p.Note, no); err != nil {
		return err
	}
	return x.refreshSearch(t, no)
}

// SetSite moves a device; site 0 takes it out of any.
func (x *Inventory) SetSite(ctx context.Context, id inventory.DeviceID, site int64, byHand bool) error {
	return x.onDevice(ctx, "set site", id, func(t *tx, no int64) error {
		var to any
		if site != 0 {
			var n int
			if found, err := t.one("SELECT 1 FROM site WHERE id = ?", []any{site}, &n); err != nil {
				return err
			} else if !found {
				return notFound("site", site)
			}
			to = site
		}
		return t.do("UPDATE device_rows SET site = ?, site_by_hand = ? WHERE device_no = ?", to, toSQL(byHand), no)
	})
}

// SetLabels replaces a device's labels.
func (x *Inventory) SetLabels(ctx context.Context, id inventory.DeviceID, labels []string) error {
	return x.onDevice(ctx, "set labels", id, func(t *tx, no int64) error { return t.setLabels(no, labels) })
}

func (t *tx) setLabels(no int64, labels []string) error {
	if err := t.do("DELETE FROM label_rows WHERE device_no = ?", no); err != nil {
		return err
	}
	for _, l := range labels {
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		if err := t.do("INSERT OR IGNORE INTO label_rows (device_no, label) VALUES (?, ?)", no, l); err != nil {
			return err
		}
	}
	return nil
}

// Retire marks or unmarks (zero time) a device as out of use.
func (x *Inventory) Retire(ctx context.Context, id inventory.DeviceID, at time.Time) error {
	return x.onDevice(ctx, "retire", id, func(t *tx, no int64) error {
		if at.IsZero() {
			return t.do("UPDATE device_rows SET retired_at = NULL, presence = '' WHERE device_no = ? AND retired_at IS NOT NULL", no)
		}
		return t.do("UPDATE device_rows SET retired_at = ?, presence = ? WHERE device_no = ?", at.UnixMilli(), string(store.Retired), no)
	})
}

// SetPresence stores what presence was last judged to be. Devices that are
// gone meanwhile are passed over: one of them must not lose the others' news.
func (x *Inventory) SetPresence(ctx context.Context, states map[inventory.DeviceID]store.Presence) error {
	err := x.d.write(ctx, func(t *tx) error {
		for id, s := range states {
			if err := t.do("UPDATE device_rows SET presence = ?1 WHERE device_id = ?2 AND presence <> ?1", string(s), string(id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set presence: %w", err)
	}
	return nil
}
