package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

const (
	discoverWait = 5    // seconds that the collector may wait with an answer
	foundAtOnce  = 1000 // in one answer of the API; fewer are the last ones
)

func (s *session) discoverCommand() *cobra.Command {
	var w api.DiscoveryWish
	var v2c bool
	var stop int64
	var cmd *cobra.Command
	cmd = s.command(verb{
		use:   "discover [NETWORK]",
		short: "Look for network gear in a network now",
		long: `Look for network gear in a network now, by ping and SNMP, and show what answers.
It becomes targets, which are polled from then on; with --dry-run it is only
shown. What is not said is as in the subnet that holds the network; without one,
all credentials are tried, version 3 first, then communities, which travel
unencrypted (--v2c=false leaves them out).

It goes on in the collector: Ctrl-C stops it there too. Without a network those
are listed that go on or ended since the collector started.`,
		example: `
			muster discover 10.20.4.0/24 --dry-run
			muster discover 127.1.0.0/26 --port 1161
			muster discover 10.20.4.0/24 --credential core --site health/hartford
			muster discover
			muster discover --stop 3`,
		run: func(ctx context.Context, args []string) error {
			if len(args) == 0 {
				return s.discoveries(ctx, cmd, stop)
			}
			if cmd.Flags().Changed("stop") {
				return usage("--stop goes with a number alone")
			}
			n, err := networkArg(args[0])
			if err != nil {
				return err
			}
			w.Network = n.String()
			w.Credentials, w.Exclude = withoutEmpty(w.Credentials), withoutEmpty(w.Exclude)
			if cmd.Flags().Changed("v2c") {
				w.V2c = &v2c
			}
			return s.discover(ctx, w)
		},
	})
	f := cmd.Flags()
	f.BoolVar(&w.DryRun, "dry-run", false, "only show what is there, keep nothing")
	f.IntVar(&w.Port, "port", 0, "`port` that is asked (default that of the subnet, else 161)")
	f.StringSliceVar(&w.Credentials, "credential", nil, "`names` of credentials, in the order in which they are tried")
	f.BoolVar(&v2c, "v2c", false, "try versions 1 and 2c, whose communities travel unencrypted (default as the subnet says)")
	f.StringSliceVar(&w.Exclude, "exclude", nil, "networks, addresses and `ranges` (10.20.0.10-10.20.0.99) that are not asked")
	f.IntVar(&w.Rate, "rate", 0, "`packets` a second at most (default that of the subnet, else 100)")
	f.StringVar(&w.Site, "site", "", "`site` of what is found, as AGENCY/SITE (default that of the subnet)")
	f.Int64Var(&stop, "stop", 0, "stop the discovery of this `number`")
	return cmd
}

// discoveries lists looks through networks, or stops one.
func (s *session) discoveries(ctx context.Context, cmd *cobra.Command, stop int64) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("stop") {
		x, err := c.DiscoveryStop(ctx, api.NumberInput{ID: stop})
		if err != nil {
			return err
		}
		return s.did(x, "discovery %d of %s is stopped", x.ID, x.Network)
	}
	list, err := c.DiscoveryList(ctx)
	if err != nil {
		return err
	}
	g := newGrid("id", "network", "state", "done", "total", "answered", "silent", "added", "dry_run", "started_at:"+unitAgo, "-ended_at", "by", "fault")
	for _, x := range list.Discoveries {
		g.add(x.ID, x.Network, x.State, x.Done, x.Total, x.Answered, x.Silent, x.Added, x.DryRun, x.StartedAt, x.EndedAt, x.By, x.Fault)
	}
	return s.show(g, list, "no discovery goes on or ended since the collector started; muster discover NETWORK begins one")
}

// discover starts a look and follows it to its end.
func (s *session) discover(ctx context.Context, w api.DiscoveryWish) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	x, err := c.DiscoveryStart(ctx, api.DiscoveryInput{Body: w})
	if err != nil {
		return err
	}
	var all api.DiscoveryShow
	p := progress{s: s}
	for {
		y, err := c.DiscoveryShow(ctx, api.DiscoveryShowInput{ID: x.ID, After: all.Next, WaitSeconds: discoverWait})
		if err != nil {
			p.end()
			if ctx.Err() != nil {
				// Whoever gives up wants no more packets sent either.
				ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
				defer cancel()
				_, serr := c.DiscoveryStop(ending, api.NumberInput{ID: x.ID})
				return errors.Join(err, serr)
			}
			return err
		}
		all.Discovery, all.Next = y.Discovery, y.Next
		all.Found = append(all.Found, y.Found...)
		if y.Discovery.State != "running" && len(y.Found) < foundAtOnce {
			break
		}
		p.tell(y.Discovery)
	}
	p.end()
	return s.showFound(all)
}

func (s *session) showFound(all api.DiscoveryShow) error {
	if all.Found == nil {
		all.Found = []api.Found{}
	}
	slices.SortStableFunc(all.Found, func(a, b api.Found) int {
		x, _ := netip.ParseAddr(a.Address)
		y, _ := netip.ParseAddr(b.Address)
		return x.Compare(y)
	})
	d := all.Discovery
	g := newGrid("address", "name", "state", "kind", "vendor", "model", "version", "credential", "new", "reason")
	if s.output == "csv" {
		g = newGrid("address", "port", "state", "reason", "credential", "kind", "name", "vendor", "model", "os", "version", "serial", "device", "new")
	}
	for _, f := range all.Found {
		if s.output == "csv" {
			g.add(f.Address, f.Port, f.State, f.Reason, f.Credential, f.Kind, f.Name, f.Vendor, f.Model, f.OS, f.Version, f.Serial, string(f.Device), f.New)
		} else {
			g.add(where(f.Address, f.Port), f.Name, goingWords(f.State), f.Kind, f.Vendor, f.Model, f.Version, f.Credential, f.New, f.Reason)
		}
	}
	if err := s.show(g, all, "nothing answered in "+d.Network); err != nil {
		return err
	}
	if s.output == "table" && len(all.Found) > 0 {
		kept := plural(d.Added, "new target", "new targets")
		if d.DryRun {
			kept = "nothing was kept; without --dry-run they become targets"
		}
		s.note("%d of %s answered, %d only pings or refused every credential, in %s: %s", d.Answered, plural(d.Total, "address", "addresses"), d.Silent, length(d.EndedAt.Sub(d.StartedAt)), kept)
	}
	switch d.State {
	case "failed":
		return fmt.Errorf("it ended after %d of %s: %s", d.Done, plural(d.Total, "address", "addresses"), d.Fault)
	case "stopped":
		return fmt.Errorf("it was stopped after %d of %s", d.Done, plural(d.Total, "address", "addresses"))
	}
	return nil
}

// progress tells how far a look is: on a terminal in one line that changes,
// else a line for each tenth.
type progress struct {
	s     *session
	tenth int
	drawn int // columns of the line that is drawn
}

func (p *progress) tell(d api.Discovery) {
	line := fmt.Sprintf("%d of %d addresses, %d answered", d.Done, d.Total, d.Answered)
	if f, ok := p.s.errs.(*os.File); ok {
		if _, err := terminalWidth(f); err == nil {
			fmt.Fprintf(p.s.errs, "\r%-*s", p.drawn, line)
			p.drawn = len(line)
			return
		}
	}
	if tenth := d.Done * 10 / max(d.Total, 1); tenth > p.tenth {
		p.tenth = tenth
		p.s.note("%s", line)
	}
}

// end wipes the line.
func (p *progress) end() {
	if p.drawn > 0 {
		fmt.Fprintf(p.s.errs, "\r%-*s\r", p.drawn, "")
	}
}
