package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/internal/report"
	"muster/internal/settings"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "agent.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultStands(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
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
data: data-here
collectors: ["muster.example.org:8421", "[2001:db8::1]:8421"]
proxy: http://user:secret@proxy.example.org:3128
sample: 30s
sections:
  off: [user]
  every: {software: 6h}
series: {per_core: true}
spool: {size: 128MiB, age: 3d}
limits: {memory: 64MiB, cpu_percent: 20, reader_timeout: 1m}
pause: {battery_percent: 0, metered: false}
log: {level: debug, format: json}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Data:       "data-here",
		Collectors: []string{"muster.example.org:8421", "[2001:db8::1]:8421"},
		Proxy:      "http://user:secret@proxy.example.org:3128",
		Sample:     settings.Duration(30 * time.Second),
		Sections:   Sections{Off: []string{"user"}, Every: map[string]settings.Duration{"software": settings.Duration(6 * time.Hour)}},
		Series:     Series{PerCore: true},
		Spool:      Spool{Size: 128 << 20, Age: settings.Duration(72 * time.Hour)},
		Limits:     Limits{Memory: 64 << 20, CPU: 20, Reader: settings.Duration(time.Minute)},
		Log:        Log{Level: "debug", Format: "json"},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestWrongFiles(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no port":         {"collectors: [muster.example.org]\n", `:1:14: collectors[0] is "muster.example.org": host:port is expected`},
		"a URL":           {"collectors:\n  - https://m.example.org:1\n", `:2:5: collectors[0] is "https://m.example.org:1": host:port is expected`},
		"port too large":  {"collectors: [\"m:99999\"]\n", `a port from 1 to 65535 is expected`},
		"unknown section": {"sections:\n  off: [softwear]\n", `:2:9: sections.off[0] is "softwear": the name of a section is expected: `},
		"unknown cadence": {"sections:\n  every:\n    softwear: 1h\n", `:3:15: sections.every.softwear: the name of a section is expected: `},
		"too often":       {"sections:\n  every:\n    software: 1s\n", `:3:15: sections.every.software is "1s": expected 1m to 7d`},
		"sample too slow": {"sample: 2h\n", `:1:9: sample is "2h": expected 10s to 1h`},
		"no folder":       {"data: \"\"\n", `:1:7: data: a folder is expected`},
		"battery":         {"pause: {battery_percent: 200}\n", `pause.battery_percent`},
		"level":           {"log: {level: loud}\n", `:1:14: log.level is "loud": expected one of debug, info, warn, error`},
	} {
		t.Run(name, func(t *testing.T) {
			err := Check(write(t, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant …%s…", err, c.want)
			}
		})
	}
}

func TestProxy(t *testing.T) {
	for _, bad := range []string{"socks5://p:1", "proxy:3128", "http://", "http://u:topsecret@\x7f", "http://u:topsecret@p/path"} {
		c := Default()
		c.Proxy = Proxy(bad)
		err := c.Validate()
		if err == nil {
			t.Errorf("%q was accepted", bad)
		} else if strings.Contains(err.Error(), "topsecret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	request, err := http.NewRequest("GET", "https://muster.example.org:8421/", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := Default()
	c.Proxy = "none"
	if c.Proxy.For() != nil {
		t.Error("none has a proxy")
	}
	c.Proxy = "http://p.example.org:3128"
	if u, err := c.Proxy.For()(request); err != nil || u.Host != "p.example.org:3128" {
		t.Errorf("got %v, %v", u, err)
	}
	c.Proxy = "http://user:topsecret@p.example.org:3128"
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("settings", "proxy", c.Proxy, "all", c)
	inJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c.Proxy, c.Proxy), logged.String(), string(inJSON)} {
		if strings.Contains(text, "topsecret") || !strings.Contains(text, "p.example.org") {
			t.Errorf("printed as %s", text)
		}
	}
	c.Proxy = "environment"
	if c.Proxy.For() == nil {
		t.Error("the environment is not asked")
	}
}

func TestPolicyBendsWithinBounds(t *testing.T) {
	c := Default()
	c.Sections.Off = []string{"user"}
	c.Sections.Every = map[string]settings.Duration{"disk": settings.Duration(time.Hour), "os": settings.Duration(time.Hour)}
	got := c.Under(report.Policy{
		SampleSeconds: 1,
		Off:           []string{"software", "user", "../../etc"},
		Cadence:       map[string]int64{"disk": 1 << 60, "cpu": 1, "volume": -5, "nonsense": 60},
		PerCore:       true,
	})
	want := c
	want.Sample = settings.Duration(10 * time.Second)
	want.Series.PerCore = true
	want.Sections = Sections{
		Off: []string{"user", "software"},
		Every: map[string]settings.Duration{
			"disk": settings.Duration(7 * 24 * time.Hour),
			"cpu":  settings.Duration(time.Minute),
			"os":   settings.Duration(time.Hour),
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if err := got.Validate(); err != nil {
		t.Errorf("a policy led out of bounds: %v", err)
	}
	if len(c.Sections.Off) != 1 || len(c.Sections.Every) != 2 {
		t.Errorf("the caller's settings changed: %+v", c.Sections)
	}
	if same := Default().Under(report.Policy{}); same.Sample != Default().Sample {
		t.Errorf("an empty policy changed the sampling: %v", same.Sample)
	}
}

// A policy comes from the network: it must have no field that could carry a
// path, a command or a URL. Its texts are names of sections and the
// collector's own addresses, and nothing else may join them unseen.
func TestPolicyCarriesNoText(t *testing.T) {
	allowed := map[string]bool{"Off": true, "Cadence": true, "Addresses": true}
	policy := reflect.TypeFor[report.Policy]()
	for i := range policy.NumField() {
		f := policy.Field(i)
		if strings.Contains(f.Type.String(), "string") && !allowed[f.Name] {
			t.Errorf("report.Policy.%s carries text: a collector could use it to steer agents", f.Name)
		}
	}
}
