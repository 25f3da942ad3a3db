package encryption

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// apfs is what diskutil apfs list -plist says of containers and their volumes.
type apfs struct {
	Containers []struct {
		Volumes []struct {
			Device    string   `plist:"DeviceIdentifier"`
			Name      string   `plist:"Name"`
			Roles     []string `plist:"Roles"`
			Encrypted bool     `plist:"Encryption"`
			FileVault bool     `plist:"FileVault"`
			Locked    bool     `plist:"Locked"`
		} `plist:"Volumes"`
	} `plist:"Containers"`
}

// maxAPFS bounds the volumes kept.
const maxAPFS = 1000

// ReadMac reads the section on macOS: volumes of APFS that hold people's data,
// and FileVault's state. A volume is named by its device, as diskutil does not
// tell where it is mounted; the one with people's data is "/".
func ReadMac(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows := []inventory.Encryption{}
	var list apfs
	if err := apple.Ask(ctx, h, "diskutil-apfs", &list); err != nil {
		return gather.Reading{}, err
	}
	asked := []string{"diskutil"}
	var faults []string
	vault, err := h.Run(ctx, "fdesetup")
	if err != nil {
		faults = append(faults, err.Error())
	} else {
		asked = append(asked, "fdesetup")
	}
	state, percent := fileVault(string(vault))
	for _, c := range list.Containers {
		for _, v := range c.Volumes {
			name, kept := place(v.Roles, v.Device)
			if !kept || len(rows) == maxAPFS {
				continue
			}
			r := inventory.Encryption{Volume: name, Product: "none", State: "decrypted", Protected: new(false), Locked: new(v.Locked)}
			if v.Encrypted || v.FileVault {
				// Without FileVault the key lies open in the machine: whoever has the
				// Mac has the data.
				r.Product, r.State, r.Version, r.Protected = "filevault", "encrypted", "apfs", new(v.FileVault)
			}
			if name == "/" && state != "" {
				r.State, r.Percent = state, percent
				r.Product = "filevault"
				if state == "decrypted" {
					r.Product = "none"
				}
				r.Protected = new(state == "encrypted")
			}
			rows = append(rows, r)
		}
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// place is the name of a volume by what it is for, and whether it is one that
// holds people's data (roles of APFS, diskutil(8)).
func place(roles []string, device string) (string, bool) {
	for _, role := range roles {
		switch role {
		case "Data":
			return "/", true
		case "System", "Preboot", "Recovery", "VM", "Update", "xART", "Hardware", "Installer", "Baseband", "Prelogin", "Enterprise", "Sidecar":
			return "", false
		}
	}
	return "/dev/" + device, device != ""
}

var share = regexp.MustCompile(`Percent completed = ([0-9]{1,3}(?:\.[0-9]+)?)`)

// fileVault reads what fdesetup status says, in words of the catalogue.
func fileVault(text string) (state string, percent *float64) {
	if m := share.FindStringSubmatch(text); m != nil {
		if n, err := strconv.ParseFloat(m[1], 64); err == nil && n <= 100 {
			percent = &n
		}
	}
	switch {
	case strings.Contains(text, "Encryption in progress"):
		return "encrypting", percent
	case strings.Contains(text, "Decryption in progress"):
		return "decrypting", percent
	case strings.Contains(text, "FileVault is On"):
		return "encrypted", nil
	case strings.Contains(text, "FileVault is Off"):
		return "decrypted", nil
	}
	return "", nil
}
