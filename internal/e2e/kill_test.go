package e2e

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"
)

// F01: the collector is killed at random moments under 200 devices. Nothing
// acknowledged is lost, nothing is doubled, and each start is ready in time.
func TestF01_KillCollector(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	slowest := o.start()
	begin := time.Now()
	or := o.oracle(200, DefaultScript())
	t.Logf("enrolled after %s", time.Since(begin))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- or.Run(ctx, 400*time.Millisecond) }()
	for range times(8, 200) {
		time.Sleep(50*time.Millisecond + rand.N(450*time.Millisecond))
		o.kill()
		slowest = max(slowest, o.start())
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if slowest > 5*time.Second {
		t.Errorf("a start took %s until ready, at most 5 s are allowed", slowest)
	}
	t.Logf("cycles done after %s", time.Since(begin))
	o.finish(or)
	t.Logf("judged after %s", time.Since(begin))
	t.Logf("slowest start %s", slowest)
}
