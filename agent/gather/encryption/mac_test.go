package encryption

import (
	"strings"
	"testing"

	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	r, err := ReadMac(t.Context(), h)
	recorded.Golden(t, h, "encryption", "macbook", r, err)
}

func TestFileVault(t *testing.T) {
	for text, want := range map[string]string{
		"FileVault is On.\n":  "encrypted",
		"FileVault is Off.\n": "decrypted",
		"FileVault is On.\nEncryption in progress: Percent completed = 34.5\n": "encrypting",
		"FileVault is Off.\nDecryption in progress: Percent completed = 100\n": "decrypting",
		"": "", "fdesetup: something else": "",
	} {
		state, percent := fileVault(text)
		if state != want || strings.Contains(text, "34.5") && (percent == nil || *percent != 34.5) {
			t.Errorf("%q is %q, %v", text, state, percent)
		}
	}
}
