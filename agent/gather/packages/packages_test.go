package packages

import (
	"maps"
	"strings"
	"testing"

	"muster/agent/gather/recorded"
)

const status = `Package: redis-server
Status: install ok installed
Architecture: amd64
Version: 5:7.0.15-1~deb12u1
Description: x
 Version: 9

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: other
Status: install ok installed
Version: 2
`

func TestVersions(t *testing.T) {
	h := recorded.Unpack(t, []byte("-- /var/lib/dpkg/status --\n"+status+"-- /usr/bin/rpm --\n-- run rpm --\nmysql-server\t0\t8.0.36\t1.el9\tx86_64\tv\t1\t1\ts\nshort\t1\n"))
	got := map[string]string{"redis-server": "", "gone": "", "absent": "", "mysql-server": "", "short": ""}
	if err := Debian(h, got); err != nil {
		t.Fatal(err)
	}
	if err := RPM(t.Context(), h, got); err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"redis-server": "5:7.0.15-1~deb12u1", "gone": "", "absent": "", "mysql-server": "8.0.36", "short": ""}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestUpstream(t *testing.T) {
	for in, want := range map[string]string{
		"5:7.0.15-1~deb12u1": "7.0.15", "15.18-0+deb12u1": "15.18", "8.0.36": "8.0.36", "1:10.11.6-0+deb12u1": "10.11.6",
		"16.0.4125.3-2": "16.0.4125.3", "3.0.11.33703.ds4-2": "3.0.11.33703.ds4", "": "", "a:b-": "a:b", "1.2~rc1": "1.2",
	} {
		if got := Upstream(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(status)
	f.Fuzz(func(t *testing.T, text string) {
		versions := map[string]string{"redis-server": ""}
		if err := parse(strings.NewReader(text), versions); err != nil || len(versions) != 1 || len(versions["redis-server"]) > 200 {
			t.Errorf("%v %v", versions, err)
		}
		Upstream(text)
	})
}
