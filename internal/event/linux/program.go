package linux

import (
	"strconv"
	"strings"

	"muster/internal/event"
)

// programLines are of programs that the kernel ended or waits for.
func programLines() []teller {
	return []teller{
		{"Killed process ", outOfMemory},
		{"segfault at ", segfault},
		{"traps: ", trap},
		{"blocked for more than ", hung},
	}
}

// outOfMemory: "Out of memory: Killed process 1234 (java) total-vm:8kB,
// anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:1000". A name may hold
// brackets, and a text may hold several of its own words: the last count.
func outOfMemory(text string) (Event, bool) {
	_, rest, _ := strings.Cut(text, "Killed process ")
	pid := digits(rest)
	if pid == "" || !strings.HasPrefix(rest[len(pid):], " (") {
		// Older kernels write "Killed process 99, UID 0, (name) total-vm".
		if !strings.HasPrefix(rest[len(pid):], ", ") {
			return Event{}, false
		}
	}
	i, j := strings.IndexByte(rest, '('), strings.LastIndexByte(rest, ')')
	if i < 0 || j < i {
		return Event{}, false
	}
	held := int64(0)
	for _, part := range []string{"anon-rss:", "file-rss:", "shmem-rss:"} {
		n, err := strconv.ParseInt(strings.TrimSuffix(after(rest[j:], part), "kB"), 10, 48)
		if err == nil && n > 0 {
			held += n << 10
		}
	}
	memory := ""
	if held > 0 {
		memory = strconv.FormatInt(held, 10)
	}
	scope := "system"
	if strings.Contains(text, "Memory cgroup out of memory") {
		scope = "group"
	}
	return Event{Kind: event.OOMKill, Burst: "pid " + pid, Span: moment,
		Attributes: attributes("program", rest[i+1:j], "memory_bytes", memory, "scope", scope)}, true
}

// segfault: "soffice.bin[2211]: segfault at 10 ip 00007f sp 00007f error 4 in
// libvcl.so[7f…+1000]".
func segfault(text string) (Event, bool) {
	head, rest, _ := strings.Cut(text, ": segfault at ")
	i := strings.LastIndexByte(head, '[')
	if rest == "" || i <= 0 || !strings.HasSuffix(head, "]") {
		return Event{}, false
	}
	return crash(head[:i], head[i+1:len(head)-1], faultyModule(rest), "SIGSEGV")
}

// trap: "traps: python3[812] general protection fault ip:… sp:… error:0 in
// libc.so.6[…]".
func trap(text string) (Event, bool) {
	_, rest, _ := strings.Cut(text, "traps: ")
	head, what, ok := strings.Cut(rest, "] ")
	i := strings.LastIndexByte(head, '[')
	if !ok || i <= 0 {
		return Event{}, false
	}
	signal := ""
	switch {
	case strings.HasPrefix(what, "general protection"):
		signal = "SIGSEGV"
	case strings.HasPrefix(what, "trap divide error"):
		signal = "SIGFPE"
	case strings.HasPrefix(what, "trap invalid opcode"):
		signal = "SIGILL"
	case strings.HasPrefix(what, "trap int3"):
		signal = "SIGTRAP"
	case !strings.HasPrefix(what, "trap "):
		return Event{}, false
	}
	return crash(head[:i], head[i+1:], faultyModule(what), signal)
}

func faultyModule(text string) string {
	_, in, ok := strings.Cut(text, " in ")
	if !ok {
		return ""
	}
	m, _, _ := strings.Cut(in, "[")
	return file(m)
}

func crash(program, pid, module, code string) (Event, bool) {
	if digits(pid) == "" || clean(program) == "" {
		return Event{}, false
	}
	return Event{Kind: event.AppCrash, Burst: "crash " + digits(pid), Span: dumpTime,
		Attributes: attributes("program", file(program), "module", module, "code", code)}, true
}

// file is a name without its path.
func file(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// hung: "INFO: task kworker/u8:2:123 blocked for more than 120 seconds."
func hung(text string) (Event, bool) {
	_, rest, ok := strings.Cut(text, "task ")
	if !ok {
		return Event{}, false
	}
	task, _, ok := strings.Cut(rest, " blocked for more than ")
	i := strings.LastIndexByte(task, ':')
	if !ok || i <= 0 || digits(task[i+1:]) == "" {
		return Event{}, false
	}
	return Event{Kind: event.AppHang, Burst: "hung " + task[i+1:], Span: moment,
		Attributes: attributes("program", worker(task[:i]))}, true
}
