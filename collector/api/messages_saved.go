package api

import "time"

// SearchList is the searches that somebody kept or that were shared, by name.
type SearchList struct {
	Searches []SavedSearch `json:"searches" nullable:"false"`
}

// SavedSearch is a search for devices under a name. Running it is device-list
// with its filter, by the rights of who runs it.
type SavedSearch struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	Filter    string    `json:"filter"`
	Columns   []string  `json:"columns" nullable:"false" doc:"What is shown of each device; none: as usual."`
	Sort      string    `json:"sort,omitempty" doc:"The column that orders it, with - before it the other way round."`
	Shared    bool      `json:"shared" doc:"Everybody sees it."`
	Mine      bool      `json:"mine" doc:"Who asks has made it."`
	Change    bool      `json:"change" doc:"Who asks may rename, share or delete it."`
	By        string    `json:"by" doc:"Who made it."`
	ChangedAt time.Time `json:"changed_at"`
}

// SavedInput names what was saved.
type SavedInput struct {
	Ref string `path:"ref" maxLength:"200" doc:"Its name in any case, one's own before others', or its number."`
}

// SavedIDInput names what was saved by its number.
type SavedIDInput struct {
	ID int64 `path:"id" minimum:"1"`
}

// SearchNewInput keeps a search.
type SearchNewInput struct {
	Body SearchNew
}

// SearchNew is a search to keep.
type SearchNew struct {
	Name    string   `json:"name" minLength:"1" maxLength:"320" doc:"Up to 80 characters."`
	Filter  string   `json:"filter,omitempty" maxLength:"4096" doc:"Devices to choose (see docs/search.md)."`
	Columns []string `json:"columns,omitempty" maxItems:"40"`
	Sort    string   `json:"sort,omitempty" maxLength:"64"`
	Shared  bool     `json:"shared,omitempty"`
}

// SearchSetInput changes a saved search.
type SearchSetInput struct {
	ID   int64 `path:"id" minimum:"1"`
	Body SearchChange
}

// SearchChange is what shall be other; what is absent stays.
type SearchChange struct {
	Name    *string   `json:"name,omitempty" maxLength:"320"`
	Filter  *string   `json:"filter,omitempty" maxLength:"4096"`
	Columns *[]string `json:"columns,omitempty" maxItems:"40"`
	Sort    *string   `json:"sort,omitempty" maxLength:"64"`
	Shared  *bool     `json:"shared,omitempty"`
}

// QueryList is the statements that somebody kept or that were shared, by name.
type QueryList struct {
	Queries []SavedQuery `json:"queries" nullable:"false"`
}

// SavedQuery is a statement in SQL under a name.
type SavedQuery struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	SQL       string    `json:"sql"`
	Shared    bool      `json:"shared" doc:"Everybody who may ask in SQL sees it."`
	Mine      bool      `json:"mine" doc:"Who asks has made it."`
	Change    bool      `json:"change" doc:"Who asks may rename, share or delete it."`
	By        string    `json:"by" doc:"Who made it."`
	ChangedAt time.Time `json:"changed_at"`
}

// QueryNewInput keeps a statement.
type QueryNewInput struct {
	Body QueryNew
}

// QueryNew is a statement to keep.
type QueryNew struct {
	Name   string `json:"name" minLength:"1" maxLength:"320" doc:"Up to 80 characters."`
	SQL    string `json:"sql" minLength:"1" maxLength:"100000"`
	Shared bool   `json:"shared,omitempty"`
}

// QuerySetInput changes a saved statement.
type QuerySetInput struct {
	ID   int64 `path:"id" minimum:"1"`
	Body QueryChange
}

// QueryChange is what shall be other; what is absent stays.
type QueryChange struct {
	Name   *string `json:"name,omitempty" maxLength:"320"`
	SQL    *string `json:"sql,omitempty" maxLength:"100000"`
	Shared *bool   `json:"shared,omitempty"`
}

func (SearchList) columns() []string {
	return []string{"id", "name", "filter", "columns", "sort", "shared", "mine", "by", "changed_at"}
}

func (l SearchList) rows(yield func([]any) error) error {
	for _, x := range l.Searches {
		if err := yield([]any{x.ID, x.Name, x.Filter, x.Columns, x.Sort, x.Shared, x.Mine, x.By, x.ChangedAt}); err != nil {
			return err
		}
	}
	return nil
}

func (QueryList) columns() []string {
	return []string{"id", "name", "sql", "shared", "mine", "by", "changed_at"}
}

func (l QueryList) rows(yield func([]any) error) error {
	for _, x := range l.Queries {
		if err := yield([]any{x.ID, x.Name, x.SQL, x.Shared, x.Mine, x.By, x.ChangedAt}); err != nil {
			return err
		}
	}
	return nil
}
