package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"muster/agent/gather/home"
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
		{"podman of people", rootless},
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
	return distinct(rows), asked, faults, ctx.Err()
}

// distinct leaves out those whose name another of the same runtime has, as two
// people's may: the section tells a host's containers apart by name alone.
func distinct(rows []inventory.Container) []inventory.Container {
	seen := map[[2]string]bool{}
	return slices.DeleteFunc(rows, func(r inventory.Container) bool {
		k := [2]string{r.Runtime, r.Name}
		twice := seen[k]
		seen[k] = true
		return twice
	})
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
		running(h, r, "/run/containers/storage/overlay-containers/"+r.Identifier+"/userdata/pidfile")
	}
	return rows, err
}

// running says of a container that it runs when the process does whose number
// a file holds.
func running(h *host.Host, r *inventory.Container, pidfile string) {
	pid := h.Line(pidfile)
	if !idOf(pid) || !h.Exists("/proc/"+pid+"/comm") {
		return
	}
	r.State = "running"
	if fi, err := h.Stat(pidfile); err == nil {
		r.StartedAt = fi.ModTime().UTC().Truncate(time.Second)
	}
}

// rootless reads the containers that people run under their own accounts. Their
// state lies below /run/user, by the account's number.
func rootless(ctx context.Context, h *host.Host) ([]inventory.Container, error) {
	people, err := home.People(h)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var rows []inventory.Container
	for _, one := range people {
		if one.UID <= 0 || ctx.Err() != nil { // root's are the machine's
			continue
		}
		got, oerr := ofPerson(h, one)
		if oerr != nil && !errors.Is(oerr, fs.ErrNotExist) {
			err = errors.New("storage of one of the people is not understood")
			if errors.Is(oerr, fs.ErrPermission) {
				err = fs.ErrPermission
			}
		}
		rows = append(rows, got...)
	}
	return rows, err
}

func ofPerson(h *host.Host, one home.Home) ([]inventory.Container, error) {
	w, err := h.Within(one.Dir)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	f, err := w.Open(".local/share/containers/storage/overlay-containers/containers.json")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := parseStorage(f)
	for i := range rows {
		if id := rows[i].Identifier; idOf(id) {
			running(h, &rows[i], fmt.Sprintf("/run/user/%d/containers/overlay-containers/%s/userdata/pidfile", one.UID, id))
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
