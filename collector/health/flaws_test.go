package health

import (
	"strings"
	"testing"
	"time"
)

func TestReadFlaws(t *testing.T) {
	f, err := ReadFlaws(strings.NewReader(`{"title": "x", "count": 2, "vulnerabilities": [
		{"cveID": "CVE-2024-1", "dueDate": "2024-03-01", "notes": "n"}, {"cveID": "CVE-2024-2", "dueDate": "soon"}, {"cveID": "x", "dueDate": "2024-03-01"}]}`))
	if err != nil || len(f) != 1 || !f["CVE-2024-1"].Equal(time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%v, %v", f, err)
	}
	for _, bad := range []string{"", "[]", "{}", `{"vulnerabilities": 7}`, `{"vulnerabilities": [{"id": 1}]}`, "<html>"} {
		if f, err := ReadFlaws(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), "known_exploited_vulnerabilities.json") {
			t.Errorf("%q: %v, %v", bad, f, err)
		}
	}
}

func FuzzReadFlaws(f *testing.F) {
	f.Add(`{"vulnerabilities": [{"cveID": "CVE-2024-1", "dueDate": "2024-03-01"}]}`)
	f.Add(`{"vulnerabilities": [{"cveID": "CVE-", "dueDate": "9999-12-31"}, {}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadFlaws(strings.NewReader(text))
		if (err == nil) != (len(got) > 0) {
			t.Errorf("%v, %v", got, err)
		}
		for id, due := range got {
			if !strings.HasPrefix(id, "CVE-") || due.IsZero() {
				t.Errorf("%q %s", id, due)
			}
		}
	})
}
