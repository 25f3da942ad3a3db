package antivirus

import (
	"path"
	"strings"
	"testing"

	"muster/internal/inventory"
)

// The table is data that nobody compiles: a product must have what tells it
// from others, and kinds are those of the catalogue.
func TestProducts(t *testing.T) {
	s, _ := inventory.Lookup("antivirus")
	kind, _ := s.Column("kind")
	seen := map[string]bool{}
	for _, p := range products() {
		if seen[p.Name] || p.Name == "" || p.Vendor == "" {
			t.Errorf("%q is there twice, or without name or vendor", p.Name)
		}
		seen[p.Name] = true
		if !strings.Contains("|"+strings.Join(kind.Enum, "|")+"|", "|"+p.Kind+"|") {
			t.Errorf("%s: kind %q", p.Name, p.Kind)
		}
		if len(p.Places) == 0 || len(p.Programs) == 0 || len(p.Units) == 0 {
			t.Errorf("%s cannot be recognised or seen to run", p.Name)
		}
		for _, f := range append(append(p.Places, p.Signatures...), p.Managed...) {
			if !path.IsAbs(f) || path.Clean(f) != f {
				t.Errorf("%s: %s is no absolute path", p.Name, f)
			}
		}
		for _, u := range p.Units {
			if !strings.HasSuffix(u, ".service") {
				t.Errorf("%s: %s is no unit", p.Name, u)
			}
		}
	}
}

func TestCleanVersion(t *testing.T) {
	for in, want := range map[string]string{" v4.1 ": "4.1", "1:2.3~rc1-4": "1:2.3~rc1-4", "secret": "", "": "", "1 2": "", strings.Repeat("1", 70): ""} {
		if got := cleanVersion(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzFacts(f *testing.F) {
	f.Add([]byte("ClamAV-VDB:03 Jun 2024 08-30 +0000:27295:2062398:90:a:b:builder:1717403400"))
	f.Add([]byte(`{"version":"4.9.0","antivirusEngine":{"enforcementLevel":"passive"}}`))
	f.Add([]byte("[x]\nPRODUCT_VERSION = 1.2\n\nPackage: a\nStatus: install ok installed\nVersion: 1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, ok := parseCVD(b); !ok && c.Version != "" {
			t.Errorf("%+v", c)
		}
		enforcement(b)
		for _, v := range []string{parseJSON(b, "version"), parseINI(strings.NewReader(string(b)), "PRODUCT_VERSION"), inName(string(b), "elastic-agent-")} {
			if len(v) > 64 || strings.ContainsAny(v, " \n") {
				t.Errorf("%q", v)
			}
		}
	})
}
