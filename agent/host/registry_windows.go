package host

import (
	"errors"
	"io"
	"io/fs"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// readKey reads a key of this machine.
func readKey(view View, path string, values []string) (Key, error) {
	word, rest, _ := strings.Cut(path, `\`)
	root := registry.LOCAL_MACHINE
	switch word {
	case "HKLM":
	case "HKU":
		root = registry.USERS
	default:
		return Key{}, fs.ErrInvalid
	}
	access := uint32(registry.QUERY_VALUE | registry.ENUMERATE_SUB_KEYS | registry.WOW64_64KEY)
	if view == View32 {
		access = registry.QUERY_VALUE | registry.ENUMERATE_SUB_KEYS | registry.WOW64_32KEY
	}
	k, err := registry.OpenKey(root, rest, access)
	if err != nil {
		return Key{}, err
	}
	defer k.Close()
	var out Key
	info, err := k.Stat()
	if err != nil {
		return Key{}, err
	}
	out.WrittenAt = info.ModTime().UTC()
	if info.SubKeyCount > 0 {
		// io.EOF says that there are fewer by now.
		if out.Subkeys, err = k.ReadSubKeyNames(MaxSubkeys); err != nil && !errors.Is(err, io.EOF) {
			return Key{}, err
		}
	}
	if len(values) == 0 {
		if values, err = k.ReadValueNames(MaxValues); err != nil && !errors.Is(err, io.EOF) {
			return Key{}, err
		}
	}
	for _, name := range values {
		n, _, err := k.GetValue(name, nil)
		if err != nil || n > MaxValue {
			continue // it is not there
		}
		b := make([]byte, n)
		n, kind, err := k.GetValue(name, b)
		if err != nil {
			continue // it grew just now, or went
		}
		out.Values = append(out.Values, Value{Name: name, Kind: kind, Data: b[:n]})
	}
	return out, nil
}
