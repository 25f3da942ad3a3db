package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/collector/authority/seal"
	"muster/collector/backup"
)

func (s *session) backupCommand() *cobra.Command {
	var recipient string
	c := s.command(verb{
		use:   "backup FILE",
		short: "Make a backup while the collector runs, into one file",
		long: `Make a backup of all that the collector keeps (inventory, accounts and identities,
numbers, what is on its way, its settings file and the office's own rules and
profiles) into one file, which must not be there yet. The collector goes on.

secret.key stays out, so that a stolen backup gives no secret away: keep a copy of
it apart, or name a --recipient of age (age1…, as age-keygen prints it) to whom it
goes along encrypted.`,
		example: `
			muster backup /backup/muster-2026-11-28.backup
			muster backup --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p /backup/muster.backup
			muster backup verify /backup/muster.backup`,
		run: func(ctx context.Context, args []string) error { return s.makeBackup(ctx, args[0], recipient) },
	})
	c.Flags().StringVar(&recipient, "recipient", "", "send secret.key along, encrypted to this `recipient` of age")
	c.AddCommand(s.backupVerify())
	return c
}

// headway tells how far something is, to people who wait for it.
type headway struct {
	s     *session
	what  string
	of    int64
	done  int64
	told  time.Time
	shown bool
}

// headwayEvery is between two lines.
const headwayEvery = 5 * time.Second

func (p *headway) Write(b []byte) (int, error) {
	p.add(int64(len(b)))
	return len(b), nil
}

func (p *headway) add(n int64) {
	p.done += n
	now := p.s.now()
	if p.told.IsZero() {
		p.told = now
	}
	if now.Sub(p.told) < headwayEvery {
		return
	}
	p.told, p.shown = now, true
	if p.of > 0 {
		p.s.note("%s: %s of about %s", p.what, p.s.look().human(p.done, "byte"), p.s.look().human(p.of, "byte"))
		return
	}
	p.s.note("%s: %s", p.what, p.s.look().human(p.done, "byte"))
}

func (s *session) makeBackup(ctx context.Context, path, recipient string) (err error) {
	if recipient != "" {
		if err := backup.CheckRecipient(recipient); err != nil {
			return usage("--recipient: %w", err)
		}
	}
	c, err := s.client()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already: name another file", path)
	}
	// The file gets its name when it is whole.
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*") // mode 0600
	if err != nil {
		return fileError("write backup", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	p := &headway{s: s, what: "packed"}
	in := api.BackupInput{}
	in.Body.Recipient = recipient
	err = c.BackupMake(ctx, in, io.MultiWriter(f, p), func(n int64) { s.note("about %s are read; packed it is less", s.look().human(n, "byte")) })
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	// What a disk or a network lost shows now, not in a year.
	m, err := backup.Verify(f, nil)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fileError("write backup", path, err)
	}
	if err := s.showManifest(path, m); err != nil {
		return err
	}
	if !m.HasKey() {
		s.note("secret.key is not in it: without a copy of that, kept apart, the CA's key and all other secrets are lost with the machine")
	}
	return nil
}

func (s *session) backupVerify() *cobra.Command {
	var key string
	c := s.command(verb{
		use:   "verify FILE",
		short: "Check that a backup is whole, without a collector",
		long: `Check that a backup is whole: every file in it is as its manifest says, and the end
is there. With a copy of secret.key also that this collector wrote it. It ends with
1 when something does not fit.`,
		example: `
			muster backup verify /backup/muster.backup
			muster backup verify --key-file /safe/secret.key /backup/muster.backup`,
		run: func(_ context.Context, args []string) error {
			var open func([]byte) ([]byte, error)
			if key != "" {
				var err error
				if open, err = s.openSeal(key); err != nil {
					return err
				}
			}
			f, err := os.Open(args[0])
			if err != nil {
				return fileError("read backup", args[0], err)
			}
			defer f.Close()
			p := &headway{s: s, what: "checked"}
			if info, err := f.Stat(); err == nil {
				p.of = info.Size()
			}
			m, err := backup.Verify(io.TeeReader(f, p), open)
			if err != nil {
				return err
			}
			return s.showManifest(args[0], m)
		},
	})
	c.Flags().StringVar(&key, "key-file", "", "`file` that is a copy of secret.key, to check who wrote the backup")
	return c
}

// shownManifest is a manifest without its list of members, which may be long.
type shownManifest struct {
	File     string         `json:"file"`
	MadeAt   time.Time      `json:"made_at"`
	Program  string         `json:"program"`
	Schema   map[string]int `json:"schema"`
	Sequence uint64         `json:"sequence"`
	Audit    int64          `json:"audit"`
	Files    int            `json:"files"`
	Bytes    int64          `json:"bytes"`
	Key      bool           `json:"key"`
}

func (s *session) showManifest(path string, m backup.Manifest) error {
	x := shownManifest{File: path, MadeAt: m.MadeAt, Program: m.Program, Schema: m.Schema, Sequence: m.Sequence, Audit: m.Audit, Files: len(m.Members), Bytes: m.Bytes(), Key: m.HasKey()}
	if s.output != "table" {
		g := newGrid("file", "made_at", "program", "sequence", "audit", "files", "bytes", "key")
		g.add(x.File, x.MadeAt, x.Program, x.Sequence, x.Audit, x.Files, x.Bytes, x.Key)
		return s.show(g, x, "")
	}
	key := "left out"
	if x.Key {
		key = "goes along, encrypted"
	}
	s.block("", pair{"whole", path, ""}, pair{"made at", x.MadeAt, ""}, pair{"by", "muster " + x.Program, ""},
		pair{"holds", fmt.Sprintf("%s, %s", plural(x.Files, "file", "files"), s.look().human(x.Bytes, "byte")), ""},
		pair{"up to", fmt.Sprintf("record %d of the outbox, %d of the audit", x.Sequence, x.Audit), ""}, pair{"secret.key", key, ""})
	return nil
}

// RestoreOrder is what muster restore was asked for.
type RestoreOrder struct {
	backup.Order
	Now time.Time
}

// Restored is what came of it.
type Restored struct {
	Manifest backup.Manifest
	Keyed    bool
	Office   []string
}

// Restore makes the command that unpacks a backup. run does it.
func Restore(streams Streams, run func(RestoreOrder) (Restored, error)) *cobra.Command {
	x := streams.filled()
	s := &session{in: x.In, out: x.Out, errs: x.Err, terminal: x.Out, env: x.Env, now: x.Now}
	var key, identity string
	c := s.command(verb{
		use:   "restore FILE",
		short: "Put a backup back into an empty data folder, without a collector",
		long: `Put a backup back into the folder that --data names, which must be empty or not be
there. Nothing is written before all of the backup was found to be whole. A backup
of a newer program is refused.

secret.key comes from --key-file, the copy that was kept apart, or is opened with
--identity, the file that age-keygen wrote for the recipient it was sent along to.
docs/operations.md, After a disaster, goes through it step by step.`,
		example: `
			muster restore /backup/muster.backup --data /var/lib/muster --key-file /safe/secret.key
			muster restore /backup/muster.backup --data /var/lib/muster --identity /safe/age.key`,
	})
	c.RunE = func(c *cobra.Command, args []string) error {
		var err error
		if s.data, err = c.Flags().GetString("data"); err != nil {
			return err
		}
		if s.output, err = c.Flags().GetString("output"); err != nil {
			return err
		}
		return s.restore(args[0], key, identity, run)
	}
	c.Flags().StringVar(&key, "key-file", "", "`file` that is a copy of secret.key")
	c.Flags().StringVar(&identity, "identity", "", "`file` with the identity of age that opens the key in the backup")
	return c
}

func (s *session) restore(file, key, identity string, run func(RestoreOrder) (Restored, error)) error {
	switch {
	case s.data == "":
		return usage("name the folder to restore into with --data DIR: it is to be empty, or not to be there")
	case key != "" && identity != "":
		return usage("--key-file and --identity exclude each other: both are for secret.key")
	}
	p := &headway{s: s, what: "unpacked"}
	o := RestoreOrder{Order: backup.Order{File: file, Dir: s.data, Key: key, Identity: identity, Progress: func(_ string, n int64) { p.add(n) }}, Now: s.now()}
	r, err := run(o)
	if err != nil {
		return err
	}
	if err := s.showManifest(file, r.Manifest); err != nil {
		return err
	}
	s.note("restored into %s; the folder has to belong to the collector's account", s.data)
	if !r.Keyed {
		s.note("secret.key is missing: put the copy that was kept apart to %s (mode 0600) before the collector starts", filepath.Join(s.data, backup.KeyName))
	}
	for _, f := range r.Office {
		s.note("%s is as it was when the backup was made: put it where it belongs, if that is lost too", f)
	}
	s.note("lost is what came after %s: reports show as gaps; what was revoked since is good again until it is revoked anew", s.look().time(r.Manifest.MadeAt))
	return nil
}

// openSeal opens manifests with a copy of the key file.
func (s *session) openSeal(file string) (func([]byte) ([]byte, error), error) {
	k, err := seal.Load(file)
	if err != nil {
		return nil, err
	}
	return func(sealed []byte) ([]byte, error) { return k.Open(backup.Seal, sealed) }, nil
}
