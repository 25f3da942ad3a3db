package layers

// Guard says where one import from outside the house may stand. The longest
// Import that an import path begins with decides. Every import of another
// module needs a line, so that a new dependency is a decision with a reason;
// of the standard library only what is named here is bound.
type Guard struct {
	Import string
	Only   []string // folders, with /* or /... for several; none forbids it everywhere
	Tests  bool     // any _test.go file may use it too
	Why    string
}

// Guards lists them.
func Guards() []Guard {
	everywhere := []string{"..."}
	return []Guard{
		// Libraries that one folder wraps, so that they can be replaced.
		{Import: "github.com/gosnmp/gosnmp", Only: []string{"collector/snmp/session"},
			Why: "all packets of SNMP, asked and unasked; not its loop, its sockets and its trap listener"},
		{Import: "github.com/kardianos/service", Only: []string{"internal/service"}, Tests: true,
			Why: "it chooses the service manager in init; wrapped once"},
		{Import: "github.com/shirou/gopsutil/v3/cpu", Only: gatherers(), Why: "cpu.Times only"},
		{Import: "github.com/shirou/gopsutil/v3/mem", Only: gatherers(), Why: "memory and swap"},
		{Import: "github.com/shirou/gopsutil/v3/disk", Only: gatherers(), Why: "usage and counters"},
		{Import: "github.com/shirou/gopsutil/v3/net", Only: gatherers(), Why: "counters"},
		{Import: "github.com/shirou/gopsutil/v3/host", Only: gatherers(), Why: "BootTime only; HostID is no identity"},
		{Import: "github.com/shirou/gopsutil", Why: "the other packages start WMI queries, leak, or read files themselves"},
		{Import: "github.com/influxdata/influxdb-client-go", Only: []string{"collector/store/influx"}, Tests: true, Why: "one store's own business"},
		{Import: "modernc.org/sqlite", Only: []string{"collector/store/sqlstore", "collector/query"}, Tests: true, Why: "one database handle each: the store's, and the read-only one of people's SQL"},
		{Import: "modernc.org/libc", Only: []string{"collector/query"}, Tests: true, Why: "the C interface of SQLite, which alone has an authorizer"},
		{Import: "github.com/jackc/pgx", Only: []string{"collector/store/sqlstore", "collector/query"}, Tests: true, Why: "as SQLite"},
		{Import: "database/sql", Only: []string{"collector/store/sqlstore", "collector/query"}, Tests: true, Why: "SQL stays in the stores: whoever else writes some, writes an injection"},
		{Import: "github.com/prometheus/prometheus", Only: []string{"collector/store/tsdb"}, Why: "one store's own business, and the largest dependency"},
		{Import: "github.com/prometheus/common", Only: []string{"collector/store/tsdb"}, Tests: true, Why: "comes with the TSDB; in tests it reads /metrics as scrapers do"},
		{Import: "github.com/prometheus/client_model", Tests: true, Why: "what the reader of /metrics in tests answers"},
		{Import: "github.com/prometheus/client_golang", Only: []string{"collector/store/tsdb"}, Why: "comes with the TSDB; /metrics is written by collector/exposition from what the parts count anyway"},
		{Import: "github.com/danielgtaylor/huma", Only: []string{"collector/api"}, Why: "the operations table registers with it; agent routes do not"},
		{Import: "github.com/spf13/cobra", Only: commandLines(), Why: "command lines only"},
		{Import: "github.com/spf13/pflag", Only: commandLines(), Why: "command lines only"},
		{Import: "github.com/goccy/go-yaml", Only: []string{"internal/e2e", "internal/settings", "collector/health", "collector/health/...", "collector/snmp/profile", "agent/simulate"}, Why: "settings, rules, profiles and scenarios are the YAML of this house"},
		{Import: "cel.dev/cel-go", Only: []string{"collector/health", "collector/health/..."}, Why: "conditions of rules"},
		{Import: "github.com/fxamacker/cbor", Only: []string{"internal/report", "internal/enroll", "agent/spool", "collector/outbox", "collector/store/sqlstore"}, Tests: true, Why: "the wire, and what is kept as it came"},
		{Import: "github.com/x448/float16", Only: []string{"internal/report"}, Why: "the shortest float that holds a value, as the CBOR library does it"},
		{Import: "github.com/klauspost/compress/zstd", Only: []string{"internal/report", "internal/segment", "collector/receive", "agent/send", "agent/watch/journal", "agent/watch/journal/journaltest", "agent/gather/patch", "collector/store/sqlstore", "collector/backup"}, Tests: true, Why: "frames on the wire, on disk and in large columns, each with its own cap on the decoded size"},
		{Import: "filippo.io/age", Only: []string{"collector/backup"}, Tests: true, Why: "the key file goes along with a backup encrypted to a recipient; a form that other programs read"},
		{Import: "github.com/coreos/go-oidc", Only: []string{"collector/account"}, Why: "log in through another house"},
		{Import: "github.com/wneessen/go-mail", Only: []string{"collector/notify/..."}, Why: "a channel"},
		{Import: "github.com/prometheus-community/pro-bing", Only: []string{"collector/snmp/...", "agent/gather/*"}, Why: "ping"},
		{Import: "golang.org/x/net/icmp", Only: []string{"collector/snmp/ping"}, Tests: true, Why: "echoes over one socket for thousands of targets; pro-bing has one socket and two goroutines for each"},
		{Import: "golang.org/x/net/ipv4", Only: []string{"collector/snmp/ping"}, Tests: true, Why: "types of ICMP"},
		{Import: "golang.org/x/net/ipv6", Only: []string{"collector/snmp/ping"}, Tests: true, Why: "types of ICMPv6"},
		{Import: "github.com/go-ole/go-ole", Only: []string{"agent/gather/com", "agent/gather/wmi", "agent/gather/wua"}, Why: "COM, for the few facts that only WMI and the Windows Update Agent tell, in processes of their own; comes with gopsutil"},
		{Import: "howett.net/plist", Only: []string{"agent/gather/*", "agent/host"}, Tests: true, Why: "property lists of macOS"},
		{Import: "github.com/ebitengine/purego", Only: []string{"agent/gather/*", "agent/host"}, Why: "frameworks of macOS without cgo"},
		{Import: "golang.org/x/sys", Only: everywhere, Why: "each folder has its own files per system"},
		{Import: "golang.org/x/crypto", Only: []string{"collector/account"}, Why: "argon2id; everything else is the standard library's"},
		{Import: "golang.org/x/sync", Only: everywhere, Why: "errgroup and singleflight"},
		{Import: "github.com/go-jose/go-jose", Only: []string{"collector/account/providertest"}, Tests: true, Why: "signs what a provider of tests says; comes with go-oidc"},
		{Import: "golang.org/x/oauth2", Only: []string{"collector/account"}, Why: "the code flow of signing in through another house; comes with go-oidc"},
		{Import: "github.com/pquerna/otp", Only: []string{"collector/account"}, Tests: true, Why: "codes of phones (RFC 6238)"},
		{Import: "github.com/boombuler/barcode/qr", Only: []string{"collector/web"}, Why: "the squares of a QR code, which pages draw; comes with otp"},
		{Import: "golang.org/x/net/html", Only: []string{"collector/web"}, Tests: true, Why: "pages are read as browsers do"},
		{Import: "golang.org/x/text", Only: []string{"collector/web/texts"}, Why: "tags of languages, which fits what a browser asks for, and the plural forms of CLDR; the catalogue's own form is JSON, since gotext passes over broken lines of .po files in silence"},
		{Import: "golang.org/x/tools/go/packages", Only: []string{"collector/web"}, Tests: true, Why: "the catalogue of texts is found by their type"},
		{Import: "golang.org/x/time/rate", Only: []string{"collector/receive", "collector/api", "collector/account"}, Why: "rate limits"},

		// Only for tests.
		{Import: "github.com/rogpeppe/go-internal/txtar", Only: []string{"agent/gather/recorded"}, Tests: true, Why: "the form of recordings"},
		{Import: "github.com/rogpeppe/go-internal", Tests: true, Why: "testscript drives command lines in tests"},
		{Import: "github.com/Shopify/toxiproxy", Tests: true, Only: []string{"internal/e2e", "internal/e2e/*"}, Why: "broken networks, in tests"},
		{Import: "github.com/chromedp", Only: []string{"internal/e2e/pages"}, Tests: true, Why: "a browser, in tests and for pictures"},

		// The standard library: what would break a promise of this house.
		{Import: "os/exec", Only: []string{"agent/host", "agent/host/...", "agent", "collector/query", "collector/notify/mail/mailtest", "collector/store/influx/influxtest", "collector/store/sqlstore/postgrestest", "internal/e2e", "internal/e2e/*"}, Tests: true,
			Why: "processes are started in few places that bound them: agent/host from its table of fixed commands, agent for its own readers, collector/query for its worker"},
		{Import: "plugin", Why: "nothing is loaded at run time"},
		{Import: "encoding/gob", Why: "it decodes into types the sender names; use report's CBOR"},
		{Import: "net/rpc", Why: "it speaks gob"},
		{Import: "net/http/pprof", Only: []string{"collector"}, Why: "on the local socket only; its init opens profiles on the default mux too, which nobody may serve"},
		{Import: "expvar", Why: "its init opens variables on the default mux"},
		{Import: "log/slog", Only: everywhere, Why: "handed in as *slog.Logger"},
		{Import: "log/syslog", Only: []string{"collector/notify/..."}, Why: "a channel"},
		{Import: "log", Only: []string{"collector/receive", "collector", "collector/api"}, Why: "only to give http.Server an ErrorLog that ends in slog"},
		{Import: "math/rand/v2", Only: everywhere, Why: "jitter and made-up data"},
		{Import: "math/rand", Why: "use math/rand/v2 for jitter and crypto/rand for secrets"},
		{Import: "io/ioutil", Why: "replaced by io and os since Go 1.16"},
		{Import: "text/template/parse", Only: []string{"collector/web/texts", "collector/notify/..."}, Why: "texts are found in the trees of parsed templates; it executes nothing"},
		{Import: "text/template", Only: []string{"collector/notify/..."}, Why: "it does not escape; pages use html/template"},
		{Import: "unsafe", Only: []string{"agent/host", "agent/host/...", "agent/gather/*", "agent", "collector/query", "internal/private", "internal/segment", "internal/service"}, Why: "only where a system call asks for it"},
		{Import: "C", Why: "both programs are built without cgo"},
	}
}

// gatherers is where the machine is read.
func gatherers() []string { return []string{"agent/gather/*", "agent/host"} }

// commandLines is where flags are read.
func commandLines() []string {
	return []string{"collector/cli", "collector/cmd/muster", "agent/cmd/*"}
}

// BannedNames are folder names that say nothing about what is inside.
func BannedNames() []string {
	return []string{
		"util", "utils", "common", "helper", "helpers", "types",
		"model", "models", "manager", "misc", "shared", "lib", "base",
	}
}

// TopLevel is all that may lie in the root beside files that begin with a dot.
// bin is what `make build` puts down.
func TopLevel() []string {
	return []string{
		"agent", "bin", "collector", "docs", "internal", "packaging",
		"go.mod", "go.sum", "Makefile", "README.md",
	}
}

// SystemPaths look like those of one machine but are the same on every machine
// of their kind.
func SystemPaths() []string {
	return []string{
		"/root/anaconda-ks.cfg", // what the installer of Fedora and its kin leaves
	}
}

// MaxLines is how long a Go file may be before nobody reads it to the end.
const MaxLines = 700
