package inventory

import "time"

// PlatformSecurity is what protects the machine below the programs: start,
// security chip, isolation. Only a hash of the chip's endorsement key leaves
// the machine, as evidence of identity.
type PlatformSecurity struct {
	SecureBoot        *bool    `inv:"secure_boot" doc:"True when Secure Boot is in force."`
	SecureBootSetup   *bool    `inv:"secure_boot_setup_mode" doc:"True when the firmware is in setup mode, so that anyone can enrol keys."`
	SecureBootLevel   string   `inv:"secure_boot_level" enum:"full|reduced|permissive" doc:"Level of start-up security on Apple machines."`
	TPM               *bool    `inv:"tpm_present" doc:"True when a security chip is there and switched on."`
	TPMVersion        string   `inv:"tpm_version,dict,version" doc:"Version of the TPM specification, such as 2.0."`
	TPMVendor         string   `inv:"tpm_vendor,dict" doc:"Maker of the security chip."`
	TPMFirmware       string   `inv:"tpm_firmware_version,dict,version" doc:"Firmware of the security chip."`
	TPMReady          *bool    `inv:"tpm_ready" doc:"True when the chip is owned and usable."`
	EKHash            string   `inv:"endorsement_key_hash" doc:"SHA-256 of the public endorsement key, in hexadecimal."`
	MemoryIntegrity   *bool    `inv:"memory_integrity" doc:"True when the hypervisor guards kernel code (HVCI)."`
	VirtualSecurity   *bool    `inv:"virtualization_security" doc:"True when virtualisation-based security runs."`
	CredentialGuard   *bool    `inv:"credential_guard" doc:"True when Credential Guard runs."`
	DMAProtection     *bool    `inv:"dma_protection" doc:"True when an IOMMU guards against direct memory access from devices."`
	IntegrityGuard    *bool    `inv:"system_integrity_protection" doc:"True when macOS System Integrity Protection is on."`
	Gatekeeper        *bool    `inv:"gatekeeper" doc:"True when macOS lets only checked programs start."`
	UAC               *bool    `inv:"uac" doc:"True when Windows asks before an administrator's right is used."`
	SmartScreen       *bool    `inv:"smart_screen" doc:"True when Windows checks programs from the net."`
	AccessControl     string   `inv:"mandatory_access_control" enum:"selinux|apparmor|tomoyo|smack|none" doc:"Mandatory access control of the kernel."`
	AccessControlMode string   `inv:"mandatory_access_control_mode" enum:"enforcing|permissive|disabled" doc:"Whether it forbids or only notes."`
	Lockdown          string   `inv:"kernel_lockdown" enum:"none|integrity|confidentiality" doc:"Lockdown level of the Linux kernel."`
	KernelTainted     *bool    `inv:"kernel_tainted" doc:"True when the kernel says it is tainted, as by foreign modules or machine checks."`
	TaintReasons      []string `inv:"taint_reasons" doc:"Reasons of the taint, by their names in the kernel's documentation."`
	FirmwareLocked    *bool    `inv:"firmware_password" doc:"True when firmware settings are guarded by a password."`
	RemoteLogin       *bool    `inv:"remote_login" doc:"True when remote sign-in (RDP, SSH, screen sharing) is switched on."`
	AutoLogin         *bool    `inv:"automatic_login" doc:"True when the machine signs somebody in by itself."`
	ScreenLockSeconds *int64   `inv:"screen_lock_seconds" unit:"second" doc:"Idle time after which the screen is locked; 0 when never."`
}

// Section says how the section is named, kept and read.
func (PlatformSecurity) Section() Meta {
	return Meta{Name: "platform_security", Doc: "Secure Boot, security chip, isolation and access control of the system.", Single: true, Cadence: 24 * time.Hour,
		Windows: `HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot\State, PEFirmwareType, policies of sign-in and SmartScreen, Tbsi_GetDeviceInfo, NtQuerySystemInformation`, Darwin: "bputil, csrutil, ioreg", Linux: "/sys/firmware/efi/efivars/SecureBoot-*, /sys/class/tpm, /sys/kernel/security, /sys/class/iommu, settings of display managers"}
}
