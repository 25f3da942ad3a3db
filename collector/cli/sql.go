package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

// maxQuery is the API's bound of a statement.
const maxQuery = 100_000

func (s *session) sqlCommand() *cobra.Command {
	var q api.SQLQuestion
	var file string
	c := s.command(verb{
		use:   "sql [QUERY|-]",
		short: "Ask in SQL: one SELECT over views named as the sections",
		long: `Ask in SQL: one SELECT, WITH, VALUES or EXPLAIN. Views are named as the sections
(disk, software, ...) and show what is true now; each has a device_id. muster schema
SECTION lists columns. It runs apart from the collector, for 10 seconds at most,
and can change nothing.`,
		example: `
			muster sql 'SELECT name, count(*) AS devices FROM software GROUP BY name ORDER BY 2 DESC LIMIT 20'
			muster sql -o csv --file old-disks.sql
			echo 'SELECT * FROM os' | muster sql -`,
		run: func(ctx context.Context, args []string) error {
			text, err := s.statement(args, file)
			if err != nil {
				return err
			}
			q.Query = text
			return s.askSQL(ctx, q)
		},
	})
	c.AddCommand(s.sqlSaved())
	c.Flags().StringVar(&file, "file", "", "read the statement from this `file`")
	c.Flags().IntVar(&q.Limit, "limit", 0, "at most `n` rows (default 10000)")
	return c
}

// askSQL asks and prints the answer.
func (s *session) askSQL(ctx context.Context, q api.SQLQuestion) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	a, err := c.SQLQuery(ctx, api.SQLInput{Body: q})
	if err != nil {
		return err
	}
	g := &grid{rows: a.Rows}
	for _, name := range a.Columns {
		g.columns = append(g.columns, column{name: name})
	}
	if err := s.show(g, a, "no rows"); err != nil {
		return err
	}
	if a.Truncated {
		s.note("there are more than these %d rows; --limit asks for more", len(a.Rows))
	}
	return nil
}

// statement finds the SQL: argument, file, or the input for -.
func (s *session) statement(args []string, file string) (string, error) {
	if file != "" && len(args) > 0 {
		return "", usage("a statement and --file exclude each other")
	}
	text := ""
	switch {
	case file != "" || len(args) == 1 && args[0] == "-":
		if file == "" {
			file = "-"
		}
		b, err := s.readFile(file, maxQuery)
		if err != nil {
			return "", err
		}
		text = string(b)
	case len(args) == 1:
		text = args[0]
	default:
		return "", usage("the statement is missing: give it quoted, as - for the input, or with --file")
	}
	if strings.TrimSpace(text) == "" {
		return "", usage("the statement is empty")
	}
	return text, nil
}
