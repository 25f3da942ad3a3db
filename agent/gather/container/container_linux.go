package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) (rows []inventory.Container, asked, faults []string, err error) {
	for _, one := range []struct {
		name string
		read func(context.Context, *host.Host) ([]inventory.Container, error)
	}{
		{"docker", docker},
		{"podman", storage},
		{"containerd", containerd},
		{"lxc", lxc},
		{"machined", machines},
	} {
		asked = append(asked, one.name)
		got, err := one.read(ctx, h)
		switch {
		case errors.Is(err, fs.ErrPermission):
			faults = append(faults, fmt.Sprintf("containers of %s can be seen by root only", one.name))
		case err != nil:
			faults = append(faults, fmt.Sprintf("%s: %v", one.name, err))
		}
		rows = append(rows, got...)
	}
	return rows, asked, faults, ctx.Err()
}

func docker(ctx context.Context, h *host.Host) ([]inventory.Container, error) {
	// Podman puts a link to its own socket there for programs made for Docker;
	// asking it would start Podman.
	for _, s := range []string{"/run/docker.sock", "/var/run/docker.sock"} {
		if to, err := h.Readlink(s); err == nil && strings.Contains(to, "podman") {
			return nil, nil
		}
	}
	b, err := h.Ask(ctx, "docker")
	if errors.Is(err, host.ErrNoSocket) {
		if h.Exists("/var/lib/docker/containers") {
			return nil, errors.New("it is installed and does not run")
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := parseDocker(b)
	for i := range rows {
		r := &rows[i]
		if !idOf(r.Identifier) {
			continue
		}
		f, err := h.Open("/var/lib/docker/containers/" + r.Identifier + "/hostconfig.json")
		if err != nil {
			continue
		}
		r.Privileged, r.Restart = parseHostConfig(f)
		f.Close()
	}
	return rows, err
}

// storage reads the containers of the machine's own Podman and of CRI-O. One
// runs as long as the process that watches it does; its number stands in the
// folder of its state.
func storage(_ context.Context, h *host.Host) ([]inventory.Container, error) {
	f, err := h.Open("/var/lib/containers/storage/overlay-containers/containers.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := parseStorage(f)
	for i := range rows {
		r := &rows[i]
		if !idOf(r.Identifier) {
			continue
		}
		dir := "/run/containers/storage/overlay-containers/" + r.Identifier + "/userdata/"
		if pid := h.Line(dir + "pidfile"); pid != "" && idOf(pid) && h.Exists("/proc/"+pid+"/comm") {
			r.State = "running"
			if fi, err := h.Stat(dir + "pidfile"); err == nil {
				r.StartedAt = fi.ModTime().UTC().Truncate(time.Second)
			}
		}
	}
	return rows, err
}

// containerd shows its running tasks as folders, by namespace. Docker uses it
// too, and tells of its own.
func containerd(_ context.Context, h *host.Host) ([]inventory.Container, error) {
	const at = "/run/containerd/io.containerd.runtime.v2.task"
	spaces, err := h.ReadDir(at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var rows []inventory.Container
	for _, s := range spaces {
		if s.Name() == "moby" || !s.IsDir() {
			continue
		}
		tasks, terr := h.ReadDir(at + "/" + s.Name())
		if terr != nil {
			err = terr
			continue
		}
		for _, t := range tasks {
			if !t.IsDir() || len(rows) == maxContainers {
				continue
			}
			r := inventory.Container{Runtime: "containerd", Name: t.Name(), Identifier: t.Name(), Project: s.Name(), State: "unknown"}
			if pid := h.Line(at + "/" + s.Name() + "/" + t.Name() + "/init.pid"); idOf(pid) && h.Exists("/proc/"+pid+"/comm") {
				r.State = "running"
			}
			rows = append(rows, r)
		}
	}
	return rows, err
}

// lxc has a folder for each container; one that runs has a control group.
func lxc(_ context.Context, h *host.Host) ([]inventory.Container, error) {
	list, err := h.ReadDir("/var/lib/lxc")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var rows []inventory.Container
	for _, e := range list {
		if !e.IsDir() || !h.Exists("/var/lib/lxc/"+e.Name()+"/config") || len(rows) == maxContainers {
			continue
		}
		r := inventory.Container{Runtime: "lxc", Name: e.Name(), State: "exited"}
		for _, g := range []string{"/sys/fs/cgroup/lxc.payload.", "/sys/fs/cgroup/lxc/", "/sys/fs/cgroup/systemd/lxc.payload."} {
			if h.Exists(g + e.Name()) {
				r.State = "running"
			}
		}
		rows = append(rows, r)
	}
	return rows, err
}

func machines(_ context.Context, h *host.Host) ([]inventory.Container, error) {
	list, err := h.ReadDir("/run/systemd/machines")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var rows []inventory.Container
	for _, e := range list {
		// A link beside a file names the unit it belongs to.
		if !e.Type().IsRegular() || len(rows) == maxContainers {
			continue
		}
		f, ferr := h.Open("/run/systemd/machines/" + e.Name())
		if ferr != nil {
			err = ferr
			continue
		}
		if c, ok := parseMachine(f); ok {
			rows = append(rows, c)
		}
		f.Close()
	}
	return rows, err
}
