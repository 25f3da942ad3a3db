//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"muster/collector"
	"muster/collector/api"
	"muster/collector/config"
	"muster/internal/inventory"
)

// Who looks at the pages.
const (
	who      = "Help desk 4"
	password = "correct horse battery"
)

// house is a collector over a folder, its clock begun at a time of our choice.
type house struct {
	base  string // of its pages
	api   *api.Client
	boxes []*box
	ahead time.Duration // of its clock
	stop  func() error
}

// open starts a collector. more sets what is not as usual.
func open(ctx context.Context, dir string, now time.Time, more func(*config.Config)) (*house, error) {
	cfg := config.Default()
	cfg.Data, cfg.Health.Zone = dir, "UTC"
	var err error
	for _, at := range []*string{&cfg.Web.Address, &cfg.Agents.Address} {
		if *at, err = free(); err != nil {
			return nil, err
		}
	}
	if more != nil {
		more(&cfg)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	ahead := time.Until(now)
	run, cancel := context.WithCancel(ctx)
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- collector.Serve(run, collector.Options{Config: cfg, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
			Now: func() time.Time { return time.Now().Add(ahead) }, Ready: func(net.Addr, net.Addr) { close(ready) }})
	}()
	h := &house{ahead: ahead, base: "http://" + cfg.Web.Address, api: api.Socket(filepath.Join(dir, collector.SocketName))}
	h.stop = func() error {
		var errs []error
		for _, b := range h.boxes {
			errs = append(errs, b.close())
		}
		cancel()
		return errors.Join(append(errs, <-ended, log.Close())...)
	}
	select {
	case <-ready:
		return h, nil
	case err := <-ended:
		return nil, fmt.Errorf("collector: %w", err)
	}
}

// free is an address that nothing listens on.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// wire lets the boxes answer, and waits until the collector has read each, but
// no longer than patience.
func (h *house) wire(ctx context.Context, patience time.Duration) error {
	places, err := h.api.SiteList(ctx, api.SiteListInput{})
	if err != nil {
		return err
	}
	var sites []string
	for _, s := range places.Sites {
		sites = append(sites, s.Name)
	}
	switches, err := h.api.DeviceList(ctx, api.DeviceListInput{Filter: "kind:switch", Limit: 1000})
	if err != nil {
		return err
	}
	var beside []peer
	for _, d := range switches.Devices {
		mac, err := h.bridge(ctx, d.ID)
		if err != nil {
			return err
		}
		beside = append(beside, peer{mac: mac, name: d.Name, over: "Te1/1/1"})
	}
	h.boxes = boxes(sites, beside)
	if err := serve(h.boxes); err != nil {
		return err
	}
	if _, err := h.api.CredentialSet(ctx, api.CredentialPutInput{Name: "office", Body: api.CredentialPut{Version: new("2c"), Secrets: map[string]api.Secret{"community": "public"}}}); err != nil {
		return err
	}
	for _, b := range h.boxes {
		if _, err := h.api.TargetSet(ctx, api.TargetPutInput{Address: b.at.String(), Body: api.TargetPut{Credential: new("office"), Site: new("State/" + b.site)}}); err != nil {
			return fmt.Errorf("target %s: %w", b.name, err)
		}
	}
	begun := time.Now()
	for {
		list, err := h.api.TargetList(ctx, api.TargetListInput{Limit: 1000})
		if err != nil {
			return err
		}
		read := 0
		for _, t := range list.Targets {
			if t.Device != "" {
				read++
			}
		}
		if read == len(h.boxes) {
			return h.known(ctx, patience)
		}
		if time.Since(begun) > patience {
			return fmt.Errorf("only %d of %d SNMP targets were read in %s", read, len(h.boxes), patience)
		}
		if err := wait(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

// known waits until the collector says of each device whether it is there, which
// it says of new ones at their second word.
func (h *house) known(ctx context.Context, patience time.Duration) error {
	for begun := time.Now(); time.Since(begun) < patience; {
		list, err := h.api.DeviceList(ctx, api.DeviceListInput{Filter: "-state:online -state:asleep -state:away -state:missing -state:retired", Limit: 1})
		if err != nil || list.Total == 0 {
			return err
		}
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

// bridge is the address by which others know a switch, in hexadecimal.
func (h *house) bridge(ctx context.Context, id inventory.DeviceID) (string, error) {
	d, err := h.api.DeviceShow(ctx, api.DeviceShowInput{Ref: string(id), Sections: []string{"bridge"}})
	if err != nil {
		return "", err
	}
	row, _ := d.Sections["bridge"].(map[string]any)
	text, _ := row["base_mac"].(string)
	mac, err := net.ParseMAC(text)
	if err != nil {
		return "", fmt.Errorf("%s has no bridge address: %w", d.Device.Name, err)
	}
	return fmt.Sprintf("%x", []byte(mac)), nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
