package host

import (
	"bytes"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// printers asks the spooler for the state of this machine's own queues.
func printers() ([]byte, error) {
	p, err := proc("winspool.drv", "EnumPrintersW")
	if err != nil {
		return nil, err
	}
	const local, level, row = 2, 2, 136 // PRINTER_ENUM_LOCAL, PRINTER_INFO_2W of 64-bit Windows
	var n uint32
	b, err := growing(64<<10, func(b []byte, size *uint32) error {
		n = 0
		if ok, _, err := p.Call(local, 0, level, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(unsafe.Pointer(size)), uintptr(unsafe.Pointer(&n))); ok == 0 {
			return err
		}
		*size = uint32(len(b)) // texts lie at the end
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("EnumPrinters: %w", err)
	}
	var out bytes.Buffer
	for at := 0; n > 0 && at+row <= len(b); n, at = n-1, at+row {
		name := *(**uint16)(unsafe.Pointer(&b[at+8]))
		if name == nil {
			continue
		}
		words := strings.Join(strings.FieldsFunc(windows.UTF16PtrToString(name), func(r rune) bool { return r < ' ' }), " ")
		fmt.Fprintf(&out, "%s\t%d\t%d\n", words, *(*uint32)(unsafe.Pointer(&b[at+124])), *(*uint32)(unsafe.Pointer(&b[at+128])))
	}
	return out.Bytes(), nil
}
