package platform

import (
	"errors"
	"io/fs"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// isolation is what only Windows itself says; nil is not told.
type isolation struct {
	TPM             *bool
	TPMVersion      string
	VirtualSecurity *bool // the secure kernel runs
	MemoryIntegrity *bool // and guards kernel code
}

// fromRegistry joins that with settings of the registry; policies before what
// was set on the machine.
func fromRegistry(h *host.Host, i isolation) (inventory.PlatformSecurity, []string, error) {
	const control = `HKLM\SYSTEM\CurrentControlSet\Control`
	const policies = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System`
	r := inventory.PlatformSecurity{TPM: i.TPM, TPMVersion: i.TPMVersion, VirtualSecurity: i.VirtualSecurity, MemoryIntegrity: i.MemoryIntegrity}
	var refused error
	read := func(path string, values ...string) host.Key {
		k, err := h.Key(host.View64, path, values...)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			refused = err
		}
		return k
	}
	r.SecureBoot = read(control+`\SecureBoot\State`, "UEFISecureBootEnabled").Flag("UEFISecureBootEnabled")
	if n, ok := read(control, "PEFirmwareType").Number("PEFirmwareType"); ok && n == 1 && r.SecureBoot == nil {
		r.SecureBoot = new(false) // a BIOS has none
	}
	system := read(policies, "EnableLUA", "InactivityTimeoutSecs")
	r.UAC = system.Flag("EnableLUA")
	if n, ok := system.Number("InactivityTimeoutSecs"); ok && n <= 599_940 {
		r.ScreenLockSeconds = new(int64(n))
	}
	r.SmartScreen = read(`HKLM\SOFTWARE\Policies\Microsoft\Windows\System`, "EnableSmartScreen").Flag("EnableSmartScreen")
	if r.SmartScreen == nil {
		if s := read(`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer`, "SmartScreenEnabled").Text("SmartScreenEnabled"); s != "" {
			r.SmartScreen = new(!strings.EqualFold(s, "Off"))
		}
	}
	deny := read(`HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services`, "fDenyTSConnections").Flag("fDenyTSConnections")
	if deny == nil {
		deny = read(control+`\Terminal Server`, "fDenyTSConnections").Flag("fDenyTSConnections")
	}
	if deny != nil {
		r.RemoteLogin = new(!*deny)
	}
	logon := read(`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon`, "AutoAdminLogon", "DefaultUserName")
	n, _ := logon.Number("AutoAdminLogon")
	r.AutoLogin = new((logon.Text("AutoAdminLogon") == "1" || n == 1) && logon.Text("DefaultUserName") != "")
	return r, []string{"registry"}, refused
}

// tpmVersion is the word for what tbs.dll says (TPM_DEVICE_INFO, tbs.h).
func tpmVersion(n uint32) string {
	switch n {
	case 1:
		return "1.2"
	case 2:
		return "2.0"
	}
	return ""
}
