package patch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/agent/gather"
	"muster/agent/gather/wua"
	"muster/agent/host"
	"muster/internal/inventory"
)

// ReadOffered reads, as rows of section patch, which updates Windows offers and
// has not installed. It may take minutes; see wua.
func ReadOffered(context.Context, *host.Host) (gather.Reading, error) {
	list, err := wua.Search()
	if err != nil {
		return gather.Reading{}, err
	}
	return gather.Rows(offeredRows(list), offeredSource)
}

// offeredSource is what is asked, and the source of rows that are offered.
const offeredSource = "windows_update"

// Kinds of updates by their category (Microsoft, "WSUS classification GUIDs").
const (
	security   = "0fa1201d-4330-4fa8-8ae9-b877473b6441"
	critical   = "e6cf1350-c01b-414d-a61f-263d14d133b4"
	definition = "e0789628-ce08-4437-be74-2495b842f43b"
	drivers    = "ebfc1fc5-71a4-4f7b-9aca-3b9a503104a0"
	features   = "b54e7d24-7add-428f-8b75-90a396fa584f"
	packs      = "68c5b0a3-d1a6-4553-ae49-01d3a7827828"
	rollups    = "28bc880e-0592-4cbf-8f95-c79b17911d5f"
	upgrades   = "3689bdc8-b205-4af4-8d4a-a63924c5e9d5"
)

// offeredRows makes rows of what is offered. Two updates of one number, as an
// update has for several products, are one.
func offeredRows(list []wua.Update) []inventory.Patch {
	rows := []inventory.Patch{}
	at := map[string]int{}
	for _, u := range list {
		r := offeredRow(u)
		if r.Name == "" {
			continue
		}
		if i, had := at[r.Name]; had {
			if r.Class == "security" {
				rows[i].Class = r.Class
			}
			continue
		}
		if len(rows) == maxPatches {
			break
		}
		at[r.Name] = len(rows)
		rows = append(rows, r)
	}
	return rows
}

func offeredRow(u wua.Update) inventory.Patch {
	r := inventory.Patch{Source: offeredSource, Title: strings.TrimSpace(u.Title), State: "missing", Class: categoryOf(u), ReleasedAt: u.Released}
	for _, n := range u.Articles {
		if name := kb("KB" + strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(n)), "KB")); name != "" {
			r.Name = name
			break
		}
	}
	if r.Name == "" {
		r.Name = strings.ToLower(strings.TrimSpace(u.ID)) // drivers have no article
	}
	if u.Downloaded {
		r.State = "downloaded"
	}
	switch s := strings.ToLower(strings.TrimSpace(u.Severity)); s {
	case "critical", "important", "moderate", "low":
		r.Severity = s
	}
	for _, c := range u.CVEs {
		if c = strings.ToUpper(strings.TrimSpace(c)); strings.HasPrefix(c, "CVE-") && len(c) <= 20 {
			r.CVEs = append(r.CVEs, c)
		}
	}
	slices.Sort(r.CVEs)
	const always = 1
	if u.Restart == always {
		r.NeedsRestart = new(true)
	}
	return r
}

func categoryOf(u wua.Update) string {
	has := func(id string) bool {
		return slices.ContainsFunc(u.Categories, func(c string) bool { return strings.EqualFold(strings.Trim(c, "{}"), id) })
	}
	switch {
	case has(security):
		return "security"
	case u.Driver || has(drivers):
		return "driver"
	case has(definition):
		return "definition"
	case has(critical):
		return "critical"
	case u.Optional:
		return "optional"
	case has(upgrades), has(features), has(packs):
		return "feature"
	case has(rollups):
		return "quality"
	}
	return "other"
}

// Offers are what Windows offered when it was last asked, and where they are
// joined with what its servicing has. Its methods read sections patch and
// patch_status.
type Offers struct {
	// Last gives the rows, and whether it was asked at all.
	Last func() ([]inventory.Patch, bool)
}

func (o Offers) last() ([]inventory.Patch, bool) {
	if o.Last == nil {
		return nil, false
	}
	return o.Last()
}

// Read reads section patch.
func (o Offers) Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	list, faults, err := packages(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	sources := []string{"cbs"}
	if offers, ok := o.last(); ok {
		sources = append(sources, offeredSource)
		list = append(list, waiting(offers, list)...)
	}
	r, err := gather.Rows(list, sources...)
	r.Faults = faults
	return r, err
}

// waiting leaves out what was installed since Windows was asked.
func waiting(offers, installed []inventory.Patch) []inventory.Patch {
	return slices.DeleteFunc(slices.Clone(offers), func(p inventory.Patch) bool {
		return slices.ContainsFunc(installed, func(o inventory.Patch) bool {
			return o.Name == p.Name && (o.State == "installed" || o.State == cbsPending)
		})
	})
}

// ReadStatus reads section patch_status.
func (o Offers) ReadStatus(ctx context.Context, h *host.Host) (gather.Reading, error) {
	list, faults, err := packages(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	s := servicingStatus(h, list)
	sources := []string{"registry"}
	if offers, ok := o.last(); ok {
		sources = append(sources, offeredSource)
		var missing, bad int64
		for _, p := range waiting(offers, list) {
			if p.Class == "optional" || p.Class == "driver" {
				continue // nobody has to install those
			}
			missing++
			if p.Class == "security" {
				bad++
			}
		}
		s.Missing, s.MissingSecurity = &missing, &bad
	}
	r, err := gather.Rows([]inventory.PatchStatus{s}, sources...)
	if err != nil {
		return r, fmt.Errorf("state of updates: %w", err)
	}
	r.Faults = faults
	return r, nil
}
