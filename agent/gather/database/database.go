// Package database reads section database_instance: database servers that are
// installed here.
//
// It owns what each is known by and where its port stands. It must not connect
// to any, nor read what is in them.
package database

import (
	"bufio"
	"context"
	"io"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	return reading(rows, asked, faults)
}

func reading(rows []inventory.DatabaseInstance, asked, faults []string) (gather.Reading, error) {
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// engine is one kind of server of which a machine has one, by its packages.
// PostgreSQL and Oracle, of which it may have several, are found apart.
type engine struct {
	Engine   string // of the catalogue
	Name     string // of an engine that the catalogue has no word for
	Places   []string
	Runs     []string // names of processes, of which the kernel keeps 15 bytes
	Units    []string
	Packages []string
	Port     port
}

// port is the one a server listens on unless a file says otherwise.
type port struct {
	Default int64
	Files   []string // patterns; the last that says one counts
	Section string   // the line stands below [SECTION]; empty for files without
	Key     string   // KEY = N, KEY: N or KEY N
}

// engines lists what is known. Places, units and files are those of the
// makers' own packages and of distributions.
func engines() []engine {
	return []engine{
		{Engine: "mariadb", Places: []string{"/usr/sbin/mariadbd", "/usr/libexec/mariadbd"}, Runs: []string{"mariadbd"}, Units: []string{"mariadb.service"},
			Packages: []string{"mariadb-server", "mariadb-server-10.6", "mariadb-server-10.5", "MariaDB-server"},
			Port:     port{3306, []string{"/etc/my.cnf", "/etc/mysql/my.cnf", "/etc/my.cnf.d/*.cnf", "/etc/mysql/mariadb.conf.d/*.cnf"}, "mysqld", "port"}},
		{Engine: "mysql", Places: []string{"/usr/sbin/mysqld", "/usr/libexec/mysqld"}, Runs: []string{"mysqld"}, Units: []string{"mysql.service", "mysqld.service"},
			Packages: []string{"mysql-server-8.0", "mysql-server", "mysql-community-server", "mysql-community-server-core"},
			Port:     port{3306, []string{"/etc/my.cnf", "/etc/mysql/my.cnf", "/etc/my.cnf.d/*.cnf", "/etc/mysql/conf.d/*.cnf", "/etc/mysql/mysql.conf.d/*.cnf"}, "mysqld", "port"}},
		{Engine: "mssql", Places: []string{"/opt/mssql/bin/sqlservr"}, Runs: []string{"sqlservr"}, Units: []string{"mssql-server.service"},
			Packages: []string{"mssql-server"}, Port: port{1433, []string{"/var/opt/mssql/mssql.conf"}, "network", "tcpport"}},
		{Engine: "mongodb", Places: []string{"/usr/bin/mongod"}, Runs: []string{"mongod"}, Units: []string{"mongod.service", "mongodb.service"},
			Packages: []string{"mongodb-org-server", "mongodb-server-core", "mongodb-server"}, Port: port{27017, []string{"/etc/mongodb.conf", "/etc/mongod.conf"}, "", "port"}},
		{Engine: "redis", Places: []string{"/usr/bin/redis-server"}, Runs: []string{"redis-server"}, Units: []string{"redis-server.service", "redis.service"},
			Packages: []string{"redis-server", "redis"}, Port: port{6379, []string{"/etc/redis.conf", "/etc/redis/redis.conf"}, "", "port"}},
		{Engine: "other", Name: "valkey", Places: []string{"/usr/bin/valkey-server"}, Runs: []string{"valkey-server"}, Units: []string{"valkey-server.service", "valkey.service"},
			Packages: []string{"valkey-server", "valkey"}, Port: port{6379, []string{"/etc/valkey/valkey.conf"}, "", "port"}},
		{Engine: "influxdb", Places: []string{"/usr/bin/influxd", "/usr/lib/influxdb3/influxdb3", "/usr/bin/influxdb3-core"}, Runs: []string{"influxd", "influxdb3", "influxdb3-core"},
			Units: []string{"influxdb.service", "influxdb3-core.service"}, Packages: []string{"influxdb", "influxdb2", "influxdb3-core"}, Port: port{Default: 8086}},
		{Engine: "elasticsearch", Places: []string{"/usr/share/elasticsearch/bin/elasticsearch"}, Units: []string{"elasticsearch.service"},
			Packages: []string{"elasticsearch"}, Port: port{9200, []string{"/etc/elasticsearch/elasticsearch.yml"}, "", "http.port"}},
		{Engine: "other", Name: "opensearch", Places: []string{"/usr/share/opensearch/bin/opensearch"}, Units: []string{"opensearch.service"},
			Packages: []string{"opensearch"}, Port: port{9200, []string{"/etc/opensearch/opensearch.yml"}, "", "http.port"}},
		{Engine: "db2", Places: []string{"/var/db2/global.reg"}, Runs: []string{"db2sysc"}},
		{Engine: "firebird", Places: []string{"/usr/sbin/firebird", "/opt/firebird/bin/firebird"}, Runs: []string{"firebird"},
			Units:    []string{"firebird3.0.service", "firebird4.0.service", "firebird.service", "firebird-superserver.service"},
			Packages: []string{"firebird3.0-server-core", "firebird4.0-server-core", "firebird"}, Port: port{3050, []string{"/etc/firebird/*/firebird.conf", "/opt/firebird/firebird.conf"}, "", "RemoteServicePort"}},
		{Engine: "sqlanywhere", Places: []string{"/opt/sqlanywhere17/bin64/dbsrv17", "/opt/sqlanywhere16/bin64/dbsrv16"}, Runs: []string{"dbsrv17", "dbsrv16"}, Port: port{Default: 2638}},
	}
}

// maxFile bounds what is read of one file of settings; MySQL's longest have
// some 20 KB.
const maxFile = 256 << 10

// findPort reads the number of a key, as INI, YAML and plain files write it.
// said is false when the file has none; the last one counts.
func findPort(r io.Reader, section, key string) (found int64, said bool) {
	here := section == ""
	s := bufio.NewScanner(io.LimitReader(r, maxFile))
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if section != "" && strings.HasPrefix(line, "[") {
			name, _, _ := strings.Cut(line[1:], "]")
			// [mysqld-8.0] and [mariadb] are read by the server as well.
			name = strings.TrimSpace(name)
			here = name == section || section == "mysqld" && (strings.HasPrefix(name, "mysqld-") || name == "server" || strings.HasPrefix(name, "mariadb"))
			continue
		}
		rest, ok := strings.CutPrefix(line, key)
		if !ok || !here || rest == "" || strings.IndexByte(" \t=:", rest[0]) < 0 {
			continue
		}
		value, _, _ := strings.Cut(strings.Trim(rest, " \t=:"), "#")
		value = strings.Trim(strings.TrimSpace(value), `'"`)
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 && n < 1<<16 {
			found, said = n, true // 0: it listens on no port
		}
	}
	return found, said
}

// instance is a line of oratab: SID:HOME:STARTS.
type instance struct{ SID, Home string }

// parseOratab reads /etc/oratab, which Oracle's installer keeps.
func parseOratab(r io.Reader) []instance {
	var list []instance
	s := bufio.NewScanner(io.LimitReader(r, maxFile))
	for s.Scan() {
		line, _, _ := strings.Cut(s.Text(), "#")
		w := strings.Split(strings.TrimSpace(line), ":")
		if len(w) >= 2 && w[0] != "" && w[0] != "*" && strings.HasPrefix(w[1], "/") && len(w[0]) <= 64 && len(list) < maxInstances {
			list = append(list, instance{w[0], w[1]})
		}
	}
	return list
}

// maxInstances bounds the servers of one kind.
const maxInstances = 64

// inPath is the first part of a path that is a version with a dot in it, as
// Oracle's homes have one.
func inPath(path string) string {
	for part := range strings.SplitSeq(path, "/") {
		if strings.Contains(part, ".") && strings.Trim(part, "0123456789.") == "" {
			return part
		}
	}
	return ""
}
