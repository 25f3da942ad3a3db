package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/internal/settings"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "muster.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultStands(t *testing.T) {
	c, err := Load("")
	if err != nil || !reflect.DeepEqual(c, Default()) {
		t.Errorf("no file: %+v, %v", c, err)
	}
	seen := map[string]bool{}
	for _, goos := range []string{"linux", "windows", "darwin"} {
		if seen[dataFolder(goos)] {
			t.Errorf("%s shares its folder with another system", goos)
		}
		seen[dataFolder(goos)] = true
	}
}

func TestLoadReadsAll(t *testing.T) {
	c, err := Load(write(t, `
data: here
web:
  address: 0.0.0.0:443
  certificate: web.crt
  key: web.key
  url: https://muster.example.org
  admin_second_factor: true
  oidc: {issuer: "https://login.example.org", name: The office, client_id: muster, secret_file: oidc.secret, ca_file: oidc-ca.pem, name_claim: email, groups_claim: roles, scopes: [openid, groups], create: true, admins: [it-admins], staff: [it-staff], interns: [it-interns], places: {parks-it: "Parks, Health/Clinic"}}
  trusted_proxies: [10.1.2.3/8]
agents:
  address: 127.0.0.1:9000
  public: [muster.example.org:8421, "[2001:db8::1]:8421"]
  interval: 30s
  large_interval: 10m
  large_fleet: 500
limits:
  body: 2MiB
  decoded: 16MiB
  in_flight: 128MiB
  handshakes_per_second: 10
  connections: 1000
  enroll_per_second: 5
  reports_per_minute: 6
  logins_per_minute: 3
  free_disk: 1GiB
outbox: {size: 1GiB, keep: 2h}
stores: {inventory: sqlite, series: tsdb}
postgres: {host: db.example.org, port: 5433, database: fleet, user: collector, password_file: db.password, tls: verify-ca, ca_file: db-ca.pem, connections: 4, reader: asks, reader_password_file: r, personal_reader: asks_all, personal_reader_password_file: p}
influx: {url: "https://influx.example.org:8086", database: numbers, organization: state, user: muster, secret_file: influx.password, ca_file: ca.pem, compress: false}
retention: {rows: 2y, events: 90d, audit: 0, series: 1w, series_raw: 20d}
dead_man: {url: "https://example.org/ping/1", interval: 30s}
log: {level: warn, format: json}
`))
	if err != nil {
		t.Fatal(err)
	}
	d := func(x time.Duration) settings.Duration { return settings.Duration(x) }
	want := Config{
		Data: "here",
		Web: Web{"0.0.0.0:443", "web.crt", "web.key", "https://muster.example.org", true, OIDC{"https://login.example.org", "The office", "muster", "oidc.secret", "oidc-ca.pem", "email", "roles", []string{"openid", "groups"}, true,
			[]string{"it-admins"}, []string{"it-staff"}, []string{"it-interns"}, map[string]string{"parks-it": "Parks, Health/Clinic"}}, []string{"10.1.2.3/8"}},
		Agents:   Agents{"127.0.0.1:9000", []string{"muster.example.org:8421", "[2001:db8::1]:8421"}, d(30 * time.Second), d(10 * time.Minute), 500},
		Limits:   Limits{2 << 20, 16 << 20, 128 << 20, 10, 1000, 5, 6, 3, 1 << 30},
		Outbox:   Outbox{1 << 30, d(2 * time.Hour)},
		Stores:   Stores{"sqlite", "tsdb"},
		Postgres: Postgres{"db.example.org", 5433, "fleet", "collector", "db.password", "verify-ca", "db-ca.pem", 4, "asks", "r", "asks_all", "p"},
		Influx:   Influx{"https://influx.example.org:8086", "numbers", "state", "muster", "influx.password", "ca.pem", false},
		Retention: Retention{
			Rows: d(730 * day), Events: d(90 * day), Audit: 0, Series: d(7 * day), Raw: d(20 * day),
		},
		DeadMan: DeadMan{"https://example.org/ping/1", d(30 * time.Second)},
		Log:     Log{"warn", "json"},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if got := c.Web.Trusted(); len(got) != 1 || got[0].String() != "10.0.0.0/8" {
		t.Errorf("trusted proxies: %v", got)
	}
}

// Passwords must not cross a network in the clear, whatever way the address is
// written.
func TestPlainHTTPOnLoopbackOnly(t *testing.T) {
	for address, fine := range map[string]bool{
		"127.0.0.1:8420": true, "127.8.9.1:80": true, "[::1]:8420": true, "localhost:8420": true, "[::ffff:127.0.0.1]:1": true,
		":8420": false, "0.0.0.0:8420": false, "[::]:8420": false, "192.0.2.1:8420": false, "muster.example.org:8420": false,
		"localhost.example.org:1": false, "[::ffff:192.0.2.1]:1": false,
	} {
		c := Default()
		c.Web.Address = address // as --web would
		err := c.Validate()
		if fine != (err == nil) {
			t.Errorf("%s: %v", address, err)
		}
		if err != nil && !strings.Contains(err.Error(), "set web.certificate and web.key") {
			t.Errorf("%s: does not say what to do: %v", address, err)
		}
		c.Web.Certificate, c.Web.Key = "a", "b"
		if err := c.Validate(); err != nil {
			t.Errorf("%s with TLS: %v", address, err)
		}
	}
}

func TestWrongFiles(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"web without port":   {"web:\n  address: 127.0.0.1\n", `:2:12: web.address is "127.0.0.1": host:port is expected`},
		"agents' port":       {"agents:\n  address: \":70000\"\n", `:2:12: agents.address is ":70000": host:port is expected`},
		"certificate alone":  {"web:\n  certificate: a.pem\n", `:2:16: web.certificate is "a.pem": web.certificate and web.key go together`},
		"key alone":          {"web:\n  key: a.pem\n", `: web.certificate: web.certificate and web.key go together`},
		"public URL":         {"web:\n  url: muster.example.org\n", `:2:8: web.url is "muster.example.org": an address such as`},
		"proxy, no network":  {"web:\n  trusted_proxies:\n    - 10.0.0.1\n", `:3:7: web.trusted_proxies[0] is "10.0.0.1": a network such as`},
		"public, no port":    {"agents:\n  public: [muster]\n", `:2:12: agents.public[0] is "muster": host:port is expected`},
		"public, no host":    {"agents:\n  public: [\":8421\"]\n", `agents.public[0] is ":8421": host:port is expected`},
		"slower when small":  {"agents:\n  interval: 10m\n", `agents.large_interval is "5m": at least agents.interval (10m) is expected`},
		"decoded below body": {"limits:\n  decoded: 512KiB\n", `:2:12: limits.decoded is "512KiB": at least limits.body (1MiB)`},
		"in flight too low":  {"limits:\n  in_flight: 2MiB\n", `:2:14: limits.in_flight is "2MiB": at least limits.decoded (8MiB)`},
		"kept too short":     {"retention:\n  rows: 3h\n", `:2:9: retention.rows is "3h": 1d or more is expected, or 0 for ever`},
		"unknown engine":     {"stores:\n  series: graphite\n", `:2:11: stores.series is "graphite": expected one of tsdb`},
		"influx, no address": {"stores: {series: influx}\n", `influx.url: the address of the server is expected, because stores.series is influx`},
		"influx, a path":     {"influx: {url: 'https://u:p@h/x'}\n", `influx.url: an address such as`},
		"influx in clear":    {"influx: {url: 'http://192.0.2.1:8086', secret_file: t}\n", `influx.url is "http://192.0.2.1:8086": the secret would cross`},
		"influx, no secret":  {"influx: {user: muster}\n", `influx.user is "muster": its password is expected in a file`},
		"raw too short":      {"retention: {series_raw: 9d}\n", `retention.series_raw is "9d": 10d or more is expected`},
		"dead man":           {"dead_man: {url: 'example.org/ping'}\n", `dead_man.url`},
		"unknown key":        {"webb: {}\n", `:1:1: "webb": no such setting (did you mean "web"?); known: data, web, agents, limits, outbox, stores, postgres, influx, retention, health, snmp, outgoing, dead_man, log`},
		"traps, no port":     {"snmp:\n  traps: 192.0.2.1\n", `:2:10: snmp.traps is "192.0.2.1": host:port is expected`},
		"no folder":          {"data: \"\"\n", `:1:7: data: a folder is expected`},
	} {
		t.Run(name, func(t *testing.T) {
			err := Check(write(t, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant …%s…", err, c.want)
			}
		})
	}
}
