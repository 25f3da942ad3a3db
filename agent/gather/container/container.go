// Package container reads section container: containers of Docker, Podman,
// CRI-O, containerd, LXC and systemd-nspawn, running or stopped.
//
// It owns Docker's list and the state that the others keep on the disk. It
// must not read environment, commands or labels: they hold secrets. Of the
// labels in Docker's list the one that names a Compose project is kept.
package container

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/keyfile"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// Limits of one runtime, and of one file of its state in bytes.
const (
	maxContainers = 2000
	maxState      = 16 << 20
	maxPorts      = 50
)

// parseDocker reads what Docker answers to GET /containers/json?all=1 (Docker
// Engine API).
func parseDocker(b []byte) ([]inventory.Container, error) {
	var list []struct {
		ID      string   `json:"Id"`
		Names   []string `json:"Names"`
		Image   string   `json:"Image"`
		ImageID string   `json:"ImageID"`
		Created int64    `json:"Created"`
		State   string   `json:"State"`
		Status  string   `json:"Status"`
		Labels  struct {
			Project string `json:"com.docker.compose.project"`
		} `json:"Labels"`
		Ports []struct {
			IP      string `json:"IP"`
			Private uint16 `json:"PrivatePort"`
			Public  uint16 `json:"PublicPort"`
			Type    string `json:"Type"`
		} `json:"Ports"`
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("answer of docker: %w", err)
	}
	var rows []inventory.Container
	for _, c := range list {
		if c.ID == "" || len(rows) == maxContainers {
			continue
		}
		r := inventory.Container{Runtime: "docker", Name: c.ID, Identifier: c.ID, Image: c.Image, ImageID: c.ImageID, State: stateOf(c.State), Project: c.Labels.Project}
		if len(c.Names) > 0 && len(c.Names[0]) > 1 {
			r.Name = strings.TrimPrefix(c.Names[0], "/")
		}
		if c.Created > 0 && c.Created < 1<<40 {
			r.CreatedAt = time.Unix(c.Created, 0).UTC()
		}
		r.ExitCode, r.Health = words(c.Status)
		for _, p := range c.Ports {
			if p.Public == 0 || len(r.Ports) == maxPorts {
				continue // only between containers
			}
			at := p.IP
			if strings.Contains(at, ":") {
				at = "[" + at + "]"
			}
			r.Ports = append(r.Ports, fmt.Sprintf("%s:%d->%d/%s", at, p.Public, p.Private, p.Type))
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func stateOf(s string) string {
	switch s {
	case "running", "created", "restarting", "paused", "exited", "dead", "removing":
		return s
	}
	return "unknown"
}

// words reads Docker's sentence for people: "Exited (137) 3 hours ago", "Up 2
// days (healthy)".
func words(s string) (exit *int64, health string) {
	if rest, ok := strings.CutPrefix(s, "Exited ("); ok {
		if text, _, ok := strings.Cut(rest, ")"); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				exit = &n
			}
		}
	}
	switch {
	case strings.HasSuffix(s, "(healthy)"):
		health = "healthy"
	case strings.HasSuffix(s, "(unhealthy)"):
		health = "unhealthy"
	case strings.HasSuffix(s, "(health: starting)"):
		health = "starting"
	}
	return exit, health
}

// parseHostConfig reads rights and restart policy of a container of Docker.
func parseHostConfig(r io.Reader) (privileged *bool, restart string) {
	var c struct {
		Privileged *bool `json:"Privileged"`
		Restart    struct {
			Name string `json:"Name"`
		} `json:"RestartPolicy"`
	}
	if json.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&c) != nil {
		return nil, ""
	}
	switch c.Restart.Name {
	case "", "no":
		restart = "no"
	case "always", "on-failure", "unless-stopped":
		restart = c.Restart.Name
	default:
		restart = "other"
	}
	return c.Privileged, restart
}

// parseStorage reads containers.json of the storage that Podman and CRI-O
// share (containers/storage). Facts beyond names stand in a text that is JSON
// again.
func parseStorage(r io.Reader) ([]inventory.Container, error) {
	var list []struct {
		ID       string    `json:"id"`
		Names    []string  `json:"names"`
		Image    string    `json:"image"`
		Metadata string    `json:"metadata"`
		Created  time.Time `json:"created"`
	}
	if err := json.NewDecoder(io.LimitReader(r, maxState)).Decode(&list); err != nil {
		return nil, err
	}
	var rows []inventory.Container
	for _, c := range list {
		if c.ID == "" || len(rows) == maxContainers {
			continue
		}
		row := inventory.Container{Runtime: "podman", Name: c.ID, Identifier: c.ID, ImageID: c.Image, CreatedAt: c.Created.UTC().Truncate(time.Second), State: "exited"}
		if len(c.Names) > 0 && c.Names[0] != "" {
			row.Name = c.Names[0]
		}
		var m struct {
			Image string `json:"image-name"`
			Name  string `json:"name"`
			Pod   string `json:"pod-name"`
		}
		if json.Unmarshal([]byte(c.Metadata), &m) == nil {
			row.Image = m.Image
			if m.Pod != "" {
				row.Runtime, row.Project = "crio", m.Pod
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// parseMachine reads a file of systemd-machined's state; ok is false for what
// is no container.
func parseMachine(r io.Reader) (c inventory.Container, ok bool) {
	class, service := "", ""
	_ = keyfile.Parse(r, func(_, key, value string) {
		switch key {
		case "NAME":
			c.Name = value
		case "CLASS":
			class = value
		case "SERVICE":
			service = value
		case "REALTIME": // µs
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 && n < 1<<53 {
				c.StartedAt = time.UnixMicro(n).UTC().Truncate(time.Second)
			}
		}
	})
	c.State, c.Runtime = "running", "nspawn"
	if service != "systemd-nspawn" {
		c.Runtime = "other"
	}
	// libvirt's LXC and rkt register too; Docker and Podman do not.
	return c, c.Name != "" && class == "container"
}

// idOf says whether a name can be that of a container's folder: what it is
// joined to must stay below it.
func idOf(s string) bool {
	return s != "" && len(s) <= 255 && !strings.ContainsAny(s, "/\x00") && s != "." && s != ".."
}
