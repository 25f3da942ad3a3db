package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/collector"
	"muster/collector/api"
	"muster/collector/cli"
	"muster/collector/config"
	"muster/collector/snmp/profile/score"
	"muster/internal/inventory"
)

// stored is what the collector's stores say of a recorded device.
type stored struct {
	text   []byte // as muster device show -o json gives it; nil: there is no device
	show   api.DeviceShow
	target api.Target
}

// pollAll lets a collector of its own poll the boxes until each was read, and
// asks it for what it then knows. The answers are in the order of boxes.
func pollAll(ctx context.Context, boxes []*box, x wish) (_ []stored, err error) {
	dir, err := os.MkdirTemp("", "muster-corpus-") // short: a socket lies in it
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := config.Default()
	cfg.Data, cfg.Web.Address, cfg.Agents.Address = dir, "127.0.0.1:0", "127.0.0.1:0"
	cfg.Limits.FreeDisk = 16 << 20
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	ready, ended := make(chan struct{}), make(chan error, 1)
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	go func() {
		ended <- collector.Serve(work, collector.Options{Config: cfg, Log: log, Ready: func(net.Addr, net.Addr) { close(ready) }})
	}()
	select {
	case <-ready:
	case err := <-ended:
		return nil, fmt.Errorf("collector: %w", err)
	}
	out, err := (&office{api.Socket(filepath.Join(dir, collector.SocketName)), dir, boxes}).all(ctx, x)
	cancel()
	return out, errors.Join(err, <-ended)
}

// office is a collector that runs.
type office struct {
	api   *api.Client
	data  string
	boxes []*box
}

func (o *office) all(ctx context.Context, x wish) ([]stored, error) {
	if _, err := o.api.CredentialSet(ctx, api.CredentialPutInput{Name: "public",
		Body: api.CredentialPut{Version: new("2c"), Secrets: map[string]api.Secret{"community": "public"}}}); err != nil {
		return nil, err
	}
	for _, b := range o.boxes {
		if _, err := o.api.TargetSet(ctx, api.TargetPutInput{Address: b.at.String(), Body: api.TargetPut{Credential: new("public")}}); err != nil {
			return nil, fmt.Errorf("target %s: %w", b.id, err)
		}
	}
	targets, err := o.wait(ctx, x)
	if err != nil {
		return nil, err
	}
	out := make([]stored, len(o.boxes))
	for i, b := range o.boxes {
		out[i].target = targets[b.at.String()]
		if id := out[i].target.Device; id != "" && out[i].target.State != "alias" {
			if out[i].text, err = o.show(ctx, id); err != nil {
				return nil, fmt.Errorf("%s: %w", b.id, err)
			}
			d := json.NewDecoder(bytes.NewReader(out[i].text))
			d.UseNumber()
			if err := d.Decode(&out[i].show); err != nil {
				return nil, fmt.Errorf("%s: %w", b.id, err)
			}
		}
	}
	return out, nil
}

// wait waits until each device that answers was read often enough, and gives
// the targets by their addresses.
func (o *office) wait(ctx context.Context, x wish) (map[string]api.Target, error) {
	reports := map[inventory.DeviceID]int{}
	last := map[inventory.DeviceID]time.Time{}
	begun := time.Now()
	for {
		list, err := o.api.TargetList(ctx, api.TargetListInput{Limit: 10_000})
		if err != nil {
			return nil, err
		}
		devices, err := o.api.DeviceList(ctx, api.DeviceListInput{Limit: 10_000})
		if err != nil {
			return nil, err
		}
		for _, d := range devices.Devices {
			if !d.LastSeen.IsZero() && !d.LastSeen.Equal(last[d.ID]) {
				last[d.ID] = d.LastSeen
				reports[d.ID]++
			}
		}
		targets, open := map[string]api.Target{}, 0
		for _, t := range list.Targets {
			targets[net.JoinHostPort(t.Address, fmt.Sprint(t.Port))] = t
			if t.State != "alias" && (t.Device == "" || reports[t.Device] < x.rounds) {
				open++
			}
		}
		if open == 0 && len(targets) == len(o.boxes) || time.Since(begun) > x.patience {
			return targets, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// show is what the command line says of a device.
func (o *office) show(ctx context.Context, id inventory.DeviceID) ([]byte, error) {
	var out, errs bytes.Buffer
	root := cli.New(cli.Streams{Out: &out, Err: &errs, Env: func(string) string { return "" }})
	if code := cli.Main(ctx, root, []string{"--data", o.data, "device", "show", string(id), "-o", "json"}); code != cli.ExitOK {
		return nil, fmt.Errorf("muster device show ended with %d: %s", code, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// found is the same in the form that is compared.
func (s *stored) found() score.Found {
	f := score.Found{Facts: map[string]string{}, Tables: map[string]inventory.Table{}}
	for name, v := range s.show.Sections {
		sec, ok := inventory.Lookup(name)
		if !ok {
			continue
		}
		if t, _, err := sec.Conform(tableOf(sec, v)); err == nil {
			f.Tables[name] = t
		}
	}
	fact := func(section, column string) string {
		sec, ok := inventory.Lookup(section)
		t := f.Tables[section]
		if !ok || len(t.Rows) == 0 {
			return ""
		}
		text, _ := t.Rows[0][sec.Index(column)].(string)
		return text
	}
	f.Profile = fact("snmp_agent", "profile")
	f.Facts = map[string]string{
		"vendor": fact("system", "vendor"), "model": fact("system", "model"), "hardware": fact("system", "model_version"),
		"serial": fact("system", "serial"), "firmware": fact("system", "firmware_version"), "kind": fact("system", "chassis_type"),
		"os": fact("os", "name"), "os_family": fact("os", "family"), "version": fact("os", "version"), "build": fact("os", "build"),
	}
	return f
}

// tableOf reads a section of an answer: an object, or a list of objects.
func tableOf(sec *inventory.Section, v any) inventory.Table {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var t inventory.Table
	for _, c := range sec.Columns {
		t.Columns = append(t.Columns, c.Name)
	}
	for _, x := range list {
		object, ok := x.(map[string]any)
		if !ok {
			continue
		}
		row := make([]any, len(sec.Columns))
		for i, c := range sec.Columns {
			row[i] = object[c.Name]
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
