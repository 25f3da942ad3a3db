package cli

import (
	"context"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) searchCommand() *cobra.Command {
	return nounCommand("search", "Searches: saved ones, your own and those that others share, and how to write one", `
		muster search save 'Old laptops' 'kind:pc purchased<2021-01-01' --columns name,model,purchased --shared
		muster search run 'Old laptops' -o csv`,
		s.searchList(),
		s.searchRun(),
		s.searchSave(),
		s.searchSet(),
		s.searchRead(),
		s.searchField(),
		s.command(verb{
			use:     "delete NAME",
			short:   "Delete a saved search",
			example: `muster search delete 'Old laptops'`,
			run: func(ctx context.Context, args []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				x, err := c.SearchShow(ctx, api.SavedInput{Ref: args[0]})
				if err != nil {
					return err
				}
				if err := c.SearchDelete(ctx, api.SavedIDInput{ID: x.ID}); err != nil {
					return err
				}
				return s.did(done{true}, "the search %s is deleted", x.Name)
			},
		}),
	)
}

func (s *session) searchList() *cobra.Command {
	return s.command(verb{
		use:     "list",
		short:   "List saved searches",
		example: `muster search list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.SearchList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("name", "filter", "shared", "by", "changed_at:"+unitAgo, "-id")
			if s.output == "csv" { // the API's columns
				g = newGrid("id", "name", "filter", "columns", "sort", "shared", "mine", "by", "changed_at")
			}
			for _, x := range list.Searches {
				if s.output == "csv" {
					g.add(x.ID, x.Name, x.Filter, x.Columns, x.Sort, x.Shared, x.Mine, x.By, x.ChangedAt)
				} else {
					g.add(x.Name, x.Filter, x.Shared, x.By, x.ChangedAt, x.ID)
				}
			}
			return s.show(g, list, "no search is saved; muster search save NAME FILTER saves one")
		},
	})
}

func (s *session) searchRun() *cobra.Command {
	var limit int
	c := s.command(verb{
		use:   "run NAME",
		short: "List the devices that a saved search finds",
		long: `List the devices that a saved search finds, as muster device list does: in its
order and with its columns. It finds what you may see, whoever saved it.`,
		example: `
			muster search run 'Old laptops'
			muster search run 17 -o csv`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.SearchShow(ctx, api.SavedInput{Ref: args[0]})
			if err != nil {
				return err
			}
			return s.listDevices(ctx, api.DeviceListInput{Filter: x.Filter, Sort: x.Sort, Limit: limit}, s.listed(x.Columns))
		},
	})
	c.Flags().IntVar(&limit, "limit", 0, "show at most `n` devices (default all)")
	return c
}

// listed are those columns of a page that lists have here, after the name.
func (s *session) listed(columns []string) []string {
	var out []string
	for _, name := range columns {
		for _, have := range deviceColumns() {
			if have.name == name && name != "name" {
				out = append(out, name)
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return append([]string{"name"}, out...)
}

func (s *session) searchSave() *cobra.Command {
	var in api.SearchNew
	c := s.command(verb{
		use:   "save NAME [FILTER]",
		short: "Save a search under a name",
		long:  "Save a search under a name. Without FILTER it finds all devices.\n\n" + filterHelp,
		example: `
			muster search save 'Old laptops' 'kind:pc purchased<2021-01-01' --sort purchased
			muster search save 'Silent at Hartford' 'state:missing site:hartford' --shared`,
		run: func(ctx context.Context, args []string) error {
			in.Name = args[0]
			if len(args) == 2 {
				in.Filter = args[1]
			}
			if _, err := s.chosenColumns(in.Columns); err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.SearchNew(ctx, api.SearchNewInput{Body: in})
			if err != nil {
				return err
			}
			return s.did(x, "saved as %s%s", x.Name, sharedWord(x.Shared))
		},
	})
	c.Flags().StringSliceVar(&in.Columns, "columns", nil, "`names` of the columns to show, separated by commas")
	c.Flags().StringVar(&in.Sort, "sort", "", "`column` to sort by, with - before it for descending")
	c.Flags().BoolVar(&in.Shared, "shared", false, "everybody sees it")
	return c
}

func sharedWord(shared bool) string {
	if shared {
		return ", for everybody"
	}
	return ", for you alone"
}

func (s *session) searchSet() *cobra.Command {
	var name, filter, sort string
	var columns []string
	var shared, private bool
	c := s.command(verb{
		use:   "set NAME",
		short: "Rename, share or change a saved search",
		example: `
			muster search set 'Old laptops' --name 'Laptops to replace' --shared
			muster search set 'Old laptops' --filter 'kind:pc purchased<2022-01-01'`,
	})
	c.Flags().StringVar(&name, "name", "", "its new `name`")
	c.Flags().StringVar(&filter, "filter", "", "its new `filter`")
	c.Flags().StringSliceVar(&columns, "columns", nil, "`names` of the columns to show, separated by commas")
	c.Flags().StringVar(&sort, "sort", "", "`column` to sort by, with - before it for descending")
	c.Flags().BoolVar(&shared, "shared", false, "everybody sees it")
	c.Flags().BoolVar(&private, "private", false, "you alone see it")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		var b api.SearchChange
		set := cmd.Flags().Changed
		switch {
		case shared && private:
			return usage("--shared and --private exclude each other")
		case !set("name") && !set("filter") && !set("columns") && !set("sort") && !shared && !private:
			return usage("say what to change: --name, --filter, --columns, --sort, --shared or --private")
		}
		given(set("name"), &b.Name, name)
		given(set("filter"), &b.Filter, filter)
		given(set("sort"), &b.Sort, sort)
		given(set("columns"), &b.Columns, columns)
		given(shared || private, &b.Shared, shared)
		if _, err := s.chosenColumns(columns); err != nil {
			return err
		}
		client, err := s.client()
		if err != nil {
			return err
		}
		x, err := client.SearchShow(cmd.Context(), api.SavedInput{Ref: args[0]})
		if err != nil {
			return err
		}
		if x, err = client.SearchSet(cmd.Context(), api.SearchSetInput{ID: x.ID, Body: b}); err != nil {
			return err
		}
		return s.did(x, "the search %s is changed%s", x.Name, sharedWord(x.Shared))
	}
	return c
}

// given sets a field of a change that was asked for.
func given[T any](asked bool, to **T, value T) {
	if asked {
		*to = &value
	}
}

func (s *session) sqlSaved() *cobra.Command {
	return nounCommand("saved", "Saved statements: your own, and those that others share", `
		muster sql saved save 'Free ports' --file free-ports.sql --shared
		muster sql saved run 'Free ports' -o csv`,
		s.sqlSavedList(),
		s.sqlSavedRun(),
		s.sqlSavedSave(),
		s.sqlSavedSet(),
		s.command(verb{
			use:     "delete NAME",
			short:   "Delete a saved statement",
			example: `muster sql saved delete 'Free ports'`,
			run: func(ctx context.Context, args []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				x, err := c.QueryShow(ctx, api.SavedInput{Ref: args[0]})
				if err != nil {
					return err
				}
				if err := c.QueryDelete(ctx, api.SavedIDInput{ID: x.ID}); err != nil {
					return err
				}
				return s.did(done{true}, "the statement %s is deleted", x.Name)
			},
		}),
	)
}

func (s *session) sqlSavedList() *cobra.Command {
	return s.command(verb{
		use:     "list",
		short:   "List saved statements",
		example: `muster sql saved list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.QueryList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("name", "sql", "shared", "by", "changed_at:"+unitAgo, "-id")
			if s.output == "csv" { // the API's columns
				g = newGrid("id", "name", "sql", "shared", "mine", "by", "changed_at")
			}
			for _, x := range list.Queries {
				if s.output == "csv" {
					g.add(x.ID, x.Name, x.SQL, x.Shared, x.Mine, x.By, x.ChangedAt)
				} else {
					g.add(x.Name, x.SQL, x.Shared, x.By, x.ChangedAt, x.ID)
				}
			}
			return s.show(g, list, "no statement is saved; muster sql saved save NAME QUERY saves one")
		},
	})
}

func (s *session) sqlSavedRun() *cobra.Command {
	var limit int
	c := s.command(verb{
		use:     "run NAME",
		short:   "Ask a saved statement",
		example: `muster sql saved run 'Free ports' -o csv`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.QueryShow(ctx, api.SavedInput{Ref: args[0]})
			if err != nil {
				return err
			}
			return s.askSQL(ctx, api.SQLQuestion{Query: x.SQL, Limit: limit})
		},
	})
	c.Flags().IntVar(&limit, "limit", 0, "at most `n` rows (default 10000)")
	return c
}

func (s *session) sqlSavedSave() *cobra.Command {
	var in api.QueryNew
	var file string
	c := s.command(verb{
		use:   "save NAME [QUERY|-]",
		short: "Save a statement under a name",
		example: `
			muster sql saved save 'By system' 'SELECT os, count(*) FROM device GROUP BY os'
			muster sql saved save 'Free ports' --file free-ports.sql --shared`,
		run: func(ctx context.Context, args []string) error {
			in.Name = args[0]
			var err error
			if in.SQL, err = s.statement(args[1:], file); err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.QueryNew(ctx, api.QueryNewInput{Body: in})
			if err != nil {
				return err
			}
			return s.did(x, "saved as %s%s", x.Name, sharedWord(x.Shared))
		},
	})
	c.Flags().StringVar(&file, "file", "", "read the statement from this `file`")
	c.Flags().BoolVar(&in.Shared, "shared", false, "everybody who may ask in SQL sees it")
	return c
}

func (s *session) sqlSavedSet() *cobra.Command {
	var name, file string
	var shared, private bool
	c := s.command(verb{
		use:   "set NAME [QUERY|-]",
		short: "Rename, share or change a saved statement",
		example: `
			muster sql saved set 'Free ports' --name 'Ports that are free' --shared
			muster sql saved set 'Free ports' --file free-ports.sql`,
	})
	c.Flags().StringVar(&name, "name", "", "its new `name`")
	c.Flags().StringVar(&file, "file", "", "read the new statement from this `file`")
	c.Flags().BoolVar(&shared, "shared", false, "everybody who may ask in SQL sees it")
	c.Flags().BoolVar(&private, "private", false, "you alone see it")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		var b api.QueryChange
		switch {
		case shared && private:
			return usage("--shared and --private exclude each other")
		case name == "" && file == "" && len(args) == 1 && !shared && !private:
			return usage("say what to change: a statement, --file, --name, --shared or --private")
		}
		if file != "" || len(args) > 1 {
			text, err := s.statement(args[1:], file)
			if err != nil {
				return err
			}
			b.SQL = &text
		}
		given(name != "", &b.Name, name)
		given(shared || private, &b.Shared, shared)
		client, err := s.client()
		if err != nil {
			return err
		}
		x, err := client.QueryShow(cmd.Context(), api.SavedInput{Ref: args[0]})
		if err != nil {
			return err
		}
		if x, err = client.QuerySet(cmd.Context(), api.QuerySetInput{ID: x.ID, Body: b}); err != nil {
			return err
		}
		return s.did(x, "the statement %s is changed%s", x.Name, sharedWord(x.Shared))
	}
	return c
}
