// Package software reads section software: what is installed, by the
// databases of the system's package managers.
//
// It owns the forms of those databases and which rows become rows of the
// section. It must not mistake silence for absence: a database that is there
// and cannot be read is a fault, and the sources name every one that was
// asked.
package software

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/order"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	if len(asked) == 0 && len(faults) == 0 {
		return gather.Reading{}, fmt.Errorf("there is no package database that can be read here: %w", errors.ErrUnsupported)
	}
	r, err := gather.Rows(instances(rows), asked...)
	r.Faults = faults
	return r, err
}

// instances tells apart packages that are installed in several versions at
// once, as kernels are: then, and only then, the version is part of the key,
// so that an ordinary upgrade reads as a changed version.
func instances(rows []inventory.Software) []inventory.Software {
	key := func(a, b inventory.Software) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.UserName, b.UserName),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.Arch, b.Arch))
	}
	order.By(rows, func(a, b inventory.Software) int { return cmp.Or(key(a, b), cmp.Compare(a.Version, b.Version)) })
	for i := 0; i < len(rows); {
		j := i + 1
		for j < len(rows) && key(rows[i], rows[j]) == 0 {
			j++
		}
		if j-i > 1 {
			for ; i < j; i++ {
				rows[i].Instance = rows[i].Version
			}
		}
		i = j
	}
	// The same version registered twice is one.
	return slices.CompactFunc(rows, func(a, b inventory.Software) bool { return key(a, b) == 0 && a.Version == b.Version })
}

// sane leaves out times that image builders set to make images reproducible.
func sane(t time.Time) time.Time {
	if t.Year() < 2001 {
		return time.Time{}
	}
	return t.Truncate(time.Second)
}
