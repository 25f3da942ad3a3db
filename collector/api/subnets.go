package api

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
)

func (s *Server) subnetList(ctx context.Context, _ *NoInput) (SubnetList, error) {
	g, err := s.gear()
	if err != nil {
		return SubnetList{}, err
	}
	list, err := g.Subnets.Subnets(ctx)
	if err != nil {
		return SubnetList{}, err
	}
	names, err := s.siteNames(ctx)
	out := SubnetList{Subnets: make([]Subnet, len(list))}
	for i, x := range list {
		out.Subnets[i] = shownSubnet(x, names)
	}
	return out, err
}

func shownSubnet(x store.Subnet, sites map[int64]string) Subnet {
	return Subnet{Network: x.Network.String(), Site: sites[x.Site], Port: int(x.Port), Credentials: orNone(x.Credentials), V2c: x.V2c,
		EverySeconds: int64(x.Every / time.Second), Exclude: prefixTexts(x.Exclude), Rate: x.Rate, CreatedAt: x.CreatedAt, ChangedAt: x.ChangedAt, ChangedBy: x.ChangedBy,
		Scan: SubnetScan{StartedAt: x.Scan.StartedAt, EndedAt: x.Scan.EndedAt, Asked: x.Scan.Asked, Answered: x.Scan.Answered, Silent: x.Scan.Silent, Added: x.Scan.Added, Fault: x.Scan.Fault}}
}

func prefixTexts(list []netip.Prefix) []string {
	out := []string{}
	for _, p := range list {
		out = append(out, p.String())
	}
	return out
}

func (s *Server) subnetSet(ctx context.Context, in *SubnetPutInput) (Subnet, error) {
	g, err := s.gear()
	if err != nil {
		return Subnet{}, err
	}
	n, err := subnetRef(in.Address, in.Bits)
	if err != nil {
		return Subnet{}, err
	}
	list, err := g.Subnets.Subnets(ctx)
	if err != nil {
		return Subnet{}, err
	}
	x := store.Subnet{Network: n, Port: snmpPort, Every: scanEvery, Rate: scanRate}
	if i := slices.IndexFunc(list, func(k store.Subnet) bool { return k.Network == n }); i >= 0 {
		x = list[i]
	}
	if err := s.changeSubnet(ctx, g, &x, &in.Body); err != nil {
		return Subnet{}, err
	}
	names, err := s.siteNames(ctx)
	if err != nil {
		return Subnet{}, err
	}
	x.ChangedBy = actorOf(ctx).Name
	if err := x.Check(); err != nil {
		return Subnet{}, NewProblem(invalid, "%v", err)
	}
	note(ctx, "site", names[x.Site])
	note(ctx, "port", fmt.Sprint(x.Port))
	note(ctx, "credentials", strings.Join(x.Credentials, " "))
	note(ctx, "v2c", map[bool]string{true: "yes", false: "no"}[x.V2c])
	note(ctx, "every", x.Every.String())
	note(ctx, "exclude", strings.Join(prefixTexts(x.Exclude), " "))
	if err := g.Subnets.PutSubnet(ctx, x, s.d.Now()); err != nil {
		return Subnet{}, err
	}
	g.changed()
	if list, err = g.Subnets.Subnets(ctx); err != nil {
		return Subnet{}, err
	}
	for _, k := range list {
		if k.Network == n {
			return shownSubnet(k, names), nil
		}
	}
	return Subnet{}, NewProblem(conflict, "somebody else removed subnet %s meanwhile", n)
}

// changeSubnet sets what a request names.
func (s *Server) changeSubnet(ctx context.Context, g *Gear, x *store.Subnet, b *SubnetPut) error {
	var err error
	if b.Site != nil {
		if x.Site, err = s.siteNumber(ctx, *b.Site); err != nil {
			return err
		}
	}
	if b.Port != nil {
		x.Port = uint16(*b.Port)
	}
	if b.EverySeconds != nil {
		x.Every = time.Duration(*b.EverySeconds) * time.Second
	}
	if b.Rate != nil {
		x.Rate = *b.Rate
	}
	if b.Exclude != nil {
		if x.Exclude, err = spans("exclude", *b.Exclude); err != nil {
			return err
		}
	}
	if b.V2c != nil {
		x.V2c = *b.V2c
	}
	all, err := g.Credentials.Credentials(ctx)
	if err != nil {
		return err
	}
	if b.Credentials != nil {
		x.Credentials = *b.Credentials
	}
	named, err := namedCredentials(x.Credentials, all)
	if err != nil {
		return err
	}
	x.Credentials = credentialNames(named)
	if anyClear(named) && !x.V2c {
		if b.V2c != nil {
			return NewProblem(invalid, "subnet %s: credentials of version 1 and 2c are named, which it shall not allow: leave them out, or allow them", x.Network)
		}
		x.V2c = true // who names a community for a network allows it there
	}
	return nil
}

func (s *Server) subnetDelete(ctx context.Context, in *SubnetInput) (Nothing, error) {
	g, err := s.gear()
	if err != nil {
		return Nothing{}, err
	}
	n, err := subnetRef(in.Address, in.Bits)
	if err != nil {
		return Nothing{}, err
	}
	if err := g.Subnets.DeleteSubnet(ctx, n); err != nil {
		return Nothing{}, notFoundAs(err, "there is no subnet %s: muster subnet list shows them", n)
	}
	g.changed()
	return Nothing{}, nil
}

func (SubnetList) columns() []string {
	return []string{"network", "site", "port", "credentials", "v2c", "every_seconds", "exclude", "rate", "scan_started_at", "scan_ended_at", "scan_asked", "scan_answered", "scan_silent", "scan_added", "scan_fault", "created_at", "changed_at", "changed_by"}
}

func (l SubnetList) rows(yield func([]any) error) error {
	for _, x := range l.Subnets {
		if err := yield([]any{x.Network, x.Site, x.Port, x.Credentials, x.V2c, x.EverySeconds, x.Exclude, x.Rate, x.Scan.StartedAt, x.Scan.EndedAt,
			x.Scan.Asked, x.Scan.Answered, x.Scan.Silent, x.Scan.Added, x.Scan.Fault, x.CreatedAt, x.ChangedAt, x.ChangedBy}); err != nil {
			return err
		}
	}
	return nil
}
