package query

import (
	"errors"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// connection is SQLite by its own C interface, since database/sql has no
// authorizer. It lives as long as the process, so nothing is freed.
type connection struct {
	tls    *libc.TLS
	db     uintptr
	policy policy
	why    string // of the last refusal

	// ask is what SQLite calls. It is kept here because C holds only its
	// address, which keeps nothing alive.
	ask func(*libc.TLS, uintptr, int32, uintptr, uintptr, uintptr, uintptr) int32
}

// open opens a file so that nothing can be written, and sets every limit.
func open(path string, heap int64, p policy) (*connection, error) {
	c := &connection{tls: libc.NewTLS(), policy: p}
	// The library is built without counting its memory, and without that a
	// limit on its heap does nothing. It is only to be set before the first
	// connection, which this is.
	if rc := c.vararg(func(va uintptr) int32 {
		return sqlite3.Xsqlite3_config(c.tls, sqlite3.SQLITE_CONFIG_MEMSTATUS, va)
	}, int32(1)); rc != sqlite3.SQLITE_OK {
		return nil, errors.New("the memory of SQL cannot be bounded: another connection is open in this process")
	}
	name, err := libc.CString(fileURI(path))
	if err != nil {
		return nil, err
	}
	var db uintptr
	out := libc.Xmalloc(c.tls, libc.Tsize_t(unsafe.Sizeof(db)))
	rc := sqlite3.Xsqlite3_open_v2(c.tls, name, out, sqlite3.SQLITE_OPEN_READONLY|sqlite3.SQLITE_OPEN_URI|sqlite3.SQLITE_OPEN_NOMUTEX, 0)
	c.db = load(out)
	if rc != sqlite3.SQLITE_OK {
		return nil, errors.New("the inventory cannot be opened for reading now; try again")
	}
	sqlite3.Xsqlite3_busy_timeout(c.tls, c.db, 5000)
	for _, set := range []struct{ what, to int32 }{
		{sqlite3.SQLITE_DBCONFIG_DEFENSIVE, 1},
		{sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
		// A misspelt "column" is an error and not a text.
		{sqlite3.SQLITE_DBCONFIG_DQS_DML, 0},
		{sqlite3.SQLITE_DBCONFIG_DQS_DDL, 0},
	} {
		if rc := c.vararg(func(va uintptr) int32 {
			return sqlite3.Xsqlite3_db_config(c.tls, c.db, set.what, va)
		}, set.to, uintptr(0)); rc != sqlite3.SQLITE_OK {
			return nil, c.fault(rc)
		}
	}
	for id, most := range map[int32]int32{
		sqlite3.SQLITE_LIMIT_ATTACHED:            0,
		sqlite3.SQLITE_LIMIT_LENGTH:              16 << 20,
		sqlite3.SQLITE_LIMIT_SQL_LENGTH:          64 << 10,
		sqlite3.SQLITE_LIMIT_COLUMN:              500,
		sqlite3.SQLITE_LIMIT_EXPR_DEPTH:          200,
		sqlite3.SQLITE_LIMIT_COMPOUND_SELECT:     50,
		sqlite3.SQLITE_LIMIT_FUNCTION_ARG:        50,
		sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000,
		sqlite3.SQLITE_LIMIT_WORKER_THREADS:      0,
	} {
		sqlite3.Xsqlite3_limit(c.tls, c.db, id, most)
	}
	// The schema is read, and sorting told to stay in memory, before the wall
	// is closed: from then on even we may only select.
	for _, sql := range []string{"PRAGMA query_only = 1", "PRAGMA trusted_schema = 0", "PRAGMA temp_store = MEMORY", "PRAGMA cell_size_check = 1"} {
		if err := c.each(sql, func(string) {}); err != nil {
			return nil, err
		}
	}
	c.policy.hidden = map[string]bool{}
	if err := c.each(everyName, func(name string) {
		if hides(name) {
			c.policy.hidden[strings.ToLower(name)] = true
		}
	}); err != nil {
		return nil, err
	}
	sqlite3.Xsqlite3_hard_heap_limit64(c.tls, heap)
	c.ask = c.authorize
	sqlite3.Xsqlite3_set_authorizer(c.tls, c.db, *(*uintptr)(unsafe.Pointer(&c.ask)), 0)
	return c, nil
}

// everyName lists all that a FROM can name: what the file holds, the schema of
// the temporary database, virtual tables that need no CREATE, PRAGMA as tables.
const everyName = `SELECT name FROM sqlite_schema
	UNION ALL VALUES ('sqlite_temp_schema'), ('sqlite_temp_master')
	UNION ALL SELECT name FROM pragma_module_list
	UNION ALL SELECT 'pragma_' || name FROM pragma_pragma_list`

// each runs a statement of our own and gives the first column of its rows.
func (c *connection) each(sql string, give func(string)) error {
	st, err := c.prepareOne(sql)
	if err != nil {
		return err
	}
	defer sqlite3.Xsqlite3_finalize(c.tls, st.p)
	for {
		more, err := st.step()
		if err != nil || !more {
			return err
		}
		give(cString(sqlite3.Xsqlite3_column_text(c.tls, st.p, 0)))
	}
}

// vararg calls a function of SQLite that takes a C list of arguments. Each
// argument stands in 8 bytes.
func (c *connection) vararg(call func(va uintptr) int32, args ...any) int32 {
	at := libc.Xcalloc(c.tls, 8, libc.Tsize_t(max(1, len(args))))
	if at == 0 {
		return sqlite3.SQLITE_NOMEM
	}
	defer libc.Xfree(c.tls, at)
	return call(libc.VaList(at, args...))
}

// fileURI is the path as SQLite takes it (https://www.sqlite.org/uri.html).
func fileURI(path string) string {
	p := filepath.ToSlash(path)
	if runtime.GOOS == "windows" && filepath.VolumeName(path) != "" {
		p = "/" + p
	}
	return "file:" + (&url.URL{Path: p}).EscapedPath() + "?mode=ro"
}

// authorize is SQLite's question. For SQLITE_READ a and b are table and
// column; for SQLITE_FUNCTION b is the name.
func (c *connection) authorize(_ *libc.TLS, _ uintptr, action int32, a, b, _, within uintptr) int32 {
	v := c.policy.decide(action, cString(a), cString(b), cString(within))
	if v.why != "" && c.why == "" {
		c.why = v.why
	}
	return v.code
}

// load reads a pointer out of memory that C owns, where Go's collector moves
// nothing.
func load(at uintptr) uintptr { return **(**uintptr)(unsafe.Pointer(&at)) }

func cString(p uintptr) string {
	if p == 0 {
		return ""
	}
	return libc.GoString(p)
}

type statement struct {
	c *connection
	p uintptr
	n int32
}

// prepare compiles the one statement of a text.
func (c *connection) prepare(sql string) (*statement, error) {
	if strings.IndexByte(sql, 0) >= 0 {
		return nil, errors.New("the statement holds a zero byte")
	}
	st, err := c.prepareOne(sql)
	if err == nil && st.n == 0 {
		return nil, errors.New(notASelect)
	}
	return st, err
}

func (c *connection) prepareOne(sql string) (*statement, error) {
	p, tail, err := c.compile(sql)
	if err != nil {
		return nil, err
	}
	if p == 0 {
		return nil, errors.New("there is no statement: write one SELECT")
	}
	// What comes behind may only be white space and comments.
	for strings.TrimSpace(tail) != "" {
		more, rest, err := c.compile(tail)
		if err != nil || more != 0 {
			return nil, errors.New("only one statement is answered at a time: take away what stands behind the first semicolon")
		}
		if rest == tail {
			break
		}
		tail = rest
	}
	return &statement{c: c, p: p, n: sqlite3.Xsqlite3_column_count(c.tls, p)}, nil
}

func (c *connection) compile(sql string) (p uintptr, tail string, err error) {
	z, err := libc.CString(sql)
	if err != nil {
		return 0, "", errors.New("not enough memory for the statement")
	}
	out := libc.Xcalloc(c.tls, 2, 8)
	c.why = ""
	rc := sqlite3.Xsqlite3_prepare_v2(c.tls, c.db, z, -1, out, out+8)
	p = load(out)
	end := load(out + 8)
	if rc != sqlite3.SQLITE_OK {
		if c.why != "" {
			return 0, "", errors.New(c.why)
		}
		return 0, "", c.fault(rc)
	}
	if end >= z && int(end-z) <= len(sql) {
		tail = sql[end-z:]
	}
	return p, tail, nil
}

func (c *connection) fault(rc int32) error {
	switch rc & 0xff {
	case sqlite3.SQLITE_NOMEM:
		return errors.New("the statement needs more memory than it may have: narrow it by WHERE, or ask for less")
	case sqlite3.SQLITE_TOOBIG:
		return errors.New("a value would be larger than it may be")
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return errors.New("the inventory is busy; try again")
	}
	return errors.New(oneLine(libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db))))
}

// oneLine makes a message that repeats part of the statement fit a line.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '\uFFFD'
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "…"
	}
	return s
}

func (s *statement) columns() []string {
	names := make([]string, 0, s.n)
	for i := range s.n {
		names = append(names, cString(sqlite3.Xsqlite3_column_name(s.c.tls, s.p, i)))
	}
	return names
}

func (s *statement) step() (bool, error) {
	switch rc := sqlite3.Xsqlite3_step(s.c.tls, s.p); rc {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		return false, s.c.fault(rc)
	}
}

func (s *statement) row(most int) []any {
	row := make([]any, s.n)
	for i := range s.n {
		switch sqlite3.Xsqlite3_column_type(s.c.tls, s.p, i) {
		case sqlite3.SQLITE_INTEGER:
			row[i] = int64(sqlite3.Xsqlite3_column_int64(s.c.tls, s.p, i))
		case sqlite3.SQLITE_FLOAT:
			row[i] = number(sqlite3.Xsqlite3_column_double(s.c.tls, s.p, i))
		case sqlite3.SQLITE_TEXT:
			row[i] = text(s.bytes(sqlite3.Xsqlite3_column_text(s.c.tls, s.p, i), i, most), false, most)
		case sqlite3.SQLITE_BLOB:
			row[i] = text(s.bytes(sqlite3.Xsqlite3_column_blob(s.c.tls, s.p, i), i, most), true, most)
		}
	}
	return row
}

// bytes copies a value, one byte more than the most that is shown.
func (s *statement) bytes(p uintptr, i int32, most int) []byte {
	n := int(sqlite3.Xsqlite3_column_bytes(s.c.tls, s.p, i))
	if p == 0 || n <= 0 {
		return nil
	}
	return libc.GoBytes(p, min(n, most+1))
}
