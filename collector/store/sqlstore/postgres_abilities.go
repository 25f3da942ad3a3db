package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Ability is one thing that a server is or has, and whether it is as a collector
// needs it; if not, what to do.
type Ability struct {
	Name, Found, Do string
	Good            bool
}

// fewConnections is how few free ones are worth a word.
const fewConnections = 5

// AbilitiesPostgres tells what the server of a database has, one by one.
func AbilitiesPostgres(ctx context.Context, s Server) ([]Ability, error) {
	d, err := lookServer(s, inventorySchema)
	if err != nil {
		return nil, err
	}
	defer d.readers.Close()
	var out []Ability
	add := func(good bool, name, do, format string, args ...any) {
		if good {
			do = ""
		}
		out = append(out, Ability{name, fmt.Sprintf(format, args...), do, good})
	}
	err = d.read(ctx, func(v *view) error {
		set := map[string]string{}
		// The settings that are held against something, by name.
		if err := v.each(ctx, `SELECT name, setting FROM pg_settings WHERE name IN ('server_version', 'server_version_num', 'server_encoding', 'fsync', 'full_page_writes', 'synchronous_commit',
			'default_transaction_read_only', 'autovacuum', 'max_connections', 'shared_buffers')`, nil, func(s scan) error {
			var name, value string
			err := s(&name, &value)
			set[name] = value
			return err
		}); err != nil {
			return err
		}
		var standby, encrypted, creates int64
		var used, bytes int64
		if _, err := v.one(ctx, `SELECT CAST(pg_is_in_recovery() AS int), coalesce((SELECT CAST(ssl AS int) FROM pg_stat_ssl WHERE pid = pg_backend_pid()), 0),
			CAST(has_database_privilege(current_database(), 'CREATE') AS int), (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), pg_database_size(current_database())`, nil,
			&standby, &encrypted, &creates, &used, &bytes); err != nil {
			return err
		}
		version, _ := strconv.Atoi(set["server_version_num"])
		unfit := suits(d.path, version, set["server_version"], set["server_encoding"], standby == 1, set["default_transaction_read_only"] == "on")
		do := ""
		if unfit != nil {
			do = unfit.Error()
		}
		add(unfit == nil, "version", do, "PostgreSQL %s, texts as %s, %s", set["server_version"], set["server_encoding"], map[bool]string{false: "takes writes", true: "is only read"}[standby == 1 || set["default_transaction_read_only"] == "on"])
		durable := set["fsync"] == "on" && set["full_page_writes"] == "on" && set["synchronous_commit"] != "off"
		add(durable, "durability", "set all three to on: a report that was acknowledged would be lost with the server's power", "fsync %s, full_page_writes %s, synchronous_commit %s", set["fsync"], set["full_page_writes"], set["synchronous_commit"])
		switch {
		case s.local():
			add(true, "connection", "", "over the socket in %s", s.Host)
		default:
			add(encrypted == 1, "connection", "set postgres.tls to verify-full: facts and passwords cross the network in the clear", "TLS: %s", map[bool]string{true: "yes", false: "no"}[encrypted == 1])
		}
		most, _ := strconv.ParseInt(set["max_connections"], 10, 64)
		add(most-used > fewConnections, "connections", "raise max_connections, or lower postgres.connections here or what others take", "%d of %d are taken, by all programs", used, most)
		add(creates == 1, "ownership", "ALTER DATABASE … OWNER TO "+s.User+": a newer muster may need another schema", "%s may make schemas: %s", s.User, map[bool]string{true: "yes", false: "no"}[creates == 1])
		have := map[string]string{}
		if err := v.each(ctx, "SELECT extname, extversion FROM pg_extension", nil, func(s scan) error {
			var name, version string
			err := s(&name, &version)
			have[name] = version
			return err
		}); err != nil {
			return err
		}
		for _, name := range []string{"citext", "pg_trgm"} {
			add(have[name] != "", "extension "+name, "CREATE EXTENSION "+name+", from the server's contrib package", "%s", firstText(have[name], "is not there"))
		}
		add(set["autovacuum"] == "on", "autovacuum", "set it to on: tables grow without it, and plans are made of no statistics", "%s", set["autovacuum"])
		pages, _ := strconv.ParseInt(set["shared_buffers"], 10, 64)
		add(true, "size", "", "%d MiB on disk, %d MiB of shared buffers", bytes>>20, pages*8>>10)
		for _, r := range []struct{ setting, who, schema string }{{"postgres.reader", s.Reader, maskedSchema}, {"postgres.personal_reader", s.PersonalReader, inventorySchema}} {
			if r.who == "" {
				add(true, "people's SQL", "", "%s is not set: nobody of these asks SQL", r.setting)
				continue
			}
			var login, reads int64
			found, err := v.one(ctx, "SELECT CAST(rolcanlogin AS int), CAST(coalesce(has_schema_privilege(oid, to_regnamespace(?), 'USAGE'), false) AS int) FROM pg_roles WHERE rolname = ?", []any{r.schema, r.who}, &login, &reads)
			if err != nil {
				return err
			}
			var lacks []string
			if !found || login == 0 {
				lacks = append(lacks, "no account that may log in")
			}
			if found && reads == 0 {
				lacks = append(lacks, "may not read its views")
			}
			add(len(lacks) == 0, "people's SQL", "CREATE ROLE "+r.who+" LOGIN PASSWORD '…' if it is missing, then restart the collector, which grants it what it may read", "%s: %s", r.who, firstText(strings.Join(lacks, ", "), "reads the views of schema "+r.schema))
		}
		return nil
	})
	return out, err
}
