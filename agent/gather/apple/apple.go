// Package apple reads the forms that macOS' own programs and files speak:
// property lists, system_profiler's JSON, lines of sysctl. It is for several
// readers.
//
// It owns those forms and their limits. It must not know what any value means.
// The forms are written down from Apple's documentation and manual pages, not
// recorded on a Mac; docs/macos-verification.md says what is to be looked at.
package apple

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"howett.net/plist"

	"muster/agent/host"
)

// maxDepth bounds how deep lists lie in each other; real ones have a dozen.
const maxDepth = 64

// Decode reads a property list, binary, XML or the old form, into what the
// struct's plist tags name.
func Decode(b []byte, to any) (err error) {
	// The library follows whatever a file says; what it cannot bear is no list.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("property list: %v", r)
		}
	}()
	if len(bytes.TrimSpace(b)) == 0 {
		return errors.New("property list: it is empty")
	}
	if deep(b) {
		return fmt.Errorf("property list: more than %d lists in each other", maxDepth)
	}
	if _, err := plist.Unmarshal(b, to); err != nil {
		return fmt.Errorf("property list: %w", err)
	}
	return nil
}

// deep says whether an XML list has more levels than any real one.
func deep(b []byte) bool {
	at := 0
	for i := 0; i < len(b); {
		j := bytes.IndexByte(b[i:], '<')
		if j < 0 {
			return false
		}
		i += j + 1
		rest := b[i:]
		switch {
		case bytes.HasPrefix(rest, []byte("dict>")), bytes.HasPrefix(rest, []byte("array>")):
			at++
		case bytes.HasPrefix(rest, []byte("/dict>")), bytes.HasPrefix(rest, []byte("/array>")):
			at--
		}
		if at > maxDepth {
			return true
		}
	}
	return false
}

// File reads a property list of the machine.
func File(h *host.Host, name string, to any) error {
	b, err := h.ReadFile(name)
	if err != nil {
		return err
	}
	if err := Decode(b, to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Ask runs a program of the table that answers with a property list. An empty
// answer, by which some say that there is nothing, leaves to as it is.
func Ask(ctx context.Context, h *host.Host, command string, to any) error {
	b, err := h.Run(ctx, command)
	if err != nil || len(bytes.TrimSpace(b)) == 0 {
		return err
	}
	if err := Decode(b, to); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

// Profile runs system_profiler for data types, which answers with JSON: a list
// by the name of each type.
func Profile(ctx context.Context, h *host.Host, command string, to any) error {
	b, err := h.Run(ctx, command)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

// Text is a value of system_profiler or of a property list that is a text on
// some machines and a number on others.
type Text string

// UnmarshalJSON takes both.
func (t *Text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = Text(strings.TrimSpace(s))
		return nil
	}
	if n, err := strconv.ParseFloat(string(b), 64); err == nil {
		*t = Text(strconv.FormatFloat(n, 'f', -1, 64))
	}
	return nil // lists, null: nothing that a text could be
}

// Kernel asks the kernel, by sysctl(8), and gives values by their names.
func Kernel(ctx context.Context, h *host.Host) (map[string]string, error) {
	b, err := h.Run(ctx, "sysctl")
	if err != nil {
		return nil, err
	}
	v := Lines(b)
	if len(v) == 0 {
		return nil, errors.New("sysctl tells nothing")
	}
	return v, nil
}

// maxLines bounds what is kept of a program's answer.
const maxLines = 20_000

// Lines reads "name: value" a line; of names that come twice the first holds.
func Lines(b []byte) map[string]string {
	values := map[string]string{}
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Buffer(make([]byte, 0, 4096), 256<<10)
	for s.Scan() && len(values) < maxLines {
		name, value, ok := strings.Cut(s.Text(), ":")
		name = strings.TrimSpace(name)
		if _, twice := values[name]; ok && name != "" && !twice {
			values[name] = strings.TrimSpace(value)
		}
	}
	return values
}

// Number is a value of Lines as a number from 0 up; what is none is 0.
func Number(values map[string]string, name string) int64 {
	n, err := strconv.ParseInt(values[name], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Bytes reads a size as people write it, "16 GB" or "256 KB", where the units
// are powers of 1024; nonsense is 0.
func Bytes(s string) int64 {
	number, unit, _ := strings.Cut(strings.TrimSpace(s), " ")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n >= 0 && n < 1<<30) {
		return 0
	}
	shift, ok := map[string]uint{"B": 0, "KB": 10, "MB": 20, "GB": 30, "TB": 40}[strings.TrimSpace(unit)]
	if !ok {
		return 0
	}
	return int64(n * float64(uint64(1)<<shift))
}

// Hertz reads a clock as "2.6 GHz" or "2667 MHz"; nonsense is 0.
func Hertz(s string) int64 {
	number, unit, _ := strings.Cut(strings.TrimSpace(s), " ")
	n, err := strconv.ParseFloat(number, 64)
	scale := map[string]float64{"GHz": 1e9, "MHz": 1e6, "MT/s": 1e6}[strings.TrimSpace(unit)]
	if err != nil || scale == 0 || !(n >= 0 && n < 1e6) {
		return 0
	}
	return int64(n*scale + 0.5)
}
