package agent

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// shed takes the pages of the program's own file out of this process: code and
// tables that only starting or a full inventory needs would otherwise be
// counted as its memory for as long as it runs. What is needed again is mapped
// again from the cache of files, 16 pages at a time.
//
// Only mappings that were never written to are given back (proc(5), smaps):
// from others, madvise(2) with MADV_DONTNEED would take what was written.
func shed() error {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
	}
	defer f.Close()
	var list []mapping
	s := bufio.NewScanner(f)
	for s.Scan() {
		list = addMapping(list, s.Bytes(), exe)
	}
	if err := s.Err(); err != nil {
		return err
	}
	for _, m := range list {
		if !m.clean() {
			continue
		}
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise: %w", errno)
		}
	}
	return nil
}

// mapping is one of the program's file.
type mapping struct {
	from, to uintptr
	fixed    bool // private, and may not be written to
	own      bool // of the program's file
	dirty    bool // holds what is not in the file
	told     int  // of the lines that decide over dirty
}

// clean says that nothing but the file's own content is there, as far as all
// lines that could say otherwise were seen.
func (m mapping) clean() bool { return m.own && m.fixed && !m.dirty && m.told == 3 && m.from < m.to }

// addMapping takes one line of smaps in: the head of a mapping,
// "00400000-00b4c000 r-xp 00000000 fe:00 1234 /path", or a line of the last
// one, "Private_Dirty:         0 kB".
func addMapping(list []mapping, line []byte, exe string) []mapping {
	name, rest, _ := bytes.Cut(line, []byte(" "))
	if key, ok := bytes.CutSuffix(name, []byte(":")); ok {
		if len(list) == 0 {
			return list
		}
		switch string(key) {
		case "Private_Dirty", "Anonymous", "Swap":
			m := &list[len(list)-1]
			m.told++
			m.dirty = m.dirty || string(bytes.Join(bytes.Fields(rest), []byte(" "))) != "0 kB"
		}
		return list
	}
	low, high, ok := bytes.Cut(name, []byte("-"))
	from, err1 := strconv.ParseUint(string(low), 16, 64)
	to, err2 := strconv.ParseUint(string(high), 16, 64)
	w := bytes.Fields(rest)
	if !ok || err1 != nil || err2 != nil || len(w) < 4 {
		return append(list, mapping{}) // whatever it is, it is not ours
	}
	perms := string(w[0])
	return append(list, mapping{from: uintptr(from), to: uintptr(to), fixed: perms == "r-xp" || perms == "r--p",
		own: len(w) >= 5 && string(bytes.Join(w[4:], []byte(" "))) == exe})
}
