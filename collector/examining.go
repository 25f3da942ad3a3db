package collector

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"muster/collector/account"
	"muster/collector/authority"
	"muster/collector/authority/seal"
	"muster/collector/backup"
	"muster/collector/config"
	"muster/collector/doctor"
	"muster/collector/store"
	"muster/collector/store/sqlstore"
	"muster/collector/store/tsdb"
	"muster/internal/segment"
)

// Examine looks at a data folder and changes nothing in it, whether or not a
// collector runs there.
func Examine(ctx context.Context, o doctor.Order) []doctor.Check {
	x := &examiner{dir: o.Data, o: o}
	info, err := os.Stat(o.Data)
	switch {
	case err != nil:
		x.add("data folder", doctor.Bad, "name the collector's folder with --data, as its account or root", "%v", err)
		return x.list
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		x.add("data folder", doctor.Warn, "chmod 700 "+o.Data, "others on this machine may look into it (mode %04o)", info.Mode().Perm())
	default:
		x.add("data folder", doctor.OK, "", "%s, its owner's alone", o.Data)
	}
	key := x.key()
	p, onServer, err := databaseOf(o.Data)
	switch {
	case err != nil:
		x.add("database", doctor.Bad, "start the collector once: it writes "+databaseFile+" anew", "%v", err)
	case onServer:
		s := postgres(p)
		x.server = &s
		x.abilities(ctx)
		x.onServer(ctx, "inventory", o.Deep, sqlstore.ExamineInventoryPostgres)
		x.onServer(ctx, "control", o.Deep, sqlstore.ExamineControlPostgres)
	default:
		x.database(ctx, "inventory.db", o.Deep, sqlstore.ExamineInventory)
		x.database(ctx, "control.db", o.Deep, sqlstore.ExamineControl)
	}
	x.audit(ctx, key)
	x.authority(ctx, key)
	x.web()
	x.series(ctx)
	x.disk()
	x.clock()
	x.outbox()
	x.moved()
	if quarantined, err := filepath.Glob(filepath.Join(o.Data, "outbox", "quarantine", "*")); err == nil && len(quarantined) > 0 {
		x.add("outbox files", doctor.Warn, "look at the disk; the files in outbox/quarantine can be removed once nobody wants them", "%d pieces were put into quarantine", len(quarantined))
	} else {
		x.add("outbox files", doctor.OK, "", "none was put into quarantine")
	}
	return x.list
}

type examiner struct {
	server *sqlstore.Server // has the databases; nil: files in dir
	dir    string
	o      doctor.Order
	list   []doctor.Check
}

func (x *examiner) add(subject string, state doctor.State, do, format string, args ...any) {
	x.list = append(x.list, doctor.Check{Subject: subject, State: state, Found: fmt.Sprintf(format, args...), Do: do})
}

func (x *examiner) key() *seal.Sealer {
	s, err := seal.Load(filepath.Join(x.dir, backup.KeyName))
	if err != nil {
		x.add(backup.KeyName, doctor.Bad, "put the copy back that was kept apart (mode 0600): without it no secret can be opened", "%v", err)
		return nil
	}
	x.add(backup.KeyName, doctor.OK, "", "there, its owner's alone")
	return s
}

func (x *examiner) database(ctx context.Context, name string, deep bool, look func(context.Context, string, bool) (sqlstore.Examination, error)) {
	path := filepath.Join(x.dir, name)
	const restore = "stop the collector and restore the last good backup into an empty folder: docs/operations.md, After a disaster"
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		x.add(name, doctor.Bad, restore, "%s is not there", path)
		return
	}
	e, err := look(ctx, path, deep)
	if err != nil {
		x.add(name, doctor.Bad, "look at the rights of the file; else "+restore, "%v", err)
		return
	}
	x.examined(name, e, deep, restore)
}

// control opens the control database for reading only.
func (x *examiner) control(ctx context.Context) (*sqlstore.Control, error) {
	if x.server != nil {
		return sqlstore.LookControlPostgres(*x.server)
	}
	return sqlstore.LookControl(ctx, filepath.Join(x.dir, "control.db"))
}

// abilities lists what the server that has the databases is and has. That it
// cannot be reached is told of its schemas.
func (x *examiner) abilities(ctx context.Context) {
	list, err := sqlstore.AbilitiesPostgres(ctx, *x.server)
	if err != nil {
		return
	}
	for _, a := range list {
		state := doctor.OK
		if !a.Good {
			state = doctor.Warn
		}
		x.add("PostgreSQL, "+a.Name, state, a.Do, "%s", a.Found)
	}
}

// onServer looks at a schema of the server that has the databases.
func (x *examiner) onServer(ctx context.Context, schema string, deep bool, look func(context.Context, sqlstore.Server, bool) (sqlstore.Examination, error)) {
	name := "PostgreSQL, schema " + schema
	e, err := look(ctx, *x.server, deep)
	if err != nil {
		x.add(name, doctor.Bad, "as it says; agents keep their reports meanwhile", "%v", err)
		return
	}
	x.examined(name, e, deep, "restore the last good dump: docs/operations.md, Backup with PostgreSQL")
}

func (x *examiner) examined(name string, e sqlstore.Examination, deep bool, restore string) {
	switch {
	case e.Schema > e.Known:
		x.add(name, doctor.Bad, "use the newer muster", "a newer program wrote it: schema %d, this one knows up to %d", e.Schema, e.Known)
		return
	case len(e.Faults) > 0:
		x.add(name, doctor.Bad, restore, "damaged: %s", strings.Join(e.Faults, "; "))
		return
	}
	how := "whole at a quick look"
	switch {
	case x.server != nil:
		how = "it answers"
	case deep:
		how = "whole"
	}
	x.add(name, doctor.OK, "", "%s, schema %d", how, e.Schema)
	if e.Hashed == 0 {
		return
	}
	if len(e.Differs) == 0 {
		x.add("section hashes", doctor.OK, "", "%d sections are as their devices told them", e.Hashed)
		return
	}
	n := 0
	var names []string
	for _, s := range slices.Sorted(maps.Keys(e.Differs)) {
		n += e.Differs[s]
		names = append(names, fmt.Sprintf("%s of %d devices", s, e.Differs[s]))
	}
	x.add("section hashes", doctor.Warn, "devices send everything anew once a day: look again tomorrow. What stays is an agent newer than the collector, or rows that were changed behind its back",
		"%d of %d sections differ from what their devices told: %s", n, e.Hashed, strings.Join(names, ", "))
}

func (x *examiner) audit(ctx context.Context, s *seal.Sealer) {
	if s == nil {
		x.add("audit", doctor.Warn, "see "+backup.KeyName, "its chain cannot be followed without the key")
		return
	}
	sealed, err := os.ReadFile(filepath.Join(x.dir, "audit.sealed"))
	var key []byte
	if err == nil {
		key, err = s.Open("audit", sealed)
	}
	if err != nil {
		x.add("audit", doctor.Bad, "put audit.sealed back from a backup", "the key of its chain cannot be opened: %v", err)
		return
	}
	c, err := x.control(ctx)
	if err != nil {
		return // told above
	}
	defer c.Close()
	n, broken, err := (&account.Accounts{Store: c, Key: key}).VerifyAudit(ctx)
	switch {
	case errors.Is(err, store.ErrBusy): // told above
	case err != nil:
		x.add("audit", doctor.Bad, "see control.db", "%v", err)
	case broken != 0:
		x.add("audit", doctor.Bad, "compare with a backup: somebody wrote into control.db who was not the collector", "record %d, or the one before, was changed or taken out; the %d before it fit", broken, n)
	default:
		x.add("audit", doctor.OK, "", "%d records, none changed or taken out", n)
	}
}

// authority looks whether the CA can sign: a key file of another collector
// opens nothing, and is told here before the collector refuses to start.
func (x *examiner) authority(ctx context.Context, s *seal.Sealer) {
	if s == nil {
		return // told above
	}
	c, err := x.control(ctx)
	if err != nil {
		return // told above
	}
	defer c.Close()
	ends, err := authority.ExamineCAs(ctx, c, s)
	if errors.Is(err, store.ErrBusy) {
		return // told above
	}
	if err != nil {
		x.add("CA key", doctor.Bad, "put the secret.key of this collector back: the one that is there belongs to another, or control.db does", "%v", err)
		return
	}
	x.ends("CA key", ends, doctor.CASoon, "muster ca rotate", "secret.key opens it")
}

// web looks at the certificate of the pages as the settings name it.
func (x *examiner) web() {
	if x.o.Web == "" {
		return
	}
	pair, err := tls.LoadX509KeyPair(x.o.Web, x.o.WebKey)
	if err != nil {
		x.add("web.certificate", doctor.Bad, "look at web.certificate and web.key in the settings: the collector does not start with these", "%v", err)
		return
	}
	x.ends("web.certificate", pair.Leaf.NotAfter, doctor.WebSoon, "renew it, and restart the collector", "it and its key belong together")
}

// ends tells until when a certificate is good.
func (x *examiner) ends(subject string, at time.Time, soon time.Duration, do, found string) {
	state := doctor.Expiry(at, x.o.Now, soon)
	if state == doctor.OK {
		do = ""
	}
	x.add(subject, state, do, "%s; good until %s", found, at.Format(time.DateOnly))
}

func (x *examiner) series(ctx context.Context) {
	e, err := tsdb.Examine(ctx, filepath.Join(x.dir, "series"), x.o.Deep, x.o.Running)
	switch {
	case err != nil:
		x.add("series files", doctor.Warn, "look at the rights of the folder series", "%v", err)
	case len(e.Faults) > 0:
		x.add("series files", doctor.Bad, "stop the collector and move the folders named out of series/: their numbers are lost, all others go on; or restore a backup",
			"%d of %d blocks cannot be read: %s", len(e.Faults), e.Blocks, strings.Join(e.Faults, "; "))
	case e.Torn != "":
		x.add("series files", doctor.Warn, "nothing: the next start cuts the log there, and the outbox writes the last hour again", "the log of the newest numbers is torn: %s", e.Torn)
	case x.o.Deep:
		x.add("series files", doctor.OK, "", "%d blocks are whole, %d chunks", e.Blocks, e.Chunks)
	default:
		x.add("series files", doctor.OK, "", "%d blocks can be opened", e.Blocks)
	}
}

// outbox reads what is on its way to the series.
func (x *examiner) outbox() {
	if !x.o.Deep {
		return
	}
	e, err := segment.Examine(filepath.Join(x.dir, "outbox"), segment.Options{})
	switch {
	case err != nil:
		x.add("outbox records", doctor.Bad, "look at the disk, and at the log", "%v", err)
	case e.Damaged > 0:
		x.add("outbox records", doctor.Warn, "look at the disk; the collector passes over these, and what they held is missing in the series", "%d stretches of it cannot be read, %d records can", e.Damaged, e.Records)
	default:
		x.add("outbox records", doctor.OK, "", "%d can be read", e.Records)
	}
}

func (x *examiner) disk() {
	free, total, err := diskSpace(x.dir)
	if err != nil {
		x.add("disk", doctor.Warn, "look at it by hand", "%v", err)
		return
	}
	stop := x.o.Reserve
	if stop == 0 {
		stop = int64(config.Default().Limits.FreeDisk)
	}
	stop = min(stop, total/20)
	state, do := doctor.OK, ""
	switch {
	case free < stop:
		state, do = doctor.Bad, "make room, or shorten retention: reports are put off meanwhile, and nothing is lost"
	case free < 4*stop:
		state, do = doctor.Warn, "make room, or shorten retention"
	}
	x.add("disk", state, do, "%d MiB of %d MiB free, reports are put off below %d MiB", free>>20, total>>20, stop>>20)
}

func (x *examiner) clock() {
	switch synced, known := clockSynced(); {
	case !known:
		x.add("clock", doctor.OK, "", "whether it is kept in step cannot be told on this system")
	case synced:
		x.add("clock", doctor.OK, "", "kept in step by this machine's time service")
	default:
		x.add("clock", doctor.Warn, "start a time service (chrony, systemd-timesyncd): certificates and times of reports go by this clock", "nothing keeps it in step")
	}
}
