package host

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// A mount that is dead is asked once, however often its size is wanted, and
// again when it has come back.
func TestADeadMountHoldsOneThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		alive := make(chan struct{})
		h := &Host{Stuck: &Stuck{}, Statfs: func(string) (Filesystem, error) {
			asked.Add(1)
			<-alive
			return Filesystem{Size: 7}, nil
		}}
		for range 5 {
			if _, err := h.Size(t.Context(), "/net"); err == nil {
				t.Fatal("a dead mount told its size")
			}
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times while it hung", n)
		}
		close(alive)
		synctest.Wait()
		if f, err := h.Size(t.Context(), "/net"); err != nil || f.Size != 7 {
			t.Errorf("after it came back: %+v, %v", f, err)
		}
	})
}
