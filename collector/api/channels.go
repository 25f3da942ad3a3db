package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"muster/collector/notify"
)

// Notices is how people are told. Without Channels this collector tells
// nobody.
type Notices struct {
	Kinds    []ChannelKind
	Channels Channels
	Routes   Routes
	Letters  Letters
	Notifier Notifier
}

// ChannelKind is a kind of channel.
type ChannelKind struct {
	Name    string
	Secrets []string // names of those it knows
}

// Channels keeps channels.
type Channels interface {
	Channels(ctx context.Context) ([]notify.ChannelRecord, error)
	// PutChannel makes a channel, or changes the one of its ID, once it was
	// seen that it can be built; what is wrong with it is a *Problem. Secrets
	// come in the clear and are sealed by it: an empty one is taken away, one
	// that is not named stays.
	PutChannel(ctx context.Context, r notify.ChannelRecord, secrets map[string]Secret) error
	// DeleteChannel answers store.ErrConflict while a route names it.
	DeleteChannel(ctx context.Context, name string) error
}

// Routes keeps routes, in the order in which they decide.
type Routes interface {
	Routes(ctx context.Context) ([]notify.Route, error)
	PutRoute(ctx context.Context, r notify.Route, now time.Time) error
	OrderRoutes(ctx context.Context, names []string) error
	DeleteRoute(ctx context.Context, name string) error
}

// Letters are messages on their way; a part of notify.Store.
type Letters interface {
	Letters(ctx context.Context, q notify.Query) ([]notify.Letter, error)
	Again(ctx context.Context, id string, now time.Time) error
	Mark(ctx context.Context, id string, m notify.Mark) error
	Counts(ctx context.Context) (channels []notify.Count, pending int, err error)
}

// Notifier sends.
type Notifier interface {
	Test(ctx context.Context, channel string) error
	Wake()
	Reload()
}

// notices is how people are told, if this collector does.
func (s *Server) notices() (*Notices, error) {
	n := &s.d.Notices
	if n.Channels == nil || n.Routes == nil || n.Letters == nil || n.Notifier == nil {
		return nil, NewProblem(notOffered, "this collector sends no notices")
	}
	return n, nil
}

func (s *Server) channelList(ctx context.Context, _ *NoInput) (ChannelList, error) {
	n, err := s.notices()
	if err != nil {
		return ChannelList{}, err
	}
	records, err := n.Channels.Channels(ctx)
	if err != nil {
		return ChannelList{}, err
	}
	counts, _, err := n.Letters.Counts(ctx)
	if err != nil {
		return ChannelList{}, err
	}
	out := ChannelList{Channels: make([]Channel, len(records))}
	for i, r := range records {
		if out.Channels[i], err = shownChannel(r, counts); err != nil {
			return ChannelList{}, err
		}
	}
	return out, nil
}

func shownChannel(r notify.ChannelRecord, counts []notify.Count) (Channel, error) {
	out := Channel{Name: r.Name, Kind: r.Kind, Settings: map[string]any{}, Secrets: orNone(r.Secrets), Off: r.Off,
		CreatedAt: r.CreatedAt, ChangedAt: r.ChangedAt, ChangedBy: r.ChangedBy}
	if r.Brake != (notify.Brake{}) {
		out.Brake = &ChannelBrake{Messages: r.Brake.Letters, PeriodSeconds: int(r.Brake.Period / time.Second), HoldSeconds: int(r.Brake.Hold / time.Second)}
	}
	for _, c := range counts {
		if strings.EqualFold(c.Channel, r.Name) {
			out.Waiting, out.Unsent, out.Failed, out.SentAt = c.Waiting, c.Unsent, c.Failed, c.Last
		}
	}
	if err := json.Unmarshal(r.Settings, &out.Settings); err != nil {
		return out, fmt.Errorf("settings of channel %s: %w", r.Name, err)
	}
	return out, nil
}

// channel finds one by name.
func (n *Notices) channel(ctx context.Context, name string) (notify.ChannelRecord, error) {
	list, err := n.Channels.Channels(ctx)
	if err != nil {
		return notify.ChannelRecord{}, err
	}
	var names []string
	for _, r := range list {
		if strings.EqualFold(r.Name, name) {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return notify.ChannelRecord{}, NewProblem(notFound, "there is no channel %q%s: muster channel list shows them", clip(printable(name), 70), near(name, names))
}

func (s *Server) channelSet(ctx context.Context, in *ChannelPutInput) (Channel, error) {
	n, err := s.notices()
	if err != nil {
		return Channel{}, err
	}
	var kinds []string
	for _, k := range n.Kinds {
		kinds = append(kinds, k.Name)
	}
	at := slices.Index(kinds, in.Body.Kind)
	if at < 0 {
		return Channel{}, NewProblem(invalid, "there is no kind of channel %q%s: there is %s", clip(printable(in.Body.Kind), 40), near(in.Body.Kind, kinds), strings.Join(kinds, ", "))
	}
	for name := range in.Body.Secrets {
		if known := n.Kinds[at].Secrets; !slices.Contains(known, name) {
			if len(known) == 0 {
				return Channel{}, NewProblem(invalid, "a channel of kind %s has no secrets", in.Body.Kind)
			}
			return Channel{}, NewProblem(invalid, "a channel of kind %s has no secret %q%s: it has %s", in.Body.Kind, clip(printable(name), 40), near(name, known), strings.Join(known, ", "))
		}
	}
	r, err := n.channel(ctx, in.Name)
	var p *Problem
	switch {
	case errors.As(err, &p) && p.Kind() == notFound:
		r = notify.ChannelRecord{ID: notify.NewChannelID(), Name: in.Name, Kind: in.Body.Kind}
	case err != nil:
		return Channel{}, err
	case r.Kind != in.Body.Kind:
		return Channel{}, NewProblem(conflict, "channel %s is of kind %s: make another one for %s", r.Name, r.Kind, in.Body.Kind)
	}
	if in.Body.Settings == nil {
		in.Body.Settings = map[string]any{}
	}
	if r.Settings, err = json.Marshal(in.Body.Settings); err != nil {
		return Channel{}, fmt.Errorf("write settings: %w", err)
	}
	r.Off, r.Brake, r.ChangedBy = in.Body.Off, notify.Brake{}, actorOf(ctx).Name
	if b := in.Body.Brake; b != nil {
		r.Brake = notify.Brake{Letters: b.Messages, Period: time.Duration(b.PeriodSeconds) * time.Second, Hold: time.Duration(b.HoldSeconds) * time.Second}
	}
	if err := r.Check(); err != nil {
		return Channel{}, NewProblem(invalid, "%v", err)
	}
	note(ctx, "kind", r.Kind)
	note(ctx, "settings", strings.Join(slices.Sorted(maps.Keys(in.Body.Settings)), " "))
	note(ctx, "secrets", strings.Join(slices.Sorted(maps.Keys(in.Body.Secrets)), " "))
	note(ctx, "off", map[bool]string{true: "yes"}[r.Off])
	if err := n.Channels.PutChannel(ctx, r, in.Body.Secrets); err != nil {
		return Channel{}, err
	}
	n.Notifier.Reload()
	if r, err = n.channel(ctx, r.Name); err != nil {
		return Channel{}, err
	}
	return shownChannel(r, nil)
}

func (s *Server) channelDelete(ctx context.Context, in *ChannelInput) (Nothing, error) {
	n, err := s.notices()
	if err != nil {
		return Nothing{}, err
	}
	r, err := n.channel(ctx, in.Name)
	if err != nil {
		return Nothing{}, err
	}
	routes, err := n.Routes.Routes(ctx)
	if err != nil {
		return Nothing{}, err
	}
	for _, x := range routes {
		if strings.EqualFold(x.Channel, r.Name) {
			return Nothing{}, NewProblem(conflict, "route %s goes to channel %s: change it or remove it first", x.Name, r.Name)
		}
	}
	if err := n.Channels.DeleteChannel(ctx, r.Name); err != nil {
		return Nothing{}, err
	}
	n.Notifier.Reload()
	return Nothing{}, nil
}

// testTime is how long a far side may take for a test: less than an operation
// may, so that the answer tells what was wrong.
const testTime = 40 * time.Second

func (s *Server) channelTest(ctx context.Context, in *ChannelInput) (ChannelTest, error) {
	n, err := s.notices()
	if err != nil {
		return ChannelTest{}, err
	}
	r, err := n.channel(ctx, in.Name)
	if err != nil {
		return ChannelTest{}, err
	}
	if r.Off {
		return ChannelTest{}, NewProblem(conflict, "channel %s is switched off: switch it on first", r.Name)
	}
	trying, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	err = n.Notifier.Test(trying, r.Name)
	if ctx.Err() != nil {
		return ChannelTest{}, ctx.Err()
	}
	var partly *notify.Partly
	out := ChannelTest{Sent: err == nil || errors.As(err, &partly)}
	switch {
	case trying.Err() != nil && !out.Sent:
		out.Said = fmt.Sprintf("no answer within %d seconds", int(testTime.Seconds()))
	case err != nil:
		out.Said = clip(printable(err.Error()), 1000)
	}
	note(ctx, "sent", map[bool]string{true: "yes", false: "no"}[out.Sent])
	return out, nil
}
