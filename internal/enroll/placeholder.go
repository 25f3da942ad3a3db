package enroll

import (
	"encoding/hex"
	"net"
)

// placeholder says that a text is what makers leave in when they fill in
// nothing. Texts are compared by letters and digits alone, so that dots,
// case and blanks do not matter. Gathered from firmware seen in the wild, and
// from what GLPI, its agent and OCS Inventory refuse: none of their lists holds
// all of the others. Whole values are compared, never a pattern within one:
// "\d\.\d" refuses real serial numbers such as 5.2.8841.
func placeholder(s string) bool {
	switch canonical(s) {
	case "",
		"0",
		"00",
		"0000",
		"012345678",
		"0123456789",
		"03040506",
		"11223344",
		"1122334455",
		"123",
		"1234",
		"12345",
		"123456",
		"1234567",
		"12345678",
		"123456789",
		"1234567890",
		"123456789000",
		"ALLSERIES",
		"AS12345",
		"ASSET1234567890",
		"ASSETTAG",
		"ASSETTAG1234567890",
		"BADINDEX",
		"BASEBOARD",
		"BASEBOARDASSETTAG",
		"BASEBOARDSERIAL",
		"BASEBOARDSERIALNUMBER",
		"BASEBOARDVERSION",
		"BLANK",
		"BOARDSERIALNUMBER",
		"BOARDVERSION",
		"BSN1234567890", // Biostar, ASUS
		"BSN12345678901234567",
		"BSS0123456789",
		"CHASSISMANUFACTURE",
		"CHASSISMANUFACTURER",
		"CHASSISSERIAL",
		"CHASSISSERIALNUMBER",
		"CHASSISVERSION",
		"CXXXXXXXXXXXXXXX",
		"DEFAULT",
		"DEFAULTSTRING",
		"DEFAULTSTRINGDEFAULTSTRING",
		"EMPTY",
		"EMPTYSTRING",
		"ENTERSERIALNUMBER",
		"EVAL",
		"FFFFFFFF",
		"FILLBYOEM",
		"FILLEDBYOEM",
		"IATPASS",
		"INVALID",
		"MB1234567890",
		"MBSERIALNUMBER",
		"MOTHERBOARDSERIALNUMBER",
		"MTBSERIALNUMBER",
		"NA",
		"NB1234567890",
		"NIL",
		"NO",
		"NOASSETINFORMATION",
		"NOASSETTAG",
		"NODATA",
		"NOENCLOSURE",
		"NONE",
		"NOSERIAL",
		"NOSERIALNUMBER",
		"NOTAPPLICABLE",
		"NOTAPPLIED",
		"NOTAVAILABLE",
		"NOTDEFINED",
		"NOTPRESENT",
		"NOTPROVIDED",
		"NOTSET",
		"NOTSETTABLE",
		"NOTSPECIFIED",
		"NOTSUPPORTED",
		"NULL",
		"NULLSTRING",
		"O",
		"OEM",
		"OEMDEFAULT",
		"OEMDEFAULTSTRING",
		"OEMSERIAL",
		"OEMSERIALNUMBER",
		"OEMSTRING",
		"OTHER",
		"OUTOFSPEC",
		"OUTOFSPECOUTOFSPEC",
		"PART1234567890",
		"PLACEHOLDER",
		"PRODUCTNAME",
		"PRODUCTSERIAL",
		"PRODUCTSERIALNUMBER",
		"QEMU", // model and serial of every one
		"RESERVED",
		"SAMPLE",
		"SERIAL",
		"SERIALNO",
		"SERIALNUM",
		"SERIALNUMBER",
		"SERIALNUMBERSTRING",
		"SERNUM0",
		"SERNUM1",
		"SKU",
		"SN",
		"SN12345",
		"SN1234567890",
		"SN123456FVGV3I0B8O5N6N7K",
		"SSN1234567890",
		"SSN123456789012345678",
		"STANDARD",
		"STRING",
		"SYS1234567890",
		"SYS9876543210",
		"SYSSERIALNUMBER",
		"SYSTEMMANUFACTURER",
		"SYSTEMNAME",
		"SYSTEMPRODUCTNAME",
		"SYSTEMSERIAL",
		"SYSTEMSERIALNUMB",
		"SYSTEMSERIALNUMBER",
		"SYSTEMUUID",
		"SYSTEMVERSION",
		"TBD",
		"TEST",
		"TOBEDEFINED",
		"TOBEDEFINEDBYOEM",
		"TOBEFILLED",
		"TOBEFILLEDBYMANUFACTURER",
		"TOBEFILLEDBYOEM",
		"TOBEFILLEDBYOEMTOBEFILLEDBYOEM",
		"TOBEFILLEDBYVENDOR",
		"TOBEFILLEDOEM",
		"TOBESETBYOEM",
		"TULIPCOMPUTERS",
		"TYPE2BOARDSERIALNUMBER",
		"UNDEFINED",
		"UNDEFINEDSERIALNUMBER",
		"UNKNOW",
		"UNKNOWN",
		"UNKNOWNSERIALNUMBER",
		"UNSET",
		"UNSPECIFIED",
		"UNSPECIFIEDSYSTEMSERIAL",
		"VENDOR",
		"VOID",
		"X",
		"XX",
		"XXX",
		"XXXX",
		"XXXXX",
		"XXXXXX",
		"XXXXXXXX",
		"XXXXXXXXXX",
		"XXXXXXXXXXXX":
		return true
	}
	return false
}

// badUUID knows UUIDs that a maker wrote into many machines. The argument is
// 32 lower-case digits. Several stand here twice, in both byte orders that
// readers of SMBIOS use (DSP0134 §7.2.1).
func badUUID(x string) bool {
	switch x {
	case "03000200040005000006000700080009", // AMI's template
		"00020003000400050006000700080009", // the same, other order
		"01000300040005000006000700080009",
		"00000000000000000000000000000001",
		"0102030405060708090a0b0c0d0e0f10",
		"000102030405060708090a0b0c0d0e0f",
		"00112233445566778899aabbccddeeff",
		"33221100554477668899aabbccddeeff",
		"0123456789abcdef0123456789abcdef",
		"67452301ab89efcd0123456789abcdef",
		"6ab5b300538d10149fb5b0684d007b53",
		"00b3b56a8d5314109fb5b0684d007b53",
		"123456789abcdef0123456789abcdef0",
		"78563412bc9af0de123456789abcdef0",
		"11111111222233334444555555555555",
		"12345678123456781234567812345678",
		"12345678123412341234123456789012",
		"12345678123412341234123456789abc",
		"fefefefefefefefefefefefefefefefe",
		"30303030303030303030303030303030",
		"20202020202020202020202020202020",
		"31323334353637383930313233343536", // ASCII digits
		"4c4c454400000010800000000000000f", // Dell's pattern with an empty service tag
		"4c4c4544000020108020802020202020", // the same, tag of blanks
		"44454c4c000020108020802020202020",
		"44454c4c000010208020802020202020",
		"b08dfa6083e7567a1921a715000001fb", // machine-id in images of one distribution
		"d0d0d0d0000000000000000000000000",
		"00000000000010008000000000000000",
		"feedfacedeadbeeff00dcafef00dcafe",
		"ffffffffffff00000000000000000000",
		"ffffffff000000000000000000000000":
		return true
	}
	return false
}

// badMAC knows addresses that many cards share: of VPN clients and virtual
// switches, of docks, and of network chips whose memory was never written.
func badMAC(m net.HardwareAddr) bool {
	if m[0] == 0 && m[1] == 0xff { // TAP adapters: 00ff and a hash
		return true
	}
	switch hex.EncodeToString(m[:3]) {
	case "005056", // VMware gives these by software; the virtual host adapters are …c00001 and …c00008
		"000569",
		"000c29",
		"001c14",
		"0003ff", // Virtual PC
		"00155d", // Hyper-V
		"080027", // VirtualBox
		"00163e", // Xen
		"001c42", // Parallels
		"00059a", // Cisco VPN client
		"00090f", // Fortinet's virtual cards
		"005345", // WAN miniports
		"444553": // dial-up and direct connections of Windows
		return true
	}
	switch m.String() {
	case "00:01:02:03:04:05",
		"00:01:02:7d:9b:1c",
		"00:08:a1:46:06:35",
		"00:08:a1:66:e2:1a",
		"00:09:dd:10:37:68",
		"00:0b:ca:fe:00:00",
		"00:0f:ea:9a:e2:f0",
		"00:10:5a:72:71:f3",
		"00:11:11:85:08:8b",
		"20:41:53:59:4e:ff", // " ASYN": serial lines
		"24:b6:20:52:41:53", // "RAS"
		"50:50:54:50:30:30", // "PPTP00"
		"00:11:22:33:44:55",
		"00:12:34:56:78:90",
		"00:10:18:00:00:00",
		"00:1b:21:00:00:01",
		"00:e0:4c:68:00:01", // Realtek, memory not written
		"00:e0:4c:36:00:01",
		"00:e0:4c:53:44:58",
		"00:e0:4c:00:00:01",
		"00:e0:4c:68:04:0c",
		"00:0e:c6:87:72:01", // ASIX adapters sold under one address
		"00:0e:c6:00:00:01",
		"00:90:cc:00:00:01",
		"00:15:5d:00:00:00",
		"88:88:88:88:87:88", // Intel, template of its flash image
		"80:86:f2:00:00:01":
		return true
	}
	return false
}
