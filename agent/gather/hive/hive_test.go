package hive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// TestPeople reads the recorded machines: both kinds of accounts are people,
// the system's are not.
func TestPeople(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		people, err := People(h)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, p := range people {
			got[p.User] = p.Loaded
			if !isPerson(p.SID) {
				t.Errorf("%+v is no person", p)
			}
		}
		want := map[string]bool{"avery": true, "RobinField": true, "kim": false}
		for user, loaded := range want {
			if is, ok := got[user]; !ok || is != loaded {
				t.Errorf("%s: %v %v, want loaded %v", user, is, ok, loaded)
			}
		}
	})
	if _, err := People(&host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// TestOffline reads the registry of somebody who is not signed in from the
// profile's file, and says nothing of one that is not there.
func TestOffline(t *testing.T) {
	h := recorded.Unpack(t, []byte(`
-- reg --
[HKEY_USERS\.DEFAULT]
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-1-2-3-1001]
"ProfileImagePath"=expand:"%SystemDrive%\\Users\\kim"
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-1-2-3-1002]
"ProfileImagePath"=expand:"C:\\Users\\new"
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-1-2-3-1003]
"ProfileImagePath"=expand:"C:\\Users\\odd"
-- C:/Users/new/ --
-- C:/Users/odd/NTUSER.DAT --
nothing
`))
	dir := h.Path("C:/Users/kim")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "NTUSER.DAT"), sample(), 0o644); err != nil {
		t.Fatal(err)
	}
	seen := ""
	faults, err := Each(h, Settings, func(p Person, r *Registry) error {
		k, err := r.Key(`Software\Äpfel`, "Name", "Small")
		if err != nil {
			return err
		}
		n, _ := k.Number("Small")
		seen += p.User + "=" + k.Text("name")
		if n != 7 || len(k.Values) != 2 || !k.WrittenAt.Equal(time.Date(2024, 6, 3, 9, 30, 0, 0, time.UTC)) {
			t.Errorf("%+v", k)
		}
		if _, err := r.Key(`Software\None`); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		return nil
	})
	if err != nil || seen != "kim=pear" || len(faults) != 1 || strings.Contains(faults[0], "odd") {
		t.Errorf("%q %q %v", seen, faults, err)
	}
}

// sample writes a file with Software\Äpfel: Name (text), Small (number), More.
func sample() []byte {
	b := make([]byte, base)
	copy(b, "regf")
	cell := func(data []byte) uint32 {
		at := uint32(len(b) - base)
		n := len(data) + 4
		pad := (8 - n%8) % 8
		b = binary.LittleEndian.AppendUint32(b, uint32(-int32(n+pad)))
		b = append(append(b, data...), make([]byte, pad)...)
		return at
	}
	wide := func(s string) (out []byte) {
		for _, r := range s {
			out = binary.LittleEndian.AppendUint16(out, uint16(r))
		}
		return out
	}
	list := func(kind string, of ...uint32) uint32 {
		d := binary.LittleEndian.AppendUint16([]byte(kind), uint16(len(of)))
		for _, o := range of {
			d = binary.LittleEndian.AppendUint32(d, o)
			if kind[1] != 'i' {
				d = append(d, "hash"...)
			}
		}
		return cell(d)
	}
	value := func(name string, kind, size, at uint32) uint32 {
		d := binary.LittleEndian.AppendUint16([]byte("vk"), uint16(len(name)))
		d = binary.LittleEndian.AppendUint32(d, size)
		d = binary.LittleEndian.AppendUint32(d, at)
		d = binary.LittleEndian.AppendUint32(d, kind)
		return cell(append(append(d, 1, 0, 0, 0), name...))
	}
	key := func(name []byte, flags uint16, subkeys, subs, values, vals uint32) uint32 {
		d := make([]byte, 76)
		copy(d, "nk")
		binary.LittleEndian.PutUint16(d[2:], flags)
		binary.LittleEndian.PutUint64(d[4:], 133_618_806_000_000_000)
		binary.LittleEndian.PutUint32(d[20:], subkeys)
		binary.LittleEndian.PutUint32(d[28:], subs)
		binary.LittleEndian.PutUint32(d[36:], values)
		binary.LittleEndian.PutUint32(d[40:], vals)
		binary.LittleEndian.PutUint16(d[72:], uint16(len(name)))
		return cell(append(d, name...))
	}
	data := cell(append(wide("pear"), 0, 0))
	var vals []byte
	for _, v := range []uint32{value("Name", 1, 10, data), value("Small", 4, 1<<31|4, 7), value("More", 3, 1<<20, 0)} {
		vals = binary.LittleEndian.AppendUint32(vals, v)
	}
	inner := key(wide("Äpfel"), 0, 0, 0, 3, cell(vals))
	software := key([]byte("Software"), 0x20, 1, list("ri", list("lh", inner)), 0, 0)
	binary.LittleEndian.PutUint32(b[36:], key([]byte("ROOT"), 0x2c, 1, list("lf", software), 0, 0))
	return b
}

func FuzzFile(f *testing.F) {
	f.Add(sample())
	ring := sample()
	f.Add(ring[:base+40])
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Open(bytes.NewReader(b))
		if err != nil {
			return
		}
		k, err := file.Key(`Software\Äpfel`)
		if err == nil && (len(k.Values) > host.MaxValues || len(k.Subkeys) > host.MaxSubkeys) {
			t.Error("more than the limit")
		}
	})
}
