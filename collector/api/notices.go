package api

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"muster/collector/notify"
)

func (s *Server) noticeList(ctx context.Context, in *NoticeListInput) (NoticeList, error) {
	n, err := s.notices()
	if err != nil {
		return NoticeList{}, err
	}
	channel := in.Channel
	if channel != "" {
		// Letters outlive their channel, so that one may be named that has gone.
		if r, err := n.channel(ctx, channel); err == nil {
			channel = r.Name
		}
	}
	states := []notify.LetterState{notify.Unsent, notify.Failed}
	switch in.State {
	case "":
	case "all":
		states = []notify.LetterState{""}
	default:
		states = []notify.LetterState{notify.LetterState(in.State)}
	}
	limit := orDefault(in.Limit)
	out := NoticeList{Notices: []Notice{}, Channels: []NoticeBacklog{}}
	for _, state := range states {
		list, err := n.Letters.Letters(ctx, notify.Query{Channel: channel, State: state, Limit: limit})
		if err != nil {
			return NoticeList{}, err
		}
		for _, l := range list {
			out.Notices = append(out.Notices, shownNotice(l))
		}
	}
	slices.SortStableFunc(out.Notices, func(a, b Notice) int { return cmp.Or(b.FormedAt.Compare(a.FormedAt), cmp.Compare(a.ID, b.ID)) })
	out.Notices = out.Notices[:min(limit, len(out.Notices))]
	counts, pending, err := n.Letters.Counts(ctx)
	for _, c := range counts {
		out.Channels = append(out.Channels, NoticeBacklog{Channel: c.Channel, Waiting: c.Waiting, Unsent: c.Unsent, Failed: c.Failed, Sent: c.Sent, Storms: c.Storms, SentAt: c.Last})
	}
	out.Pending = pending
	return out, err
}

func shownNotice(l notify.Letter) Notice {
	return Notice{ID: l.ID, Channel: l.Channel, Kind: string(l.Kind), State: string(l.State), Subject: l.Subject, Incidents: l.Incidents,
		Routes: l.Routes, FormedAt: l.Formed, Attempts: l.Attempts, TriedAt: l.Tried, NextAt: l.Next, Said: l.Said}
}

func (s *Server) noticeRetry(ctx context.Context, in *IDInput) (Nothing, error) {
	n, err := s.notices()
	if err != nil {
		return Nothing{}, err
	}
	err = n.Letters.Again(ctx, in.ID, s.d.Now())
	if errors.Is(err, notify.ErrNoLetter) {
		return Nothing{}, NewProblem(notFound, "no message %q is put aside: muster notice list --state failed shows those that are", clip(printable(in.ID), 64))
	}
	if err != nil {
		return Nothing{}, err
	}
	n.Notifier.Reload()
	return Nothing{}, nil
}

// noticeDrop puts a message aside that is still being tried. It is kept with
// those that failed, and can be tried again.
func (s *Server) noticeDrop(ctx context.Context, in *IDInput) (Nothing, error) {
	n, err := s.notices()
	if err != nil {
		return Nothing{}, err
	}
	list, err := n.Letters.Letters(ctx, notify.Query{State: notify.Unsent, Limit: 10_000})
	if err != nil {
		return Nothing{}, err
	}
	if !slices.ContainsFunc(list, func(l notify.Letter) bool { return l.ID == in.ID }) {
		return Nothing{}, NewProblem(notFound, "no message %q is being tried: muster notice list --state unsent shows those that are", clip(printable(in.ID), 64))
	}
	err = n.Letters.Mark(ctx, in.ID, notify.Mark{State: notify.Failed, At: s.d.Now(), Said: "put aside by " + actorOf(ctx).Name})
	if err != nil {
		return Nothing{}, err
	}
	n.Notifier.Reload()
	return Nothing{}, nil
}
