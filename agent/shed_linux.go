package agent

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// pages are those of the program's own file: code and tables. Nearly all of
// the agent's time there is nothing to do, and what a sampling or an inventory
// touched would be counted as its memory until the next one. More than that:
// at each page that is touched the kernel maps the 15 around it too, so that
// 2 MiB that are used become 10.
//
// What is given back stays in the cache of files as long as there is room, and
// is mapped again from there.
type pages struct {
	mu    sync.Mutex
	clean []mapping // never written to
}

// fewPages are not worth giving back.
const fewPages = 3 << 20

// shed gives them back.
//
// Only mappings that were never written to are: from others, madvise(2) with
// MADV_DONTNEED would take what was written, which proc(5), smaps, counts as
// anonymous or swapped out. Dirty is also what only the disk lacks yet, as
// after an upgrade. The kernel lets nobody but a debugger write to these
// mappings, so it is enough to look once.
func (p *pages) shed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	held, err := fileBytes()
	if err != nil || held < fewPages {
		return err
	}
	if p.clean == nil {
		if p.clean, err = cleanMappings(); err != nil {
			return err
		}
	}
	for _, m := range p.clean {
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise: %w", errno)
		}
	}
	return nil
}

// fileBytes is how much of files is mapped and in memory, by
// /proc/self/statm (proc(5)).
func fileBytes() (int, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	w := bytes.Fields(b)
	if len(w) < 3 {
		return 0, fmt.Errorf("statm: unexpected text %.40q", b)
	}
	n, err := strconv.Atoi(string(w[2]))
	if err != nil {
		return 0, fmt.Errorf("statm: %w", err)
	}
	return n * os.Getpagesize(), nil
}

// cleanMappings lists those of the program's file that hold nothing else.
func cleanMappings() ([]mapping, error) {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []mapping
	s := bufio.NewScanner(f)
	for s.Scan() {
		list = addMapping(list, s.Bytes(), exe)
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	clean := make([]mapping, 0, len(list))
	for _, m := range list {
		if m.clean() {
			clean = append(clean, m)
		}
	}
	return clean, nil
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
func (m mapping) clean() bool { return m.own && m.fixed && !m.dirty && m.told == 2 && m.from < m.to }

// addMapping takes one line of smaps in: the head of a mapping,
// "00400000-00b4c000 r-xp 00000000 fe:00 1234 /path", or a line of the last
// one, "Anonymous:             0 kB".
func addMapping(list []mapping, line []byte, exe string) []mapping {
	name, rest, _ := bytes.Cut(line, []byte(" "))
	if key, ok := bytes.CutSuffix(name, []byte(":")); ok {
		if len(list) == 0 {
			return list
		}
		switch string(key) {
		case "Anonymous", "Swap":
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
