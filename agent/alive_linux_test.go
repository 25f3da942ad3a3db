package agent

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
)

// A process that has ended does not live because nobody asked how it ended. If
// it did, this test would not end.
func TestAnEndedProcessIsNotAlive(t *testing.T) {
	c := exec.Command(os.Args[0], "-test.run=^$")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for alive(c.Process.Pid) {
		runtime.Gosched()
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	if !alive(os.Getpid()) || alive(0) || alive(-1) {
		t.Error("this process is alive, 0 and -1 are none")
	}
}
