package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"muster/collector/api"
	"muster/collector/notify"
	"muster/collector/notify/mail"
	"muster/collector/notify/syslog"
	"muster/collector/notify/webhook"
	"muster/collector/outgoing"
)

// channelKind is one kind of channel.
type channelKind struct {
	name    string
	secrets []string // names
	build   func(settings []byte, secret map[string]string, d *outgoing.Dialer) (notify.Channel, error)
}

// channelKinds are all there are. An entry here and a folder in notify is all
// that another kind takes.
func channelKinds() []channelKind {
	return []channelKind{
		{mail.Kind, mail.SecretNames(), func(settings []byte, secret map[string]string, d *outgoing.Dialer) (notify.Channel, error) {
			var x mail.Config
			if err := readSettings(settings, &x); err != nil {
				return nil, err
			}
			return mail.New(x, mail.Secrets{Password: secret["password"]}, d)
		}},
		{webhook.Kind, webhook.SecretNames(), func(settings []byte, secret map[string]string, d *outgoing.Dialer) (notify.Channel, error) {
			var x webhook.Config
			if err := readSettings(settings, &x); err != nil {
				return nil, err
			}
			return webhook.New(x, webhook.Secrets{URL: secret["url"], Key: secret["key"], Authorization: secret["authorization"]}, d)
		}},
		{syslog.Kind, nil, func(settings []byte, _ map[string]string, d *outgoing.Dialer) (notify.Channel, error) {
			var x syslog.Config
			if err := readSettings(settings, &x); err != nil {
				return nil, err
			}
			return syslog.New(x, d)
		}},
	}
}

// readSettings takes no setting that its kind does not have: a misspelt one
// would go unnoticed until the day it matters.
func readSettings(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("settings: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// build makes a channel of its record; secrets are in the clear.
func (c *collector) build(r *notify.ChannelRecord, secret map[string]string) (notify.Channel, error) {
	var names []string
	for _, k := range channelKinds() {
		if k.name == r.Kind {
			return k.build(r.Settings, secret, c.dialer)
		}
		names = append(names, k.name)
	}
	return nil, fmt.Errorf("there is no channel of kind %q: there are %s", r.Kind, strings.Join(names, ", "))
}

// channel builds a channel that is kept.
func (c *collector) channel(ctx context.Context, r *notify.ChannelRecord) (notify.Channel, error) {
	secret, err := c.secrets(ctx, r)
	if err != nil {
		return nil, err
	}
	return c.build(r, secret)
}

// secrets opens those of a channel.
func (c *collector) secrets(ctx context.Context, r *notify.ChannelRecord) (map[string]string, error) {
	sealed, err := c.control.ChannelSecrets(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name, box := range sealed {
		b, err := c.sealer.Open(r.SealPlace(name), box)
		if err != nil {
			return nil, fmt.Errorf("secret %s of channel %s cannot be opened: set it again with muster channel set: %w", name, r.Name, err)
		}
		out[name] = string(b)
	}
	return out, nil
}

// channels keeps channels for the API: what it keeps can be built, and secrets
// are sealed.
type channels struct{ c *collector }

func (k channels) Channels(ctx context.Context) ([]notify.ChannelRecord, error) {
	return k.c.control.Channels(ctx)
}

func (k channels) PutChannel(ctx context.Context, r notify.ChannelRecord, secrets map[string]api.Secret) error {
	clear, err := k.c.secrets(ctx, &r)
	if err != nil {
		// Whoever lost the key of old secrets gives new ones.
		k.c.log.Warn("channel is set with new secrets only", "channel", r.Name, "error", err)
		clear = map[string]string{}
	}
	sealed := map[string][]byte{}
	for name, s := range secrets {
		if s == "" {
			delete(clear, name)
			sealed[name] = nil
			continue
		}
		clear[name] = string(s)
		if sealed[name], err = k.c.sealer.Seal(r.SealPlace(name), []byte(s)); err != nil {
			return err
		}
	}
	if _, err := k.c.build(&r, clear); err != nil {
		return api.NewProblem("invalid", "channel %s: %v", r.Name, err)
	}
	return k.c.control.PutChannel(ctx, r, sealed, k.c.now())
}

func (k channels) DeleteChannel(ctx context.Context, name string) error {
	return k.c.control.DeleteChannel(ctx, name)
}

// noticesForAPI is what the API does with notices.
func (c *collector) noticesForAPI() api.Notices {
	n := api.Notices{Channels: channels{c}, Routes: c.control, Letters: c.inventory.Notices(), Notifier: c.notifier}
	for _, k := range channelKinds() {
		n.Kinds = append(n.Kinds, api.ChannelKind{Name: k.name, Secrets: k.secrets})
	}
	return n
}
