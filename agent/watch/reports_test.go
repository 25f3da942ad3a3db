package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"muster/internal/event"
)

const (
	crashReport = `{"app_name":"Editor","timestamp":"2000-01-01 00:00:00.00 +0000","app_version":"4.2","bug_type":"309","os_version":"macOS 14.5 (23F79)","name":"Editor"}
{"procPath":"\/Users\/mara\/Secret\/Editor.app\/Contents\/MacOS\/Editor","exception":{"type":"EXC_BAD_ACCESS","signal":"SIGSEGV"},"faultingThread":1,
"threads":[{"frames":[]},{"frames":[{"imageOffset":4,"imageIndex":1}]}],"usedImages":[{"name":"Editor"},{"name":"libspell.dylib","path":"\/usr\/lib\/libspell.dylib"}]}
`
	panicReport = `{"bug_type":"210","timestamp":"2000-01-01 00:00:00.00 +0000","os_version":"macOS 14.5 (23F79)"}
{"panicString":"panic(cpu 2 caller 0xfffffe): \"mara's words\" @x.c:1\n      Kernel Extensions in backtrace:\n         com.example.driver(1.0)[AAAA]@0xfffffe->0xffffff\n"}
`
	memoryReport = `{"bug_type":"298","timestamp":"2000-01-01 00:00:00.00 +0000"}
{"largestProcess":"Browser Helper","processes":[]}
`
	hangReport = "Date/Time:        2000-01-01\nCommand:          Mail\nPath:             /Users/mara/Mail.app\nVersion:          16.0 (3774)\n\nHeaviest stack:\n"
)

// Reports that macOS writes of crashes, hangs, panics and of memory that ran out
// are told once, those in people's homes too, without paths and texts.
func TestReportsOfMacOS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPC(t)
		put := func(name, text string, ago time.Duration) {
			p.file(name, text)
			at := time.Now().Add(-ago)
			if err := os.Chtimes(filepath.Join(p.root, name), at, at); err != nil {
				t.Fatal(err)
			}
		}
		const machine, mara = "/Library/Logs/DiagnosticReports/", "/Users/mara/Library/Logs/DiagnosticReports/"
		put(machine+"panic-full-1.ips", panicReport, 50*time.Minute)
		put(mara+"Editor-1.ips", crashReport, 40*time.Minute)
		put(machine+"JetsamEvent-1.ips", memoryReport, 30*time.Minute)
		put(mara+"Mail-1.hang", hangReport, 20*time.Minute)
		put(machine+"old.ips", crashReport, 30*24*time.Hour)
		put(machine+"tomorrow.ips", crashReport, -48*time.Hour)
		put(machine+"broken.ips", "{\n", 10*time.Minute)
		put(machine+"analytics.ips", `{"bug_type":"313"}`, 9*time.Minute)
		put(machine+"notes.txt", crashReport, 8*time.Minute)
		p.link(mara+"pipe.ips", "/dev/zero")
		p.open()
		p.w.CatchUp(context.Background())
		p.want(p.told(), "bugcheck dumped=true module=com.example.driver stop_code=panic",
			"app_crash code=SIGSEGV module=libspell.dylib program=Editor version=4.2",
			"oom_kill program=Browser Helper scope=system",
			"app_hang program=Mail version=16.0 (3774)")
		// Another start of the agent tells what is new, and nothing twice.
		put(mara+"Editor-2.ips", crashReport, 0)
		time.Sleep(time.Minute)
		p.open()
		p.w.CatchUp(context.Background())
		p.want(p.told(), "app_crash code=SIGSEGV module=libspell.dylib program=Editor version=4.2")
	})
}

// A flood of reports is read in pieces, and loses none.
func TestManyReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPC(t)
		for i := range 3 * reportsAtOnce {
			name := fmt.Sprintf("/Library/Logs/DiagnosticReports/x-%d.ips", i)
			p.file(name, crashReport)
			at := time.Now().Add(time.Duration(i-1000) * time.Second)
			if err := os.Chtimes(filepath.Join(p.root, name), at, at); err != nil {
				t.Fatal(err)
			}
		}
		p.open()
		var n int64
		for range 4 {
			p.w.CatchUp(context.Background())
			for _, e := range p.told() {
				n += max(e.Count, 1)
			}
			time.Sleep(time.Minute)
		}
		if n != 3*reportsAtOnce {
			t.Errorf("%d crashes were told, want %d", n, 3*reportsAtOnce)
		}
	})
}

func FuzzReport(f *testing.F) {
	f.Add(".ips", []byte(crashReport))
	f.Add(".ips", []byte(panicReport))
	f.Add(".ips", []byte(memoryReport))
	f.Add(".hang", []byte(hangReport))
	f.Add(".panic", []byte("panic(cpu 0)\nKernel Extensions in backtrace:\n a.b(1)"))
	f.Fuzz(func(t *testing.T, ext string, b []byte) {
		e, ok := parseReport(ext, b)
		if !ok {
			return
		}
		kind, known := event.Lookup(e.Kind)
		if !known {
			t.Fatalf("there is no kind %q", e.Kind)
		}
		for name, v := range e.Attributes {
			if len(v) > 200 {
				t.Errorf("%s of %s has %d bytes", name, kind.Name, len(v))
			}
		}
	})
}
