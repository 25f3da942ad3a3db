package cli

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/internal/inventory"
)

func (s *session) profileCommand() *cobra.Command {
	return nounCommand("profile", "Profiles: how gear is read over SNMP, written down as data", `
		muster profile list
		muster profile check ./acme-switch.yaml
		muster profile try 10.20.0.1 --file ./acme-switch.yaml`,
		s.profileList(),
		s.profileShow(),
		s.profileCheck(),
		s.profileTry(),
	)
}

func (s *session) profileList() *cobra.Command {
	return s.command(verb{
		use:   "list",
		short: "List profiles, and what is wrong with the office's",
		long: `List profiles, and what is wrong with the office's: those of Muster, and those in
the folder that the collector's setting snmp.profiles names. Changed files are
read within a minute, and used for each device within an hour; what a broken one
would have changed stays as it was.`,
		example: `
			muster profile list
			muster profile list -o json`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.ProfileList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("name", "title", "source", "state", "file")
			for _, p := range list.Profiles {
				g.add(p.Name, p.Title, p.Source, p.State, p.File)
			}
			if err := s.show(g, list, "there are no profiles"); err != nil {
				return err
			}
			for _, p := range list.Problems {
				s.note("cannot be used: %s", p)
			}
			return nil
		},
	})
}

func (s *session) profileShow() *cobra.Command {
	var text bool
	c := s.command(verb{
		use:   "show NAME",
		short: "Show a profile: which devices it fits, and what it reads",
		example: `
			muster profile show switch
			muster profile show acme-switch --text`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.ProfileShow(ctx, api.ProfileInput{Name: args[0]})
			if err != nil {
				return err
			}
			if text && s.output == "table" {
				for line := range strings.Lines(x.Text) {
					s.say("%s", strings.TrimRight(line, "\r\n"))
				}
				return nil
			}
			return s.showProfile(&x)
		},
	})
	c.Flags().BoolVar(&text, "text", false, "show its file, to begin one of your own with")
	return c
}

func (s *session) showProfile(x *api.ProfileShow) error {
	switch s.output {
	case "json":
		return s.json(x)
	case "csv":
		g := newGrid("name", "section", "entry", "every_seconds")
		for _, p := range x.Parts {
			g.add(p.Name, p.Section, p.Entry, p.EverySeconds)
		}
		return s.csv(g)
	}
	p := &x.Profile
	title := p.Name
	if p.Title != "" {
		title += " · " + p.Title
	}
	s.say("%s", title)
	s.say("")
	fits := x.Match
	if len(fits) == 0 {
		fits = []string{"no device by itself"}
	}
	s.block("  ",
		pair{"source", p.Source, ""},
		pair{"file", p.File, ""},
		pair{"state", p.State, ""},
		pair{"extends", x.Extends, ""},
		pair{"facts", x.Facts, ""},
		pair{"numbers", x.Numbers, ""},
		pair{"builtins", x.Builtins, ""},
	)
	s.heading("Fits")
	for _, m := range fits {
		s.paragraph("  ", m)
	}
	if len(x.Parts) == 0 {
		return nil
	}
	s.heading("Reads")
	g := newGrid("section", "name", "entry", "every")
	for _, part := range x.Parts {
		name := part.Name
		if name == part.Section {
			name = ""
		}
		g.add(part.Section, name, part.Entry, length(time.Duration(part.EverySeconds)*time.Second))
	}
	s.table(g, s.width(), "  ")
	return nil
}

func (s *session) profileTry() *cobra.Command {
	var in api.ProfileTryOrder
	var port int
	var file string
	c := s.command(verb{
		use:   "try ADDRESS",
		short: "Ask a device now and tell what profiles make of it; nothing is kept",
		long: `Ask a device now and tell what profiles make of it: which fit and why one of them
is chosen, who the device is, what would be read of it, and what failed. It need
not be a target, it is only read from, and nothing is kept. With --file a profile
that is not in use yet is asked too, read over those in use.

It is asked with --credential, else as its target or its subnet says, else with
all there are. It ends with 1 when the device does not answer as it should.`,
		example: `
			muster profile try 10.20.0.1
			muster profile try 10.20.0.1 --file ./acme-switch.yaml --section sensor
			muster profile try 127.1.0.7 --port 1161 --credential public`,
		run: func(ctx context.Context, args []string) (err error) {
			if in.Address, err = withPort(args[0], port); err != nil {
				return err
			}
			if in.Sections, err = sectionNames(in.Sections); err != nil {
				return err
			}
			in.Credentials = withoutEmpty(in.Credentials)
			if file != "" {
				if !isYAML(file) {
					return usage("%s is no profile's file: its name ends in .yaml", quoteWord(file))
				}
				text, err := os.ReadFile(file)
				if err != nil {
					return fileError("read", file, err)
				}
				in.File, in.Text = filepath.Base(file), string(text)
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.ProfileTry(ctx, api.ProfileTryInput{Body: in})
			if err != nil {
				return err
			}
			if err := s.showTry(&x, in.Sections); err != nil {
				return err
			}
			if x.State != "live" || x.Reason != "" {
				return ended(ExitFailure)
			}
			return nil
		},
	})
	c.Flags().IntVar(&port, "port", 0, "`port` to ask at (default that of its target or subnet, else 161)")
	c.Flags().StringSliceVar(&in.Credentials, "credential", nil, "`names` of credentials to try, in this order")
	c.Flags().StringVar(&file, "file", "", "also try the profile of this `file`, which is not in use yet")
	c.Flags().StringSliceVar(&in.Sections, "section", nil, "`names` of sections whose rows are shown, too")
	return c
}

// showTry shows what profiles made of a device.
func (s *session) showTry(x *api.ProfileTry, names []string) error {
	switch s.output {
	case "json":
		return s.json(x)
	case "csv":
		return s.csvTry(x, names)
	}
	s.block("",
		pair{name: "target", value: net.JoinHostPort(x.Address, strconv.Itoa(x.Port))},
		pair{name: "state", value: goingWords(x.State)},
		pair{name: "reason", value: x.Reason},
		pair{name: "credential", value: x.Credential},
		pair{name: "name", value: x.Name},
		pair{name: "description", value: x.Description},
		pair{name: "object ID", value: x.ObjectID},
		pair{name: "profile", value: x.Profile},
	)
	if x.State != "live" || len(x.Attempts) > 1 {
		for _, a := range x.Attempts {
			s.say("  tried %s: %s", a.Credential, a.Said)
		}
	}
	if len(x.Trials) > 0 {
		s.heading("Profiles, the most specific first")
		for _, t := range x.Trials {
			said := "would fit too"
			switch {
			case t.Chosen:
				said = "fits and is chosen"
			case t.Lacks != "":
				said = "does not fit: " + t.Lacks
			}
			s.paragraph("  ", t.Profile+" "+said)
			if t.Asks != "" {
				s.paragraph("    ", "asks: "+t.Asks)
			}
		}
	}
	if len(x.Facts) > 0 {
		s.heading("Who it is")
		var pairs []pair
		for _, f := range x.Facts {
			pairs = append(pairs, pair{name: f.Name, value: f.Value})
		}
		s.block("  ", pairs...)
	}
	if len(x.Sections) > 0 {
		s.heading("What was read")
		g := newGrid("section", "rows", "status", "sources", "reason")
		for _, p := range x.Sections {
			g.add(p.Name, p.Rows, p.Status, p.Sources, p.Reason)
		}
		s.table(g, s.width(), "  ")
	}
	if len(x.Numbers) > 0 {
		s.heading("Numbers")
		g := newGrid("number", "series", "missing", "example")
		for _, n := range x.Numbers {
			var missing any
			if n.Missing > 0 {
				missing = n.Missing
			}
			g.add(n.Measurement+"."+n.Field, n.Series, missing, n.Example)
		}
		s.table(g, s.width(), "  ")
	}
	for _, p := range x.Sections {
		sec, ok := inventory.Lookup(p.Name)
		if !ok || len(p.Content) == 0 {
			continue
		}
		s.say("")
		s.section(sec, api.SectionStatus{Status: p.Status, Reason: p.Reason}, contentOf(p), true)
		if p.Rows > len(p.Content) {
			s.note("%s has %d rows; the first %d are shown", p.Name, p.Rows, len(p.Content))
		}
	}
	if x.Requests > 0 {
		s.note("%s in %d ms; nothing was kept", plural(int(x.Requests), "packet was sent", "packets were sent"), x.TookMS)
	}
	s.hiddenNote(x.Hidden)
	return nil
}

// contentOf are the rows of a section that were told.
func contentOf(p api.ProfileSection) []map[string]any {
	out := make([]map[string]any, len(p.Content))
	for i, r := range p.Content {
		out[i] = r
	}
	return out
}

// csvTry is the rows of the one section that was named, or the list of sections.
func (s *session) csvTry(x *api.ProfileTry, names []string) error {
	if len(names) > 1 {
		return usage("CSV holds one table: name one section with --section NAME, or use -o json")
	}
	g := newGrid("section", "rows", "status", "sources", "reason")
	for _, p := range x.Sections {
		if len(names) == 1 && p.Name == names[0] {
			sec, _ := inventory.Lookup(p.Name)
			return s.csv(sectionGrid(sec, contentOf(p), false))
		}
		g.add(p.Name, p.Rows, p.Status, p.Sources, p.Reason)
	}
	if len(names) == 1 {
		sec, _ := inventory.Lookup(names[0])
		return s.csv(sectionGrid(sec, nil, false))
	}
	return s.csv(g)
}
