package encryption

import (
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
)

const tokens = `{"keyslots":{"0":{"type":"luks2","key_size":64,"area":{"type":"raw"}},"1":{"type":"luks2","key_size":64},"2":{"type":"luks2","key_size":64}},
"tokens":{"0":{"type":"systemd-tpm2","keyslots":["1"],"tpm2-pin":true,"tpm2-blob":"SECRET"},"1":{"type":"systemd-recovery","keyslots":["2"]}},
"segments":{"0":{"type":"crypt","encryption":"aes-xts-plain64","size":"dynamic"}},"digests":{},"config":{"json_size":"12288"}}`

// luks2 lays out a head.
func luks2(json string) []byte {
	b := make([]byte, 16<<10)
	copy(b, magic)
	b[7] = 2
	binary.BigEndian.PutUint64(b[8:], uint64(len(b)))
	copy(b[headSize:], json)
	return b
}

func luks1(cipher, mode string, bytes uint32, slots ...int) []byte {
	b := make([]byte, 592)
	copy(b, magic)
	b[7] = 1
	copy(b[8:], cipher)
	copy(b[40:], mode)
	binary.BigEndian.PutUint32(b[108:], bytes)
	for _, i := range slots {
		binary.BigEndian.PutUint32(b[208+48*i:], 0x00ac71f3)
	}
	return b
}

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		want Head
	}{
		"luks2":      {luks2(tokens), Head{"luks2", "xts-aes-256", []string{"passphrase", "recovery_password", "tpm_pin"}}},
		"tokens own": {luks2(`{"keyslots":{"0":{"type":"luks2","key_size":32}},"tokens":{"0":{"type":"clevis","keyslots":["0"]}},"segments":{"0":{"type":"crypt","encryption":"serpent-cbc-essiv:sha256"}}}`), Head{"luks2", "cbc-serpent-256", []string{"clevis"}}},
		"empty":      {luks2(`{}`), Head{Version: "luks2"}},
		"luks1":      {luks1("aes", "xts-plain64", 64, 3), Head{"luks1", "xts-aes-256", []string{"passphrase"}}},
		"no slot":    {luks1("aes", "cbc-essiv:sha256", 16), Head{Version: "luks1", Cipher: "cbc-aes-128"}},
	} {
		got, err := Decode(c.b)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v %v, want %+v", name, got, err, c.want)
		}
	}
	for name, b := range map[string][]byte{"short": []byte(magic), "other": make([]byte, 592), "cut": luks2(tokens)[:9000], "no JSON": luks2("SECRET")} {
		_, err := Decode(b)
		if err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := luks2(tokens)
	binary.BigEndian.PutUint64(long[8:], 1<<40)
	if _, err := Decode(long); err == nil {
		t.Error("a head of a terabyte was read")
	}
}

func TestProduct(t *testing.T) {
	for uuid, want := range map[string][2]string{
		"CRYPT-LUKS2-7b0f-x": {"luks", "luks2"}, "CRYPT-LUKS1-7b0f-x": {"luks", "luks1"}, "CRYPT-PLAIN-swap": {"dm_crypt", "plain"}, "CRYPT-BITLK-x": {"bitlocker", ""},
		"CRYPT-VERITY-x": {"", ""}, "LVM-abc": {"", ""}, "": {"", ""}, "CRYPT-TCRYPT-y": {"veracrypt", ""},
	} {
		name, version, ok := product(uuid)
		if name != want[0] || version != want[1] || ok != (want[0] != "") {
			t.Errorf("%q: %s %s %v", uuid, name, version, ok)
		}
	}
}

func FuzzHead(f *testing.F) {
	f.Add(luks2(tokens))
	f.Add(luks1("aes", "xts-plain64", 64, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := Decode(b)
		if err != nil {
			return
		}
		if len(h.Protectors) > maxSlots || len(h.Cipher) > 120 || h.Version == "" {
			t.Errorf("%+v", h)
		}
	})
}
