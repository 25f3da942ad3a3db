package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"muster/collector/outgoing"
	"muster/internal/buildinfo"
)

// deadMan calls an address again and again while the collector is ready. What
// listens there raises the alarm when calls stay away: nothing that runs here
// can tell that this machine is gone.
func (c *collector) deadMan(ctx context.Context) error {
	address := c.cfg.DeadMan.URL
	if address == "" {
		<-ctx.Done()
		return nil
	}
	client := c.dialer.Client(outgoing.Options{Plain: true, Body: 4 << 10})
	defer client.CloseIdleConnections()
	failing := false
	return every(ctx, time.Duration(c.cfg.DeadMan.Interval), func() {
		if !c.ready(ctx).Ready {
			c.pings.held.Add(1)
			return
		}
		err := callDeadMan(ctx, client, address)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			c.pings.failed.Add(1)
			if !failing {
				c.log.Error("the dead man's address cannot be called; others will think that this collector is gone", "error", err)
			}
			failing = true
		default:
			c.pings.sent.Add(1)
			if failing {
				c.log.Info("the dead man's address is called again")
			}
			failing = false
		}
	})
}

// callDeadMan calls once. The address stays out of errors: who knows it can
// keep the alarm quiet.
func callDeadMan(ctx context.Context, client *http.Client, address string) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("the address in dead_man.url cannot be read")
	}
	q.Header.Set("User-Agent", "muster/"+buildinfo.Read().Version)
	r, err := client.Do(q)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return err
	}
	defer r.Body.Close()
	io.Copy(io.Discard, r.Body) // bounded by the client; only so that the connection is kept
	if r.StatusCode/100 != 2 {
		return fmt.Errorf("it answers %d", r.StatusCode)
	}
	return nil
}
