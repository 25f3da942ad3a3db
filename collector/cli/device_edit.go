package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) deviceSet() *cobra.Command {
	var change api.DeviceChange
	var labels []string
	var c *cobra.Command
	texts := map[string]**string{
		"asset-tag": &change.AssetTag, "owner": &change.Owner, "department": &change.Department,
		"purchased": &change.Purchased, "warranty": &change.Warranty, "note": &change.Note, "site": &change.Site,
	}
	c = s.command(verb{
		use:   "set REF",
		short: "Change what people keep about a device: owner, site, labels and so on",
		long: `Change what people keep about a device. What is not named stays as it is; an
empty text ("") empties a field. Facts that the device reports cannot be set.`,
		example: `
			muster device set pc-104 --asset-tag A-7731 --owner 'Dana Ortiz'
			muster device set pc-104 --site health/hartford --label +kiosk --label -loaner
			muster device set pc-104 --note ''`,
		run: func(ctx context.Context, args []string) error {
			for name, field := range texts {
				if c.Flags().Changed(name) {
					text, err := c.Flags().GetString(name)
					if err != nil {
						return err
					}
					*field = &text
				}
			}
			for _, l := range labels {
				if rest, off := strings.CutPrefix(l, "-"); off {
					change.RemoveLabels = append(change.RemoveLabels, rest)
				} else {
					change.AddLabels = append(change.AddLabels, strings.TrimPrefix(l, "+"))
				}
			}
			if c.Flags().NFlag() == 0 || !anyChange(change) {
				return usage("say what to change, such as --owner, --site or --label")
			}
			client, err := s.client()
			if err != nil {
				return err
			}
			d, err := client.DeviceSet(ctx, api.DeviceSetInput{Ref: args[0], Body: change})
			if err != nil {
				return err
			}
			return s.did(d, "%s is changed", nameOf(&d))
		},
	})
	f := c.Flags()
	f.String("asset-tag", "", "the office's own `number` for it")
	f.String("owner", "", "the `person` who answers for it")
	f.String("department", "", "`department` it belongs to")
	f.String("purchased", "", "`day` it was bought, YYYY-MM-DD")
	f.String("warranty", "", "last `day` of its warranty, YYYY-MM-DD")
	f.String("note", "", "`text` for colleagues")
	f.String("site", "", "where it stands: `AGENCY/SITE`; empty takes it out of any")
	f.StringArrayVar(&labels, "label", nil, "`+label` puts it on, -label takes it off; may be given several times")
	return c
}

func anyChange(c api.DeviceChange) bool {
	for _, p := range []*string{c.AssetTag, c.Owner, c.Department, c.Purchased, c.Warranty, c.Note, c.Site} {
		if p != nil {
			return true
		}
	}
	return len(c.AddLabels)+len(c.RemoveLabels) > 0
}

// maxImport bounds a file that is read to be sent; the API takes less.
const maxImport = 64 << 20

func (s *session) deviceImport() *cobra.Command {
	var in api.DeviceImportInput
	c := s.command(verb{
		use:   "import FILE.csv",
		short: "Bring what people keep about devices from a CSV file",
		long: `Bring what people keep about devices from a CSV file (- is the input). The first
line names the columns: one of device, name, id, serial or asset_tag that says
which device, and any of asset_tag, owner, department, purchased, warranty, note,
site, labels (separated by ;). An empty cell changes nothing, a single - empties.
All lines are taken or none, unless --partial is given.`,
		example: `
			muster device import assets.csv --dry-run
			muster device import assets.csv`,
		run: func(ctx context.Context, args []string) (err error) {
			if in.RawBody, err = s.readFile(args[0], maxImport); err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			r, err := c.DeviceImport(ctx, in)
			if err != nil {
				return err
			}
			return s.showImport(r, in.Partial)
		},
	})
	c.Flags().BoolVar(&in.DryRun, "dry-run", false, "check only, change nothing")
	c.Flags().BoolVar(&in.Partial, "partial", false, "take the good lines although others are bad")
	return c
}

func (s *session) showImport(r api.ImportResult, partial bool) error {
	switch s.output {
	case "json":
		if err := s.json(r); err != nil {
			return err
		}
	case "csv":
		g := newGrid("line", "column", "detail")
		for _, e := range r.Errors {
			g.add(e.Line, e.Column, e.Detail)
		}
		if err := s.csv(g); err != nil {
			return err
		}
	default:
		for _, e := range r.Errors {
			where := fmt.Sprintf("line %d", e.Line)
			if e.Column != "" {
				where += ", " + e.Column
			}
			s.say("%s: %s", where, e.Detail)
		}
		if len(r.Ignored) > 0 {
			s.say("left alone, because devices report it themselves: %s", strings.Join(r.Ignored, ", "))
		}
		verb := "changed"
		if r.DryRun {
			verb = "to change"
		}
		s.say("%s: %s %s, %d as the file says already", plural(r.Lines, "line", "lines"), plural(r.Changed, "device", "devices"), verb, r.Same)
	}
	switch {
	case len(r.Errors) == 0:
		return nil
	case partial || r.DryRun:
		return fmt.Errorf("%s cannot be taken", plural(len(r.Errors), "line", "lines"))
	}
	return fmt.Errorf("%s cannot be taken, so nothing was changed: mend the file, or take the rest with --partial", plural(len(r.Errors), "line", "lines"))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// readFile reads a file, or the input for -, up to most bytes.
func (s *session) readFile(name string, most int64) ([]byte, error) {
	r := s.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fileError("read", name, err)
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fileError("read", name, err)
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("read %s: it is larger than %s", name, s.look().human(most, "byte"))
	}
	return b, nil
}

func (s *session) deviceMerge() *cobra.Command {
	var order api.MergeOrder
	c := s.command(verb{
		use:   "merge OLD",
		short: "Say that two records are one machine: the old one is hidden behind the new",
		long: `Say that two records are one machine, for one that was installed anew. The old
record stays whole, hidden behind the new; muster device unmerge takes it back.`,
		example: `muster device merge 0192f3aa --into pc-104 --reason 'reinstalled'`,
		run: func(ctx context.Context, args []string) error {
			order.Old = args[0]
			if order.Into == "" {
				return usage("--into NEW is missing: the record that stays")
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			m, err := c.MergeNew(ctx, api.MergeInput{Body: order})
			if err != nil {
				return err
			}
			return s.did(m, "%s is hidden behind %s (muster device unmerge %d takes it back)", m.Old, m.Into, m.ID)
		},
	})
	c.Flags().StringVar(&order.Into, "into", "", "`REF` of the record that stays")
	c.Flags().StringVar(&order.Reason, "reason", "", "`why`, for the audit")
	return c
}

func (s *session) deviceMerges() *cobra.Command {
	return s.command(verb{
		use:     "merges",
		short:   "List merges, newest first",
		example: `muster device merges`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.MergeList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("id", "at:"+unitAgo, "old", "into", "by", "reason", "undone_at:"+unitAgo, "undone_by", "-carried")
			for _, m := range list.Merges {
				g.add(m.ID, m.At, m.Old, m.Into, m.By, m.Reason, m.UndoneAt, m.UndoneBy, m.Carried)
			}
			return s.show(g, list, "nothing was merged")
		},
	})
}

func (s *session) deviceUnmerge() *cobra.Command {
	return s.command(verb{
		use:     "unmerge ID",
		short:   "Take a merge back",
		example: `muster device unmerge 12`,
		run: func(ctx context.Context, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || id < 1 {
				return usage("%s is no number of a merge: muster device merges lists them", quoteWord(args[0]))
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			m, err := c.MergeUndo(ctx, api.MergeUndoInput{ID: id})
			if err != nil {
				return err
			}
			return s.did(m, "%s stands for itself again", m.Old)
		},
	})
}

func (s *session) deviceRetire(name, short string) *cobra.Command {
	return s.command(verb{
		use:     name + " REF",
		short:   short,
		example: "muster device " + name + " pc-104",
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			call, text := c.DeviceRetire, "%s is retired"
			if name == "unretire" {
				call, text = c.DeviceUnretire, "%s is in use again"
			}
			d, err := call(ctx, api.RefInput{Ref: args[0]})
			if err != nil {
				return err
			}
			return s.did(d, text, nameOf(&d))
		},
	})
}

func (s *session) deviceRefresh() *cobra.Command {
	return s.command(verb{
		use:   "refresh REF",
		short: "Ask a device for everything anew",
		long: `Ask a device for everything anew. Gear is polled at once. An agent hears of it with
the answer to its next report, which it sends about once a minute, and then reads
everything. Asked again, it tells what has become of it.`,
		example: `muster device refresh pc-104`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			r, err := c.DeviceRefresh(ctx, api.RefInput{Ref: args[0]})
			if err != nil {
				return err
			}
			l := s.look()
			switch {
			case !r.CameAt.IsZero():
				return s.did(r, "%s was asked at %s, and all had come at %s", args[0], l.time(r.AskedAt), l.time(r.CameAt))
			case r.Sections > 0:
				return s.did(r, "%s was told at %s; %d of %d sections have come", args[0], l.time(r.ToldAt), r.Sections-r.Left, r.Sections)
			case !r.ToldAt.IsZero():
				return s.did(r, "%s is being polled", args[0])
			}
			return s.did(r, "%s will be told when it is next in touch", args[0])
		},
	})
}

func (s *session) deviceRevoke() *cobra.Command {
	var why api.RevokeReason
	c := s.command(verb{
		use:     "revoke REF",
		short:   "Take a device's identity away: its agent is refused until it enrols anew",
		example: `muster device revoke pc-104 --reason 'stolen'`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			if err := c.DeviceRevoke(ctx, api.DeviceRevokeInput{Ref: args[0], Body: why}); err != nil {
				return err
			}
			return s.did(done{true}, "%s is refused until it enrols anew", args[0])
		},
	})
	c.Flags().StringVar(&why.Reason, "reason", "", "`why`, for the audit")
	return c
}
