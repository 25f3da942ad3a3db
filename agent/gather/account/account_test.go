package account

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	list, err := parsePasswd(strings.NewReader("root:x:0:0:root:/root:/bin/bash\n\n#c:x:1:1:::\n+::::::\na:$6$hash:-1:0:::\nb::5:5:B,C:/b:\nshort:x:1:1\n" + strings.Repeat("z", 20_000) + ":x:7:7:::\nlast:*:6:6::/:/bin/sh"))
	if err != nil {
		t.Fatal(err)
	}
	want := []entry{
		{Name: "root", Full: "root", Home: "/root", Shell: "/bin/bash"},
		{Name: "b", UID: 5, GID: 5, Full: "B", Home: "/b", Password: empty},
		{Name: "last", UID: 6, GID: 6, Home: "/", Shell: "/bin/sh", Password: none},
	}
	if !reflect.DeepEqual(list, want) {
		t.Errorf("%+v", list)
	}
	groups, err := parseGroup(strings.NewReader("g:x:5:a, b,,\nempty:x:6:\nbad:x:y:\n"))
	if err != nil || !reflect.DeepEqual(groups, []group{{Name: "g", GID: 5, Members: []string{"a", "b"}}, {Name: "empty", GID: 6}}) {
		t.Errorf("%+v, %v", groups, err)
	}
}

// The hash of a password is never in anything that is handed on.
func TestNoHash(t *testing.T) {
	list, err := parseShadow(strings.NewReader("a:$y$j9T$SECRET$SECRET:19800:0:180:14::20000:\nb:!$6$SECRET:0:0:99999:7:::\nc:!:::::::\nd::1:0:0:::x:\n"))
	if err != nil || len(list) != 4 {
		t.Fatalf("%+v, %v", list, err)
	}
	if s := fmt.Sprintf("%+v", list); strings.Contains(s, "SECRET") || strings.Contains(s, "$") {
		t.Errorf("a hash got out: %s", s)
	}
	for i, want := range []mark{set, locked, locked, empty} {
		if list[i].Password != want {
			t.Errorf("%s: %d, want %d", list[i].Name, list[i].Password, want)
		}
	}
	if a := list[0]; a.EndsAt != day(19980) || a.Expires != day(20000) {
		t.Errorf("%+v", a)
	}
	if b := list[1]; !b.SetAt.IsZero() || !b.EndsAt.IsZero() {
		t.Errorf("%+v", b)
	}
}

func TestDefs(t *testing.T) {
	if x := parseDefs(strings.NewReader("#UID_MIN 5\nUID_MIN 500\nUID_MAX\tx\nGID_MIN 0x10\n")); x.UIDMin != 500 || x.UIDMax != 60_000 || x.GIDMin != 16 {
		t.Errorf("%+v", x)
	}
}

func TestLastLogin(t *testing.T) {
	b := make([]byte, 3*lastlogSize)
	binary.NativeEndian.PutUint32(b[2*lastlogSize:], 1717400000)
	r := bytes.NewReader(b)
	if got := lastLogin(r, 2); !got.Equal(time.Unix(1717400000, 0)) {
		t.Error(got)
	}
	for _, uid := range []int64{0, 3, 1 << 40, -1} {
		if got := lastLogin(r, uid); !got.IsZero() {
			t.Errorf("%d: %v", uid, got)
		}
	}
}

func FuzzPasswd(f *testing.F) {
	f.Add("root:x:0:0:root:/root:/bin/bash\n", "root:!x:1:0:99999:7:::\n", "root:x:0:a,b\n")
	f.Fuzz(func(t *testing.T, users, shadow, groups string) {
		list, err := parsePasswd(strings.NewReader(users))
		if err != nil {
			t.Error(err)
		}
		ages, err := parseShadow(strings.NewReader(shadow))
		if err != nil {
			t.Error(err)
		}
		all, err := parseGroup(strings.NewReader(groups))
		if err != nil {
			t.Error(err)
		}
		for _, e := range list {
			if e.Name == "" || e.UID < 0 {
				t.Errorf("%+v", e)
			}
			admins(e, all)
			_ = noLogin(e.Shell)
		}
		for _, a := range ages {
			if a.Name == "" {
				t.Errorf("%+v", a)
			}
		}
		parseDefs(strings.NewReader(users))
	})
}
