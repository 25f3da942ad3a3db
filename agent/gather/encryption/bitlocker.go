package encryption

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"muster/agent/gather/wmi"
	"muster/agent/host"
	"muster/internal/inventory"
)

// fromWMI reads how BitLocker has volumes; where only people with rights are
// answered, what the starter left in the registry says of the system's volume
// alone.
func fromWMI(h *host.Host, ask func(wmi.Question) ([]wmi.Row, error)) ([]inventory.Encryption, []string, error) {
	list, err := ask(wmi.BitLocker())
	if err == nil {
		rows := []inventory.Encryption{}
		for _, l := range list {
			if r, ok := bitlockerRow(l); ok {
				rows = append(rows, r)
			}
		}
		return rows, nil, nil
	}
	if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, errors.ErrUnsupported) {
		return nil, nil, err
	}
	k, missing := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Control\BitLockerStatus`, "BootStatus")
	on := k.Flag("BootStatus")
	if missing != nil || on == nil {
		if errors.Is(err, errors.ErrUnsupported) {
			return nil, nil, fmt.Errorf("this Windows has no BitLocker: %w", errors.ErrUnsupported)
		}
		return nil, nil, err
	}
	r := inventory.Encryption{Volume: "C:", Product: "none", State: "decrypted", Protected: on}
	if *on {
		r.Product, r.State = "bitlocker", "unknown"
	}
	return []inventory.Encryption{r}, []string{"only the system's volume is known: " + err.Error()}, nil
}

// bitlockerRow reads a Win32_EncryptableVolume (Microsoft, "BitLocker Drive
// Encryption provider").
func bitlockerRow(l wmi.Row) (inventory.Encryption, bool) {
	r := inventory.Encryption{Volume: l.Text("DriveLetter"), Product: "bitlocker", State: "unknown"}
	if r.Volume == "" {
		r.Volume = strings.TrimSuffix(l.Text("DeviceID"), `\`)
	}
	if r.Volume == "" {
		return r, false
	}
	const off, on, unknown = 0, 1, 2 // ProtectionStatus
	protection, told := l.Number("ProtectionStatus")
	r.Locked = new(told && protection == unknown)
	if told && protection != unknown {
		r.Protected = new(protection == on)
	}
	if *r.Locked {
		r.Protected, r.State = new(true), "encrypted" // that it is locked says that it is
	}
	if n, ok := l.Number("ConversionStatus"); ok && !*r.Locked {
		switch n {
		case 0:
			r.State = "decrypted"
		case 1:
			r.State = "encrypted"
		case 2:
			r.State = "encrypting"
		case 3:
			r.State = "decrypting"
		case 4, 5:
			r.State = "paused"
		}
	}
	if n, ok := l.Number("EncryptionMethod"); ok {
		switch n {
		case 1:
			r.Cipher = "aes-cbc-128-diffuser"
		case 2:
			r.Cipher = "aes-cbc-256-diffuser"
		case 3:
			r.Cipher = "aes-cbc-128"
		case 4:
			r.Cipher = "aes-cbc-256"
		case 5:
			r.Cipher = "hardware"
		case 6:
			r.Cipher = "xts-aes-128"
		case 7:
			r.Cipher = "xts-aes-256"
		}
	}
	for _, n := range l.Numbers(wmi.Protectors) {
		if word := protector(n); word != "" {
			r.Protectors = append(r.Protectors, word)
		}
	}
	if r.State == "decrypted" && r.Cipher == "" {
		r.Product, r.Locked = "none", nil
	}
	return r, true
}

// protector is a kind of key protector (Microsoft, "GetKeyProtectors method of
// the Win32_EncryptableVolume class") in a word.
func protector(kind int64) string {
	switch kind {
	case 1:
		return "tpm"
	case 2:
		return "startup_key"
	case 3:
		return "recovery_password"
	case 4:
		return "tpm_pin"
	case 5:
		return "tpm_startup_key"
	case 6:
		return "tpm_pin_startup_key"
	case 7:
		return "public_key"
	case 8:
		return "passphrase"
	case 9:
		return "tpm_certificate"
	case 10:
		return "account" // CNG: who may open it is told by the directory
	}
	return ""
}
