//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"muster/agent/spool"
	"muster/collector/intake"
	"muster/collector/outbox"
	"muster/collector/store"
	"muster/collector/store/sqlstore"
	"muster/internal/inventory"
	"muster/internal/report"
)

// roleSpooler adds reports to a spool and lets go of some, and says on its
// output what is durable: "added N" once Add returned, "acked N" once Acked
// did. It stays on one thread, so that a tracer can count its system calls.
func roleSpooler(args []string) error {
	runtime.LockOSThread()
	s, err := openSpool(args[0])
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for i := range n {
		seq, err := s.Add(spool.Samples, []string{"software"}, func(at spool.Slot) ([]byte, error) { return spoolBody(at.Seq), nil })
		if err != nil {
			return err
		}
		fmt.Printf("added %d\n", seq)
		if i%4 == 3 {
			if err := s.Acked(seq - 2); err != nil {
				return err
			}
			fmt.Printf("acked %d\n", seq-2)
		}
	}
	return s.Close()
}

// openSpool opens a spool so small that a few reports fill a segment.
func openSpool(dir string) (*spool.Spool, error) {
	return spool.Open(dir, spool.Options{MaxBytes: 1 << 20, Now: time.Now})
}

// spoolBody is the only content that a number can have.
func spoolBody(seq uint64) []byte {
	b := make([]byte, 12_000+int(seq%7)*1000)
	r := rand.New(rand.NewPCG(seq, 77))
	for i := 0; i+8 <= len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return b
}

// checkSpool holds what a killed spooler left against what it said.
func checkSpool(dir string, added, acked uint64) error {
	s, err := openSpool(dir)
	if err != nil {
		return err
	}
	defer s.Close()
	st := s.Stats()
	if st.Dropped > 0 || st.Damaged > 0 {
		return fmt.Errorf("%d reports dropped, %d stretches damaged", st.Dropped, st.Damaged)
	}
	if st.Next <= added {
		return fmt.Errorf("report %d was durable, the spool begins at %d again", added, st.Next)
	}
	if st.Next > added+2 {
		return fmt.Errorf("the spool's next number is %d, the last one it said is %d", st.Next, added)
	}
	if st.Head > acked+5 { // it may have been killed between letting go and saying so
		return fmt.Errorf("the spool let go of everything up to %d, acknowledged was %d", st.Head-1, acked)
	}
	es, err := s.Peek(1000, 1<<30)
	if err != nil {
		return err
	}
	want := st.Head
	for _, e := range es {
		if e.Seq != want {
			return fmt.Errorf("report %d comes where %d is due", e.Seq, want)
		}
		if !bytes.Equal(e.Body, spoolBody(e.Seq)) {
			return fmt.Errorf("report %d is not what was added", e.Seq)
		}
		want++
	}
	if want != st.Next {
		return fmt.Errorf("the spool holds up to %d, the next number is %d", want-1, st.Next)
	}
	seq, err := s.Add(spool.Samples, nil, func(at spool.Slot) ([]byte, error) { return spoolBody(at.Seq), nil })
	if err != nil {
		return fmt.Errorf("add after the kill: %w", err)
	}
	if seq != st.Next {
		return fmt.Errorf("number %d given, %d is due", seq, st.Next)
	}
	return nil
}

// committed is the one device of roleCommitter, known to its stores.
const committed = inventory.DeviceID("01890000-0000-7000-8000-00000000e2e1")

// committerReports is how many reports roleCommitter takes in.
const committerReports = 6

func committerScript() Script {
	s := DefaultScript()
	s.Begin, s.Change, s.Event = time.Now().Truncate(24*time.Hour).Add(-24*time.Hour), 2, 2
	return s
}

// roleCommitter takes reports in through the real door over the real stores
// and says "acked N" for each answer. The door stays on one thread, so that a
// tracer can count the system calls of outbox and SQL.
func roleCommitter(args []string) error {
	ctx := context.Background()
	dir, script := args[0], committerScript()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	b, err := openCommitterOutbox(dir)
	if err != nil {
		return err
	}
	inv, err := sqlstore.Open(ctx, filepath.Join(dir, "inventory.db"), sqlstore.Options{Log: log, Now: time.Now})
	if err != nil {
		return err
	}
	if args[1] == "prepare" {
		err := inv.AddDevice(ctx, store.NewDevice{ID: committed, Kind: "pc", Name: script.Name(1), At: script.Begin})
		if cerr := inv.Close(); err == nil {
			err = cerr
		}
		if cerr := b.Close(); err == nil {
			err = cerr
		}
		return err
	}
	door := intake.New(intake.Options{Inventory: inv, Outbox: commitOutbox{b}, Policies: noPolicy{}, Log: log, Now: time.Now})
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		ended <- door.Run(ctx)
	}()
	for seq := uint64(1); seq <= committerReports; seq++ {
		e, err := committerEnvelope(script, seq)
		if err != nil {
			return err
		}
		a, err := door.Accept(ctx, intake.Sender{Device: committed, Address: "127.0.0.1"}, e)
		if err != nil {
			return err
		}
		if a.Resend != 0 || a.Layouts {
			return fmt.Errorf("report %d: answer %+v", seq, a)
		}
		fmt.Printf("acked %d\n", a.Acked)
	}
	if args[1] == "perish" {
		return nil
	}
	stop()
	if err := <-ended; err != nil {
		return err
	}
	if err := inv.Close(); err != nil {
		return err
	}
	return b.Close()
}

// rolePerisher is a committer that ends as by kill -9 once all is
// acknowledged: what is in the database's log stays there.
func rolePerisher(args []string) error { return roleCommitter([]string{args[0], "perish"}) }

func committerEnvelope(s Script, seq uint64) (*report.Envelope, error) {
	r, err := s.Report(1, seq, [8]byte{})
	if err != nil {
		return nil, err
	}
	b, err := r.Encode()
	if err != nil {
		return nil, err
	}
	body, err := report.Pack(report.Envelope{Epoch: 11, Oldest: 1, Sent: time.Now().UnixMilli(), Layouts: []report.Layout{s.Layout()}}, [][]byte{b})
	if err != nil {
		return nil, err
	}
	return report.Decode(body)
}

const committerSink = "series"

func openCommitterOutbox(dir string) (*outbox.Outbox, error) {
	return outbox.Open(filepath.Join(dir, "outbox"), outbox.Options{MaxBytes: 64 << 20, Sinks: []outbox.Sink{{Name: committerSink, Replay: true}}})
}

// commitOutbox is the outbox as the door wants it.
type commitOutbox struct{ b *outbox.Outbox }

func (o commitOutbox) Append(recs [][]byte) error { _, _, err := o.b.Append(recs); return err }
func (o commitOutbox) Room() bool                 { return true }

// noPolicy wishes nothing.
type noPolicy struct{}

func (noPolicy) Policy(inventory.DeviceID) (report.Policy, [8]byte) {
	return report.Policy{}, [8]byte{}
}
func (noPolicy) Next() int64 { return 60 }
