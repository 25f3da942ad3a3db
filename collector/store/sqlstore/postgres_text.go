package sqlstore

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// The queries of this package are written once, as SQLite reads them. What
// PostgreSQL says otherwise is put into its words here, mechanically and by
// the text alone; what differs in more than words is asked of database by
// name (see postgres.go). Texts within quotes are only those of this package.

// postgresReading are the words of queries, postgresDDL those of tables.
var (
	postgresReading = sync.OnceValue(postgresWords)
	postgresDDL     = sync.OnceValue(postgresTables)
)

// postgresWords are replaced wherever they stand, in this order.
func postgresWords() []rewording {
	return []rewording{
		// Which index serves is the planner's to know.
		{regexp.MustCompile(` (?:NOT INDEXED|INDEXED BY "?\w+"?)`), ""},
		{regexp.MustCompile(`\bCROSS JOIN\b`), "JOIN"},

		// Lists come as arrays.
		{regexp.MustCompile(`\bIN \(SELECT value FROM json_each\(\?\)\)`), "= ANY (?)"},
		{regexp.MustCompile(`\bjson_each\(\?\) j\b`), "unnest(CAST(? AS bigint[])) WITH ORDINALITY AS j (value, key)"},
		{regexp.MustCompile(`\bjson_each\(([^()]+)\) j\b`), "json_array_elements_text(CAST($1 AS json)) AS j (value)"},
		{regexp.MustCompile(`\bjson_group_array\(`), "json_agg("},
		{regexp.MustCompile(`\bjson_extract\(([\w.]+), '\$\.(\w+)'\)`), "(CAST($1 AS json) ->> '$2')"},
		{regexp.MustCompile(`\bgroup_concat\(device_no\)`), "string_agg(CAST(device_no AS text), ',')"},
		{regexp.MustCompile(`\bgroup_concat\(`), "string_agg("},

		// SQLite's LIKE takes ASCII letters of either case for the same, and so
		// does ILIKE over columns of collation C.
		{regexp.MustCompile(`\bLIKE\b`), "ILIKE"},
		{regexp.MustCompile(` COLLATE BINARY <> \?1`), "::text <> ?1::text"},
		{regexp.MustCompile(` COLLATE NOCASE`), "::citext"},

		{regexp.MustCompile(`\browid\b`), "device_no"},
		{regexp.MustCompile(`\bsqlite_sequence WHERE name = 'identity_change'`), "(SELECT last_value AS seq FROM identity_change_seq_seq WHERE is_called) AS s"},
		{regexp.MustCompile(` IS \?`), " IS NOT DISTINCT FROM ?"},

		// Keys over texts of devices: an index cannot hold one of 4 KiB. The
		// beginning and a number of the whole stand for it.
		{regexp.MustCompile(`\(name, ifnull\(version, char\(0\)\)\)`), "(left(name, 200), hashtextextended(name, 0), hashtextextended(coalesce(version, chr(1)), 0))"},
		{regexp.MustCompile(`\(ifnull\(device_no, 0\), rule, component\)`), "(coalesce(device_no, 0), rule, left(component, 200), hashtextextended(component, 0))"},

		{regexp.MustCompile(`\bifnull\(`), "coalesce("},
	}
}

type rewording struct {
	what *regexp.Regexp
	with string
}

var ignoring = regexp.MustCompile(`^INSERT OR IGNORE INTO`)

// toPostgres puts a query into PostgreSQL's words.
func toPostgres(query string) string {
	q := query
	for _, w := range postgresReading() {
		q = w.what.ReplaceAllString(q, w.with)
	}
	if ignoring.MatchString(q) {
		q = ignoring.ReplaceAllString(q, "INSERT INTO") + " ON CONFLICT DO NOTHING"
	}
	q = reform(q, "iif", func(args []string) (string, bool) {
		if len(args) != 3 {
			return "", false
		}
		return "CASE WHEN " + args[0] + " THEN " + args[1] + " ELSE " + args[2] + " END", true
	})
	q = reform(q, "strftime", func(args []string) (string, bool) {
		return `to_char(to_timestamp(` + args[1] + `) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`, true
	})
	q = reform(q, "max", func(args []string) (string, bool) {
		return "greatest(" + strings.Join(args, ", ") + ")", len(args) > 1 // of one it is the aggregate
	})
	return numbered(q)
}

// reform replaces calls of a function. make answers false to leave one alone.
func reform(q, name string, make func(args []string) (string, bool)) string {
	for at := 0; ; {
		i := strings.Index(q[at:], name+"(")
		if i < 0 {
			return q
		}
		i += at
		if i > 0 && (isWord(q[i-1]) || q[i-1] == '.') {
			at = i + len(name)
			continue
		}
		args, end := arguments(q, i+len(name)+1)
		with, yes := make(args)
		if end < 0 || !yes {
			at = i + len(name)
			continue
		}
		q = q[:i] + with + q[end:]
		at = i // there may be another within
	}
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// arguments splits what stands between parentheses, of which the first one
// ends before at; end is behind the last one, -1 when there is none.
func arguments(q string, at int) (args []string, end int) {
	depth, from, quoted := 0, at, false
	for i := at; i < len(q); i++ {
		switch c := q[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == ')':
			return append(args, strings.TrimSpace(q[from:i])), i + 1
		case c == ',' && depth == 0:
			args = append(args, strings.TrimSpace(q[from:i]))
			from = i + 1
		}
	}
	return nil, -1
}

// numbered gives parameters their numbers: ? counts on, ?2 is the second.
func numbered(q string) string {
	var b strings.Builder
	b.Grow(len(q) + 16)
	quoted, n := false, 0
	for i := 0; i < len(q); i++ {
		c := q[i]
		if c == '\'' {
			quoted = !quoted
		}
		if c != '?' || quoted {
			b.WriteByte(c)
			continue
		}
		end := i + 1
		for end < len(q) && q[end] >= '0' && q[end] <= '9' {
			end++
		}
		b.WriteByte('$')
		if end > i+1 {
			b.WriteString(q[i+1 : end])
		} else {
			n++
			b.WriteString(strconv.Itoa(n))
		}
		i = end - 1
	}
	return b.String()
}

// postgresTables are the statements that make tables, in PostgreSQL's words,
// where they differ in more than types.
func postgresTables() []rewording {
	exactly := func(s string) *regexp.Regexp { return regexp.MustCompile(regexp.QuoteMeta(s)) }
	return []rewording{
		{regexp.MustCompile(`--[^\n]*`), ""},
		{regexp.MustCompile(`CREATE VIRTUAL TABLE device_search[^;]*;`), `CREATE TABLE device_search (device_no INTEGER PRIMARY KEY REFERENCES device_rows, facts TEXT NOT NULL, personal TEXT NOT NULL);
CREATE INDEX device_search_facts ON device_search USING gin (facts gin_trgm_ops);
CREATE INDEX device_search_personal ON device_search USING gin (personal gin_trgm_ops);`},
		{regexp.MustCompile(`CREATE TRIGGER audit_unchanged[^;]*;\s*END;`), `CREATE FUNCTION audit_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$$$BEGIN RAISE EXCEPTION 'the audit is only added to'; END$$$$;
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_unchanged();`},

		// Texts of devices may be longer than what an ordered index holds; a
		// hash index has numbers only.
		{exactly(`CREATE INDEX title_names ON title_rows (name) WHERE version IS NULL`),
			`CREATE INDEX title_names ON title_rows USING gin (name gin_trgm_ops) WHERE version IS NULL; CREATE INDEX title_by_word ON title_rows USING hash (name)`},
		{exactly(`CREATE INDEX software_fact_by_name ON software_facts (name, version_sort)`), `CREATE INDEX software_fact_by_name ON software_facts USING hash (name)`},
		{exactly(`fdb_by_mac ON fdb_rows (mac)`), `fdb_by_mac ON fdb_rows USING hash (mac)`},
		{exactly(`CREATE UNIQUE INDEX incident_open_key ON incident_rows (key) WHERE`), `CREATE UNIQUE INDEX incident_open_key ON incident_rows (left(key, 200), hashtextextended(key, 0)) WHERE`},
		{exactly(`CREATE INDEX incident_by_key ON incident_rows (key, opened_at)`), `CREATE INDEX incident_by_key ON incident_rows USING hash (key)`},
		{exactly(`ON incident_step_rows (incident, at, act, text) WHERE`), `ON incident_step_rows (incident, at, act, hashtextextended(text, 0)) WHERE`},

		{exactly(breakdownIndex), ""},

		// Words that are PostgreSQL's own.
		{exactly(`only INTEGER PRIMARY KEY CHECK (only = 1)`), `"only" INTEGER PRIMARY KEY CHECK ("only" = 1)`},
		{exactly(`user TEXT NOT NULL, auth`), `"user" TEXT NOT NULL, auth`},
		// What points at a name reads as names do.
		{exactly(`channel TEXT NOT NULL REFERENCES channel (name)`), `channel TEXT NOT NULL COLLATE NOCASE REFERENCES channel (name)`},

		{regexp.MustCompile(`\) STRICT(?:, WITHOUT ROWID)?`), ")"},
		{regexp.MustCompile(`\bINTEGER PRIMARY KEY(?: AUTOINCREMENT)?(,|\)|\n| (?:REFERENCES|CHECK))`), "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY$1"},
		{regexp.MustCompile(`\bINTEGER\b`), "BIGINT"},
		{regexp.MustCompile(`\bBLOB\b`), "BYTEA"},
		{regexp.MustCompile(`\bREAL\b`), "DOUBLE PRECISION"},
		// Letter case apart, and else in the order of bytes, as everywhere here.
		{regexp.MustCompile(`\bTEXT\b([^,\n]*?) COLLATE NOCASE`), `CITEXT COLLATE "C"$1`},
		{regexp.MustCompile(`\bTEXT\b`), `TEXT COLLATE "C"`},
		{regexp.MustCompile(`\(name, ifnull\(version, char\(0\)\)\)`), "(left(name, 200), hashtextextended(name, 0), hashtextextended(coalesce(version, chr(1)), 0))"},
		{regexp.MustCompile(`\(ifnull\(device_no, 0\), rule, component\)`), "(coalesce(device_no, 0), rule, left(component, 200), hashtextextended(component, 0))"},
		{regexp.MustCompile(`\bifnull\(`), "coalesce("},
	}
}

// toPostgresTables puts statements that make tables into PostgreSQL's words.
func toPostgresTables(ddl string) string {
	for _, w := range postgresDDL() {
		ddl = w.what.ReplaceAllString(ddl, w.with)
	}
	return ddl
}
