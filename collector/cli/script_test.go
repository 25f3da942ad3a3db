package cli

import (
	"context"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"muster/collector/backup"
	"muster/collector/doctor"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write golden outputs and docs/cli.md anew")

// noon is the time of all scripts, in a zone that is not UTC.
func noon() time.Time {
	return time.Date(2026, 11, 20, 15, 0, 0, 0, time.FixedZone("EST", -5*3600))
}

// runner is what one script runs against.
type runner struct {
	fake *fake // what $DATA and $SERVER lead to
}

// Scripts run the real command tree against a fake collector:
//
//	muster ARGS…          must end with 0; ! muster must not
//	ends N ARGS…          must end with N
//	asked TEXT            the last request
//
// $INPUT names the file that is the input.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			const token = "mst_sesame"
			tb := env.T().(testing.TB)
			f := newFake(tb, "")
			env.Setenv("DATA", f.onSocket())
			remote := newFake(tb, token)
			server := httptest.NewUnstartedServer(remote.mux)
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // clients that do not trust it are part of the script
			server.StartTLS()
			env.Defer(server.Close)
			env.Setenv("SERVER", server.URL)
			env.Setenv("TOKEN", token)
			ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
			if err := os.WriteFile(filepath.Join(env.WorkDir, "ca.pem"), ca, 0o600); err != nil {
				return err
			}
			env.Values["runner"] = &runner{fake: f}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"muster": func(ts *testscript.TestScript, neg bool, args []string) {
				if code := inProcess(ts, args); (code == 0) == neg {
					ts.Fatalf("muster ends with %d", code)
				}
			},
			"ends": func(ts *testscript.TestScript, _ bool, args []string) {
				if code := inProcess(ts, args[1:]); strconv.Itoa(code) != args[0] {
					ts.Fatalf("muster ends with %d, not %s", code, args[0])
				}
			},
			"asked": func(ts *testscript.TestScript, neg bool, args []string) {
				got := ts.Value("runner").(*runner).fake.last()
				if (got == strings.Join(args, " ")) == neg {
					ts.Fatalf("asked was\n%s", got)
				}
			},
		},
	})
}

// inProcess runs the command tree as main does.
func inProcess(ts *testscript.TestScript, args []string) int {
	var in io.Reader = strings.NewReader("")
	if name := ts.Getenv("INPUT"); name != "" {
		in = strings.NewReader(ts.ReadFile(name))
	}
	for i, a := range args { // programs run in the script's folder, we do not
		if strings.HasPrefix(a, "./") {
			args[i] = ts.MkAbs(a)
		}
	}
	served := func(_ context.Context, start Start) error {
		c := start.Config
		fmt.Fprintf(ts.Stdout(), "data %s, web %s, agents %s\n", c.Data, c.Web.Address, c.Agents.Address)
		if c.Web.Address == "127.0.0.1:1" {
			return errors.New("listen for pages: 127.0.0.1:1 is taken: choose another with --web")
		}
		return nil
	}
	worker := func(in io.Reader, out io.Writer) int {
		n, _ := io.Copy(out, in)
		if n == 0 {
			return 2
		}
		return 0
	}
	s := Streams{In: in, Out: ts.Stdout(), Err: ts.Stderr(), Env: ts.Getenv, Now: noon}
	examine := func(_ context.Context, o doctor.Order) []doctor.Check {
		list := []doctor.Check{{Subject: "inventory.db", State: doctor.OK, Found: fmt.Sprintf("whole, deep %t, running %t", o.Deep, o.Running)}}
		if o.Deep {
			list = append(list, doctor.Check{Subject: "audit", State: doctor.Bad, Found: "record 7 was changed", Do: "compare with a backup"})
		}
		return list
	}
	restore := func(o RestoreOrder) (Restored, error) {
		if o.File != "good.backup" {
			return Restored{}, fmt.Errorf("%w: it does not begin as one", backup.ErrNotWhole)
		}
		m := backup.Manifest{Program: "v1", MadeAt: noon(), Schema: map[string]int{"inventory.db": 2}, Sequence: 77, Audit: 5, Members: []backup.Member{{Name: "inventory.db", Bytes: 4096}}}
		return Restored{Manifest: m, Keyed: o.Key != "", Office: []string{"x/office/muster.yaml"}}, nil
	}
	return Main(context.Background(), New(s, Serve(served), SQLWorker(worker), Doctor(s, examine), Restore(s, restore)), args)
}
