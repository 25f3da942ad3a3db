package edid

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// serial is the serial number as printed on the display. The standard has two
// places, a number of 32 bits and a text, and makers use them as they please;
// what is known of them was learned from offices that compared with the label
// (reports to FusionInventory and GLPI agents).
func serial(d Display, n names) string {
	var bytes [4]byte
	binary.BigEndian.PutUint32(bytes[:], n.number)
	text := clean(n.serial)
	switch d.Code {
	case "ACR": // Acer: the number stands in the text, after the eighth letter
		if len(text) == 12 && told(n.number) {
			return text[:8] + fmt.Sprintf("%08x", n.number) + text[8:]
		}
	case "SAM": // Samsung: the number is the first four letters
		switch {
		case d.Product == 0x0c18 && told(n.number):
			return strconv.FormatUint(uint64(n.number), 10)
		case text != "" && d.Product == 0x0e5a && capitals(reversed(bytes)):
			return reversed(bytes) + text
		case text != "" && capitals(string(bytes[:])):
			return string(bytes[:]) + text
		}
	case "BNQ": // BenQ: the same, the other way round, and shorter
		if prefix := strings.TrimRight(reversed(bytes), "\x00"); text != "" && onlyLetters(prefix) {
			return prefix + text
		}
	case "GSM": // LG: two letters in base 34 and three digits
		if d.Product == 0x4b21 {
			const alphabet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
			if high := int(n.number / 1000); n.number >= 1000 && high < len(alphabet)*len(alphabet) {
				return string([]byte{alphabet[high/len(alphabet)], alphabet[high%len(alphabet)]}) + fmt.Sprintf("%03d", n.number%1000)
			}
		}
	case "PHL": // Philips: six digits, without the text over HDMI
		if text == "" && told(n.number) {
			return fmt.Sprintf("%06d", n.number)
		}
	}
	if text == "" && told(n.number) {
		return strconv.FormatUint(uint64(n.number), 10)
	}
	return text
}

// told says whether the number is one, and not a maker's filling.
func told(n uint32) bool {
	switch n {
	case 0, 1, 0x01010101, 0xffffffff, 0x01000000, 0x20202020:
		return false
	}
	return true
}

// clean takes away texts that stand in every display of a maker.
func clean(s string) string {
	s = strings.TrimSpace(s)
	low := strings.ToLower(s)
	switch {
	case len(s) < 3, strings.Count(s, s[:1]) == len(s):
		return ""
	case strings.HasPrefix("1234567890123", s), low == "serial", low == "serial number", low == "demoset-1", low == "n/a", low == "none", low == "unknown":
		return ""
	}
	return s
}

func reversed(b [4]byte) string { return string([]byte{b[3], b[2], b[1], b[0]}) }

// capitals says whether a text is of capitals and digits.
func capitals(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func onlyLetters(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// vendor is the name behind a maker's code, for those that offices have; empty
// for others (UEFI Forum, PNP ID registry).
func vendor(code string) string {
	for _, v := range vendors() {
		if v[0] == code {
			return v[1]
		}
	}
	return ""
}

func vendors() [][2]string {
	return [][2]string{
		{"ACI", "Asus"},
		{"ACR", "Acer"},
		{"AGN", "AG Neovo"},
		{"AOC", "AOC"},
		{"API", "Acer"},
		{"APP", "Apple"},
		{"AUO", "AU Optronics"},
		{"AUS", "Asus"},
		{"BNQ", "BenQ"},
		{"BOE", "BOE"},
		{"CMN", "Chimei Innolux"},
		{"CMO", "Chi Mei Optoelectronics"},
		{"CPT", "Chunghwa Picture Tubes"},
		{"CSO", "CSOT"},
		{"DEL", "Dell"},
		{"ELO", "Elo Touch"},
		{"ENC", "Eizo"},
		{"EPI", "Envision"},
		{"FNI", "Funai"},
		{"FUJ", "Fujitsu"},
		{"FUS", "Fujitsu"},
		{"GBT", "Gigabyte"},
		{"GSM", "LG"},
		{"HEC", "Hisense"},
		{"HPN", "HP"},
		{"HSD", "HannStar"},
		{"HWP", "HP"},
		{"HWV", "Huawei"},
		{"IBM", "IBM"},
		{"INL", "InnoLux"},
		{"IVM", "Iiyama"},
		{"IVO", "InfoVision"},
		{"LEN", "Lenovo"},
		{"LGD", "LG Display"},
		{"LPL", "LG Philips"},
		{"MAX", "Maxdata"},
		{"MED", "Medion"},
		{"MEI", "Panasonic"},
		{"MSI", "MSI"},
		{"NEC", "NEC"},
		{"NEO", "AG Neovo"},
		{"NVD", "Nvidia"},
		{"OTM", "Optoma"},
		{"PHL", "Philips"},
		{"PNP", "Plug and Play"},
		{"QDS", "Quanta Display"},
		{"RHT", "Red Hat"},
		{"SAM", "Samsung"},
		{"SDC", "Samsung Display"},
		{"SEC", "Epson"},
		{"SHP", "Sharp"},
		{"SNY", "Sony"},
		{"TCL", "TCL"},
		{"TIA", "Tianma"},
		{"TOS", "Toshiba"},
		{"VIZ", "Vizio"},
		{"VSC", "ViewSonic"},
		{"WAC", "Wacom"},
		{"XMI", "Xiaomi"},
	}
}
