package cli

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) subnetCommand() *cobra.Command {
	return nounCommand("subnet", "Subnets: where network gear is looked for", `
		muster subnet add 10.20.0.0/16 --site health/hartford --credential public-ro
		muster subnet list`,
		s.subnetList(),
		s.subnetAdd(),
		s.command(verb{
			use:     "remove NETWORK",
			short:   "Look for gear no more in a network; what was found is polled on",
			example: `muster subnet remove 10.20.0.0/16`,
			run: func(ctx context.Context, args []string) error {
				n, err := networkArg(args[0])
				if err != nil {
					return err
				}
				c, err := s.client()
				if err != nil {
					return err
				}
				if err := c.SubnetDelete(ctx, api.SubnetInput{Address: n.Addr().String(), Bits: n.Bits()}); err != nil {
					return err
				}
				return s.did(done{true}, "subnet %s is removed", n)
			},
		}),
	)
}

// networkArg reads a network; an address is one of its own.
func networkArg(text string) (netip.Prefix, error) {
	n, err := netip.ParsePrefix(text)
	if a, aerr := netip.ParseAddr(text); err != nil && aerr == nil && a.Zone() == "" {
		n, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	switch {
	case err != nil:
		return n, usage("%s is no network: write 10.20.0.0/16", quoteWord(text))
	case n != n.Masked():
		return n, usage("%s is an address within a network: write %s", n, n.Masked())
	}
	return n, nil
}

// everyWords is how often something is done.
func everyWords(seconds int64) string {
	if seconds == 0 {
		return "never"
	}
	return spanWords(int(seconds))
}

// scanWords is how the last scan of a subnet went.
func scanWords(x api.SubnetScan) string {
	switch {
	case x.StartedAt.IsZero():
		return ""
	case x.Fault != "":
		return x.Fault
	case x.EndedAt.IsZero():
		return "goes on"
	}
	return fmt.Sprintf("%d answered", x.Answered)
}

func (s *session) subnetList() *cobra.Command {
	return s.command(verb{
		use:     "list",
		short:   "List where gear is looked for, and what the last scan found",
		example: `muster subnet list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.SubnetList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("network", "site", "credentials", "v2c", "every", "port", "rate", "exclude", "scanned:"+unitAgo, "last_scan")
			if s.output == "csv" { // the API's columns
				g = newGrid("network", "site", "port", "credentials", "v2c", "every_seconds", "exclude", "rate", "scan_started_at", "scan_ended_at", "scan_asked", "scan_answered", "scan_silent", "scan_added", "scan_fault", "created_at", "changed_at", "changed_by")
			}
			for _, x := range list.Subnets {
				if s.output == "csv" {
					g.add(x.Network, x.Site, x.Port, x.Credentials, x.V2c, x.EverySeconds, x.Exclude, x.Rate, x.Scan.StartedAt, x.Scan.EndedAt, x.Scan.Asked, x.Scan.Answered, x.Scan.Silent, x.Scan.Added, x.Scan.Fault, x.CreatedAt, x.ChangedAt, x.ChangedBy)
					continue
				}
				names := strings.Join(x.Credentials, ", ")
				switch {
				case names == "" && x.V2c:
					names = "all"
				case names == "":
					names = "all of version 3"
				}
				g.add(x.Network, x.Site, names, x.V2c, everyWords(x.EverySeconds), x.Port, x.Rate, x.Exclude, x.Scan.StartedAt, scanWords(x.Scan))
			}
			return s.show(g, list, "gear is looked for nowhere; muster subnet add NETWORK --site AGENCY/SITE --credential NAME adds a network")
		},
	})
}

func (s *session) subnetAdd() *cobra.Command {
	var site, every string
	var credentials, exclude []string
	var v2c bool
	var rate, port int
	var cmd *cobra.Command
	cmd = s.command(verb{
		use:   "add NETWORK",
		short: "Look for gear in a network from now on, or change what is named of a subnet",
		long: `Look for gear in a network from now on, or change what is named of a subnet. It is
scanned at once and then --every so often; what answers is polled. Where subnets
lie in each other the narrowest decides.

Credentials are tried in the order in which they are named; without any, all of
version 3, and with --v2c then the others. A community of version 1 or 2c that is
named is allowed there, and travels unencrypted.`,
		example: `
			muster subnet add 10.20.0.0/16 --site health/hartford --credential public-ro
			muster subnet add 10.20.8.0/24 --credential core,public-ro --exclude 10.20.8.10-10.20.8.99 --rate 20
			muster subnet add 10.20.0.0/16 --every 7d
			muster subnet add fd00:20::/64 --every never`,
		run: func(ctx context.Context, args []string) error {
			n, err := networkArg(args[0])
			if err != nil {
				return err
			}
			changed := cmd.Flags().Changed
			put := api.SubnetPut{Site: changedOf(cmd.Flags(), "site", &site)}
			if changed("every") {
				var between int64
				if every != "never" {
					if between, err = seconds("--every", every); err != nil {
						return err
					}
				}
				put.EverySeconds = &between
			}
			if changed("credential") {
				credentials = withoutEmpty(credentials)
				put.Credentials = &credentials
			}
			if changed("exclude") {
				exclude = withoutEmpty(exclude)
				put.Exclude = &exclude
			}
			if changed("v2c") {
				put.V2c = &v2c
			}
			if changed("rate") {
				put.Rate = &rate
			}
			if changed("port") {
				put.Port = &port
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.SubnetSet(ctx, api.SubnetPutInput{Address: n.Addr().String(), Bits: n.Bits(), Body: put})
			if err != nil {
				return err
			}
			if x.V2c {
				s.note("communities are allowed in %s and travel unencrypted", x.Network)
			}
			when := "is scanned every " + everyWords(x.EverySeconds)
			if x.EverySeconds == 0 {
				when = "is not scanned by itself; muster discover looks there"
			}
			return s.did(x, "subnet %s %s", x.Network, when)
		},
	})
	f := cmd.Flags()
	f.StringVar(&site, "site", "", "`site` of what is found there, as AGENCY/SITE")
	f.StringSliceVar(&credentials, "credential", nil, "`names` of credentials, in the order in which they are tried")
	f.BoolVar(&v2c, "v2c", false, "allow versions 1 and 2c, whose communities travel unencrypted")
	f.StringVar(&every, "every", "", "`time` between scans, such as 12h or 7d, or never (default 1d)")
	f.StringSliceVar(&exclude, "exclude", nil, "networks, addresses and `ranges` (10.20.0.10-10.20.0.99) in it that are never asked")
	f.IntVar(&rate, "rate", 0, "`packets` a second at most (default 100)")
	f.IntVar(&port, "port", 0, "`port` that is asked (default 161)")
	return cmd
}
