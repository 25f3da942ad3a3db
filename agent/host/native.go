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
	NativeWLAN       Native = "wlan"      // WlanQueryInterface of each card; see package wifi
	NativePrinters   Native = "printers"  // EnumPrinters(local): name, status and number of jobs, parted by tabs, a queue a line
	NativePower      Native = "power"     // GetSystemPowerStatus: SYSTEM_POWER_STATUS; behind it SYSTEM_POWER_CAPABILITIES
	NativeCost       Native = "cost"      // GetNetworkConnectivityHint: NL_NETWORK_CONNECTIVITY_HINT
	NativeBatteries  Native = "batteries" // IOCTL_BATTERY_QUERY_INFORMATION and _STATUS; see package power
	NativeLicenses   Native = "licenses"  // SLGetLicensingStatusInformation and what belongs to it; see package license
	NativeMemory     Native = "memory"    // GetPerformanceInfo: PERFORMANCE_INFORMATION
	NativePaging     Native = "paging"    // NtQuerySystemInformation(SystemPerformanceInformation)
	NativePageFiles  Native = "pagefiles" // NtQuerySystemInformation(SystemPageFileInformation); its pointers are not followed
	NativeCards      Native = "cards"     // GetIfTable2: MIB_IF_TABLE2
	NativeDriveWork  Native = "drivework" // IOCTL_DISK_PERFORMANCE of each drive: its number and the length, four bytes each, then DISK_PERFORMANCE
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

// What stands before each item of an answer to NativeBatteries, beside the
// numbers of BATTERY_QUERY_INFORMATION_LEVEL.
const (
	BatteryPath   = 0x100 // the next battery begins: the path of its interface in UTF-8
	BatteryStatus = 0x101 // BATTERY_STATUS
)

// What stands before each item of an answer to NativeWLAN.
const (
	WLANCard       = 0x100      // the next card begins: the name of its interface in UTF-8
	WLANConnection = 7          // wlan_intf_opcode_current_connection: WLAN_CONNECTION_ATTRIBUTES
	WLANChannel    = 8          // wlan_intf_opcode_channel_number
	WLANSignal     = 0x10000102 // wlan_intf_opcode_rssi, in dBm
	WLANFrequency  = 0x101      // WLAN_BSS_ENTRY.ulChCenterFrequency of the access point, in kHz
)

// What stands before each item of an answer to NativeLicenses.
const (
	LicenseStatus      = 1 // the next product begins: SL_LICENSING_STATUS
	LicenseName        = 2 // text in UTF-8, as all below
	LicenseDescription = 3
	LicenseKeyTail     = 4 // last five characters of its key
	LicenseChannel     = 5
	LicenseGenuine     = 6 // of Windows: SL_GENUINE_STATE, four bytes
)
