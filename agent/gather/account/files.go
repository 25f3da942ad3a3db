package account

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxAccounts bounds users and groups each; files beyond are not local any
// more but exports of a directory.
const maxAccounts = 10_000

// entry is one line of passwd(5).
type entry struct {
	Name, Full, Home, Shell string
	UID, GID                int64
	Password                mark // as far as it stands here and not in shadow
}

// mark is what the password field says without its hash.
type mark byte

const (
	unknown mark = iota // stands elsewhere, or could not be read
	empty               // no password is asked for
	locked              // begins with an exclamation mark: passwd -l
	none                // a star or the like: no password fits
	set
)

// markOf looks at the first bytes of a password field.
func markOf(field []byte) mark {
	switch {
	case len(field) == 0:
		return empty
	case field[0] == '!':
		return locked
	case field[0] == '*', bytes.Equal(field, []byte("x")):
		return none
	}
	return set
}

// eachEntry calls f with the fields of every line of a colon-separated file.
// The slices are valid until the next call.
func eachEntry(r io.Reader, fields int, f func(w [][]byte)) error {
	b := bufio.NewReaderSize(r, 8<<10)
	w := make([][]byte, 0, 10)
	long := false
	for lines := 0; lines < maxAccounts*2; {
		line, err := b.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			// A group with thousands of members: its members are not read, and it
			// is not cut into a line that looks like another group.
			long = true
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if !long && len(line) > 0 && line[0] != '#' && line[0] != '+' && line[0] != '-' { // + and - are of NIS
			w = w[:0]
			rest, more := line, true
			for more && len(w) < 10 {
				var one []byte
				one, rest, more = bytes.Cut(rest, []byte(":"))
				w = append(w, one)
			}
			if len(w) >= fields && len(w[0]) > 0 {
				f(w)
			}
			lines++
		}
		long = false
		if err != nil {
			return nil
		}
	}
	return nil
}

// parsePasswd reads name:password:uid:gid:gecos:home:shell.
func parsePasswd(r io.Reader) ([]entry, error) {
	var list []entry
	err := eachEntry(r, 7, func(w [][]byte) {
		uid, bad := strconv.ParseInt(string(w[2]), 10, 64)
		gid, bad2 := strconv.ParseInt(string(w[3]), 10, 64)
		if bad != nil || bad2 != nil || uid < 0 || gid < 0 || len(list) >= maxAccounts {
			return
		}
		e := entry{Name: string(w[0]), UID: uid, GID: gid, Home: string(w[5]), Shell: string(w[6])}
		full, _, _ := bytes.Cut(w[4], []byte(",")) // room and telephone numbers follow
		e.Full = string(full)
		if !bytes.Equal(w[1], []byte("x")) {
			e.Password = markOf(w[1])
		}
		list = append(list, e)
	})
	return list, err
}

// aging is what shadow(5) says apart from the hash.
type aging struct {
	Name     string
	Password mark
	SetAt    time.Time // when the password was last set
	EndsAt   time.Time // when it has to be changed
	Expires  time.Time // when the account ends
}

// parseShadow reads name:hash:last:min:max:warn:inactive:expire:reserved, days
// since 1970.
func parseShadow(r io.Reader) ([]aging, error) {
	var list []aging
	err := eachEntry(r, 8, func(w [][]byte) {
		if len(list) >= maxAccounts {
			return
		}
		a := aging{Name: string(w[0]), Password: markOf(w[1])}
		last, most := days(w[2]), days(w[4])
		if last > 0 { // 0 asks for a change at the next sign-in
			a.SetAt = day(last)
			if most > 0 && most < 99_999 { // the number for never
				a.EndsAt = day(last + most)
			}
		}
		if e := days(w[7]); e > 0 {
			a.Expires = day(e)
		}
		list = append(list, a)
	})
	return list, err
}

func days(b []byte) int64 {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 || n > 1e6 {
		return 0
	}
	return n
}

func day(n int64) time.Time { return time.Unix(n*86_400, 0).UTC() }

// group is one line of group(5).
type group struct {
	Name    string
	GID     int64
	Members []string
}

func parseGroup(r io.Reader) ([]group, error) {
	var list []group
	err := eachEntry(r, 4, func(w [][]byte) {
		gid, bad := strconv.ParseInt(string(w[2]), 10, 64)
		if bad != nil || gid < 0 || len(list) >= maxAccounts {
			return
		}
		g := group{Name: string(w[0]), GID: gid}
		for m := range bytes.SplitSeq(w[3], []byte(",")) {
			if m = bytes.TrimSpace(m); len(m) > 0 {
				g.Members = append(g.Members, string(m))
			}
		}
		list = append(list, g)
	})
	return list, err
}

// span is which numbers people's accounts have.
type span struct{ UIDMin, UIDMax, GIDMin, GIDMax int64 }

// parseDefs reads login.defs(5); what it does not say is as everywhere.
func parseDefs(r io.Reader) span {
	x := defaults()
	if r == nil {
		return x
	}
	s := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for s.Scan() {
		w := strings.Fields(s.Text())
		if len(w) < 2 {
			continue
		}
		n, err := strconv.ParseInt(w[1], 0, 64)
		if err != nil || n < 0 {
			continue
		}
		switch w[0] {
		case "UID_MIN":
			x.UIDMin = n
		case "UID_MAX":
			x.UIDMax = n
		case "GID_MIN":
			x.GIDMin = n
		case "GID_MAX":
			x.GIDMax = n
		}
	}
	return x
}

func defaults() span { return span{UIDMin: 1000, UIDMax: 60_000, GIDMin: 1000, GIDMax: 60_000} }

// administrators says whether a group's members can act as administrators:
// those that distributions' sudo and polkit rules name. adm, which only lets
// read logs, is none.
func administrators(name string) bool {
	return name == "sudo" || name == "wheel" || name == "admin" || name == "root"
}

// admins says whether an account can act as administrator.
func admins(e entry, groups []group) bool {
	if e.UID == 0 {
		return true
	}
	for _, g := range groups {
		if administrators(g.Name) && (g.GID == e.GID || slices.Contains(g.Members, e.Name)) {
			return true
		}
	}
	return false
}

// noLogin says whether a shell lets nobody in.
func noLogin(shell string) bool {
	switch shell[strings.LastIndexByte(shell, '/')+1:] {
	case "nologin", "false", "sync", "shutdown", "halt":
		return true
	}
	return false
}

// lastlogSize is sizeof(struct lastlog) on every Linux architecture: a 32-bit
// time, a line of 32 bytes and a host of 256.
const lastlogSize = 292

// lastLogin reads the record of a user: the file is an array by number, mostly
// holes.
func lastLogin(r io.ReaderAt, uid int64) time.Time {
	var b [4]byte
	if uid < 0 || uid > 1<<31 {
		return time.Time{}
	}
	if _, err := r.ReadAt(b[:], uid*lastlogSize); err != nil {
		return time.Time{}
	}
	n := binary.NativeEndian.Uint32(b[:])
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}
