package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"muster/agent/gather/self"
	"muster/internal/buildinfo"
	"muster/internal/inventory"
)

// Status is what a running agent says of itself. It is a file, because an
// agent listens on no port.
type Status struct {
	At          time.Time          `json:"at"`
	PID         int                `json:"pid"`
	Running     bool               `json:"running"` // while it is read: the process is there and has not said that it ends
	Stopped     time.Time          `json:"stopped,omitzero"`
	Version     string             `json:"version"`
	Started     time.Time          `json:"started"`
	Device      inventory.DeviceID `json:"device_id,omitempty"`
	CertEnds    time.Time          `json:"certificate_ends,omitzero"`
	Collectors  []string           `json:"collectors,omitempty"`
	Delivery    *exchange          `json:"delivery,omitempty"`
	Paused      string             `json:"paused,omitempty"` // why inventory waits
	Waiting     int64              `json:"reports_waiting"`
	SpoolBytes  int64              `json:"spool_bytes"`
	Dropped     int64              `json:"reports_dropped"`
	Sent        int64              `json:"reports_sent"`
	RSSBytes    int64              `json:"rss_bytes"`
	CPUSeconds  float64            `json:"cpu_seconds"`
	EverySecond float64            `json:"report_interval_seconds"`
}

const statusName = "status.json"

func (a *agent) status() Status {
	s := Status{At: a.host.Now(), PID: os.Getpid(), Running: true, Version: buildinfo.Read().Version, Started: a.started,
		Delivery: a.del.last.Load(), Sent: a.del.sentReports.Load()}
	st := a.spool.Stats()
	s.Waiting, s.SpoolBytes, s.Dropped = int64(st.Waiting), st.Bytes, int64(st.Dropped)
	if id := a.member.Identity(); id != nil {
		s.Device, s.CertEnds, s.Collectors = id.Device, id.Cert.NotAfter, id.Addresses
	}
	s.Paused, _ = a.thrift.last()
	if c, err := self.Measure(); err == nil {
		s.RSSBytes, s.CPUSeconds = c.RSS, c.CPUSeconds
	}
	a.mu.Lock()
	s.EverySecond = a.next.Seconds()
	a.mu.Unlock()
	return s
}

// write replaces the status file; without it nothing is lost but the answer
// to muster-agent status.
func (s Status) write(dir string) {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return
	}
	path := filepath.Join(dir, statusName)
	if os.WriteFile(path+".new", append(b, '\n'), 0o600) == nil {
		os.Rename(path+".new", path)
	}
}

// statusEvery is how long after it was written the status is written again when
// nothing happens; what the deliverer comes to is written at once.
const statusEvery = 15 * time.Second

func (a *agent) writeStatus(ctx context.Context) {
	t := time.NewTicker(statusEvery)
	defer t.Stop()
	for {
		a.status().write(a.o.Config.Data)
		a.rest()
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-a.news:
			t.Reset(statusEvery)
		}
	}
}

// rest gives back what is not needed until the next sampling.
func (a *agent) rest() {
	if !a.o.Bind {
		return // this process is not all the agent's
	}
	if err := a.pages.shed(); err != nil {
		a.log.Debug("pages of the program stay in memory", "error", err)
	}
}

// lastStatus is written when the agent ends.
func (a *agent) lastStatus() {
	s := a.status()
	s.Running, s.Stopped = false, s.At
	s.write(a.o.Config.Data)
}

// ReadStatus reads what the agent of a data folder last said of itself.
func ReadStatus(dir string) (Status, error) {
	var s Status
	b, err := os.ReadFile(filepath.Join(dir, statusName))
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("no agent has run with the data folder %s; name another with --data, or start one with muster-agent run", dir)
	}
	if errors.Is(err, fs.ErrPermission) {
		return s, fmt.Errorf("the status may be read by the agent's account only: run this as that account (%w)", err)
	}
	if err != nil {
		return s, fmt.Errorf("read status: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("%s is damaged: %w", filepath.Join(dir, statusName), err)
	}
	s.Running = s.Stopped.IsZero() && alive(s.PID)
	return s, nil
}
