package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"muster/collector/notify"
	"muster/collector/search"
)

func shownRoute(r notify.Route) Route {
	out := Route{Name: r.Name, CreatedAt: r.Created, RoutePut: RoutePut{
		Channel: r.Channel, Off: r.Off, Agencies: r.Agencies, Sites: r.Sites, Severity: string(r.Severity), Families: r.Families, Rules: r.Rules,
		Devices: r.Devices, Backlog: r.Backlog, Urgent: r.Urgent, Personal: r.Personal, Rate: r.Rate, OnlyDigest: r.Only,
		WaitSeconds: int(r.Wait / time.Second),
	}}
	if r.Wait < 0 {
		out.WaitSeconds = -1
	}
	for _, k := range r.Kinds {
		out.Kinds = append(out.Kinds, string(k))
	}
	if h := r.Hours; h.From != "" || len(h.Days) > 0 {
		out.Hours = &RouteHours{From: h.From, To: h.To, Days: dayNames(h.Days), Zone: h.Zone}
	}
	if d := r.Digest; d.At != "" {
		out.Digest = &RouteDigest{At: d.At, Days: dayNames(d.Days), Zone: d.Zone, Empty: d.Empty}
	}
	return out
}

func (s *Server) routeList(ctx context.Context, _ *NoInput) (RouteList, error) {
	n, err := s.notices()
	if err != nil {
		return RouteList{}, err
	}
	list, err := n.Routes.Routes(ctx)
	out := RouteList{Routes: make([]Route, len(list))}
	for i, r := range list {
		out.Routes[i] = shownRoute(r)
		out.Routes[i].Position = i + 1
	}
	return out, err
}

// routeOf checks what a route shall be. A misspelt site or rule would be a route
// that tells nobody, and nobody would see it.
func (s *Server) routeOf(ctx context.Context, n *Notices, name string, in RoutePut) (notify.Route, error) {
	r := notify.Route{Name: name, Off: in.Off, Severity: notify.Severity(in.Severity), Backlog: in.Backlog, Urgent: in.Urgent,
		Personal: in.Personal, Rate: in.Rate, Only: in.OnlyDigest, Wait: time.Duration(in.WaitSeconds) * time.Second}
	c, err := n.channel(ctx, in.Channel)
	if err != nil {
		return r, err
	}
	r.Channel = c.Name
	for _, x := range trimmed(in.Agencies) {
		a, err := s.agency(ctx, x)
		if err != nil {
			return r, err
		}
		r.Agencies = append(r.Agencies, a.Name)
	}
	for _, x := range trimmed(in.Sites) {
		place, err := s.site(ctx, x)
		if err != nil {
			return r, err
		}
		r.Sites = append(r.Sites, place.Agency+"/"+place.Name)
	}
	if s.d.Judge == nil {
		r.Families, r.Rules = trimmed(in.Families), trimmed(in.Rules)
	} else {
		if r.Families, err = words("family", in.Families, s.families()); err != nil {
			return r, err
		}
		if r.Rules, err = s.ruleNames(in.Rules); err != nil {
			return r, err
		}
	}
	if r.Devices, err = words("kind of device", in.Devices, deviceKinds()); err != nil {
		return r, err
	}
	kinds, err := words("kind of news", in.Kinds, []string{string(notify.Opened), string(notify.Worse), string(notify.Escalated), string(notify.Resolved)})
	if err != nil {
		return r, err
	}
	for _, k := range kinds {
		r.Kinds = append(r.Kinds, notify.Kind(k))
	}
	if h := in.Hours; h != nil {
		if h.Zone != "" && h.From+h.To == "" && len(h.Days) == 0 {
			return r, NewProblem(invalid, "hours.zone goes with a time of the day or with days: name them too")
		}
		r.Hours = notify.Hours{From: h.From, To: h.To, Zone: h.Zone}
		if r.Hours.Days, err = goDays(h.Days); err != nil {
			return r, err
		}
	}
	if d := in.Digest; d != nil {
		if d.At == "" {
			return r, NewProblem(invalid, "digest.at is missing: the time of day, such as 07:30")
		}
		r.Digest = notify.Digest{At: d.At, Zone: d.Zone, Empty: d.Empty}
		if r.Digest.Days, err = goDays(d.Days); err != nil {
			return r, err
		}
	}
	if err := r.Check(); err != nil {
		return r, NewProblem(invalid, "%v", err)
	}
	return r, nil
}

// deviceKinds are those that devices have: what the field kind of a filter
// names, and what network gear may say besides.
func deviceKinds() []string {
	var out []string
	for _, f := range search.Fields() {
		if f.Name == "kind" {
			out = slices.Clone(f.Values)
		}
	}
	for _, k := range []string{"wireless_controller", "pdu", "phone"} {
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

func trimmed(list []string) []string {
	var out []string
	for _, x := range list {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

func goDays(list []string) ([]time.Weekday, error) {
	numbers, err := days(list)
	var out []time.Weekday
	for _, d := range numbers {
		out = append(out, time.Weekday(d))
	}
	return out, err
}

func (s *Server) routeSet(ctx context.Context, in *RoutePutInput) (Route, error) {
	n, err := s.notices()
	if err != nil {
		return Route{}, err
	}
	r, err := s.routeOf(ctx, n, in.Name, in.Body)
	if err != nil {
		return Route{}, err
	}
	note(ctx, "channel", r.Channel)
	if err := n.Routes.PutRoute(ctx, r, s.d.Now()); err != nil {
		return Route{}, err
	}
	if in.Body.Position > 0 {
		if err := n.move(ctx, r.Name, in.Body.Position); err != nil {
			return Route{}, err
		}
	}
	n.Notifier.Reload()
	return s.findRoute(ctx, n, r.Name)
}

// move puts a route where it shall stand, from 1.
func (n *Notices) move(ctx context.Context, name string, to int) error {
	list, err := n.Routes.Routes(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, r := range list {
		if !strings.EqualFold(r.Name, name) {
			names = append(names, r.Name)
		}
	}
	return n.Routes.OrderRoutes(ctx, slices.Insert(names, min(to-1, len(names)), name))
}

func (s *Server) findRoute(ctx context.Context, n *Notices, name string) (Route, error) {
	list, err := s.routeList(ctx, nil)
	if err != nil {
		return Route{}, err
	}
	var names []string
	for _, r := range list.Routes {
		if strings.EqualFold(r.Name, name) {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return Route{}, NewProblem(notFound, "there is no route %q%s: muster route list shows them", clip(printable(name), 70), near(name, names))
}

func (s *Server) routeDelete(ctx context.Context, in *ChannelInput) (Nothing, error) {
	n, err := s.notices()
	if err != nil {
		return Nothing{}, err
	}
	r, err := s.findRoute(ctx, n, in.Name)
	if err != nil {
		return Nothing{}, err
	}
	if err := n.Routes.DeleteRoute(ctx, r.Name); err != nil {
		return Nothing{}, err
	}
	n.Notifier.Reload()
	return Nothing{}, nil
}
