package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) auditCommand() *cobra.Command {
	return nounCommand("audit", "The record of who did what", `
		muster audit list --limit 50
		muster audit verify`,
		s.auditList(),
		s.auditVerify(),
	)
}

// auditPage is how many records the API gives at most.
const auditPage = 10_000

func (s *session) auditList() *cobra.Command {
	var limit int
	var in api.AuditInput
	c := s.command(verb{
		use:   "list",
		short: "List who did what, newest first",
		example: `
			muster audit list
			muster audit list --actor jdoe --action 'user-*' --from 30d
			muster audit list --limit 0 -o csv >audit.csv`,
		run: func(ctx context.Context, _ []string) error {
			if limit < 0 {
				return usage("--limit %d: 0 is all, else a number of records", limit)
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			var list api.AuditList
			for {
				in.Limit = auditPage
				if limit > 0 {
					in.Limit = min(auditPage, limit-len(list.Records))
				}
				page, err := c.AuditList(ctx, in)
				if err != nil {
					return err
				}
				list.Records, list.Next = append(list.Records, page.Records...), page.Next
				if page.Next == 0 || limit > 0 && len(list.Records) >= limit {
					break
				}
				in.Before = page.Next
			}
			g := newGrid("seq", "at", "actor", "action", "object", "outcome", "detail", "via", "address", "-hash")
			if s.output == "csv" { // the API's columns
				g = newGrid("seq", "at", "actor", "via", "address", "action", "object", "outcome", "detail", "hash")
			}
			for _, r := range list.Records {
				if s.output == "csv" {
					g.add(r.Seq, r.At, r.Actor, r.Via, r.Address, r.Action, r.Object, r.Outcome, r.Detail, r.Hash)
				} else {
					g.add(r.Seq, r.At, r.Actor, r.Action, r.Object, r.Outcome, r.Detail, r.Via, r.Address, r.Hash)
				}
			}
			if err := s.show(g, list, "nothing was done yet"); err != nil {
				return err
			}
			if list.Next != 0 {
				s.note("only the newest %d records are shown; --limit 0 shows all", len(list.Records))
			}
			return nil
		},
	})
	f := c.Flags()
	f.IntVar(&limit, "limit", 100, "show the newest `n` records; 0 is all")
	f.StringVar(&in.Actor, "actor", "", "only what this `name` did")
	f.StringVar(&in.Action, "action", "", "only this `act`, or all that begin so with * at the end")
	f.StringVar(&in.Outcome, "outcome", "", "only what ended so: done, refused or failed")
	f.StringVar(&in.From, "from", "", "only since this `time`")
	f.StringVar(&in.To, "to", "", "only until this `time`")
	return c
}

func (s *session) auditVerify() *cobra.Command {
	return s.command(verb{
		use:     "verify",
		short:   "Check that no record was changed or taken out",
		long:    "Check that no record was changed or taken out: each holds a hash over itself and\nthe one before. It ends with 1 when the chain is broken.",
		example: `muster audit verify`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			v, err := c.AuditVerify(ctx)
			if err != nil {
				return err
			}
			if s.output == "json" {
				if err := s.json(v); err != nil {
					return err
				}
			}
			if !v.OK {
				return fmt.Errorf("the chain is broken at record %d: it or the one before was changed or taken out; the %d before it fit", v.Broken, v.Checked)
			}
			if s.output != "json" {
				s.say("%s, none changed or taken out", plural(int(v.Checked), "record", "records"))
			}
			return nil
		},
	})
}
