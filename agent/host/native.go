package host

import (
	"errors"
	"fmt"
)

// Native is a question to Windows itself that is answered in bytes without
// pointers, so that a recorded answer is as good as a live one.
type Native string

// All that is asked this way.
const (
	NativeSMBIOS     Native = "smbios"     // GetSystemFirmwareTable('RSMB'): RawSMBIOSData
	NativeProcessors Native = "processors" // GetLogicalProcessorInformationEx(RelationAll)
	NativeProcesses  Native = "processes"  // NtQuerySystemInformation(SystemProcessInformation); its pointers are not followed
	NativeTCP4       Native = "tcp4"       // GetExtendedTcpTable(TCP_TABLE_OWNER_PID_LISTENER)
	NativeTCP6       Native = "tcp6"
	NativeUDP4       Native = "udp4" // GetExtendedUdpTable(UDP_TABLE_OWNER_PID)
	NativeUDP6       Native = "udp6"
	NativeNeighbors  Native = "neighbors" // GetIpNetTable: MIB_IPNETTABLE
	NativeRoutes     Native = "routes"    // GetIpForwardTable2: MIB_IPFORWARD_TABLE2
	NativeDevices    Native = "devices"   // SetupDiGetClassDevsEx(present), a device a line; see package pnp
)

// MaxNative is the most that an answer may be long, in bytes.
const MaxNative = 16 << 20

// AskNative has Windows answer a question. The error wraps errors.ErrUnsupported
// where there is nobody to ask.
func (h *Host) AskNative(q Native) ([]byte, error) {
	if h.Native == nil {
		return nil, fmt.Errorf("%s: %w", q, errors.ErrUnsupported)
	}
	b, err := h.Native(q)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q, err)
	}
	return b, nil
}
