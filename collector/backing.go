package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/authority"
	"muster/collector/authority/seal"
	"muster/collector/backup"
	"muster/collector/store/sqlstore"
	"muster/internal/buildinfo"
)

// backupFolder is where copies lie while a backup is made; what a crash leaves
// of them goes at the next start.
const backupFolder = ".backup"

// restoredFile tells of restores: which times this collector knows nothing of.
const restoredFile = "restored.json"

// restored is one restore: between these times certificates were given and
// reports taken of which nothing is known any more.
type restored struct {
	MadeAt     time.Time `json:"made_at"`
	RestoredAt time.Time `json:"restored_at"`
}

func readRestored(dir string) ([]restored, error) {
	b, err := os.ReadFile(filepath.Join(dir, restoredFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what was restored: %w", err)
	}
	var list []restored
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("read what was restored: %s: %w", filepath.Join(dir, restoredFile), err)
	}
	return list, nil
}

// noteRestored adds a restore to those of a folder.
func noteRestored(dir string, r restored) error {
	list, err := readRestored(dir)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(append(list, r), "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, restoredFile), text, 0o600); err != nil {
		return fmt.Errorf("note the restore: %w", err)
	}
	return nil
}

// noteRestore puts a restore into the audit, once: at the first start after it.
func (c *collector) noteRestore(ctx context.Context) error {
	if len(c.restores) == 0 {
		return nil
	}
	r := c.restores[len(c.restores)-1]
	made := r.MadeAt.Format(time.RFC3339)
	for before := int64(0); ; {
		page, err := c.control.Records(ctx, before, 1000)
		if err != nil {
			return fmt.Errorf("look for the restore in the audit: %w", err)
		}
		for _, x := range page {
			if x.Action == "restore" && x.Detail["restored_at"] == r.RestoredAt.Format(time.RFC3339) {
				return nil
			}
			before = x.Seq
		}
		if len(page) == 0 || page[len(page)-1].At.Before(r.MadeAt) {
			break
		}
	}
	c.log.Warn("this collector was restored from a backup; what came after it is lost, and shows as gaps", "backup", made, "restored", r.RestoredAt.Format(time.RFC3339))
	return c.accounts.Audit(ctx, account.Record{Actor: "muster restore", Via: "offline", Action: "restore", Object: "all", Outcome: "done",
		Detail: map[string]string{"made_at": made, "restored_at": r.RestoredAt.Format(time.RFC3339)}})
}

// lastRestore is when this folder was restored last; zero: never.
func (c *collector) lastRestore() (at time.Time) {
	for _, r := range c.restores {
		if r.RestoredAt.After(at) {
			at = r.RestoredAt
		}
	}
	return at
}

// lostTimes are those of which no identity is known.
func (c *collector) lostTimes() (out []authority.Span) {
	for _, r := range c.restores {
		out = append(out, authority.Span{From: r.MadeAt, To: r.RestoredAt})
	}
	return out
}

// Estimate is about how many bytes a backup reads.
func (b backups) Estimate(ctx context.Context) int64 {
	var n int64
	if c, err := b.c.inventory.Counts(ctx); err == nil {
		n += c.Bytes
	}
	if s, err := b.c.series.Stats(ctx); err == nil {
		n += s.Bytes
	}
	return n + b.c.outbox.Stats().Bytes
}

// backups makes backups for the API.
type backups struct{ c *collector }

// Backup writes one archive. One is made at a time.
//
// The order makes it one that a collector can go on from: identities before
// devices (a device that only the inventory has can come back by its
// certificate, one that only the identities have could not), the inventory
// before the outbox (what the inventory says was taken is then in the outbox
// or beyond it), the outbox before the series (what was moved on in between is
// in both).
func (b backups) Backup(ctx context.Context, o api.BackupOrder, out io.Writer) (err error) {
	c := b.c
	select {
	case c.backing <- struct{}{}:
		defer func() { <-c.backing }()
	default:
		return api.NewProblem("busy", "another backup is being made")
	}
	dir := filepath.Join(c.cfg.Data, backupFolder)
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := b.room(ctx); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := backup.NewWriter(out)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			w.Abort()
		}
	}()
	m := w.Manifest()
	m.Program, m.MadeAt, m.Schema = buildinfo.Read().Version, c.now(), sqlstore.SchemaVersions()
	type copied struct {
		name string
		take func(context.Context, string) error
	}
	files := []copied{{"control.db", c.control.Snapshot}, {"inventory.db", c.inventory.Snapshot}}
	if c.cfg.Stores.Inventory == "postgres" {
		files = nil // they are on the server, and dumped there before this
	}
	for _, s := range files {
		file := filepath.Join(dir, s.name)
		if err := s.take(ctx, file); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		if _, err := w.File(s.name, file); err != nil {
			return err
		}
		if err := os.Remove(file); err != nil { // the room is wanted
			return fmt.Errorf("backup: %w", err)
		}
	}
	if last, err := c.control.Records(ctx, 0, 1); err != nil {
		return fmt.Errorf("backup: %w", err)
	} else if len(last) > 0 {
		m.Audit, m.AuditHash = last[0].Seq, last[0].Hash
	}
	m.Sequence = c.outbox.Newest()
	if err := w.Tree("outbox", filepath.Join(c.cfg.Data, "outbox"), func(name string) bool {
		// What lies deeper is quarantine, but for the records put aside.
		return strings.HasSuffix(name, ".seg") && !strings.Contains(strings.TrimPrefix(name, "aside/"), "/") || strings.HasPrefix(name, "cursor-")
	}); err != nil {
		return err
	}
	// Series in a store beside the collector are backed up there.
	if embedded, ok := c.series.(interface {
		Snapshot(ctx context.Context, dir string) error
	}); ok {
		series := filepath.Join(dir, "series")
		if err := embedded.Snapshot(ctx, series); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		if err := w.Tree("series", series, func(string) bool { return ctx.Err() == nil }); err != nil {
			return err
		}
	}
	if err := b.small(w); err != nil {
		return err
	}
	if o.Recipient != "" {
		key, err := os.ReadFile(filepath.Join(c.cfg.Data, backup.KeyName))
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		if err := w.Key(o.Recipient, key); err != nil {
			return api.NewProblem("invalid", "%v", err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.Close(func(hash []byte) ([]byte, error) { return c.sealer.Seal(backup.Seal, hash) })
}

// small adds what is small: files beside the databases, the settings, and the
// office's own rules and profiles.
func (b backups) small(w *backup.Writer) error {
	c := b.c
	for _, name := range []string{"audit.sealed", engineFile, restoredFile, databaseFile, migrationFile} {
		if _, err := w.File(name, filepath.Join(c.cfg.Data, name)); err != nil {
			return err
		}
	}
	if c.o.File != "" {
		if _, err := w.File("office/muster.yaml", c.o.File); err != nil {
			return err
		}
	}
	yaml := func(name string) bool { return strings.HasSuffix(name, ".yaml") && !strings.Contains(name, "/") }
	for prefix, dir := range map[string]string{"office/rules": c.cfg.Health.Rules, "office/profiles": c.cfg.SNMP.Profiles} {
		if dir == "" {
			continue
		}
		if err := w.Tree(prefix, dir, yaml); err != nil {
			return err
		}
	}
	return nil
}

// room says whether copies of the databases find room above the reserve.
func (b backups) room(ctx context.Context) error {
	if b.c.cfg.Stores.Inventory == "postgres" {
		return nil // there are none
	}
	n, err := b.c.inventory.Counts(ctx)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	d, err := b.c.diskStatus()
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if need := n.Bytes + d.StopBytes; d.FreeBytes < need {
		return api.NewProblem("busy", "the copy of the inventory that a backup is made from needs %d MiB beside the reserve of the collector's disk; %d MiB are free: make room", n.Bytes>>20, d.FreeBytes>>20)
	}
	return nil
}

// Restored is what came of a restore.
type Restored struct {
	Manifest backup.Manifest
	Keyed    bool     // secret.key is in the folder
	Office   []string // files of the office that wait to be put where they belong
}

// Restore unpacks a backup into an empty data folder. No collector may run
// there, which an empty folder says by itself.
func Restore(o backup.Order, now time.Time) (Restored, error) {
	maskFiles()
	o.Schema = sqlstore.SchemaVersions()
	o.Open = func(key, sealed []byte) ([]byte, error) {
		s, err := seal.Parse(key)
		if err != nil {
			return nil, err
		}
		return s.Open(backup.Seal, sealed)
	}
	m, keyed, err := backup.Restore(o)
	out := Restored{Manifest: m, Keyed: keyed}
	if err != nil {
		return out, err
	}
	if err := noteRestored(o.Dir, restored{MadeAt: m.MadeAt, RestoredAt: now.UTC()}); err != nil {
		return out, err
	}
	for _, x := range m.Members {
		if strings.HasPrefix(x.Name, "office/") {
			out.Office = append(out.Office, filepath.Join(o.Dir, filepath.FromSlash(x.Name)))
		}
	}
	return out, nil
}
