package database

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"muster/agent/gather/packages"
	"muster/agent/gather/running"
	"muster/agent/gather/unit"
	"muster/agent/host"
	"muster/internal/inventory"
)

// found is a server and what says of it whether it runs and which release it
// is.
type found struct {
	row      inventory.DatabaseInstance
	runs     []string // processes
	units    []string
	packages []string
}

func read(ctx context.Context, h *host.Host) (rows []inventory.DatabaseInstance, asked, faults []string, err error) {
	asked = []string{"files"}
	clusters, err := postgres(h)
	if err != nil {
		faults = append(faults, err.Error())
	}
	list := slices.Concat(single(h), clusters, oracle(h))
	if len(list) == 0 {
		return nil, asked, faults, nil
	}
	asked = append(asked, "processes", "packages", "units")
	versions := map[string]string{}
	for _, f := range list {
		for _, p := range f.packages {
			versions[p] = ""
		}
	}
	if err := cmp.Or(packages.Debian(h, versions), packages.RPM(ctx, h, versions)); err != nil {
		faults = append(faults, fmt.Sprintf("versions: %v", err))
	}
	names, units := map[string]bool{}, map[string]bool{}
	seen := running.Each(ctx, h, func(pid int64, name string) bool {
		names[name] = true
		if p := running.Tell(h, pid); p.Unit != "" {
			units[p.Unit] = true
		}
		return true
	})
	if seen != nil {
		faults = append(faults, fmt.Sprintf("which of them run: %v", seen))
	}
	for _, f := range list {
		f.row.Version = cmp.Or(packages.Upstream(first(f.packages, versions)), f.row.Version)
		here := slices.DeleteFunc(slices.Clone(f.units), func(u string) bool {
			_, ok := unit.Find(h, unit.System, u)
			return !ok
		})
		if len(here) > 0 {
			f.row.Service = here[0]
		}
		if seen == nil {
			on := slices.ContainsFunc(f.runs, func(n string) bool { return names[n[:min(len(n), 15)]] }) ||
				slices.ContainsFunc(f.units, func(u string) bool { return units[u] })
			f.row.Running = &on
		}
		rows = append(rows, f.row)
	}
	return rows, asked, faults, nil
}

func first(names []string, of map[string]string) string {
	for _, n := range names {
		if of[n] != "" {
			return of[n]
		}
	}
	return ""
}

// single finds the servers of which there is one.
func single(h *host.Host) []found {
	var list []found
	for _, e := range engines() {
		i := slices.IndexFunc(e.Places, h.Exists)
		if i < 0 {
			continue
		}
		// MariaDB leaves MySQL's name as a link to its own server.
		if to, err := h.Readlink(e.Places[i]); err == nil && e.Engine == "mysql" && strings.HasPrefix(path.Base(to), "mariadb") {
			continue
		}
		f := found{row: inventory.DatabaseInstance{Engine: e.Engine, Name: e.Name}, runs: e.Runs, units: e.Units, packages: e.Packages}
		f.row.Port = e.Port.read(h)
		list = append(list, f)
	}
	return list
}

// read finds the port; none for a server that listens on none.
func (p port) read(h *host.Host) *int64 {
	at := p.Default
	for _, pattern := range p.Files {
		for _, name := range h.Glob(pattern) {
			f, err := h.Open(name)
			if err != nil {
				continue // readable by its server alone: the default is the best guess
			}
			if n, said := findPort(f, p.Section, p.Key); said {
				at = n
			}
			f.Close()
		}
	}
	if at == 0 {
		return nil
	}
	return &at
}

// postgres finds clusters: those of Debian's tools by their folders below
// /etc/postgresql, those of others below /var/lib/pgsql.
func postgres(h *host.Host) ([]found, error) {
	var list []found
	for _, conf := range h.Glob("/etc/postgresql/*/*/postgresql.conf") {
		cluster := path.Base(path.Dir(conf))
		major := path.Base(path.Dir(path.Dir(conf)))
		f := found{row: inventory.DatabaseInstance{Engine: "postgresql", Name: major + "/" + cluster, Version: major},
			units: []string{"postgresql@" + major + "-" + cluster + ".service"}, packages: []string{"postgresql-" + major}}
		f.row.Port = port{5432, []string{conf, path.Dir(conf) + "/conf.d/*.conf"}, "", "port"}.read(h)
		list = append(list, f)
	}
	var denied error
	for _, data := range append(h.Glob("/var/lib/pgsql/*/data"), "/var/lib/pgsql/data") {
		name := strings.Trim(strings.TrimSuffix(strings.TrimPrefix(data, "/var/lib/pgsql"), "data"), "/")
		f, err := h.Open(data + "/PG_VERSION")
		if errors.Is(err, fs.ErrNotExist) {
			continue // installed, and no cluster was made
		}
		if err != nil {
			denied = fmt.Errorf("clusters of PostgreSQL can be seen by root only: %w", err)
			continue
		}
		f.Close()
		major := h.Line(data + "/PG_VERSION")
		c := found{row: inventory.DatabaseInstance{Engine: "postgresql", Name: name, Version: major}, packages: []string{"postgresql-server", "postgresql" + major + "-server"}}
		if c.units = []string{"postgresql.service"}; name != "" {
			c.units, c.packages = []string{"postgresql-" + name + ".service"}, c.packages[1:]
		}
		c.row.Port = port{5432, []string{data + "/postgresql.conf", data + "/postgresql.auto.conf"}, "", "port"}.read(h)
		list = append(list, c)
		if len(list) >= maxInstances {
			break
		}
	}
	return list, denied
}

// oracle finds instances by the file that Oracle's installer keeps. Which port
// its listener has stands in files of the listener, that serves them all.
func oracle(h *host.Host) []found {
	var list []found
	for _, name := range []string{"/etc/oratab", "/var/opt/oracle/oratab"} {
		f, err := h.Open(name)
		if err != nil {
			continue
		}
		for _, i := range parseOratab(f) {
			list = append(list, found{row: inventory.DatabaseInstance{Engine: "oracle", Name: i.SID, Version: inPath(i.Home)},
				runs: []string{"ora_pmon_" + i.SID, "xe_pmon_" + i.SID, "db_pmon_" + i.SID}})
		}
		f.Close()
		break
	}
	return list
}
