// Package cpu reads section cpu: one row a processor package.
//
// It owns the forms of /proc/cpuinfo and of the processor's part of sysfs, and
// what a model name says about generation and clock. It must not measure load.
package cpu

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/order"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// maxSockets bounds the packages kept; the largest machines have 32.
const maxSockets = 256

// pack is one package as /proc/cpuinfo shows it.
type pack struct {
	ID                            int64
	Vendor, Model, Microcode      string
	Family, ModelNumber, Stepping *int64
	Threads, CoresTold            int64
	cores                         map[int64]struct{}
	Flags                         flags
	X86                           bool
	Implementer, Part             string // of ARM
}

// Cores counts distinct core ids, or what the processor says when there are
// none.
func (p *pack) Cores() int64 {
	if n := int64(len(p.cores)); n > 0 {
		return n
	}
	return p.CoresTold
}

// errNoProcessor says that a text has no processor in it.
var errNoProcessor = errors.New("/proc/cpuinfo shows no processor")

// parseInfo reads /proc/cpuinfo: a block of "key : value" a thread, divided by
// empty lines. On ARM the machine's own lines follow the last block. where
// answers the package and core of a thread for architectures whose cpuinfo
// does not tell them; it may answer -1.
func parseInfo(r io.Reader, where func(processor int64) (pkg, core int64)) ([]*pack, error) {
	var packs []*pack
	var b thread
	flush := func() {
		if !b.seen {
			return
		}
		if b.pkg < 0 || b.core < 0 {
			pkg, core := where(b.processor)
			if b.pkg < 0 {
				b.pkg = max(pkg, 0)
			}
			if b.core < 0 {
				b.core = core
			}
		}
		packs = b.into(packs)
		b = fresh()
	}
	b = fresh()
	s := bufio.NewReaderSize(r, 8<<10)
	for {
		line, err := s.ReadSlice('\n')
		if err == bufio.ErrBufferFull { // flags beyond 8 KB are not of this decade
			_, err = s.ReadSlice('\n')
			for err == bufio.ErrBufferFull {
				_, err = s.ReadSlice('\n')
			}
		}
		if text := strings.TrimSpace(string(line)); text == "" {
			flush()
		} else if key, value, ok := strings.Cut(text, ":"); ok {
			if strings.TrimSpace(key) == "processor" {
				flush() // some kernels leave the empty line out
			}
			b.set(strings.TrimSpace(key), strings.TrimSpace(value))
		}
		if err != nil {
			break
		}
	}
	flush()
	if len(packs) == 0 {
		return nil, errNoProcessor
	}
	order.By(packs, func(a, b *pack) int { return int(a.ID - b.ID) })
	return packs, nil
}

// thread is one block.
type thread struct {
	pack
	seen      bool
	processor int64
	pkg, core int64 // -1 until told
}

func fresh() thread { return thread{pkg: -1, core: -1} }

func (b *thread) set(key, value string) {
	number := func() *int64 {
		if v, err := strconv.ParseInt(value, 0, 64); err == nil {
			return &v
		}
		return nil
	}
	switch key {
	case "processor":
		if n := number(); n != nil && *n >= 0 {
			b.seen, b.processor = true, *n
		}
	case "physical id":
		if n := number(); n != nil {
			b.pkg = *n
		}
	case "core id":
		if n := number(); n != nil {
			b.core = *n
		}
	case "cpu cores":
		if n := number(); n != nil {
			b.CoresTold = *n
		}
	case "vendor_id":
		b.Vendor = value
	case "model name", "cpu model", "uarch": // x86 and arm; mips; riscv
		if b.Model == "" {
			b.Model = strings.Join(strings.Fields(value), " ")
		}
	case "cpu family":
		b.Family = number()
	case "model":
		b.ModelNumber = number()
	case "stepping":
		b.Stepping = number()
	case "microcode":
		b.Microcode = strings.TrimPrefix(strings.ToLower(value), "0x")
	case "flags":
		b.X86, b.Flags = true, parseFlags(value)
	case "CPU implementer":
		b.Implementer = strings.ToLower(value)
	case "CPU part":
		b.Part = strings.ToLower(value)
	}
}

// into adds the thread to its package.
func (b *thread) into(packs []*pack) []*pack {
	var p *pack
	for _, have := range packs {
		if have.ID == b.pkg {
			p = have
		}
	}
	if p == nil {
		if len(packs) >= maxSockets {
			return packs
		}
		first := b.pack
		first.ID, first.Threads, first.cores = b.pkg, 0, map[int64]struct{}{}
		p = &first
		packs = append(packs, p)
	}
	p.Threads++
	if b.core >= 0 && len(p.cores) < 4096 {
		p.cores[b.core] = struct{}{}
	}
	return packs
}

// flags are those of x86 that decide something.
type flags uint32

const (
	fCX16 flags = 1 << iota
	fLAHF
	fPOPCNT
	fSSE41
	fSSE42
	fSSSE3
	fAVX
	fAVX2
	fBMI1
	fBMI2
	fF16C
	fFMA
	fABM
	fMOVBE
	fXSAVE
	fAVX512F
	fAVX512BW
	fAVX512CD
	fAVX512DQ
	fAVX512VL
	fLM
	fVMX
	fSVM
	fHypervisor
)

func flagOf(word string) flags {
	switch word {
	case "cx16":
		return fCX16
	case "lahf_lm":
		return fLAHF
	case "popcnt":
		return fPOPCNT
	case "sse4_1":
		return fSSE41
	case "sse4_2":
		return fSSE42
	case "ssse3":
		return fSSSE3
	case "avx":
		return fAVX
	case "avx2":
		return fAVX2
	case "bmi1":
		return fBMI1
	case "bmi2":
		return fBMI2
	case "f16c":
		return fF16C
	case "fma":
		return fFMA
	case "abm": // the kernel's word for LZCNT
		return fABM
	case "movbe":
		return fMOVBE
	case "xsave":
		return fXSAVE
	case "avx512f":
		return fAVX512F
	case "avx512bw":
		return fAVX512BW
	case "avx512cd":
		return fAVX512CD
	case "avx512dq":
		return fAVX512DQ
	case "avx512vl":
		return fAVX512VL
	case "lm":
		return fLM
	case "vmx":
		return fVMX
	case "svm":
		return fSVM
	case "hypervisor":
		return fHypervisor
	}
	return 0
}

func parseFlags(s string) (f flags) {
	for word := range strings.FieldsSeq(s) {
		f |= flagOf(word)
	}
	return f
}

// level is the level of the x86-64 psABI supplement, §3.1.1, that flags
// fulfil. A 32-bit processor has none.
func (f flags) level() string {
	const (
		v2 = fCX16 | fLAHF | fPOPCNT | fSSE41 | fSSE42 | fSSSE3
		v3 = v2 | fAVX | fAVX2 | fBMI1 | fBMI2 | fF16C | fFMA | fABM | fMOVBE | fXSAVE
		v4 = v3 | fAVX512F | fAVX512BW | fAVX512CD | fAVX512DQ | fAVX512VL
	)
	switch {
	case f&fLM == 0:
		return ""
	case f&v4 == v4:
		return "x86-64-v4"
	case f&v3 == v3:
		return "x86-64-v3"
	case f&v2 == v2:
		return "x86-64-v2"
	}
	return "x86-64-v1"
}

// vendor is the maker as people write it.
func vendor(id, implementer string) string {
	switch id {
	case "GenuineIntel":
		return "Intel"
	case "AuthenticAMD":
		return "AMD"
	case "HygonGenuine":
		return "Hygon"
	case "CentaurHauls", "  Shanghai  ", "Shanghai":
		return "Zhaoxin"
	case "":
	default:
		return id
	}
	switch implementer { // Arm ARM, MIDR_EL1, and the kernel's cputype.h
	case "0x41":
		return "ARM"
	case "0x42":
		return "Broadcom"
	case "0x43":
		return "Cavium"
	case "0x48":
		return "HiSilicon"
	case "0x4e":
		return "NVIDIA"
	case "0x51":
		return "Qualcomm"
	case "0x61":
		return "Apple"
	case "0xc0":
		return "Ampere"
	}
	return ""
}

// armModel names cores of Arm's own design by their part number.
func armModel(implementer, part string) string {
	if implementer != "0x41" {
		return ""
	}
	switch part {
	case "0xd03":
		return "Cortex-A53"
	case "0xd04":
		return "Cortex-A35"
	case "0xd05":
		return "Cortex-A55"
	case "0xd07":
		return "Cortex-A57"
	case "0xd08":
		return "Cortex-A72"
	case "0xd09":
		return "Cortex-A73"
	case "0xd0a":
		return "Cortex-A75"
	case "0xd0b":
		return "Cortex-A76"
	case "0xd0c":
		return "Neoverse-N1"
	case "0xd40":
		return "Neoverse-V1"
	case "0xd41":
		return "Cortex-A78"
	case "0xd44":
		return "Cortex-X1"
	case "0xd49":
		return "Neoverse-N2"
	case "0xd4f":
		return "Neoverse-V2"
	case "0xc07":
		return "Cortex-A7"
	}
	return ""
}

// row joins what is known of a package.
func (p *pack) row() inventory.CPU {
	r := inventory.CPU{Socket: p.ID, Vendor: vendor(p.Vendor, p.Implementer), Model: p.Model,
		Family: p.Family, ModelNumber: p.ModelNumber, Stepping: p.Stepping, Microcode: p.Microcode,
		CoreCount: p.Cores(), ThreadCount: p.Threads}
	if r.Model == "" || strings.HasPrefix(r.Model, "ARMv") {
		if m := armModel(p.Implementer, p.Part); m != "" {
			r.Model = m
		}
	}
	if p.X86 {
		r.Level = p.Flags.level()
		switch {
		case p.Flags&fVMX != 0:
			r.Virtualization = "vmx"
		case p.Flags&fSVM != 0:
			r.Virtualization = "svm"
		default:
			r.Virtualization = "none"
		}
	}
	r.Generation = generation(r.Model)
	r.BaseHertz = clock(r.Model)
	return r
}
