// Package browser reads section browser_extension: extensions of Chromium's
// kin and of Firefox in all profiles of all people.
//
// It owns where profiles lie and what of their files says which extensions
// there are. It must not read anything else of a profile: pages, passwords and
// settings are passed over as they come.
package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// Limits of one home, of one profile, and of files in bytes.
const (
	maxProfiles    = 50
	maxExtensions  = 500
	maxPermissions = 100
	maxRows        = 20_000
	maxManifest    = 1 << 20
	maxSettings    = 32 << 20
)

// texts takes what an author may write as one text, a list of texts or an
// object, and keeps the texts.
type texts []string

func (l *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = texts{one}
		return nil
	}
	var many []json.RawMessage
	if json.Unmarshal(b, &many) != nil {
		return nil
	}
	for _, m := range many {
		if json.Unmarshal(m, &one) == nil && len(*l) < maxPermissions {
			*l = append(*l, one)
		}
	}
	return nil
}

// manifest is what is kept of a manifest.json.
type manifest struct {
	Name        string          `json:"name"`
	Version     string          `json:"version"`
	Author      json.RawMessage `json:"author"`
	Locale      string          `json:"default_locale"`
	Permissions texts           `json:"permissions"`
	Hosts       texts           `json:"host_permissions"`
	Theme       json.RawMessage `json:"theme"`
	Update      string          `json:"update_url"`
}

var errTooLong = errors.New("longer than any that a browser takes")

func parseManifest(r io.Reader) (m manifest, err error) {
	b, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err != nil {
		return m, err
	}
	if len(b) > maxManifest {
		return m, errTooLong
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	return m, json.Unmarshal(b, &m)
}

// author is who made it, by its own word: a text, or an object with an
// address, which is a person's and not kept.
func (m manifest) author() string {
	var s string
	if json.Unmarshal(m.Author, &s) != nil || strings.Contains(s, "@") {
		return ""
	}
	return s
}

// rights are what it asks for, sites included.
func (m manifest) rights() []string {
	all := append(append([]string(nil), m.Permissions...), m.Hosts...)
	return all[:min(len(all), maxPermissions)]
}

// message is the key of a name that stands in another file: __MSG_appName__.
func message(name string) (key string, ok bool) {
	key, ok = strings.CutPrefix(name, "__MSG_")
	if !ok {
		return "", false
	}
	key, ok = strings.CutSuffix(key, "__")
	return key, ok && key != ""
}

// parseMessages finds the text of a key; keys are without letter case.
func parseMessages(r io.Reader, key string) string {
	b, err := io.ReadAll(io.LimitReader(r, maxManifest))
	if err != nil {
		return ""
	}
	var all map[string]struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), &all) != nil {
		return ""
	}
	for k, m := range all {
		if strings.EqualFold(k, key) {
			return m.Message
		}
	}
	return ""
}

// state is what a profile of Chromium's kin keeps of an extension.
type state struct {
	On        *int64          `json:"state"` // 1 is on; newer versions keep reasons instead
	Reasons   json.RawMessage `json:"disable_reasons"`
	Location  int64           `json:"location"`
	Installed string          `json:"install_time"` // µs since 1601
	First     string          `json:"first_install_time"`
	Manifest  struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"manifest"`
}

// enabled is nil when the profile does not say.
func (s state) enabled() *bool {
	on := true
	switch r := strings.TrimSpace(string(s.Reasons)); {
	case s.On != nil && *s.On != 1:
		on = false
	case r != "" && r != "0" && r != "[]" && r != "null":
		on = false
	case s.On == nil && r == "":
		return nil
	}
	return &on
}

// source is how an extension came in, by Chromium's ManifestLocation.
func (s state) source() string {
	switch s.Location {
	case 1:
		return "store"
	case 2, 3, 6:
		return "sideload"
	case 4, 8:
		return "development"
	case 7, 9:
		return "policy"
	case 5, 10:
		return "builtin"
	}
	return ""
}

func (s state) installedAt() time.Time {
	for _, text := range []string{s.First, s.Installed} {
		n, err := strconv.ParseInt(text, 10, 64)
		// Microseconds between 1601 and 1970.
		const shift = 11_644_473_600_000_000
		if err == nil && n > shift && n < 2*shift {
			return time.UnixMicro(n - shift).UTC().Truncate(time.Second)
		}
	}
	return time.Time{}
}

// isID tells identifiers of Chromium's extensions: 32 letters from a to p.
func isID(s string) bool {
	if len(s) != 32 {
		return false
	}
	for _, c := range []byte(s) {
		if c < 'a' || c > 'p' {
			return false
		}
	}
	return true
}

// parseStates goes through a profile's Preferences and keeps what stands in
// extensions.settings; all else is passed over token by token.
func parseStates(r io.Reader, into map[string]state) error {
	d := json.NewDecoder(io.LimitReader(r, maxSettings))
	return object(d, func(key string) error {
		if key != "extensions" {
			return pass(d)
		}
		return object(d, func(key string) error {
			if key != "settings" {
				return pass(d)
			}
			return object(d, func(id string) error {
				if !isID(id) || len(into) >= maxExtensions {
					return pass(d)
				}
				var s state
				if err := d.Decode(&s); err != nil {
					var wrong *json.UnmarshalTypeError
					if !errors.As(err, &wrong) {
						return err
					}
				}
				into[id] = s
				return nil
			})
		})
	})
}

// object calls each for every key of the object that comes next; each takes
// the value. Something else than an object is passed over.
func object(d *json.Decoder, each func(key string) error) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
	case json.Delim('['):
		return rest(d, 1)
	default:
		return nil
	}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return err
		}
		key, ok := k.(string)
		if !ok {
			return fmt.Errorf("a key is %T", k)
		}
		if err := each(key); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// pass passes over one value.
func pass(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t == json.Delim('{') || t == json.Delim('[') {
		return rest(d, 1)
	}
	return nil
}

func rest(d *json.Decoder, depth int) error {
	for depth > 0 {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	return nil
}

// parseFirefox reads extensions.json of a profile. What comes with Firefox
// itself is left out, and so are themes and dictionaries.
func parseFirefox(r io.Reader) ([]inventory.BrowserExtension, error) {
	d := json.NewDecoder(io.LimitReader(r, maxSettings))
	var rows []inventory.BrowserExtension
	err := object(d, func(key string) error {
		if key != "addons" {
			return pass(d)
		}
		t, err := d.Token()
		if err != nil {
			return err
		}
		if t != json.Delim('[') {
			return errors.New("addons are no list")
		}
		for d.More() {
			var a addon
			if err := d.Decode(&a); err != nil {
				var wrong *json.UnmarshalTypeError
				if !errors.As(err, &wrong) {
					return err
				}
			}
			if row, ok := a.row(); ok && len(rows) < maxExtensions {
				rows = append(rows, row)
			}
		}
		_, err = d.Token()
		return err
	})
	return rows, err
}

// addon is what is kept of one of Firefox's.
type addon struct {
	ID        string `json:"id"`
	Version   string `json:"version"`
	Kind      string `json:"type"`
	Active    *bool  `json:"active"`
	Location  string `json:"location"`
	Installed int64  `json:"installDate"` // ms
	Foreign   bool   `json:"foreignInstall"`
	Text      struct {
		Name    string `json:"name"`
		Creator string `json:"creator"`
	} `json:"defaultLocale"`
	Rights struct {
		Permissions texts `json:"permissions"`
		Origins     texts `json:"origins"`
	} `json:"userPermissions"`
	Told struct {
		Source string `json:"source"`
	} `json:"installTelemetryInfo"`
}

func (a addon) row() (r inventory.BrowserExtension, ok bool) {
	if a.ID == "" || len(a.ID) > 255 || a.Kind != "extension" || strings.HasPrefix(a.Location, "app-builtin") || strings.HasPrefix(a.Location, "app-system") {
		return r, false
	}
	r = inventory.BrowserExtension{ExtensionID: a.ID, Name: a.Text.Name, Version: a.Version, Enabled: a.Active, Source: "other"}
	if !strings.Contains(a.Text.Creator, "@") {
		r.Publisher = a.Text.Creator
	}
	switch {
	case a.Location == "app-temporary":
		r.Source = "development"
	case a.Told.Source == "enterprise-policy":
		r.Source = "policy"
	case a.Foreign || a.Location != "app-profile" && a.Location != "":
		r.Source = "sideload"
	case a.Told.Source == "amo" || a.Told.Source == "disco":
		r.Source = "store"
	case a.Told.Source == "about:debugging":
		r.Source = "development"
	}
	all := append(append([]string(nil), a.Rights.Permissions...), a.Rights.Origins...)
	r.Permissions = all[:min(len(all), maxPermissions)]
	if a.Installed > 1e12 && a.Installed < 1e13 {
		r.InstalledAt = time.UnixMilli(a.Installed).UTC().Truncate(time.Second)
	}
	return r, true
}

// folderVersion is the version in the name of an extension's folder: 1.2.3_0.
func folderVersion(name string) (string, bool) {
	if name == "" || len(name) > 70 || name[0] < '0' || name[0] > '9' {
		return "", false
	}
	v, count, _ := strings.Cut(name, "_")
	for _, c := range []byte(v + count) {
		if c != '.' && (c < '0' || c > '9') {
			return "", false
		}
	}
	return v, true
}
