package sqlstore

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// Writers that wait together share commits; what one cannot do is undone alone,
// and who goes away while waiting leaves nothing behind.
func TestWritersShareACommit(t *testing.T) {
	c, err := OpenControl(t.Context(), filepath.Join(t.TempDir(), "control.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d := c.d
	if err := d.write(t.Context(), func(x *tx) error { return x.do("CREATE TABLE shared (n INTEGER PRIMARY KEY) STRICT") }); err != nil {
		t.Fatal(err)
	}
	// Somebody has the turn until all the others wait.
	<-d.turn
	gone, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- d.write(gone, func(x *tx) error { return x.do("INSERT INTO shared VALUES (-1)") }) }()
	wait := func(n int) {
		for {
			d.group.mu.Lock()
			have := len(d.group.waiting)
			d.group.mu.Unlock()
			if have == n {
				return
			}
		}
	}
	wait(1)
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var after atomic.Int64
	hard := errors.New("cannot")
	var wg sync.WaitGroup
	const writers = 100
	errs := make([]error, writers)
	for n := range writers {
		wg.Go(func() {
			errs[n] = d.write(t.Context(), func(x *tx) error {
				if err := x.do("INSERT INTO shared VALUES (?)", n); err != nil {
					return err
				}
				x.after = append(x.after, func() { after.Add(1) })
				switch n % 10 {
				case 3:
					return hard
				case 5:
					return x.do("INSERT INTO shared VALUES (?)", n) // twice: a statement that fails
				}
				return nil
			})
		})
	}
	wait(writers)
	d.turn <- struct{}{}
	wg.Wait()
	good := 0
	for n, err := range errs {
		switch n % 10 {
		case 3:
			if !errors.Is(err, hard) {
				t.Errorf("%d: %v", n, err)
			}
		case 5:
			if err == nil {
				t.Errorf("%d: no error", n)
			}
		default:
			good++
			if err != nil {
				t.Errorf("%d: %v", n, err)
			}
		}
	}
	var rows, wrong int64
	if err := d.read(t.Context(), func(v *view) error {
		return v.each(t.Context(), "SELECT count(*), count(*) FILTER (WHERE n < 0 OR n % 10 IN (3, 5)) FROM shared", nil, func(scan scan) error { return scan(&rows, &wrong) })
	}); err != nil {
		t.Fatal(err)
	}
	if rows != int64(good) || wrong != 0 || after.Load() != int64(good) {
		t.Errorf("%d rows of %d, %d of them wrong, %d told", rows, good, wrong, after.Load())
	}
}
