// Package ups reads section ups: uninterruptible power supplies at the PC's
// own plug, as the programs tell that watch them (Network UPS Tools,
// apcupsd), or the kernel.
//
// It owns what those programs say and what it means. It must never tell a UPS
// to do anything, and does not sign in anywhere.
package ups

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// maxUnits bounds the units of one machine.
const maxUnits = 32

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows := []inventory.Ups{}
	var asked, faults []string
	for _, source := range []struct {
		name string
		read func(context.Context, *host.Host) ([]inventory.Ups, error)
	}{{"nut", readNUT}, {"apcupsd", readAPC}, {"sysfs", readKernel}} {
		list, err := source.read(ctx, h)
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		asked = append(asked, source.name)
		if err != nil {
			faults = append(faults, err.Error())
		}
		for _, u := range list {
			// One unit may be watched by two programs.
			if !slices.ContainsFunc(rows, func(o inventory.Ups) bool { return o.Name == u.Name || u.Serial != "" && o.Serial == u.Serial }) && len(rows) < maxUnits {
				rows = append(rows, u)
			}
		}
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// number reads the number that a text begins with, such as "35.5 Minutes".
func number(text string) *float64 {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	v, err := strconv.ParseFloat(word, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > 1e9 {
		return nil
	}
	return &v
}

// whole is number as a count, times so many.
func whole(text string, times float64) *int64 {
	v := number(text)
	if v == nil || *v < 0 {
		return nil
	}
	n := int64(math.Round(*v * times))
	return &n
}

// share is number if it can be a share of a hundred; a load may be above.
func share(text string, most float64) *float64 {
	v := number(text)
	if v == nil || *v < 0 || *v > most {
		return nil
	}
	return v
}

// day reads a date as makers write it: year first, or month first as in the
// United States. What can be read in two ways is none.
func day(text string) time.Time {
	text = strings.TrimSpace(text)
	for _, layout := range []string{"2006-01-02", "2006/01/02", "01/02/2006", "01/02/06", "2006-01-02 15:04:05 -0700"} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1995 && t.Year() < 2100 {
			return t.UTC()
		}
	}
	return time.Time{}
}
