package ping

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
)

// open opens a pinger that runs until the test ends.
func running(t testing.TB) *Pinger {
	t.Helper()
	p, err := Open()
	if errors.Is(err, ErrNotAllowed) {
		t.Skip("this account may not ping:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestManyAddressesAnswerOverOneSocket(t *testing.T) {
	p := running(t)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			addr := netip.MustParseAddr(fmt.Sprintf("127.9.%d.%d", i/100, i%100+1))
			if d, err := p.Ping(t.Context(), addr, 10*time.Second); err != nil || d <= 0 {
				t.Errorf("%s: %v after %s", addr, err, d)
			}
		})
	}
	wg.Wait()
	if len(p.waiting) != 0 {
		t.Errorf("%d questions are still waited for", len(p.waiting))
	}
}

func TestWhoSaysNothingIsSilent(t *testing.T) {
	p, err := Open()
	if errors.Is(err, ErrNotAllowed) {
		t.Skip("this account may not ping:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	// Nobody reads answers, so none comes.
	if _, err := p.Ping(t.Context(), netip.MustParseAddr("127.0.0.1"), 20*time.Millisecond); !errors.Is(err, ErrSilent) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Ping(ctx, netip.MustParseAddr("127.0.0.1"), time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(p.waiting) != 0 {
		t.Errorf("%d questions are still waited for", len(p.waiting))
	}
}

// echo makes the bytes of an answer.
func echo(from, n uint64) []byte {
	data := binary.BigEndian.AppendUint64(nil, from)
	data = binary.BigEndian.AppendUint64(data, n)
	b, err := (&icmp.Message{Type: ipv4.ICMPTypeEchoReply, Body: &icmp.Echo{Data: data}}).Marshal(nil)
	if err != nil {
		panic(err)
	}
	return b
}

func TestAnswersOfOthersAreNobodys(t *testing.T) {
	asked, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	s := &socket{protocol: protocol4, answer: ipv4.ICMPTypeEchoReply}
	for name, c := range map[string]struct {
		b     []byte
		from  netip.Addr
		taken bool
	}{
		"ours":            {echo(7, 1), asked, true},
		"of a neighbour":  {echo(7, 1), other, false},
		"of a process":    {echo(8, 1), asked, false},
		"never asked":     {echo(7, 2), asked, false},
		"cut":             {echo(7, 1)[:12], asked, false},
		"our own echo":    {append([]byte{8}, echo(7, 1)[1:]...), asked, false},
		"longer than set": {append(echo(7, 1), 0), asked, false},
	} {
		w := &waiting{addr: asked, took: make(chan time.Duration, 1)}
		p := &Pinger{from: 7, waiting: map[uint64]*waiting{1: w}}
		p.take(s, c.b, c.from, time.Now())
		if (len(w.took) == 1) != c.taken {
			t.Errorf("%s: taken is %v", name, len(w.took) == 1)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(echo(7, 1))
	f.Add([]byte{0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, ok := number(protocol4, ipv4.ICMPTypeEchoReply, b, 7); ok && n != binary.BigEndian.Uint64(b[len(b)-8:]) {
			t.Errorf("number %d of %x", n, b)
		}
	})
}

func BenchmarkPing(b *testing.B) {
	p := running(b)
	addr := netip.MustParseAddr("127.9.0.1")
	for b.Loop() {
		if _, err := p.Ping(b.Context(), addr, time.Second); err != nil {
			b.Fatal(err)
		}
	}
}
