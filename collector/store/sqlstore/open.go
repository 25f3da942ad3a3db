package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// Options of a store. The zero value is good.
type Options struct {
	Log     *slog.Logger     // nil: silent
	Now     func() time.Time // only for noting when a migration ran; nil: time.Now
	Readers int              // connections that read at once; 0: 4 of a file, 8 of a server
	Cache   int64            // bytes of page cache per connection of a file; 0: 16 MiB

	moving bool // a Move opens it
}

func (o Options) readers() int {
	if o.Readers > 0 {
		return o.Readers
	}
	return 4
}

func (o Options) cacheBytes() int64 {
	if o.Cache > 0 {
		return o.Cache
	}
	return 16 << 20
}

func (o Options) log() *slog.Logger {
	if o.Log != nil {
		return o.Log
	}
	return slog.New(slog.DiscardHandler)
}

func (o Options) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

// Inventory is store.Inventory in one SQLite file, or in a schema of PostgreSQL.
type Inventory struct {
	d     *database
	log   *slog.Logger
	plans []*plan
	named map[string]*plan
	byID  map[int64]*plan

	facts   *cache[factKey, []any] // shared columns by number
	digests *cache[digest, int64]

	// Of the writer: touched only inside database.write.
	heads map[inventory.DeviceID]*head
	rules []subnetRule
	ruled uint64 // counts changes of rules
}

var _ store.Inventory = (*Inventory)(nil)

// subnetRule puts devices that report from prefix at a site.
type subnetRule struct {
	prefix netip.Prefix
	site   int64
}

// Open opens or creates the inventory at path and brings its tables up to the
// catalogue. The folder must exist. Errors: store.ErrFuture when a newer
// program wrote it; store.ErrFull; else one line that says what is wrong.
func Open(ctx context.Context, path string, o Options) (*Inventory, error) {
	d, err := openDatabase(ctx, path, appInventory, o)
	if err != nil {
		return nil, err
	}
	return newInventory(ctx, d, o)
}

// newInventory brings tables up to the catalogue; it closes d if it cannot.
func newInventory(ctx context.Context, d *database, o Options) (*Inventory, error) {
	x := &Inventory{d: d, log: o.log(), heads: map[inventory.DeviceID]*head{},
		facts: newCache[factKey, []any](factsKept), digests: newCache[digest, int64](factsKept)}
	if err := x.prepare(ctx, o); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return x, nil
}

func (x *Inventory) prepare(ctx context.Context, o Options) error {
	if err := x.d.migrate(ctx, inventoryMigrations(), o.now()); err != nil {
		return err
	}
	if err := x.migrateSections(ctx, inventory.Schema(), o.now()); err != nil {
		return err
	}
	if s := x.d.server; s != nil {
		s.fresh = func(t *tx) error {
			x.heads = map[inventory.DeviceID]*head{}
			return x.loadRules(t)
		}
	}
	return x.d.write(ctx, x.loadRules)
}

// Close closes the database; a file is checkpointed before. No other method may run or follow.
func (x *Inventory) Close() error { return x.d.close() }
