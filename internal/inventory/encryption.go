package inventory

import "time"

// Encryption is how one volume is encrypted. Keys, recovery keys and
// passwords are never read.
type Encryption struct {
	Volume     string   `inv:"volume,key" doc:"Volume (volume.mount), or the device of a volume that is not mounted."`
	Product    string   `inv:"product" enum:"bitlocker|luks|dm_crypt|filevault|veracrypt|zfs|fscrypt|self_encrypting|none|other" doc:"What encrypts it; none says that it is plain."`
	State      string   `inv:"state" enum:"encrypted|decrypted|encrypting|decrypting|paused|unknown" doc:"State of the data."`
	Protected  *bool    `inv:"protected" doc:"True when a key is needed to read it; false for plain data and while protection is suspended."`
	Locked     *bool    `inv:"locked,latest" doc:"True when it is locked now."`
	Cipher     string   `inv:"cipher,dict" doc:"Cipher and key length, such as xts-aes-256."`
	Version    string   `inv:"format_version,dict" doc:"Version of the on-disk format, such as luks2."`
	Protectors []string `inv:"protectors" doc:"Kinds of key protectors, such as tpm, tpm_pin, recovery_password or passphrase."`
	Escrowed   *bool    `inv:"recovery_escrowed" doc:"True when the system says that its recovery key is kept by the directory or device management."`
	Percent    *float64 `inv:"encrypted_percent,latest" unit:"percent" doc:"Share that is encrypted."`
}

// Section says how the section is named, kept and read.
func (Encryption) Section() Meta {
	return Meta{Name: "encryption", Doc: "Encryption of volumes: product, state and kinds of protectors.", Cadence: time.Hour,
		Windows: "Win32_EncryptableVolume and its GetKeyProtectors (child)", Darwin: "fdesetup status, diskutil apfs list -plist", Linux: "/sys/block/*/dm/uuid CRYPT-* down the slaves, head of LUKS, udev"}
}
