package session

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"

	"muster/agent/host"
)

// windowsSessions asks Remote Desktop Services. ok says that this is the
// system to ask.
func windowsSessions(*host.Host) (list []seated, ok bool, err error) {
	query := windows.NewLazySystemDLL("wtsapi32.dll").NewProc("WTSQuerySessionInformationW")
	if err := query.Find(); err != nil {
		return nil, true, fmt.Errorf("this Windows has no sessions to ask for: %w", errors.ErrUnsupported)
	}
	const (
		userName, domainName, clientName, clientAddr, protocol, sessionInfo = 5, 7, 10, 14, 16, 24 // WTS_INFO_CLASS
		console                                                             = 0
		most                                                                = 4096 // bytes of one answer
	)
	ask := func(id, class uint32) []byte {
		var p *byte
		var n uint32
		if ok, _, _ := query.Call(0, uintptr(id), uintptr(class), uintptr(unsafe.Pointer(&p)), uintptr(unsafe.Pointer(&n))); ok == 0 || p == nil {
			return nil
		}
		defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(p)))
		return append([]byte(nil), unsafe.Slice(p, min(n, most))...)
	}
	var first *windows.WTS_SESSION_INFO
	var n uint32
	if err := windows.WTSEnumerateSessions(0, 0, 1, &first, &n); err != nil {
		return nil, true, fmt.Errorf("WTSEnumerateSessions: %w", err)
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(first)))
	var found []desk
	for _, s := range unsafe.Slice(first, n) {
		d := desk{ID: s.SessionID, State: s.State, Domain: wideText(ask(s.SessionID, domainName)), User: wideText(ask(s.SessionID, userName)),
			Client: wideText(ask(s.SessionID, clientName)), Address: ask(s.SessionID, clientAddr), Info: ask(s.SessionID, sessionInfo)}
		if p := ask(s.SessionID, protocol); len(p) >= 2 {
			d.Remote = p[0] != console
		}
		found = append(found, d)
	}
	machine, err := windows.ComputerName()
	if err != nil {
		return nil, true, err
	}
	return desks(found, machine, windows.WTSGetActiveConsoleSessionId()), true, nil
}
