package software

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"muster/internal/inventory"
)

// parseSnaps reads what snapd answers to GET /v2/snaps (snapd REST API).
// Snaps that are installed and switched off have a status of their own.
func parseSnaps(b []byte) ([]inventory.Software, error) {
	var a struct {
		Result []struct {
			Name      string    `json:"name"`
			Title     string    `json:"title"`
			Version   string    `json:"version"`
			Channel   string    `json:"tracking-channel"`
			Size      int64     `json:"installed-size"`
			At        time.Time `json:"install-date"`
			ID        string    `json:"id"`
			Hold      time.Time `json:"hold"`
			Kind      string    `json:"type"`
			Publisher struct {
				Name string `json:"display-name"`
			} `json:"publisher"`
		} `json:"result"`
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, fmt.Errorf("snapd's answer: %w", err)
	}
	if len(a.Result) > maxPackages {
		return nil, errTooMany
	}
	var rows []inventory.Software
	for _, s := range a.Result {
		if s.Name == "" || s.Version == "" {
			continue
		}
		r := inventory.Software{Source: "snap", Scope: "machine", Name: s.Name, Version: s.Version, Publisher: s.Publisher.Name,
			ProductCode: s.ID, Origin: s.Channel, InstalledAt: sane(s.At.UTC()), SizeBytes: max(s.Size, 0)}
		if !s.Hold.IsZero() {
			held := true
			r.Held = &held
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// parseSnapYAML reads name and version of meta/snap.yaml: lines without indent
// of a mapping in YAML's plain form, as all builders of snaps write them.
func parseSnapYAML(r io.Reader) (inventory.Software, bool) {
	p := inventory.Software{Source: "snap", Scope: "machine"}
	s := bufio.NewScanner(io.LimitReader(r, maxDesc))
	for s.Scan() {
		key, value, ok := strings.Cut(s.Text(), ":")
		if !ok || strings.HasPrefix(key, " ") {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		switch key {
		case "name":
			p.Name = value
		case "version":
			p.Version = value
		}
	}
	return p, p.Name != "" && p.Version != ""
}
