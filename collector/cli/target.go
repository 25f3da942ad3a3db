package cli

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) targetCommand() *cobra.Command {
	return nounCommand("target", "Targets: addresses that are polled over SNMP", `
		muster target list --state dead,wrong_credential
		muster target test 10.20.0.1
		muster target add 10.20.0.1`,
		s.targetList(),
		s.targetShow(),
		s.targetAdd(),
		s.command(verb{
			use:     "remove ADDRESS",
			short:   "Poll an address no more; its device stays in the inventory",
			example: `muster target remove 10.20.0.1`,
			run: func(ctx context.Context, args []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				in := api.TargetInput{Address: args[0]}
				was, err := c.TargetShow(ctx, in)
				if err != nil {
					return err
				}
				if err := c.TargetDelete(ctx, in); err != nil {
					return err
				}
				if was.Target.Device != "" {
					s.note("its device stays and will be told as silent; where it is out of use: muster device retire %s", was.Target.Device)
				}
				return s.did(done{true}, "target %s is removed; a discovery of its subnet finds it again", args[0])
			},
		}),
		s.targetTest(),
	)
}

// where is an address with its port, unless that is the usual one.
func where(address string, port int) string {
	if port == 161 || port == 0 {
		return address
	}
	return net.JoinHostPort(address, strconv.Itoa(port))
}

// goingWords is a state of a target as people read it.
func goingWords(state string) string {
	if state == "silent" {
		return "answers pings only"
	}
	return strings.ReplaceAll(state, "_", " ")
}

// withPort puts a port behind an address that has none.
func withPort(address string, port int) (string, error) {
	switch {
	case port == 0:
		return address, nil
	case port < 0 || port > 65535:
		return "", usage("--port %d: a port is 1 to 65535", port)
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), strconv.Itoa(port)), nil
}

func (s *session) targetList() *cobra.Command {
	var in api.TargetListInput
	c := s.command(verb{
		use:   "list",
		short: "List what is polled, with how it goes and why",
		long: `List what is polled, with how it goes and why. The states are untried, live,
suspect (it missed a poll), dead, wrong_credential, silent (it answers pings, but
not SNMP), lying (its answers cannot be true) and alias (another address of a
device that is polled elsewhere).`,
		example: `
			muster target list
			muster target list --state dead,wrong_credential
			muster target list --site health/hartford --network 10.20.4.0/24`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.TargetList(ctx, in)
			if err != nil {
				return err
			}
			g := newGrid("address", "name", "state", "since:"+unitAgo, "polled_at:"+unitAgo, "credential", "site", "reason")
			if s.output == "csv" { // the API's columns
				g = newGrid("address", "port", "name", "device", "state", "reason", "since", "polled_at", "good_at", "credential", "pinned", "site", "origin", "created_at", "created_by")
			}
			for _, t := range list.Targets {
				if s.output == "csv" {
					g.add(t.Address, t.Port, t.Name, string(t.Device), t.State, t.Reason, t.Since, t.PolledAt, t.GoodAt, t.Credential, t.Pinned, t.Site, t.Origin, t.CreatedAt, t.CreatedBy)
				} else {
					g.add(where(t.Address, t.Port), t.Name, goingWords(t.State), t.Since, t.PolledAt, t.Credential, t.Site, t.Reason)
				}
			}
			empty := "nothing is polled; muster subnet add NETWORK looks for gear, muster target add ADDRESS names one"
			if len(list.Counts) > 0 {
				empty = "no target is like that"
			}
			if err := s.show(g, list, empty); err != nil {
				return err
			}
			if list.More {
				s.note("there are more: --limit shows up to 10000, --state, --site and --network choose")
			}
			if s.output == "table" && len(list.Counts) > 1 {
				var parts []string
				for _, state := range []string{"live", "suspect", "dead", "wrong_credential", "silent", "lying", "untried", "alias"} {
					if n := list.Counts[state]; n > 0 {
						parts = append(parts, fmt.Sprintf("%d %s", n, goingWords(state)))
					}
				}
				s.note("in all: %s", strings.Join(parts, ", "))
			}
			return nil
		},
	})
	f := c.Flags()
	f.StringSliceVar(&in.States, "state", nil, "only in these `states`")
	f.StringVar(&in.Site, "site", "", "only at this `site`")
	f.StringVar(&in.Network, "network", "", "only in this `network`, such as 10.20.0.0/16")
	f.IntVar(&in.Limit, "limit", 0, "show at most `n` (default 1000)")
	return c
}

func (s *session) targetShow() *cobra.Command {
	return s.command(verb{
		use:   "show ADDRESS",
		short: "Show a target, and what was learned of its manners",
		example: `
			muster target show 10.20.0.1
			muster target show 10.20.0.1:1161`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.TargetShow(ctx, api.TargetInput{Address: args[0]})
			if err != nil {
				return err
			}
			t := x.Target
			h := x.Learned
			if h == nil {
				h = &api.TargetHabits{}
			}
			switch s.output {
			case "json":
				return s.json(x)
			case "csv":
				g := newGrid("address", "port", "name", "device", "state", "reason", "since", "polled_at", "good_at", "credential", "pinned", "site", "origin", "created_at", "created_by",
					"version", "repetitions", "round_trip_seconds", "no_bulk_until", "engine_id", "identified_at", "requests", "timeouts")
				g.add(t.Address, t.Port, t.Name, string(t.Device), t.State, t.Reason, t.Since, t.PolledAt, t.GoodAt, t.Credential, t.Pinned, t.Site, t.Origin, t.CreatedAt, t.CreatedBy,
					h.Version, h.Repetitions, h.RoundTripSeconds, h.NoBulkUntil, h.EngineID, h.IdentifiedAt, h.Requests, h.Timeouts)
				return s.csv(g)
			}
			credential := t.Credential
			switch {
			case credential == "":
				credential = "none is known to work"
			case t.Pinned:
				credential += ", no other is tried"
			}
			s.block("",
				pair{name: "target", value: net.JoinHostPort(t.Address, strconv.Itoa(t.Port))},
				pair{name: "state", value: goingWords(t.State)},
				pair{name: "since", value: t.Since, unit: unitAgo},
				pair{name: "reason", value: levelHint(t.Reason)},
				pair{name: "last polled", value: t.PolledAt, unit: unitAgo},
				pair{name: "last answer", value: t.GoodAt, unit: unitAgo},
				pair{name: "device", value: strings.TrimSpace(t.Name + " " + string(t.Device))},
				pair{name: "credential", value: credential},
				pair{name: "site", value: t.Site},
				pair{name: "brought by", value: strings.TrimSuffix(t.Origin+", "+t.CreatedBy, ", ")},
				pair{name: "identified", value: h.IdentifiedAt, unit: unitAgo},
				pair{name: "SNMP", value: versionWords(h)},
				pair{name: "engine ID", value: h.EngineID},
				pair{name: "round trip", value: roundTrip(h)},
				pair{name: "asked for", value: askedFor(s.look(), h)},
				pair{name: "questions", value: questionWords(h)},
			)
			return nil
		},
	})
}

func versionWords(h *api.TargetHabits) string {
	if h.Version == "" {
		return ""
	}
	return "version " + h.Version
}

// roundTrip is the longest usual time of an answer.
func roundTrip(h *api.TargetHabits) string {
	if h.RoundTripSeconds <= 0 {
		return ""
	}
	return number(h.RoundTripSeconds*1000, "", "millisecond") + ", the longest that is usual"
}

// askedFor is how a target is asked for tables.
func askedFor(l look, h *api.TargetHabits) string {
	switch {
	case h.NoBulkUntil.After(l.now):
		return "one row at once until " + l.time(h.NoBulkUntil) + ": it does not answer more as it should"
	case h.Repetitions > 0:
		return plural(h.Repetitions, "row", "rows") + " at once, at most"
	}
	return ""
}

func questionWords(h *api.TargetHabits) string {
	if h.Requests == 0 {
		return ""
	}
	return fmt.Sprintf("%d so far, %d of them without an answer", h.Requests, h.Timeouts)
}

func (s *session) targetAdd() *cobra.Command {
	var credential, site string
	var port int
	var cmd *cobra.Command
	cmd = s.command(verb{
		use:   "add ADDRESS",
		short: "Poll an address, or change what is named of a target",
		long: `Poll an address, or change what is named of a target. Without --credential those
of its subnet are tried; with it no other is. A target is at the site of its
subnet unless --site says another. --credential '' and --site '' take back what
was said.`,
		example: `
			muster target add 10.20.0.1
			muster target add 10.20.0.1 --credential core --site health/hartford
			muster target add 127.0.0.1 --port 1161 --credential public-ro`,
		run: func(ctx context.Context, args []string) error {
			address, err := withPort(args[0], port)
			if err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			t, err := c.TargetSet(ctx, api.TargetPutInput{Address: address, Body: api.TargetPut{
				Credential: changedOf(cmd.Flags(), "credential", &credential), Site: changedOf(cmd.Flags(), "site", &site)}})
			if err != nil {
				return err
			}
			with, at := "the credentials of its subnet", ""
			if t.Credential != "" {
				with = "credential " + t.Credential
			}
			if t.Site != "" {
				at = ", at " + t.Site
			}
			return s.did(t, "target %s is polled with %s%s; muster target test %s asks it now", where(t.Address, t.Port), with, at, where(t.Address, t.Port))
		},
	})
	f := cmd.Flags()
	f.IntVar(&port, "port", 0, "`port` it is asked at (default that of its subnet, else 161)")
	f.StringVar(&credential, "credential", "", "`name` of the credential it is asked with")
	f.StringVar(&site, "site", "", "`site` it stands at, as AGENCY/SITE")
	return cmd
}

func (s *session) targetTest() *cobra.Command {
	var credentials []string
	var port int
	c := s.command(verb{
		use:   "test ADDRESS",
		short: "Ask an address once and say what comes; ends with 1 when it does not answer",
		long: `Ask an address once and say what comes, whether it is a target or not. Nothing is
kept, but for a target that was lost: the credential that was right is taken. It
is asked with --credential, else as its target or its subnet says, else with all
there are. It ends with 1 when it does not answer as it should.`,
		example: `
			muster target test 10.20.0.1
			muster target test 10.20.0.1 --port 1161 --credential core`,
		run: func(ctx context.Context, args []string) error {
			address, err := withPort(args[0], port)
			if err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.TargetTest(ctx, api.TargetTestInput{Address: address, Body: api.TargetTestOrder{Credentials: withoutEmpty(credentials)}})
			if err != nil {
				return err
			}
			if err := s.showTest(x); err != nil {
				return err
			}
			if x.State != "live" {
				return ended(ExitFailure)
			}
			return nil
		},
	})
	c.Flags().IntVar(&port, "port", 0, "`port` to ask at (default that of its target or subnet, else 161)")
	c.Flags().StringSliceVar(&credentials, "credential", nil, "`names` of credentials to try, in this order")
	return c
}

func (s *session) showTest(x api.TargetTest) error {
	switch s.output {
	case "json":
		return s.json(x)
	case "csv":
		g := newGrid("address", "port", "state", "reason", "ping_ms", "answer_ms", "credential", "kind", "name", "vendor", "model", "os", "version", "serial", "description", "object_id", "location", "profile", "up_seconds")
		g.add(x.Address, x.Port, x.State, x.Reason, float(x.PingMS), float(x.AnswerMS), x.Credential, x.Kind, x.Name, x.Vendor, x.Model, x.OS, x.Version, x.Serial, x.Description, x.ObjectID, x.Location, x.Profile, x.UpSeconds)
		return s.csv(g)
	}
	var up any
	if x.UpSeconds > 0 {
		up = x.UpSeconds
	}
	s.block("",
		pair{name: "target", value: net.JoinHostPort(x.Address, strconv.Itoa(x.Port))},
		pair{name: "state", value: goingWords(x.State)},
		pair{name: "reason", value: levelHint(x.Reason)},
		pair{name: "ping", value: float(x.PingMS), unit: "millisecond"},
		pair{name: "SNMP", value: float(x.AnswerMS), unit: "millisecond"},
		pair{name: "credential", value: x.Credential},
		pair{name: "name", value: x.Name},
		pair{name: "kind", value: x.Kind},
		pair{name: "vendor", value: x.Vendor},
		pair{name: "model", value: x.Model},
		pair{name: "system", value: strings.TrimSpace(x.OS + " " + x.Version)},
		pair{name: "serial", value: x.Serial},
		pair{name: "location", value: x.Location},
		pair{name: "description", value: x.Description},
		pair{name: "object ID", value: x.ObjectID},
		pair{name: "profile", value: x.Profile},
		pair{name: "up", value: up, unit: "second"},
	)
	if len(x.Attempts) > 1 || x.State != "live" {
		for _, a := range x.Attempts {
			s.say("  tried %s: %s", a.Credential, levelHint(a.Said))
		}
	}
	return nil
}

// levelHint says what to do about an error of SNMP that names only itself: the
// user is known, but may see nothing unless messages are signed, or encrypted
// too (RFC 3413 §3.2).
func levelHint(text string) string {
	if !strings.Contains(text, "authorizationError") {
		return text
	}
	return text + ": the device lets this user see nothing at this level of security; give the credential a higher one (muster credential add NAME --auth …, --priv …), or let the device allow it"
}

// float is a number, or nothing.
func float(f *float64) any {
	if f == nil {
		return nil
	}
	return *f
}
