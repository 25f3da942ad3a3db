package smart

import (
	"regexp"
	"strings"
	"sync"
)

// family is what drives of one design have in common: how they tell wear, in
// what units they count.
type family struct {
	name   string
	models *regexp.Regexp // of the model, spaces made single

	wear  wear
	unit  int64 // bytes of one count of 241 (written) and 242 (read); 0 when not known
	write uint8 // attribute that counts what was written, when not 241

	hours hoursUnit

	// What the design puts elsewhere or means otherwise.
	noUncorrectable bool // 187 is a composite
	tenths          bool // 194 is in tenths of a degree
	no190           bool // 190 is no temperature
	words           bool // 187 is three 16-bit numbers
	composites      bool // 1 and 7: errors above 32 bits, operations below
}

// wear is where a design tells how much of its life is used.
type wear struct {
	id  uint8
	how func(Attribute) (used int64, ok bool)
}

// Units of 241, 242 and their kin.
const (
	sectors  = -1 // logical sectors
	gigabyte = 1_000_000_000
	gibibyte = 1 << 30
	mebi32   = 32 << 20
)

type hoursUnit uint8

const (
	hours hoursUnit = iota
	minutes
	halfMinutes
	seconds
)

// familyOf finds the first family a model belongs to; the zero family when
// none is known.
func familyOf(d Drive) family {
	model := strings.Join(strings.Fields(d.Model), " ")
	if model == "" {
		return family{}
	}
	list := hardDisks()
	if d.Medium == SSD {
		list = flash()
	}
	for _, f := range list {
		if f.models.MatchString(model) {
			return f
		}
	}
	return family{}
}

func models(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?i:` + pattern + `)`) }

// hardDisks lists the designs of hard disks that differ from the rest. The
// units of 9, and who packs 1, 7 and 187, are facts that smartmontools' list
// of drives has gathered from makers and owners.
var hardDisks = sync.OnceValue(func() []family {
	return []family{
		{name: "Seagate", models: models(`(Seagate )?((APPLE )?HDD )?(ST\d|MAXTOR STM)|Seagate`), composites: true},
		{name: "Hitachi of 2001 to 2005", models: models(`HITACHI_DK(14|23)|HTA4220|HE[JN]4230|HTC4260`), hours: minutes, words: true},
		{name: "Toshiba MK", models: models(`(TOSHIBA )?MK\d\d(51GSY|56GSY|61GSY|76GSX)`), hours: minutes, words: true},
		{name: "Hitachi and its heirs", models: models(`(HITACHI|HGST|TOSHIBA|HPE?|WDC WUH|WUH) ?|H[TUD][STUAE]\d`), words: true},
		{name: "Maxtor", models: models(`Maxtor `), hours: minutes},
		{name: "Fujitsu MHZ BJ", models: models(`FUJITSU MHZ2\d\dBJ`), hours: minutes},
		{name: "Fujitsu", models: models(`FUJITSU (M1623|MH[GHJKLMNRSTUV]|MP[A-G]3)`), hours: seconds},
		{name: "Samsung of 2002", models: models(`SAMSUNG SV\d{4}H`), hours: halfMinutes, tenths: true},
		{name: "Samsung of 2003 to 2007", models: models(`SAMSUNG (SV\d{4}N|SP(04|08|12|16|40A|80)\w+|HM(0[468]0H|120I|1[026]0J)[CI]|MP0\d{3}H)`), hours: halfMinutes},
	}
})

// flash lists the designs of SATA SSDs, the narrower pattern first. Sources
// stand in docs/smart.md; what was measured was measured on linux-hardware.org's
// reports.
var flash = sync.OnceValue(func() []family {
	return []family{
		{name: "Samsung", models: models(`SAMSUNG|MZ[7MNY]`), wear: wear{177, leftNormalized}, unit: sectors},

		// Intel's own firmware, and Dell's, which numbers life left as 245 and
		// puts what was written into 233.
		{name: "Intel for Dell", models: models(`(INTEL )?SSDSC\w+R$`), wear: wear{245, leftEither}, unit: mebi32},
		{name: "Intel on SandForce", models: models(`(INTEL )?SSD(SC2(BC|[BC][TW])|SC2CT|MCEAC|MCEA[WF]|SC2B[WF]|SCKJ[WF])`), wear: wear{233, leftNormalized}, unit: mebi32, noUncorrectable: true},
		{name: "Intel", models: models(`(INTEL |SOLIDIGM )?SSD(SA|SC|PA|MA)`), wear: wear{233, leftNormalized}, unit: mebi32},

		{name: "Silicon Motion", models: models(`(Crucial[_ ])?CT\d+BX[12]00|ADATA (SU[6-9]\d\d|SP550)|ADATA_IMSS|CORSAIR FORCE LX|(Transcend )?TS\d+[GT](SSD(2[23]|36|37\d|4[25])|MT[SE][468])`), wear: wear{169, leftRaw}, unit: mebi32},
		{name: "Micron", models: models(`Micron|Crucial|[CP][34]00-|M4-CT|CT\d|(MT|EE)FDDA|M5[015]0|M600`), wear: wear{202, usedWrapped}, unit: sectors, write: 246},

		{name: "SandForce", models: models(`SandForce|KINGSTON (SV300|SH10[03]|SKC[13]00|SKC380|SV?E[15]0|SE100|SVP200|SMS[24]50|SMS200|SHFS)|OCZ[- ](VERTEX[23 ]|AGILITY[23]|SOLID3|NOCTI|REVO|Z-DRIVE)|VERTEX3|(OCZ )?D2[CR]STK|Corsair (CSSD-F|Force (3|GS|GT|SSD))|ADATA S[PX]900|ADATA SP[38]00|ADATA XM11|MKNSSD(CR|EC|AT|CL)|OWC |Patriot Pyro|SanDisk SDSSDX\d+GG25|SG9XCS2|Seagate 2E256`), wear: wear{231, leftNormalized}, unit: gibibyte, noUncorrectable: true},

		{name: "SanDisk of one bit or two", models: models(`SanDisk (iSSD|pSSD|SDSSDP|SDSSDRC|SSD [iU]1|SDSA|SD7[SU]B[23]Q)`), wear: wear{230, usedHundredths}, unit: sectors},
		{name: "SanDisk and WD", models: models(`SanDisk (SD[5-9]S|SDSSDH|SDSSDA|SDSSDX|SSD |Ultra|pSSD|WD )|WDC?\s+WD(S\d|BNCE)|WD (Blue|Green|Red) SA`), wear: wear{230, usedWords}, unit: gibibyte},

		{name: "Seagate", models: models(`(Seagate )?((BarraCuda|IronWolf|IronWolfPro|Nytro)( \d+)?( SSD)? )?(XA\d|ZA\d|XF1230)`), wear: wear{231, leftLowByte}, unit: gibibyte, no190: true},
		{name: "Kingston on Marvell", models: models(`KINGSTON SUV[45]00`), wear: wear{231, leftEither}, unit: gibibyte},
		{name: "Phison", models: models(`KINGSTON (SA400|SEDC|SUV300|SKC(310|400|600)|SV310|SHSS|O[CM])|PNY CS|Patriot (Flare|Blast|Blaze|Burst( |$))|(GOODRAM|IR-SSDPR|SSDPR-CX400)|Goodram (IR|SSDPR)|GIGABYTE GP-GSTFS|Corsair Force (LE200|LS)|SSD (Smartbuy|PHISON)|TEAM L3 EVO`), wear: wear{231, leftPhison}, unit: gibibyte},
		{name: "Supermicro", models: models(`SuperMicro SSD`), wear: wear{231, leftEither}, unit: gibibyte},

		{name: "Toshiba", models: models(`(TOSHIBA |KIOXIA )?(THNS[NF]?[NJ8]|KHK|KHX)|OCZ-TRION|OCZ TRION|TOSHIBA-TR150|TOSHIBA Q300`), wear: wear{173, usedFrom200}},
		{name: "SK hynix for servers", models: models(`(SK ?hynix )?HFS\w+FEH`), wear: wear{245, leftEither}, unit: gibibyte},
		{name: "SK hynix", models: models(`SK ?hynix|HFS\d|SHGS\d`), wear: wear{177, leftNormalized}, unit: gigabyte},
		{name: "HP and HPE", models: models(`(HPE? )?[VMLEX][KRO]\d{4,6}[A-Z]{4}`), wear: wear{173, leftNormalized}},
		{name: "Barefoot 3", models: models(`OCZ[- ](VECTOR|VERTEX4[56]0|SABER|ARC100|INTREPID)|Radeon R7`), wear: wear{233, leftNormalized}, unit: gibibyte},
		{name: "Innodisk", models: models(`InnoDisk|InnoLite|SATADOM|SATA Slim|Mini PCIeDOM`), wear: wear{169, leftRaw}, unit: mebi32},
		{name: "Plextor", models: models(`PLEXTOR `), unit: mebi32},
		{name: "JMicron", models: models(`ADATA (S596|SP310|SP600|SX930)|KINGSTON (SNV|SS100|SV100|SV200|SVP100)|(Transcend )?TS\d+G(SSD|MSA)[37]40`)},
	}
})

// Ways to tell wear. Each answers only where the numbers make sense together,
// since one name is often given to several designs.

// leftNormalized: the normalized value is the percentage of life left.
func leftNormalized(a Attribute) (int64, bool) {
	if a.Normalized > 100 {
		return 0, false
	}
	return 100 - int64(a.Normalized), true
}

// leftRaw: the raw value is the percentage of life left.
func leftRaw(a Attribute) (int64, bool) {
	if a.raw48() > 100 {
		return 0, false
	}
	return 100 - int64(a.raw48()), true
}

// leftEither: the normalized value is the life left, and the raw value the
// same, or what is used, or nothing. A design whose normalized value stays at
// 100 has it in the raw value. Numbers that contradict each other tell
// nothing.
func leftEither(a Attribute) (int64, bool) {
	raw, left := a.raw48(), int64(a.Normalized)
	if left > 100 {
		return 0, false
	}
	if raw == 0 || raw > 100 {
		return 100 - left, true
	}
	r := int64(raw)
	switch {
	case r == left, r+left >= 98 && r+left <= 102 && left != 100:
		return 100 - left, true
	case left == 100:
		return 100 - r, true
	}
	return 0, false
}

// leftPhison: as leftEither, but a raw value of 0 beside a normalized 100
// means that nothing is left: Phison's normalized value does not move.
func leftPhison(a Attribute) (int64, bool) {
	if a.raw48() == 0 && a.Normalized == 100 {
		return 100, true
	}
	return leftEither(a)
}

// leftLowByte: as leftEither, with other numbers packed above the raw value.
func leftLowByte(a Attribute) (int64, bool) {
	a.Raw &= 0xff
	return leftEither(a)
}

// usedWrapped: Micron's raw value is the percentage used and goes on above
// 100, where the normalized value, a byte, wraps: 100 less used. OEM firmware
// has something else in the raw value; then the normalized value counts.
func usedWrapped(a Attribute) (int64, bool) {
	if raw := a.raw48(); raw <= 1000 {
		for _, off := range []int64{0, 1, -1} {
			if uint8(100-int64(raw)+off) == a.Normalized {
				return int64(raw), true
			}
		}
		if raw > 100 && a.Normalized <= 1 {
			return int64(raw), true // later firmware stops at 0
		}
	}
	return leftNormalized(a)
}

// usedFrom200: Toshiba's normalized value goes from 200 when new to 100 at the
// end of the rated life, and on below.
func usedFrom200(a Attribute) (int64, bool) {
	if a.Normalized > 200 || a.Normalized < 50 {
		return 0, false
	}
	return 200 - int64(a.Normalized), true
}

// usedWords: three 16-bit numbers, the lowest the worst of the other two; of
// each the upper byte is whole percents, the lower hundredths.
func usedWords(a Attribute) (int64, bool) {
	w := a.word(0)
	whole, hundredths := w>>8, w&0xff
	if hundredths > 99 {
		return 0, false
	}
	return whole + (hundredths+50)/100, true
}

// usedHundredths: the low word is hundredths of a percent.
func usedHundredths(a Attribute) (int64, bool) {
	if a.raw48() > 0xffff {
		return 0, false
	}
	return (a.word(0) + 50) / 100, true
}
