package block

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"muster/agent/host"
)

// Mount is one line of mountinfo, proc_pid_mountinfo(5).
type Mount struct {
	Dev        Dev
	Root       string   // what of the file system is mounted; / is all of it
	Point      string   // where
	Options    []string // of the mount
	Filesystem string
	Source     string
	Super      []string // options of the file system
}

// maxLine bounds a line of mountinfo: paths have at most 4,096 bytes, which
// escapes make four times as long, and the options of an overlay name many.
const maxLine = 64 << 10

// Mounts reads what is mounted where this process sees it.
func Mounts(h *host.Host, each func(Mount)) error {
	f, err := h.Open("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	defer f.Close()
	return ParseMounts(f, each)
}

// ParseMounts calls each for every line that is one; others are passed over.
func ParseMounts(r io.Reader, each func(Mount)) error {
	b := bufio.NewReaderSize(r, 4096)
	for {
		line, err := readLine(b)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if m, ok := parseMount(line); ok {
			each(m)
		}
	}
}

// readLine gives the next line; one beyond maxLine comes back empty.
func readLine(b *bufio.Reader) (string, error) {
	part, err := b.ReadSlice('\n')
	if err == nil || errors.Is(err, io.EOF) && len(part) > 0 {
		return strings.TrimSuffix(string(part), "\n"), nil
	}
	if !errors.Is(err, bufio.ErrBufferFull) {
		return "", err
	}
	var long strings.Builder
	for {
		if long.Len() <= maxLine {
			long.Write(part)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
		part, err = b.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if long.Len() > maxLine {
		return "", nil
	}
	return strings.TrimSuffix(long.String(), "\n"), nil
}

// parseMount reads a line:
//
//	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//	       dev root  point options  tags…      - type source    super options
func parseMount(line string) (Mount, bool) {
	front, back, ok := strings.Cut(line, " - ")
	if !ok {
		return Mount{}, false
	}
	var f [6]string
	for i := range f {
		f[i], front, _ = strings.Cut(front, " ")
		if f[i] == "" {
			return Mount{}, false
		}
	}
	kind, back, ok := strings.Cut(back, " ")
	if !ok || kind == "" || !strings.Contains(f[2], ":") {
		return Mount{}, false
	}
	source, super, _ := strings.Cut(back, " ")
	return Mount{Dev: Dev(f[2]), Root: Unescape(f[3]), Point: Unescape(f[4]), Options: strings.Split(f[5], ","),
		Filesystem: kind, Source: Unescape(source), Super: strings.Split(super, ",")}, true
}

// Unescape turns the octal escapes of mountinfo and /proc/swaps (\040 for a space) back.
func Unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && octal(s[i+1]) && octal(s[i+2]) && octal(s[i+3]) && s[i+1] < '4' {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func octal(c byte) bool { return c >= '0' && c <= '7' }
