package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) noticeCommand() *cobra.Command {
	return nounCommand("notice", "Notices: messages to people that wait or could not be sent", `
		muster notice list
		muster notice retry n-5f0c2a`,
		s.noticeList(),
		s.noticeDo("retry", "Try messages again that were put aside", "is tried again", (*api.Client).NoticeRetry),
		s.noticeDo("drop", "Put messages aside that are being tried", "is put aside; muster notice retry tries it again", (*api.Client).NoticeDrop),
	)
}

func (s *session) noticeList() *cobra.Command {
	var in api.NoticeListInput
	c := s.command(verb{
		use:   "list",
		short: "List messages that are being tried or were put aside, and why",
		long: `List messages that are being tried or were put aside, and why. What waits for a
message, because of hours, of others to go along with, or of a limit, is counted.`,
		example: `
			muster notice list
			muster notice list --state failed --channel desk
			muster notice list --state sent --limit 20`,
		run: func(ctx context.Context, _ []string) error {
			switch in.State {
			case "", "unsent", "failed", "sent", "all":
			default:
				return usage("--state %s: there is unsent, failed, sent and all", quoteWord(in.State))
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.NoticeList(ctx, in)
			if err != nil {
				return err
			}
			g := newGrid("id", "channel", "state", "subject", "formed_at:"+unitAgo, "attempts", "next_at:"+unitAgo, "said")
			if s.output == "csv" {
				g = newGrid("id", "channel", "kind", "state", "subject", "incidents", "routes", "formed_at", "attempts", "tried_at", "next_at", "said")
			}
			for _, n := range list.Notices {
				if s.output == "csv" {
					g.add(n.ID, n.Channel, n.Kind, n.State, n.Subject, n.Incidents, n.Routes, n.FormedAt, n.Attempts, n.TriedAt, n.NextAt, n.Said)
				} else {
					g.add(n.ID, n.Channel, noticeState(n.State), n.Subject, n.FormedAt, n.Attempts, n.NextAt, n.Said)
				}
			}
			if err := s.show(g, list, "no message is under way and none was put aside"); err != nil {
				return err
			}
			if s.output == "table" {
				s.waitingNote(list)
			}
			return nil
		},
	})
	c.Flags().StringVar(&in.Channel, "channel", "", "only of this `channel`")
	c.Flags().StringVar(&in.State, "state", "", "only in this `state`: unsent, failed, sent, all (default unsent and failed)")
	c.Flags().IntVar(&in.Limit, "limit", 0, "show at most `n` messages, newest first (default 1000)")
	return c
}

func noticeState(state string) string {
	switch state {
	case "unsent":
		return "being tried"
	case "failed":
		return "put aside"
	}
	return state
}

// waitingNote counts what no message carries yet.
func (s *session) waitingNote(list api.NoticeList) {
	var words []string
	if list.Pending > 0 {
		words = append(words, fmt.Sprintf("%d not routed yet", list.Pending))
	}
	for _, c := range list.Channels {
		if c.Waiting > 0 {
			words = append(words, fmt.Sprintf("%d for %s", c.Waiting, c.Channel))
		}
	}
	if len(words) > 0 {
		s.note("waiting for a message: %s", strings.Join(words, ", "))
	}
}

func (s *session) noticeDo(name, short, said string, do func(*api.Client, context.Context, api.IDInput) error) *cobra.Command {
	return s.command(verb{
		use:     name + " ID...",
		short:   short,
		example: "muster notice " + name + " n-5f0c2a",
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			for _, id := range args {
				if err := do(c, ctx, api.IDInput{ID: id}); err != nil {
					return err
				}
				if s.output != "json" {
					s.say("message %s %s", id, said)
				}
			}
			if s.output == "json" {
				return s.json(done{true})
			}
			return nil
		},
	})
}
