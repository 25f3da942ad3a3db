package database

import (
	"strings"
	"testing"
)

func FuzzFindPort(f *testing.F) {
	f.Add("[mysqld]\nport = 3306\n", "mysqld", "port")
	f.Add("http.port: 9200", "", "http.port")
	f.Fuzz(func(t *testing.T, text, section, key string) {
		if n, said := findPort(strings.NewReader(text), section, key); n < 0 || n >= 1<<16 || !said && n != 0 {
			t.Errorf("%d %v", n, said)
		}
	})
}

func FuzzOratab(f *testing.F) {
	f.Add("ORCL:/u01/19.0.0/x:Y\n")
	f.Fuzz(func(t *testing.T, text string) {
		list := parseOratab(strings.NewReader(text))
		if len(list) > maxInstances {
			t.Errorf("%d instances", len(list))
		}
		for _, i := range list {
			if i.SID == "" || strings.Trim(inPath(i.Home), "0123456789.") != "" {
				t.Errorf("%+v", i)
			}
		}
	})
}
