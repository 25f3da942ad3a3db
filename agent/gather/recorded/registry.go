package recorded

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"muster/agent/host"
)

// registry is keys by their path in lower case.
type registry struct {
	keys    map[string]host.Key
	refused map[string]bool
}

// parse reads the form that the registry editor of Windows exports, so that a
// real machine's export is a recording once names are taken out. Beside it:
//
//	; written 2024-05-01T08:00:00Z     when the key before was changed
//	; denied                           the key before can not be read
//	"Name"=expand:"%SystemRoot%\\x"    text to expand, instead of hex(2)
//	"Name"=texts:"one","two"           several texts, instead of hex(7)
//	"Name"=qword:000000000000000f      a number of 64 bits, instead of hex(b)
//
// Keys of 32-bit programs stand below Wow6432Node as they do there.
func (r *registry) parse(text string) error {
	if r.keys == nil {
		r.keys, r.refused = map[string]host.Key{}, map[string]bool{}
	}
	at := ""
	lines := strings.Split(strings.ReplaceAll(text, "\\\n", ""), "\n")
	for _, line := range lines {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "Windows Registry Editor"):
		case strings.HasPrefix(line, "["):
			at = short(strings.TrimSuffix(strings.TrimPrefix(line, "["), "]"))
			r.add(at)
		case at == "":
			return fmt.Errorf("%q stands before the first key", line)
		case strings.HasPrefix(line, "; written "):
			when, err := time.Parse(time.RFC3339, strings.TrimPrefix(line, "; written "))
			if err != nil {
				return err
			}
			k := r.keys[fold(at)]
			k.WrittenAt = when
			r.keys[fold(at)] = k
		case line == "; denied":
			r.refused[fold(at)] = true
		case strings.HasPrefix(line, ";"):
		default:
			v, err := value(line)
			if err != nil {
				return fmt.Errorf("%s: %w", line, err)
			}
			k := r.keys[fold(at)]
			k.Values = append(k.Values, v)
			r.keys[fold(at)] = k
		}
	}
	return nil
}

func fold(path string) string { return strings.ToLower(path) }

func short(path string) string {
	if rest, ok := strings.CutPrefix(path, "HKEY_LOCAL_MACHINE"); ok {
		return "HKLM" + rest
	}
	if rest, ok := strings.CutPrefix(path, "HKEY_USERS"); ok {
		return "HKU" + rest
	}
	return path
}

// add makes a key and those above it.
func (r *registry) add(path string) {
	if _, ok := r.keys[fold(path)]; ok {
		return
	}
	r.keys[fold(path)] = host.Key{WrittenAt: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)}
	i := strings.LastIndexByte(path, '\\')
	if i < 0 {
		return
	}
	above := path[:i]
	r.add(above)
	k := r.keys[fold(above)]
	k.Subkeys = append(k.Subkeys, path[i+1:])
	r.keys[fold(above)] = k
}

// read answers as host.Host.Registry does.
func (r *registry) read(view host.View, path string, values []string) (host.Key, error) {
	p := fold(path)
	if rest, ok := strings.CutPrefix(p, `hklm\software\`); ok && view == host.View32 {
		p = `hklm\software\wow6432node\` + rest
	}
	k, ok := r.keys[p]
	switch {
	case r.refused[p]:
		return host.Key{}, fs.ErrPermission
	case !ok:
		return host.Key{}, fs.ErrNotExist
	case len(values) == 0:
		return k, nil
	}
	all := k.Values
	k.Values = nil
	for _, v := range all {
		for _, name := range values {
			if strings.EqualFold(name, v.Name) {
				k.Values = append(k.Values, v)
			}
		}
	}
	return k, nil
}

func value(line string) (host.Value, error) {
	var v host.Value
	rest, ok := strings.CutPrefix(line, "@=")
	if !ok {
		name, after, err := quoted(line)
		if err != nil {
			return v, err
		}
		if rest, ok = strings.CutPrefix(after, "="); !ok {
			return v, fmt.Errorf("no = behind the name")
		}
		v.Name = name
	}
	kind, body, _ := strings.Cut(rest, ":")
	switch {
	case strings.HasPrefix(rest, `"`):
		s, _, err := quoted(rest)
		v.Kind, v.Data = host.RegText, utf16Bytes(s, true)
		return v, err
	case kind == "dword" || kind == "qword":
		n, err := strconv.ParseUint(body, 16, 64)
		if v.Kind, v.Data = host.RegLong, binary.LittleEndian.AppendUint64(nil, n); kind == "dword" {
			v.Kind, v.Data = host.RegNumber, v.Data[:4]
		}
		return v, err
	case kind == "expand":
		s, _, err := quoted(body)
		v.Kind, v.Data = host.RegExpand, utf16Bytes(s, true)
		return v, err
	case kind == "texts":
		v.Kind = host.RegTexts
		for body != "" {
			s, after, err := quoted(body)
			if err != nil {
				return v, err
			}
			v.Data = append(v.Data, utf16Bytes(s, true)...)
			body = strings.TrimPrefix(after, ",")
		}
		v.Data = append(v.Data, 0, 0)
		return v, nil
	case kind == "hex":
		v.Kind = host.RegBinary
	case strings.HasPrefix(kind, "hex("):
		n, err := strconv.ParseUint(strings.Trim(kind[3:], "()"), 16, 32)
		if err != nil {
			return v, err
		}
		v.Kind = uint32(n)
	default:
		return v, fmt.Errorf("unknown kind of value %q", kind)
	}
	var err error
	v.Data, err = hex.DecodeString(strings.NewReplacer(",", "", " ", "", "\t", "").Replace(body))
	return v, err
}

// quoted reads a text in quotes at the beginning of s; a backslash guards the
// sign after it.
func quoted(s string) (text, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		return "", "", fmt.Errorf("no quote where a text begins")
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", fmt.Errorf("text without an end")
}

func utf16Bytes(s string, end bool) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	if end {
		b = append(b, 0, 0)
	}
	return b
}
