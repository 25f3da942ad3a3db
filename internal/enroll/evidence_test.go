package enroll

import (
	"strings"
	"testing"
)

func laptop() Evidence {
	return NewEvidence(
		Item{Kind: TPM, Value: strings.Repeat("ab", 31) + "01"},
		Item{Kind: SMBIOSUUID, Value: "4C4C4544-0042-3510-8052-B4C04F4E4D32"},
		Item{Kind: SystemSerial, Value: ModelSerial("Latitude 5440", " B5RNM24 ")},
		Item{Kind: BoardSerial, Value: "/B5RNM24/CNWSC0039E00AB/"},
		Item{Kind: PCIMAC, Value: "A4:BB:6D:01:02:03"},
		Item{Kind: BootDisk, Value: "S4EWNX0R123456"},
		Item{Kind: MachineID, Value: "9f3c1d5be7a84c7f8a5e2f60d1b2c3d4"},
	)
}

// with replaces the items of some kinds.
func (e Evidence) with(items ...Item) Evidence {
	out := e
	for _, it := range items {
		out = out.Without(func(x Item) bool { return x.Kind == it.Kind })
	}
	for _, it := range items {
		if it.Value != "" {
			out.Items = append(out.Items, it)
		}
	}
	return out.Clean()
}

func TestPlaceholdersAreRefused(t *testing.T) {
	for _, v := range []string{
		"", " ", "To be filled by O.E.M.", "To Be Filled By O.E.M. ", "TO BE FILLED BY OEM", "Default string", "System Serial Number", "None", "none",
		"Not Specified", "0123456789", "123456789", "1234567890", "Chassis Serial Number", "empty", "OEM", "N/A", "n.a.", "Not Applicable",
		"INVALID", "Unknown", "xxxxxxxxxx", "0000000000", "........", "-", "FFFFFFFFFFFF", "1111111", "Base Board Serial Number", "\x00\x00\x00\x00",
		"\xff\xff\xff\xff\xff", "Not Available", "SerNum0", "$(DEFAULT_STRING)", "..CN..", "A1", "System manufacturer", strings.Repeat("x1", 400),
	} {
		for _, k := range []Kind{BoardSerial, BootDisk} {
			if got, ok := Normalize(k, v); ok {
				t.Errorf("%s %q is taken as %q", k, v, got)
			}
		}
		if got, ok := Normalize(SystemSerial, ModelSerial("Latitude 5440", v)); ok {
			t.Errorf("serial %q is taken as %q", v, got)
		}
	}
	for _, v := range []string{
		"", "03000200-0400-0500-0006-000700080009", "00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "{00020003-0004-0005-0006-000700080009}",
		"12345678-1234-1234-1234-123456789012", "not-a-uuid", "4C4C4544-0042", "01010101-0101-0101-0101-010101010101", "00000000-0000-0000-0000-000000000001", "Not Settable",
	} {
		if got, ok := Normalize(SMBIOSUUID, v); ok {
			t.Errorf("UUID %q is taken as %q", v, got)
		}
	}
	for _, v := range []string{"", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "02:42:ac:11:00:02", "52:54:00:12:34:56", "01:00:5e:00:00:01", "00:50:56:c0:00:08", "08:00:27:00:11:22",
		"a4:bb:6d:00:00:00", "00:11:22:33:44:55", "00:00:00:00:fe:80:00:00", "00:ff:12:34:56:78"} {
		if got, ok := Normalize(PCIMAC, v); ok {
			t.Errorf("MAC %q is taken as %q", v, got)
		}
	}
	if _, ok := Normalize(SystemSerial, ModelSerial("To be filled by O.E.M.", "B5RNM24")); ok {
		t.Error("a serial number without a model is taken")
	}
	if _, ok := Normalize("ssid", "home"); ok {
		t.Error("an unknown kind is taken")
	}
}

// What others refuse is refused here too: serial numbers, UUIDs and addresses
// of GLPI's default blacklist, its agent's list for SMBIOS, and OCS Inventory's
// base, except their patterns that refuse real ones.
func TestWhatOthersRefuseIsRefused(t *testing.T) {
	for k, list := range map[Kind]string{
		BoardSerial: "N/A;(null string);INVALID;SYS-1234567890;SYS-9876543210;SN-12345;SN-1234567890;1111111111;1111111;1;0110;0123456789;12345;123456;" +
			"1234567;12345678;123456789;1234567890;123456789000;12345678901234567;0000000000;000000;NNNNNNN;xxxxxxxxxxx;EVAL;IATPASS;none;To Be Filled By O.E.M.;" +
			"Tulip Computers;Serial Number xxxxxx;SN-123456fvgv3i0b8o5n6n7k;Unknow;System Serial Number;MB-1234567890;empty;Not Specified;OEM_Serial;SystemSerialNumb;" +
			"Not  Present;Default  string;System Product Name;System manufacturer;System Version;Chassis Serial Number;Chassis manufacture;Chassis manufacturer;" +
			"Chassis Version;No Asset Tag;<BAD INDEX>;<OUT OF SPEC>;<OUT OF SPEC><OUT OF SPEC>;1234567890ABCDEF;00000000000000000001;Type2 - Board Serial Number",
		SMBIOSUUID: "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF;03000200-0400-0500-0006-000700080009;6AB5B300-538D-1014-9FB5-B0684D007B53;01010101-0101-0101-0101-010101010101;2;" +
			"564D0000-0000-0000-0000-000000000000;00000000-0000-0000-0000-AABBCCDDEEFF;78563412-3412-7856-9012-AABBCCDDEEFF;80808080-8080-8080-8080-808080808080",
		PCIMAC: "20:41:53:59:4e:ff;02:00:4e:43:50:49;e2:e6:16:20:0a:35;00:a0:c6:00:00:00;33:50:6f:45:30:30;0a:00:27:00:00:00;00:50:56:C0:00:01;00:50:56:C0:00:08;" +
			"02:80:37:EC:02:00;50:50:54:50:30:30;24:b6:20:52:41:53;FE:FF:FF:FF:FF:FF;00:0b:ca:fe:00:00;44:45:53:54:00:00;44:45:53:54:00:01;44:45:53:54:61:6F;" +
			"00:01:02:7D:9B:1C;00:08:A1:46:06:35;00:08:A1:66:E2:1A;00:09:DD:10:37:68;00:0F:EA:9A:E2:F0;00:10:5A:72:71:F3;00:11:11:85:08:8B;10:11:11:11:11:11",
	} {
		for raw := range strings.SplitSeq(list, ";") {
			if got, ok := Normalize(k, raw); ok {
				t.Errorf("%s %q is taken as %q", k, raw, got)
			}
		}
	}
	for _, model := range []string{"To Be Filled By O.E.M.", "*", "System Product Name", "Product Name", "System Name", "All Series", "Unknow", "XXXXXXXXXXXXXXX"} {
		if got, ok := Normalize(SystemSerial, ModelSerial(model, "B5RNM24")); ok {
			t.Errorf("model %q is taken as %q", model, got)
		}
	}
}

func TestRealIdentifiersAreTaken(t *testing.T) {
	for k, vs := range map[Kind]map[string]string{
		SMBIOSUUID:   {"{4C4C4544-0042-3510-8052-B4C04F4E4D32}": "4c4c4544-0042-3510-8052-b4c04f4e4d32"},
		MachineID:    {"9F3C1D5BE7A84C7F8A5E2F60D1B2C3D4\n": "9f3c1d5b-e7a8-4c7f-8a5e-2f60d1b2c3d4"},
		PCIMAC:       {"A4-BB-6D-01-02-03": "a4:bb:6d:01:02:03", "a4bb.6d01.0203": "a4:bb:6d:01:02:03"},
		BoardSerial:  {" /b5rnm24/CNWSC\x00": "/B5RNM24/CNWSC", "5.2.8841": "5.2.8841", "PF0ABCDE": "PF0ABCDE", "R9-1.2": "R9-1.2", "10110012": "10110012", "CN-0XXX1X": "CN-0XXX1X"},
		BootDisk:     {"  WD-WCC4N0123456": "WD-WCC4N0123456"},
		SystemSerial: {"20XW|PF2ABCDE": "20XW|PF2ABCDE", "a|b model| 5CG1234XYZ ": "A|B MODEL|5CG1234XYZ", "X1|1.2.3004": "X1|1.2.3004"},
	} {
		for raw, want := range vs {
			got, ok := Normalize(k, raw)
			again, ok2 := Normalize(k, got)
			if !ok || got != want || !ok2 || again != want {
				t.Errorf("%s %q: %q %v, again %q %v, want %q", k, raw, got, ok, again, ok2, want)
			}
		}
	}
}

func TestFingerprintStaysWithTheBox(t *testing.T) {
	e := laptop()
	f := e.Fingerprint()
	if f == ([8]byte{}) {
		t.Fatal("no fingerprint")
	}
	for name, o := range map[string]Evidence{
		"reboot, other order": NewEvidence(e.Items[6], e.Items[3], e.Items[0], e.Items[5], e.Items[1], e.Items[4], e.Items[2]),
		"another card":        NewEvidence(append(laptop().Items, Item{Kind: PCIMAC, Value: "00:1b:21:aa:bb:cc"})...),
		"other drive":         e.with(Item{Kind: BootDisk, Value: "ANOTHER1"}),
		"TPM turned off":      e.with(Item{Kind: TPM}),
		"new machine id":      e.with(Item{Kind: MachineID, Value: "1f3c1d5be7a84c7f8a5e2f60d1b2c3d4"}),
	} {
		if o.Fingerprint() != f {
			t.Errorf("%s: another fingerprint", name)
		}
	}
	if e.with(Item{Kind: SMBIOSUUID, Value: "5C4C4544-0042-3510-8052-B4C04F4E4D32"}).Fingerprint() == f {
		t.Error("another UUID: the same fingerprint")
	}
	weak := NewEvidence(Item{Kind: PCIMAC, Value: "00:1b:21:aa:bb:cc"}, Item{Kind: BootDisk, Value: "ANOTHER1"})
	if weak.Fingerprint() != ([8]byte{}) {
		t.Error("a fingerprint out of a card and a drive")
	}
	if NewEvidence(laptop().Items[0]).Fingerprint() == ([8]byte{}) {
		t.Error("no fingerprint although there is a TPM")
	}
}

func TestCompare(t *testing.T) {
	e := laptop()
	other := NewEvidence(
		Item{Kind: TPM, Value: strings.Repeat("cd", 31) + "02"},
		Item{Kind: SMBIOSUUID, Value: "4C4C4544-0043-3510-8052-B4C04F4E4D33"},
		Item{Kind: SystemSerial, Value: ModelSerial("Latitude 5440", "C6RNM24")},
		Item{Kind: BoardSerial, Value: "/C6RNM24/CNWSC0039E00AC/"},
		Item{Kind: PCIMAC, Value: "A4:BB:6D:01:02:04"},
		Item{Kind: BootDisk, Value: "S4EWNX0R999999"},
		Item{Kind: MachineID, Value: "9f3c1d5be7a84c7f8a5e2f60d1b2c3d4"},
	)
	vm := NewEvidence(Item{Kind: SMBIOSUUID, Value: "11d4f1a2-0042-3510-8052-b4c04f4e4d32"}, Item{Kind: MachineID, Value: "9f3c1d5be7a84c7f8a5e2f60d1b2c3d4"})
	for _, c := range []struct {
		name  string
		a, b  Evidence
		want  Judgement
		score int
	}{
		{"itself", e, e, Same, 240},
		{"some unread", e, e.with(Item{Kind: TPM}, Item{Kind: BoardSerial}), Same, 120},
		{"nothing read", e, Evidence{}, Unclear, 0},
		{"new drive and system", e, e.with(Item{Kind: BootDisk, Value: "ANOTHER1"}, Item{Kind: MachineID, Value: "1f3c1d5be7a84c7f8a5e2f60d1b2c3d4"}), ChangedPart, 220},
		{"new card", e, e.with(Item{Kind: PCIMAC, Value: "00:1b:21:aa:bb:cc"}), ChangedPart, 220},
		{"new board, serial and UUID written back", e, e.with(Item{Kind: TPM, Value: other.Items[0].Value}, Item{Kind: BoardSerial, Value: "NEWBOARD1"}, Item{Kind: PCIMAC, Value: "00:1b:21:aa:bb:cc"}), ChangedPart, 100},
		{"image on the same model", e, other, OtherMachine, 5},
		{"drive moved to another box", e, other.with(Item{Kind: BootDisk, Value: "S4EWNX0R123456"}), OtherMachine, 20},
		{"cloned virtual machine", vm, vm.with(Item{Kind: SMBIOSUUID, Value: "22d4f1a2-0042-3510-8052-b4c04f4e4d32"}), OtherMachine, 5},
	} {
		v := Compare(c.a, c.b)
		if v.Judgement != c.want || v.Score != c.score {
			t.Errorf("%s: %v, score %d, against %d (%v); want %v, %d", c.name, v.Judgement, v.Score, v.Against, v, c.want, c.score)
		}
		if r := Compare(c.b, c.a); r.Judgement != v.Judgement || r.Score != v.Score {
			t.Errorf("%s: not the same both ways", c.name)
		}
	}
}

func TestMergeKeepsWhatWasNotRead(t *testing.T) {
	e := laptop()
	newer := e.with(Item{Kind: TPM}, Item{Kind: BootDisk, Value: "ANOTHER1"})
	got := e.Merge(newer)
	if v := Compare(got, newer); v.Against != 0 {
		t.Errorf("%v", v)
	}
	if len(got.Values(TPM)) != 1 || got.Values(BootDisk)[0] != "ANOTHER1" {
		t.Errorf("%v", got)
	}
}

func FuzzNormalize(f *testing.F) {
	for _, k := range Kinds() {
		f.Add(string(k), "4C4C4544-0042-3510-8052-B4C04F4E4D32")
		f.Add(string(k), "a|b")
		f.Add(string(k), "ſ\u0131İ ß")
	}
	f.Fuzz(func(t *testing.T, kind, raw string) {
		v, ok := Normalize(Kind(kind), raw)
		if !ok {
			return
		}
		if again, ok := Normalize(Kind(kind), v); !ok || again != v {
			t.Fatalf("%s %q becomes %q and then %q %v", kind, raw, v, again, ok)
		}
	})
}
