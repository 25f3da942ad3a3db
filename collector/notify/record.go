package notify

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ChannelRecord is a channel as an office set it up, and as it is kept. What
// is secret about it is kept apart, sealed, and never read back by people.
type ChannelRecord struct {
	ID       string          `json:"id"`   // NewChannelID, before it is first kept; seals are bound to it
	Name     string          `json:"name"` // stays: letters are kept under it
	Kind     string          `json:"kind"` // mail, webhook, syslog
	Settings json.RawMessage `json:"settings"`
	Secrets  []string        `json:"secrets"` // names of those that are set; filled in by the store
	Off      bool            `json:"off,omitempty"`
	Brake    Brake           `json:"brake,omitzero"`

	Revision  int64     `json:"revision"` // counts changes; by the store
	CreatedAt time.Time `json:"created_at"`
	ChangedAt time.Time `json:"changed_at"`
	ChangedBy string    `json:"changed_by"`
}

const maxSettings = 64 << 10

// NewChannelID makes an ID that no other channel has.
func NewChannelID() string { return rand.Text() }

// SealPlace is what a secret of a channel is sealed for; see the package seal.
func (r *ChannelRecord) SealPlace(secret string) string { return "channel/" + r.ID + "/" + secret }

// Version is Outlet.Version for the record.
func (r *ChannelRecord) Version() string { return fmt.Sprintf("%s/%d", r.ID, r.Revision) }

// Check says what is wrong with a record, apart from its Settings, which the
// channel's own package checks.
func (r *ChannelRecord) Check() error {
	switch {
	case r.ID == "" || len(r.ID) > maxName:
		return errors.New("a channel needs an ID")
	case r.Name == "" || len(r.Name) > maxName || Line(r.Name, maxName) != r.Name:
		return fmt.Errorf("a channel needs a name of at most %d letters", maxName)
	case r.Kind == "":
		return fmt.Errorf("channel %s has no kind", r.Name)
	case len(r.Settings) > maxSettings || !json.Valid(r.Settings):
		return fmt.Errorf("channel %s: its settings are no JSON of at most %d bytes", r.Name, maxSettings)
	}
	return nil
}
