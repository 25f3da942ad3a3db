//go:build linux

package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/agent/send"
	"muster/collector"
	"muster/collector/config"
	"muster/internal/enroll"
)

// inside starts the collector within this program, where the race detector
// sees it and its clock can be set. It is stopped with the test, or by stop.
func (o *office) inside(change ...func(*collector.Options)) {
	o.t.Helper()
	c, err := config.Load(o.config)
	if err != nil {
		o.t.Fatal(err)
	}
	o.furnish()
	deadline := time.Now().Add(40 * time.Second)
	for {
		err := o.try(c, change)
		if err == nil {
			return
		}
		// A child that another test is just starting holds every lock of this
		// program for a moment, until it execs.
		if !strings.Contains(err.Error(), "another collector runs") || time.Now().After(deadline) {
			o.t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (o *office) try(c config.Config, change []func(*collector.Options)) error {
	out := &output{}
	ready := make(chan struct{})
	opts := collector.Options{Config: c, Log: slog.New(slog.NewTextHandler(out, nil)), Ready: func(_, _ net.Addr) { close(ready) }}
	for _, f := range change {
		f(&opts)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &process{out: out, done: make(chan struct{}), end: stop}
	go func() {
		p.err = collector.Serve(ctx, opts)
		close(p.done)
	}()
	o.process = p
	o.t.Cleanup(func() { stop(); <-p.done })
	select {
	case <-ready:
		return nil
	case <-p.done:
		return fmt.Errorf("the collector ended: %w\n%s", p.err, out)
	case <-time.After(3 * time.Minute): // many start at once, under the race detector
		return fmt.Errorf("the collector is not ready:\n%s", out)
	}
}

// furnish puts an empty inventory into a new data folder. Making its tables
// takes a second or two under the race detector, and none without.
func (o *office) furnish() {
	o.t.Helper()
	path := filepath.Join(o.data, "inventory.db")
	if _, err := os.Stat(path); err == nil {
		return
	}
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		o.t.Fatal(err)
	}
	runRole(o.t, "furnisher", path)
}

// client is another connection of the same device.
func (d *Device) client() *send.Client {
	id := d.Member.Identity()
	return send.New(send.Options{TLS: func() *tls.Config { return clientTLS(nil, id) }, Addresses: func() []string { return id.Addresses }})
}

// clientTLS is how a device with this identity connects.
func clientTLS(t *testing.T, id *send.Identity) *tls.Config {
	pins, err := enroll.Pins(id.CAs)
	if err != nil && t != nil {
		t.Fatal(err)
	}
	cert := tls.Certificate{Certificate: [][]byte{id.Cert.Raw}, PrivateKey: id.Key, Leaf: id.Cert}
	return enroll.ClientTLS(pins, &cert, enroll.NewClock(time.Now, time.Time{}, time.Time{}))
}
