// Package rulebook is which rules are in use: Muster's own, over them the files
// of the office's folder, over those what administrators set otherwise. It
// looks for changes and hands a set that changed to who judges by it.
//
// It must not know who may change a rule, how a rule judges, or how a database
// keeps a change.
package rulebook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/collector/health/rule"
	"muster/collector/health/rules"
	"muster/collector/store"
	"muster/internal/settings"
)

// Every is how often folder and store are looked at for changes.
const Every = 30 * time.Second

// Options are what a book stands on.
type Options struct {
	Dir   string            // folder of the office; empty: none
	Store store.RuleChanges // nil: nobody changes rules but by files
	Use   func(*rule.Set)   // is handed each set but the first
	Log   *slog.Logger
}

// Book is the rules in use.
type Book struct {
	o Options

	mu    sync.Mutex // of what follows, and of reading anew
	set   *rule.Set
	stamp string
}

// Open reads the rules. A broken file of the office's, or a change that does
// not fit, is told and leaves the others standing.
func Open(ctx context.Context, o Options) (*Book, error) {
	b := &Book{o: o}
	return b, b.read(ctx)
}

// Rules are those in use.
func (b *Book) Rules() *rule.Set {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.set
}

// Run takes changes into use until ctx ends.
func (b *Book) Run(ctx context.Context) error {
	t := time.NewTicker(Every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := b.Look(ctx); err != nil && ctx.Err() == nil {
			b.o.Log.Error("rules cannot be read anew; those in use stay", "error", err)
		}
	}
}

// Look reads rules anew if anything changed.
func (b *Book) Look(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	changes, err := b.changes(ctx)
	if err != nil {
		return err
	}
	if stampOf(b.o.Dir, changes) == b.stamp {
		return nil
	}
	return b.again(ctx)
}

// again reads all, and hands it on.
func (b *Book) again(ctx context.Context) error {
	if err := b.read(ctx); err != nil {
		return err
	}
	b.o.Use(b.set)
	b.o.Log.Info("rules were read anew", "rules", len(b.set.Rules))
	return nil
}

func (b *Book) read(ctx context.Context) error {
	changes, err := b.changes(ctx)
	if err != nil {
		return err
	}
	stamp := stampOf(b.o.Dir, changes)
	var made []rule.Made
	var unread settings.Problems
	for _, x := range changes {
		c, err := rule.ParseChange(x.Text)
		if err == nil && c.Rule != x.Rule {
			err = fmt.Errorf("it is about %s", c.Rule)
		}
		if err != nil {
			unread = append(unread, settings.Problem{File: "change of " + x.Rule, Want: fmt.Sprintf("it cannot be read (%v): muster rule restore %s forgets it", err, x.Rule)})
			continue
		}
		made = append(made, rule.Made{Change: c, By: x.By, Reason: x.Reason, At: x.At})
	}
	var office fs.FS
	if b.o.Dir != "" {
		office = os.DirFS(b.o.Dir)
	}
	set, err := rule.Reload(rules.Files(), office, b.o.Dir, made, b.set)
	if err != nil {
		return fmt.Errorf("%w: check health.rules in the settings", err)
	}
	set.Problems = append(set.Problems, unread...)
	for _, p := range set.Problems {
		b.o.Log.Error("a rule of the office cannot be used", "problem", p.Error())
	}
	for _, id := range slices.Sorted(maps.Keys(set.Broken)) {
		b.o.Log.Error("rule "+id+" "+string(set.Broken[id]), "file", b.o.Dir)
	}
	b.set, b.stamp = set, stamp
	return nil
}

func (b *Book) changes(ctx context.Context) ([]store.RuleChange, error) {
	if b.o.Store == nil {
		return nil, nil
	}
	return b.o.Store.RuleChanges(ctx)
}

// Draft is the rules in use with one file more, or another text of one.
func (b *Book) Draft(file string, text []byte) (*rule.Set, error) {
	return rule.Draft(rules.Files(), b.Rules(), file, text)
}

// Try is the rules in use with another change in the place of those of its
// rule. What does not fit is told as settings.Problems.
func (b *Book) Try(c rule.Change) (*rule.Set, error) {
	return rule.DraftChange(rules.Files(), b.Rules(), rule.Made{Change: c})
}

// ErrNoStore says that changes cannot be kept here.
var ErrNoStore = errors.New("this collector keeps no changes of rules")

// Change keeps a change and uses it at once. It is made from the one there is,
// and from what the files say; what they say anyway is left away, and a change
// of nothing is forgotten. What does not fit is told as settings.Problems.
func (b *Book) Change(ctx context.Context, id string, from func(rule.Change) rule.Change, by, reason string, at time.Time) error {
	if b.o.Store == nil {
		return ErrNoStore
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.set.Find(id)
	if !ok {
		return fmt.Errorf("rule %s: %w", id, store.ErrNotFound)
	}
	c, plain := rule.Change{Rule: r.ID}, r.Document
	if r.Made != nil {
		plain = *r.Plain
	}
	list, err := b.changes(ctx) // another collector may have changed it a moment ago
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.Rule != r.ID {
			continue
		}
		if was, err := rule.ParseChange(x.Text); err == nil {
			c = was
		}
	}
	c = from(c)
	if _, ps := c.Over(plain); len(ps) > 0 {
		return ps
	}
	if c = c.Less(plain); !c.Empty() {
		if err := b.o.Store.PutRuleChange(ctx, store.RuleChange{Rule: r.ID, Text: c.Text(), By: by, Reason: reason, At: at}); err != nil {
			return err
		}
	} else if err := b.o.Store.DeleteRuleChange(ctx, r.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return b.again(ctx)
}

// Restore forgets the change of a rule: the files count again. It answers
// store.ErrNotFound where there is none.
func (b *Book) Restore(ctx context.Context, id string) error {
	if b.o.Store == nil {
		return ErrNoStore
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.o.Store.DeleteRuleChange(ctx, strings.ToUpper(id)); err != nil {
		return err
	}
	return b.again(ctx)
}

// stampOf changes whenever a file of a folder does, or a change.
func stampOf(dir string, changes []store.RuleChange) string {
	var s strings.Builder
	for _, x := range changes {
		fmt.Fprintf(&s, "%s %d %s\n", x.Rule, x.At.UnixNano(), x.Text)
	}
	if dir == "" {
		return s.String()
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return s.String() + err.Error()
	}
	for _, e := range list {
		if st, err := os.Stat(filepath.Join(dir, e.Name())); err == nil {
			fmt.Fprintf(&s, "%s %d %d\n", e.Name(), st.Size(), st.ModTime().UnixNano())
		}
	}
	return s.String()
}
