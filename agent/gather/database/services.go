package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"muster/agent/gather/commandline"
	"muster/agent/gather/running"
	"muster/agent/host"
	"muster/internal/inventory"
)

// server is how a kind of server is known on Windows: by the program that its
// service starts.
type server struct {
	Program string // file name in lower case
	Engine  string // of the catalogue
	Runs    string // the process, where it is another than the program
	Port    int64  // unless something else is set; 0: it is not guessed
}

// servers lists what is known, by the names in the makers' own installers.
func servers() []server {
	return []server{
		{"pg_ctl.exe", "postgresql", "postgres.exe", 0},
		{"mysqld.exe", "mysql", "", 3306},
		{"mysqld-nt.exe", "mysql", "", 3306},
		{"mariadbd.exe", "mariadb", "", 3306},
		{"mongod.exe", "mongodb", "", 27017},
		{"oracle.exe", "oracle", "", 0},
		{"redis-server.exe", "redis", "", 6379},
		{"memurai.exe", "redis", "", 6379},
		{"influxd.exe", "influxdb", "", 8086},
		{"elasticsearch-service-x64.exe", "elasticsearch", "", 9200},
		{"db2syscs.exe", "db2", "", 0},
		{"fbserver.exe", "firebird", "", 3050},
		{"firebird.exe", "firebird", "", 3050},
		{"dbsrv16.exe", "sqlanywhere", "", 2638},
		{"dbsrv17.exe", "sqlanywhere", "", 2638},
	}
}

const (
	servicesKey = `HKLM\SYSTEM\CurrentControlSet\Services`
	mssqlKey    = `HKLM\SOFTWARE\Microsoft\Microsoft SQL Server`
	postgresKey = `HKLM\SOFTWARE\PostgreSQL`
)

// fromWindows reads the instances of SQL Server from its own keys, and other
// servers by the services that start them.
func fromWindows(ctx context.Context, h *host.Host) (rows []inventory.DatabaseInstance, asked, faults []string, err error) {
	asked = []string{"registry", "processes"}
	k, err := h.Key(host.View64, servicesKey, "no value")
	if err != nil {
		return nil, nil, nil, err
	}
	rows, runs, bad := mssql(h)
	if bad != nil {
		faults = append(faults, bad.Error())
	}
	for _, name := range k.Subkeys {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		if len(rows) >= maxInstances {
			faults = append(faults, fmt.Sprintf("only the first %d servers are read", maxInstances))
			break
		}
		one, err := h.Key(host.View64, servicesKey+`\`+name, "ImagePath")
		if err != nil {
			continue // it went, or is nobody's business
		}
		image := one.Text("ImagePath")
		s, ok := serverOf(image)
		if !ok {
			continue
		}
		row := inventory.DatabaseInstance{Engine: s.Engine, Name: name, Service: name, Version: inFolder(commandline.Program(image))}
		if s.Port > 0 {
			row.Port = new(s.Port)
		}
		switch s.Engine {
		case "postgresql":
			postgresService(h, &row)
		case "mysql":
			// MariaDB's installer keeps the old name of the program.
			if strings.Contains(strings.ToLower(image), "mariadb") {
				row.Engine = "mariadb"
			}
		case "oracle":
			row.Name = strings.TrimPrefix(name, "OracleService")
		}
		rows, runs = append(rows, row), append(runs, s.process())
	}
	b, err := h.AskNative(host.NativeProcesses)
	if err != nil {
		if !errors.Is(err, errors.ErrUnsupported) {
			faults = append(faults, fmt.Sprintf("which of them run: %v", err))
		}
		return rows, asked, faults, nil
	}
	count(rows, runs, running.List(b))
	return rows, asked, faults, nil
}

func (s server) process() string {
	if s.Runs != "" {
		return s.Runs
	}
	return s.Program
}

// count says of each server whether it runs, where the number of processes
// tells: all of a kind do, or none.
func count(rows []inventory.DatabaseInstance, runs []string, list []running.Entry) {
	want, have := map[string]int{}, map[string]int{}
	for _, r := range runs {
		want[r]++
	}
	for _, e := range list {
		have[strings.ToLower(e.Name)]++
	}
	for i, r := range runs {
		switch n := have[r]; {
		case n == 0:
			rows[i].Running = new(false)
		case n >= want[r] && (want[r] == 1 || r != "postgres.exe"): // which has one for each connection
			rows[i].Running = new(true)
		}
	}
}

// serverOf finds the kind of server that a service starts.
func serverOf(image string) (server, bool) {
	program := strings.ToLower(commandline.Program(image))
	program = program[strings.LastIndexAny(program, `\/`)+1:]
	i := slices.IndexFunc(servers(), func(s server) bool { return s.Program == program })
	if i < 0 {
		return server{}, false
	}
	return servers()[i], true
}

// inFolder is a version that a folder of the path has in its name:
// C:\Program Files\PostgreSQL\16\bin, …\MySQL Server 8.0\bin,
// …\product\19.0.0\dbhome_1.
func inFolder(file string) string {
	parts := strings.Split(strings.ReplaceAll(file, `\`, "/"), "/")
	for i := len(parts) - 2; i > 0; i-- {
		s := parts[i]
		word := s[strings.LastIndexAny(s, " -_")+1:]
		if word != "" && len(word) <= 20 && strings.Trim(word, "0123456789.") == "" && word[0] != '.' && (strings.Contains(word, ".") || word == s) {
			return word
		}
	}
	return ""
}

// mssql reads the instances of SQL Server (Microsoft, "File locations and
// registry mapping of SQL Server"), those of 32-bit programs too.
func mssql(h *host.Host) (rows []inventory.DatabaseInstance, runs []string, err error) {
	for _, view := range []host.View{host.View64, host.View32} {
		names, bad := h.Key(view, mssqlKey+`\Instance Names\SQL`)
		if errors.Is(bad, fs.ErrNotExist) {
			continue
		}
		if bad != nil {
			return rows, runs, bad
		}
		for _, v := range names.Values {
			id := v.Text()
			if id == "" || strings.ContainsAny(id, `\/`) || len(rows) == maxInstances || slices.ContainsFunc(rows, func(r inventory.DatabaseInstance) bool { return r.Name == v.Name }) {
				continue // the default instance stands in both views of some versions
			}
			row := inventory.DatabaseInstance{Engine: "mssql", Name: v.Name, Service: "MSSQL$" + v.Name}
			if strings.EqualFold(v.Name, "MSSQLSERVER") {
				row.Service = v.Name
			}
			if k, err := h.Key(view, mssqlKey+`\`+id+`\Setup`, "PatchLevel", "Version", "Edition"); err == nil {
				if row.Version = k.Text("PatchLevel"); row.Version == "" {
					row.Version = k.Text("Version")
				}
				row.Edition = k.Text("Edition")
			}
			if k, err := h.Key(view, mssqlKey+`\`+id+`\MSSQLServer\SuperSocketNetLib\Tcp\IPAll`, "TcpPort", "TcpDynamicPorts"); err == nil {
				if row.Port = number(k.Text("TcpPort")); row.Port == nil {
					row.Port = number(k.Text("TcpDynamicPorts"))
				}
			}
			rows, runs = append(rows, row), append(runs, "sqlservr.exe")
		}
	}
	return rows, runs, nil
}

// postgresService adds what the installer of PostgreSQL keeps of a service.
func postgresService(h *host.Host, r *inventory.DatabaseInstance) {
	if k, err := h.Key(host.View64, postgresKey+`\Services\`+r.Service, "Port"); err == nil {
		if n, ok := k.Number("Port"); ok && n > 0 && n < 1<<16 {
			r.Port = new(int64(n))
		}
	}
	list, err := h.Key(host.View64, postgresKey+`\Installations`, "no value")
	if err != nil {
		return
	}
	for _, id := range list.Subkeys[:min(len(list.Subkeys), maxInstances)] {
		if k, err := h.Key(host.View64, postgresKey+`\Installations\`+id, "Service ID", "Version"); err == nil && strings.EqualFold(k.Text("Service ID"), r.Service) && k.Text("Version") != "" {
			r.Version = k.Text("Version")
		}
	}
}

// number is the first of the ports in a text such as "1433, 1500".
func number(s string) *int64 {
	word, _, _ := strings.Cut(s, ",")
	n, ok := int64(0), false
	for _, c := range strings.TrimSpace(word) {
		if c < '0' || c > '9' || n > 1<<16 {
			return nil
		}
		n, ok = n*10+int64(c-'0'), true
	}
	if !ok || n < 1 || n >= 1<<16 {
		return nil
	}
	return &n
}
