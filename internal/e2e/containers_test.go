//go:build linux

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/goccy/go-yaml"

	"muster/collector/store/influx/influxtest"
	"muster/collector/store/sqlstore/postgrestest"
)

const containers = "../../packaging/containers"

// composed is what these tests read of the compose file.
type composed struct {
	Services map[string]struct {
		Image       string            `yaml:"image"`
		User        string            `yaml:"user"`
		ReadOnly    bool              `yaml:"read_only"`
		Privileged  bool              `yaml:"privileged"`
		CapDrop     []string          `yaml:"cap_drop"`
		CapAdd      []string          `yaml:"cap_add"`
		SecurityOpt []string          `yaml:"security_opt"`
		NetworkMode string            `yaml:"network_mode"`
		MemLimit    string            `yaml:"mem_limit"`
		Entrypoint  []string          `yaml:"entrypoint"`
		Command     []string          `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		Ports       []string          `yaml:"ports"`
		Volumes     []string          `yaml:"volumes"`
		Secrets     []string          `yaml:"secrets"`
		Healthcheck struct {
			Test []string `yaml:"test"`
		} `yaml:"healthcheck"`
		DependsOn map[string]struct {
			Condition string `yaml:"condition"`
		} `yaml:"depends_on"`
	} `yaml:"services"`
	Volumes map[string]any `yaml:"volumes"`
	Secrets map[string]struct {
		File string `yaml:"file"`
	} `yaml:"secrets"`
}

func compose(t *testing.T) composed {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(containers, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var c composed
	if err := yaml.Unmarshal(b, &c); err != nil {
		t.Fatalf("compose.yaml: %v", err)
	}
	return c
}

// The containers have no more rights than they need, versions that do not
// change under people, and no secrets in what is in version control.
func TestContainersAreCareful(t *testing.T) {
	c := compose(t)
	for _, name := range []string{"muster", "postgres", "influxdb", "grafana"} {
		if _, ok := c.Services[name]; !ok {
			t.Errorf("there is no service %s", name)
		}
	}
	pinned := regexp.MustCompile(`^([a-z0-9.-]+/)+[a-z-]+:[0-9]+\.[0-9]+(\.[0-9]+)?(-[a-z0-9]+)?@sha256:[0-9a-f]{64}$`)
	for name, s := range c.Services {
		helper := name == "house" || name == "influxdb-folder"
		if name != "muster" && !pinned.MatchString(s.Image) {
			t.Errorf("%s: the image %s is of no exact version, or not pinned by digest", name, s.Image)
		}
		if !s.ReadOnly || s.Privileged || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.MemLimit == "" {
			t.Errorf("%s has rights that it does not need: %+v", name, s)
		}
		if name == "influxdb-folder" {
			if !slices.Equal(s.CapAdd, []string{"CHOWN"}) || s.NetworkMode != "none" {
				t.Errorf("%s may do more than give a folder away: %+v", name, s)
			}
		} else if s.User == "" || strings.HasPrefix(s.User, "0") || len(s.CapAdd) > 0 {
			t.Errorf("%s runs as %q with %v", name, s.User, s.CapAdd)
		}
		if !helper && len(s.Healthcheck.Test) < 2 {
			t.Errorf("%s: nothing tells whether it is well", name)
		}
		for key, value := range s.Environment {
			if regexp.MustCompile(`PASSWORD|TOKEN|SECRET|_KEY$`).MatchString(key) && !strings.HasPrefix(value, "/run/secrets/") {
				t.Errorf("%s: %s holds a secret", name, key)
			}
		}
		for _, secret := range s.Secrets {
			if c.Secrets[secret].File == "" {
				t.Errorf("%s: the secret %s comes from nowhere", name, secret)
			}
		}
		for other, how := range s.DependsOn {
			if _, ok := c.Services[other]; !ok {
				t.Errorf("%s waits for %s, which is not there", name, other)
			}
			if how.Condition == "service_healthy" && len(c.Services[other].Healthcheck.Test) == 0 {
				t.Errorf("%s waits until %s is well, which it never says", name, other)
			}
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if !strings.HasPrefix(from, ".") {
				if _, ok := c.Volumes[from]; !ok {
					t.Errorf("%s: volume %s is not there", name, from)
				}
				continue
			}
			if from == "./muster.yaml" { // made by prepare
				from = "./muster.example.yaml"
			}
			if _, err := os.Stat(filepath.Join(containers, from)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !strings.HasSuffix(v, ":ro") {
				t.Errorf("%s can write %s", name, from)
			}
		}
	}
	if n := c.Services["postgres"].NetworkMode; n != "none" {
		t.Errorf("PostgreSQL has the network %q", n)
	}
	for _, a := range []string{"INFLUXDB_HTTP_BIND_ADDRESS", "INFLUXDB_BIND_ADDRESS"} {
		if v := c.Services["influxdb"].Environment[a]; !strings.HasPrefix(v, "127.0.0.1:") {
			t.Errorf("InfluxDB, which asks nobody who he is, listens on %q", v)
		}
	}
	text, err := os.ReadFile(filepath.Join(containers, "Containerfile"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	goes := regexp.MustCompile(`(?m)^go ([0-9]+\.[0-9]+)`).FindSubmatch(mod)
	if !strings.Contains(string(text), "ARG GO="+string(goes[1])+".") {
		t.Errorf("the image is built by another Go than %s, which go.mod names", goes[1])
	}
	exact := regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)
	images := regexp.MustCompile(`(?m)^(?:ARG (?:GO|NODE)=|FROM )(\S+)`).FindAllSubmatch(text, -1)
	n := 0
	for _, m := range images {
		if strings.Contains(string(m[1]), "${") {
			continue // made of an ARG above
		}
		if n++; !exact.Match(m[1]) {
			t.Errorf("the image %s is not pinned by digest", m[1])
		}
	}
	if n != 3 {
		t.Errorf("%d images are named in the Containerfile, want those of Go, of Node and the one that is run", n)
	}
	if !regexp.MustCompile(`(?m)^USER [1-9]`).Match(text) {
		t.Error("the image runs as root")
	}
}

// What the containers run works outside of them: `prepare` makes secrets and
// settings; PostgreSQL takes the accounts, InfluxDB its environment, and the
// collector those very settings, but for where things lie here. That an engine
// of containers starts them so is not shown: there is none here.
func TestContainersOutside(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("prepare is run by root")
	}
	c := compose(t)
	dir := folder(t)
	if err := os.CopyFS(dir, os.DirFS(containers)); err != nil {
		t.Fatal(err)
	}
	prepare := func(args ...string) error {
		out, err := exec.Command("sh", append([]string{filepath.Join(dir, "prepare")}, args...)...).CombinedOutput()
		t.Logf("prepare %q: %s", args, out)
		return err
	}
	for _, wrong := range [][]string{nil, {"a b"}, {"--help"}, {"x|y"}} {
		if prepare(wrong...) == nil {
			t.Errorf("prepare took %q for a name", wrong)
		}
	}
	if err := prepare("muster.example.org"); err != nil {
		t.Fatal(err)
	}
	first := map[string]string{}
	owner := map[string]uint32{"muster": 65532, "postgres": 999, "grafana": 472}
	for name, s := range c.Services {
		for _, secret := range s.Secrets {
			path := filepath.Join(dir, c.Secrets[secret].File)
			b, err := os.ReadFile(path)
			if err != nil || len(b) < 32 {
				t.Fatalf("secret %s of %s: %d bytes, %v", secret, name, len(b), err)
			}
			first[secret] = string(b)
			fi, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if fi.Mode().Perm() != 0o400 || fi.Sys().(*syscall.Stat_t).Uid != owner[name] {
				t.Errorf("secret %s of %s has mode %v and owner %d", secret, name, fi.Mode(), fi.Sys().(*syscall.Stat_t).Uid)
			}
		}
	}
	for _, role := range []string{"muster", "reader", "personal"} {
		if first[role+"_password"] != first["postgres_"+role+"_password"] {
			t.Errorf("collector and database have other passwords of %s", role)
		}
	}
	if first["muster_password"] == first["reader_password"] || first["postgres_password"] == first["grafana_password"] {
		t.Error("two passwords are one")
	}
	if err := prepare("other.example.org"); err != nil {
		t.Fatal(err)
	}
	for secret, text := range first {
		if b, _ := os.ReadFile(filepath.Join(dir, c.Secrets[secret].File)); string(b) != text {
			t.Errorf("a second time changed the secret %s", secret)
		}
	}

	server, err := postgrestest.Start(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	here := func(name string, change ...string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(change); i += 2 {
			if !strings.Contains(string(b), change[i]) {
				t.Fatalf("%s does not say %s", name, change[i])
			}
		}
		return strings.NewReplacer(change...).Replace(string(b))
	}
	// Read by the server's own account, from a place that it may look into.
	secrets := filepath.Join(server.Dir, "secrets")
	if err := errors.Join(os.Mkdir(secrets, 0o755), os.Chmod(secrets, 0o755)); err != nil {
		t.Fatal(err)
	}
	for secret, text := range first {
		if strings.HasPrefix(secret, "postgres_") {
			path := filepath.Join(secrets, secret)
			if err := errors.Join(os.WriteFile(path, []byte(text), 0o644), os.Chmod(path, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	script := filepath.Join(server.Dir, "accounts.sql")
	if err := os.WriteFile(script, []byte(here("postgres.sql", "/run/secrets", secrets)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(script, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := server.Run("psql", "postgres", "-v", "ON_ERROR_STOP=1", "-f", script); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := server.SQL("postgres", "SELECT count(*) FROM pg_authid WHERE rolname LIKE 'muster%' AND rolpassword LIKE 'SCRAM-SHA-256$%' AND NOT rolsuper"); err != nil || strings.TrimSpace(out) != "3" {
		t.Errorf("accounts with passwords: %s, %v", out, err)
	}

	influx := freePort(t)
	var env []string
	for key, value := range c.Services["influxdb"].Environment {
		value = strings.NewReplacer("/var/lib/influxdb", filepath.Join(dir, "influxdb"), "127.0.0.1:8086", influx, "127.0.0.1:8088", freePort(t)).Replace(value)
		env = append(env, key+"="+value)
	}
	launch(t, env, influxtest.Binary(t))

	o := newOffice(t, "")
	settings := here("muster.yaml", "0.0.0.0:8420", o.web, "/run/secrets", filepath.Join(dir, "secrets"), "/run/postgresql", server.Dir, "http://127.0.0.1:8086", "http://"+influx, ":1162", freePort(t))
	if !strings.Contains(settings, "https://muster.example.org:8420") {
		t.Errorf("a second time changed the settings:\n%s", settings)
	}
	// Data and the agents' door are of the container's image.
	settings = fmt.Sprintf("data: %s\n%s", o.data, strings.Replace(settings, "agents:\n", fmt.Sprintf("agents:\n  address: %q\n", o.agents), 1))
	if err := os.WriteFile(o.config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program(t, "muster"), "config", "check", o.config).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	o.start()
	if out, err := server.SQL("muster", "SELECT count(*) > 10 FROM information_schema.tables WHERE table_schema = 'inventory'"); err != nil || strings.TrimSpace(out) != "t" {
		t.Errorf("the collector has made no tables in the database: %s, %v", out, err)
	}
	if out := o.must("enroll", "new"); !strings.Contains(out, "muster1:") {
		t.Errorf("no enrolment string: %s", out)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM([]byte(first["web_certificate"])) {
		t.Fatal("the certificate is none")
	}
	pages := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: "muster.example.org"}}}
	defer pages.CloseIdleConnections()
	rs, err := pages.Get("https://" + o.web + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	if body, err := io.ReadAll(rs.Body); err != nil || rs.StatusCode != http.StatusOK {
		t.Errorf("the collector is not ready: %s %s %v", rs.Status, body, err)
	}
}
