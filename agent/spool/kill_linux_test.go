package spool_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/agent/spool"
	"muster/internal/segment/segmenttest"
)

// childDir tells this test binary to be the agent that is killed.
const childDir = "MUSTER_TEST_SPOOL"

// TestMain is the child when it is asked to be: it adds reports, sends them to
// nobody, and prints what it was promised.
func TestMain(m *testing.M) {
	folder := os.Getenv(childDir)
	if folder == "" {
		os.Exit(m.Run())
	}
	s, err := spool.Open(folder, childOptions)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		if i == 400 { // nobody did it
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		seq, err := s.Add(spool.Samples, nil, func(sl spool.Slot) ([]byte, error) { return body(sl.Seq, 100+i*997%9000), nil })
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("added", seq)
		if i%7 == 6 {
			fmt.Println("acking", seq-2)
			if err := s.Acked(seq - 2); err != nil {
				fmt.Println("error", err)
				os.Exit(1)
			}
			fmt.Println("acked", seq-2)
		}
	}
}

var childOptions = spool.Options{MaxBytes: 1 << 20, Reserve: 1 << 10}

// promises is what the child printed before it died.
type promises struct{ added, acking, acked uint64 }

// read follows the child's lines until it dies; enough says when to kill it.
func (p *promises) read(t *testing.T, cmd *exec.Cmd, enough func(lines int) bool) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); {
		var word string
		var seq uint64
		if _, err := fmt.Sscan(lines.Text(), &word, &seq); err != nil {
			t.Errorf("child: %s", lines.Text())
			continue
		}
		switch word {
		case "added":
			p.added = seq
		case "acking":
			p.acking = seq
		case "acked":
			p.acked = seq
		}
		if n++; enough(n) {
			_ = cmd.Process.Kill()
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("child: %v", err)
	}
	if st := exit.Sys().(syscall.WaitStatus); !st.Signaled() || st.Signal() != syscall.SIGKILL {
		t.Fatalf("child ended otherwise: %v", err)
	}
}

// keptBy checks a folder against the promises.
func (p *promises) keptBy(folder string) error {
	s, err := spool.Open(folder, childOptions)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer s.Close()
	st := s.Stats()
	if st.Next <= p.added || st.Head > p.added+2 && p.added > 0 || st.Head < p.acked+1 || st.Head > max(p.acking, p.acked)+1 || st.Dropped != 0 {
		return fmt.Errorf("stats %+v against %+v", st, *p)
	}
	for want := st.Head; want < st.Next; want++ {
		list, err := s.Peek(1, 1)
		if err != nil || len(list) != 1 || list[0].Seq != want || !bytes.Equal(list[0].Body, body(want, len(list[0].Body))) {
			return fmt.Errorf("report %d: %v, %v", want, list, err)
		}
		if err := s.Acked(want); err != nil {
			return err
		}
		p.acking, p.acked = want, want
	}
	p.added = st.Next - 1
	return nil
}

// F02: kill -9 at any moment loses nothing that was promised.
func TestKilled(t *testing.T) {
	folder := t.TempDir()
	var p promises
	for cycle := range segmenttest.Count(5, 200) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+folder)
		stop := 1 + rand.IntN(60)
		p.read(t, cmd, func(n int) bool { return n == stop })
		if err := p.keptBy(folder); err != nil {
			t.Fatalf("cycle %d, killed after %d lines: %v", cycle, stop, err)
		}
	}
}

// F03: the same at the entry of each system call that changes the disk.
func TestKilledAtEachSystemCall(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatalf("%v: packaging/test-deps installs it", err)
	}
	for call, limit := range map[string]int{
		"pwrite64": 60, "fdatasync": 60, "fsync": 30, "renameat,renameat2,rename": 10, "unlinkat,unlink": 10, "openat": 60,
	} {
		t.Run(strings.Split(call, ",")[0], func(t *testing.T) {
			last := segmenttest.Count(2, limit)
			for n := 1; n <= last; n++ {
				at := n
				if last < limit {
					at = 1 + rand.IntN(limit)
				}
				folder := t.TempDir()
				// Each thread counts for itself, so the places vary from run to run.
				cmd := exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+call,
					"-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, at), os.Args[0])
				cmd.Env = append(os.Environ(), childDir+"="+folder)
				var p promises
				timer := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
				p.read(t, cmd, func(int) bool { return false })
				timer.Stop()
				if err := p.keptBy(folder); err != nil {
					t.Errorf("killed at call %d: %v", at, err)
				}
			}
		})
	}
}
