package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) outboxCommand() *cobra.Command {
	return nounCommand("outbox", "Numbers on their way to the series store", `
		muster outbox list
		muster outbox drain`,
		s.outboxList(),
		s.outboxDo("retry", "Give the store records again that were put aside", "are given to the stores again", (*api.Client).OutboxRetry),
		s.outboxDo("drop", "Remove records for good that were put aside", "are gone", (*api.Client).OutboxDrop),
		s.outboxDrain(),
	)
}

func (s *session) outboxList() *cobra.Command {
	var aside bool
	var in api.OutboxAsideInput
	c := s.command(verb{
		use:   "list",
		short: "Show how far each store of numbers is behind, or what it refuses",
		long: `Show how far each store of numbers is behind: how much waits for it, how old the
oldest of it is, why it takes nothing, and when it will be through. What waits is
not lost. --aside lists records that a store refuses for what they hold.`,
		example: `
			muster outbox list
			muster outbox list --aside`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			if aside {
				list, err := c.OutboxAside(ctx, in)
				if err != nil {
					return err
				}
				return s.showAside(list)
			}
			st, err := c.OutboxList(ctx)
			if err != nil {
				return err
			}
			return s.showOutbox(st)
		},
	})
	c.Flags().BoolVar(&aside, "aside", false, "list the records that were put aside")
	c.Flags().IntVar(&in.Limit, "limit", 0, "with --aside: at most `n` records, newest first (default 1000)")
	return c
}

func (s *session) showOutbox(st api.OutboxStatus) error {
	g := newGrid("store", "state", "waiting", "bytes:byte", "behind:second", "since:"+unitAgo, "takes_per_second", "arriving_per_second", "caught_up_in:second", "aside", "error").staying("behind", "error")
	for _, x := range st.Stores {
		var since, through any
		if x.Since != nil {
			since = *x.Since
		}
		if x.CaughtUpIn != nil {
			through = math.Ceil(*x.CaughtUpIn)
		}
		g.add(x.Name, x.State, x.Records, x.Bytes, round(x.BehindSeconds), since, round(x.Rate), round(st.Arriving), through, x.Poisoned, x.Error)
	}
	if err := s.show(g, st, "nothing is fed from the outbox"); err != nil {
		return err
	}
	if s.output != "table" {
		return nil
	}
	for _, x := range st.Stores {
		if x.Again > 0 {
			s.note("%s is given %d records once more that it had before the restart", x.Name, x.Again)
		}
	}
	s.note("the outbox is full to %d %% of %s", int(st.Fill*100), s.look().human(st.LimitBytes, "byte"))
	if st.Kept > 0 {
		s.note("%d records were put aside because a store refuses them: muster outbox list --aside", st.Kept)
	}
	if st.Lost > 0 {
		s.note("%d records that were put aside had to go, for want of room", st.Lost)
	}
	if st.Closed {
		s.note("no reports are taken: muster outbox drain --open ends that, a restart too")
	}
	return nil
}

func round(x float64) float64 { return math.Round(x*10) / 10 }

func (s *session) showAside(list api.OutboxAside) error {
	g := newGrid("number", "store", "-device", "host", "came_at:"+unitAgo, "aside_at:"+unitAgo, "readings", "bytes:byte", "reason")
	for _, r := range list.Records {
		g.add(r.Number, r.Store, r.Device, r.Host, r.CameAt, r.AsideAt, r.Readings, r.Bytes, r.Reason)
	}
	if err := s.show(g, list, "no record is put aside"); err != nil {
		return err
	}
	if n := list.Total - len(list.Records); n > 0 && s.output == "table" {
		s.note("and %d older ones: --limit shows more", n)
	}
	return nil
}

func (s *session) outboxDo(name, short, said string, do func(*api.Client, context.Context, api.OutboxChoiceInput) (api.OutboxChanged, error)) *cobra.Command {
	var in api.OutboxChoiceInput
	c := s.command(verb{
		use:     name + " [NUMBER...]",
		short:   short,
		long:    short + ", by their\nnumbers in muster outbox list --aside or, with --all, each of them.",
		example: "muster outbox " + name + " 17 18\nmuster outbox " + name + " --all",
		run: func(ctx context.Context, args []string) error {
			for _, a := range args {
				n, err := strconv.ParseUint(a, 10, 64)
				if err != nil {
					return usage("%s is no number of a record: muster outbox list --aside shows them", quoteWord(a))
				}
				in.Body.Numbers = append(in.Body.Numbers, n)
			}
			if in.Body.All == (len(args) > 0) {
				return usage("name records by their numbers, or give --all: muster outbox list --aside shows them")
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			out, err := do(c, ctx, in)
			if err != nil {
				return err
			}
			if s.output == "json" {
				return s.json(out)
			}
			s.say("%d records %s", out.Records, said)
			return nil
		},
	})
	c.Flags().BoolVar(&in.Body.All, "all", false, "all records that were put aside")
	return c
}

// drainLook is how often a drain is looked at.
const drainLook = time.Second

func (s *session) outboxDrain() *cobra.Command {
	var shut, open bool
	var limit time.Duration
	c := s.command(verb{
		use:   "drain",
		short: "Move what waits to the stores at once, and tell when that is done",
		long: `Move what waits to the stores at once, without waiting for the next try, and end
when all is there that waited at the beginning. With --close no reports are taken
meanwhile and after (agents keep them, or go to another collector), so that the
outbox is empty when it ends: that is what to do before a collector's machine or
volume is taken away. --open, or a restart, ends that.

It ends with 1 when a store takes nothing or the time is over; nothing is lost.`,
		example: `
			muster outbox drain
			muster outbox drain --close --for 10m && systemctl stop muster`,
		run: func(ctx context.Context, _ []string) error {
			if shut && open {
				return usage("--close and --open are opposites")
			}
			var in api.OutboxDrainInput
			if shut || open {
				in.Body.Close = &shut
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			st, err := c.OutboxDrain(ctx, in)
			if err != nil {
				return err
			}
			return s.follow(ctx, c, st, shut, limit)
		},
	})
	f := c.Flags()
	f.BoolVar(&shut, "close", false, "take no reports, until --open or a restart")
	f.BoolVar(&open, "open", false, "take reports again")
	f.DurationVar(&limit, "for", 0, "give up after this `time`, such as 10m (default never)")
	return c
}

// follow looks at the outbox until all stores have what was there at the
// beginning; with shut until nothing came for a while either.
func (s *session) follow(ctx context.Context, c *api.Client, st api.OutboxStatus, shut bool, limit time.Duration) error {
	var over <-chan time.Time
	if limit > 0 {
		over = time.After(limit)
	}
	until := st.Newest
	left := func(st api.OutboxStatus) (n int64) {
		for _, x := range st.Stores {
			if shut {
				n += x.Records
			} else if x.Done < until {
				n += int64(until - x.Done)
			}
		}
		return n
	}
	t := time.NewTicker(drainLook)
	defer t.Stop()
	// What was on its way when the door was closed may still come in.
	for quiet := 0; left(st) > 0 || shut && quiet < 2; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over:
			return fmt.Errorf("%d records still wait after %s, and are not lost; %s", left(st), limit, advice(st))
		case <-t.C:
		}
		var err error
		if st, err = c.OutboxList(ctx); err != nil {
			return err
		}
		if quiet++; left(st) > 0 {
			quiet = 0
		}
	}
	if s.output == "json" {
		return s.json(st)
	}
	if shut {
		s.say("the outbox is empty, and no reports are taken")
	} else {
		s.say("the stores have all that waited")
	}
	return nil
}

// advice is what to do about stores that are not through.
func advice(st api.OutboxStatus) string {
	i := slices.IndexFunc(st.Stores, func(x api.OutboxStore) bool { return x.Error != "" })
	if i < 0 {
		return "muster outbox list shows how fast they go"
	}
	return fmt.Sprintf("the store %s takes nothing: %s", st.Stores[i].Name, st.Stores[i].Error)
}
