package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What is asked of Windows' software protection (slpublic.h, slwga.h).
var (
	licensedWindows = windows.GUID{Data1: 0x55c92734, Data2: 0xd682, Data3: 0x4d71, Data4: [8]byte{0x98, 0x3e, 0xd6, 0xec, 0x3f, 0x16, 0x05, 0x9f}}
	licensedOffice  = windows.GUID{Data1: 0x0ff1ce15, Data2: 0xa989, Data3: 0x479d, Data4: [8]byte{0xaf, 0x46, 0xf2, 0x75, 0xc6, 0x37, 0x06, 0x63}}
)

// maxProducts bounds the products of one application.
const maxProducts = 2048

// licenses asks for products that have a key. Of keys the system itself gives
// only the last five characters; nothing longer is asked for.
func licenses() ([]byte, error) {
	const dll = "slc.dll"
	ask := map[string]*windows.LazyProc{}
	for _, name := range []string{"SLOpen", "SLClose", "SLGetLicensingStatusInformation", "SLGetInstalledProductKeyIds", "SLGetProductSkuInformation", "SLGetPKeyInformation"} {
		p, err := proc(dll, name)
		if err != nil {
			return nil, err
		}
		ask[name] = p
	}
	var h uintptr
	if rc, _, _ := ask["SLOpen"].Call(uintptr(unsafe.Pointer(&h))); int32(rc) < 0 {
		return nil, refusal("SLOpen", rc)
	}
	defer ask["SLClose"].Call(h)
	var out []byte
	put := func(kind uint32, b []byte) {
		out = binary.LittleEndian.AppendUint32(out, kind)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(b)))
		out = append(out, b...)
	}
	const status = 40 // SL_LICENSING_STATUS: GUID, four numbers, time of expiry
	for _, app := range []*windows.GUID{&licensedWindows, &licensedOffice} {
		var n uint32
		var list unsafe.Pointer
		if rc, _, _ := ask["SLGetLicensingStatusInformation"].Call(h, uintptr(unsafe.Pointer(app)), 0, 0, uintptr(unsafe.Pointer(&n)), uintptr(unsafe.Pointer(&list))); int32(rc) < 0 {
			if app == &licensedWindows {
				return nil, refusal("SLGetLicensingStatusInformation", rc)
			}
			continue // no Office, or one that keeps its licences elsewhere
		}
		for i := range min(n, maxProducts) {
			one := bytes.Clone(unsafe.Slice((*byte)(unsafe.Add(list, uintptr(i)*status)), status))
			var keys uint32
			var ids unsafe.Pointer
			if rc, _, _ := ask["SLGetInstalledProductKeyIds"].Call(h, uintptr(unsafe.Pointer(&one[0])), uintptr(unsafe.Pointer(&keys)), uintptr(unsafe.Pointer(&ids))); int32(rc) < 0 || keys == 0 {
				continue // of all that it could be, it is not this one
			}
			key := bytes.Clone(unsafe.Slice((*byte)(ids), 16))
			localFree(ids)
			put(LicenseStatus, one)
			for kind, name := range map[uint32]string{LicenseName: "Name", LicenseDescription: "Description"} {
				put(kind, licenseText(ask["SLGetProductSkuInformation"], h, one[:16], name))
			}
			put(LicenseKeyTail, licenseText(ask["SLGetPKeyInformation"], h, key, "PartialProductKey"))
			put(LicenseChannel, licenseText(ask["SLGetPKeyInformation"], h, key, "Channel"))
		}
		localFree(list)
	}
	if genuine, err := proc("slwga.dll", "SLIsGenuineLocal"); err == nil {
		var state uint32
		if rc, _, _ := genuine.Call(uintptr(unsafe.Pointer(&licensedWindows)), uintptr(unsafe.Pointer(&state)), 0); int32(rc) >= 0 {
			put(LicenseGenuine, binary.LittleEndian.AppendUint32(nil, state))
		}
	}
	return out, nil
}

// licenseText asks for one text of a product or key; empty when there is none.
func licenseText(p *windows.LazyProc, h uintptr, id []byte, name string) []byte {
	const most = 4096
	n16, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil
	}
	var kind, size uint32
	var at unsafe.Pointer
	rc, _, _ := p.Call(h, uintptr(unsafe.Pointer(&id[0])), uintptr(unsafe.Pointer(n16)), uintptr(unsafe.Pointer(&kind)), uintptr(unsafe.Pointer(&size)), uintptr(unsafe.Pointer(&at)))
	if int32(rc) < 0 || at == nil {
		return nil
	}
	defer localFree(at)
	if kind != windows.REG_SZ || size > most {
		return nil
	}
	units := unsafe.Slice((*uint16)(at), size/2)
	for i, u := range units {
		if u == 0 {
			units = units[:i]
			break
		}
	}
	return []byte(string(utf16.Decode(units)))
}

func localFree(p unsafe.Pointer) { windows.LocalFree(windows.Handle(p)) }

// refusal is an HRESULT as an error.
func refusal(name string, rc uintptr) error {
	const notImplemented = 0x80004001 // E_NOTIMPL
	if uint32(rc) == notImplemented {
		return fmt.Errorf("%s: %w", name, errors.ErrUnsupported)
	}
	return fmt.Errorf("%s: %w", name, syscall.Errno(uint32(rc)))
}
