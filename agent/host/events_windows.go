package host

import (
	"errors"
	"fmt"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

// readEvents asks this machine's event log.
func readEvents(channel, question string, newest bool, most int) ([][]byte, int, error) {
	dll := windows.NewLazySystemDLL("wevtapi.dll")
	l := wevtapi{query: dll.NewProc("EvtQuery"), next: dll.NewProc("EvtNext"), render: dll.NewProc("EvtRender"), close: dll.NewProc("EvtClose")}
	for _, p := range []*windows.LazyProc{l.query, l.next, l.render, l.close} {
		if p.Find() != nil {
			return nil, 0, fmt.Errorf("this Windows has no event log of the newer kind: %w", errors.ErrUnsupported)
		}
	}
	direction := uintptr(forward)
	if newest {
		direction = backward
	}
	list, skipped, err := l.ask(channel, question, direction, most)
	// Where the service is not there at all, nothing is to be read; channels
	// come and go with parts of Windows.
	for _, none := range []error{windows.ERROR_CALL_NOT_IMPLEMENTED, windows.RPC_S_SERVER_UNAVAILABLE, windows.ERROR_EVT_CHANNEL_NOT_FOUND, windows.ERROR_SUCCESS} {
		if errors.Is(err, none) {
			return nil, 0, fmt.Errorf("it does not answer (%v): %w", err, errors.ErrUnsupported)
		}
	}
	return list, skipped, err
}

// wevtapi are functions of wevtapi.dll (winevt.h).
type wevtapi struct{ query, next, render, close *windows.LazyProc }

const (
	byPath   = 0x1   // EvtQueryChannelPath
	forward  = 0x100 // EvtQueryForwardDirection
	backward = 0x200 // EvtQueryReverseDirection
	asXML    = 1     // EvtRenderEventXml
	// patience is how long the service may take for one answer, in
	// milliseconds, and batch how many records are asked for at once.
	patience = 5000
	batch    = 64
	maxText  = 256 << 10 // bytes of one record
)

func (l wevtapi) ask(channel, question string, direction uintptr, most int) (list [][]byte, skipped int, err error) {
	path, err := windows.UTF16PtrFromString(channel)
	if err != nil {
		return nil, 0, err
	}
	words, err := windows.UTF16PtrFromString(question)
	if err != nil {
		return nil, 0, err
	}
	set, _, err := l.query.Call(0, uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(words)), byPath|direction)
	if set == 0 {
		return nil, 0, fmt.Errorf("EvtQuery: %w", err)
	}
	defer l.close.Call(set)
	var handles [batch]uintptr
	for len(list)+skipped < most {
		var n uint32
		want := min(batch, most-len(list)-skipped)
		ok, _, err := l.next.Call(set, uintptr(want), uintptr(unsafe.Pointer(&handles[0])), patience, 0, uintptr(unsafe.Pointer(&n)))
		if ok == 0 {
			if errors.Is(err, windows.ERROR_NO_MORE_ITEMS) {
				break
			}
			return list, skipped, fmt.Errorf("EvtNext: %w", err)
		}
		for _, e := range handles[:min(n, batch)] {
			if b, err := l.xml(e); err == nil {
				list = append(list, b)
			} else {
				skipped++
			}
			l.close.Call(e)
		}
		if n == 0 {
			break
		}
	}
	return list, skipped, nil
}

// xml renders one record, in UTF-8.
func (l wevtapi) xml(e uintptr) ([]byte, error) {
	for size := uint32(8 << 10); size <= maxText; {
		b := make([]uint16, size/2)
		var used, properties uint32
		ok, _, err := l.render.Call(0, e, asXML, uintptr(size), uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&used)), uintptr(unsafe.Pointer(&properties)))
		if ok != 0 {
			text := b[:min(used/2, size/2)]
			if n := len(text); n > 0 && text[n-1] == 0 {
				text = text[:n-1]
			}
			return []byte(string(utf16.Decode(text))), nil
		}
		if !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) {
			return nil, fmt.Errorf("EvtRender: %w", err)
		}
		size = max(2*size, used+2)
	}
	return nil, fmt.Errorf("a record of more than %d bytes", maxText)
}
