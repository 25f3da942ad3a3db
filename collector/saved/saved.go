// Package saved is what people keep for themselves: searches and questions in
// SQL under names, their own or shared, and when they last looked at the board.
// It owns whose a thing is and who may change it. What is kept is text: running
// it is a request like any other, with the rights of whoever runs it.
//
// It must not know HTTP, pages, the grammar of searches, or how a database keeps
// its rows.
package saved

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"muster/collector/account"
)

// Kind is what is kept.
type Kind string

// The kinds.
const (
	Search Kind = "search"
	SQL    Kind = "sql"
)

// Item is one thing under a name.
type Item struct {
	ID        int64
	Kind      Kind
	Owner     string // see OwnerOf
	By        string // the owner as people know them
	Name      string
	Text      string   // the filter, or the statement
	Columns   []string // of a search: what is shown of each device; nil: as usual
	Sort      string
	Shared    bool // everybody with the right to run it sees it
	CreatedAt time.Time
	ChangedAt time.Time
}

// Look is when somebody looked at the board.
type Look struct {
	// Before is the end of the visit before this one; zero at the first.
	Before time.Time
	// At is the last time that the board was opened.
	At time.Time
}

// Bounds of what is kept.
const (
	MostItems = 200 // of one kind and owner
	MostName  = 80  // characters
)

// apart is how long nobody looks until the next look begins a new visit.
const apart = 30 * time.Minute

// Store keeps what people keep.
type Store interface {
	// Saved lists the items of a kind that an owner has, and all shared ones, by
	// name; of the same name the owner's own first.
	Saved(ctx context.Context, kind Kind, owner string) ([]Item, error)
	// PutSaved creates (ID 0) or replaces. store.ErrConflict when the owner has
	// another of the kind with this name in any case, or MostItems;
	// store.ErrNotFound when there is none with this ID.
	PutSaved(ctx context.Context, item Item) (Item, error)
	// DeleteSaved answers store.ErrNotFound for what is not there.
	DeleteSaved(ctx context.Context, id int64) error

	// Look is when an owner looked; zero if never.
	Look(ctx context.Context, owner string) (Look, error)
	PutLook(ctx context.Context, owner string, l Look) error
}

// OwnerOf is under which name things of an actor are kept. A user is known by
// number, so that another who gets the same name later gets nothing else.
func OwnerOf(a account.Actor) string {
	switch {
	case a.ID != 0:
		return UserOwner(a.ID)
	case a.Via == "socket":
		return "socket/" + a.Name
	}
	return "token/" + a.Name
}

// UserOwner is OwnerOf for the user with a number.
func UserOwner(id int64) string { return "user/" + strconv.FormatInt(id, 10) }

// CheckName holds a name to what is safe in lists: 1 to MostName printable
// characters, and not a number alone, which would be taken for an ID.
func CheckName(name string) error {
	if n := utf8.RuneCountInString(name); n == 0 || n > MostName {
		return fmt.Errorf("a name has 1 to %d characters", MostName)
	}
	if strings.TrimSpace(name) != name {
		return errors.New("a name has no blanks around it")
	}
	for _, r := range name {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return fmt.Errorf("the name %q has a character that is no text", name)
		}
	}
	if _, err := strconv.ParseInt(name, 10, 64); err == nil {
		return fmt.Errorf("the name %q is a number: add a word to it", name)
	}
	return nil
}

// MayChange says whether an actor may rename, share or delete an item: its
// owner may, and an administrator what is shared.
func MayChange(a account.Actor, item Item) bool {
	return item.Owner == OwnerOf(a) || item.Shared && a.Can(account.Administer) == nil
}

// Find finds an item by number or name among those of Store.Saved: in any
// case of letters, the owner's own before others'.
func Find(list []Item, ref, owner string) (Item, bool) {
	if id, err := strconv.ParseInt(strings.TrimPrefix(ref, "#"), 10, 64); err == nil {
		for _, x := range list {
			if x.ID == id {
				return x, true
			}
		}
		return Item{}, false
	}
	for _, own := range []bool{true, false} {
		for _, x := range list {
			if (x.Owner == owner) == own && strings.EqualFold(x.Name, ref) {
				return x, true
			}
		}
	}
	return Item{}, false
}

// Next is the look that opening the board at a time makes of the one before:
// after half an hour without one a new visit begins.
func (l Look) Next(now time.Time) Look {
	if now.Sub(l.At) >= apart {
		return Look{Before: l.At, At: now}
	}
	return Look{Before: l.Before, At: now}
}
