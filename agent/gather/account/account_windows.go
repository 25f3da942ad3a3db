package account

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"muster/agent/host"
	"muster/internal/inventory"
)

func users(_ context.Context, h *host.Host) ([]inventory.User, []string, []string, error) {
	list, err := locals()
	if err != nil {
		return nil, nil, nil, err
	}
	groups, err := aliases()
	rows, asked, faults := windowsUsers(h, list, groups)
	if err != nil {
		faults = append(faults, "groups, and so administrators: "+err.Error())
	}
	return rows, asked, faults, nil
}

func groups(context.Context, *host.Host) ([]inventory.UserGroup, []string, error) {
	list, err := aliases()
	return windowsGroups(list), []string{"sam"}, err
}

func members(context.Context, *host.Host) ([]inventory.GroupMember, []string, error) {
	list, err := aliases()
	if err != nil {
		return nil, nil, err
	}
	for _, g := range list {
		if g.Unknown {
			return nil, nil, fmt.Errorf("members of group %s cannot be listed", g.Name)
		}
	}
	machine, err := windows.ComputerName()
	if err != nil {
		if machine, err = os.Hostname(); err != nil {
			return nil, nil, err
		}
	}
	return windowsMembers(list, machine), []string{"sam"}, nil
}

// userInfo is USER_INFO_2; fields without a name are not looked at.
type userInfo struct {
	name        *uint16
	_           *uint16 // password, never told
	passwordAge uint32
	_           uint32 // privilege
	home        *uint16
	_           *uint16 // comment
	flags       uint32
	_           *uint16 // script
	_           uint32  // rights of operators
	fullName    *uint16
	_, _, _     *uint16 // comment of the user, parameters, workstations
	lastLogon   uint32
	_           uint32 // last sign-out
	expires     uint32
	_, _        uint32 // space, units of a week
	_           *byte  // hours
	_, _        uint32 // wrong passwords, sign-ins
	_           *uint16
	_, _        uint32 // country, code page
}

const wholeList = 0xffffffff // MAX_PREFERRED_LENGTH

// eachPage calls ask until the list is at its end, and do with each entry.
func eachPage[T any](ask func(buf **byte, read, total, resume *uint32) error, do func(*T)) error {
	var resume uint32
	for n := 0; n < maxAccounts; {
		var buf *byte
		var read, total uint32
		err := ask(&buf, &read, &total, &resume)
		more := errors.Is(err, windows.ERROR_MORE_DATA)
		if err != nil && !more {
			return err
		}
		if buf != nil {
			for i := range unsafe.Slice((*T)(unsafe.Pointer(buf)), read) {
				do(&unsafe.Slice((*T)(unsafe.Pointer(buf)), read)[i])
			}
			if err := windows.NetApiBufferFree(buf); err != nil {
				return err
			}
		}
		if n += int(read); !more || read == 0 {
			return nil
		}
	}
	return fmt.Errorf("more than %d accounts: this is no machine's own list", maxAccounts)
}

// locals lists the machine's own accounts.
func locals() ([]local, error) {
	const normalAccounts = 2 // FILTER_NORMAL_ACCOUNT
	var list []local
	err := eachPage(func(buf **byte, read, total, resume *uint32) error {
		return windows.NetUserEnum(nil, 2, normalAccounts, buf, wholeList, read, total, resume)
	}, func(u *userInfo) {
		a := local{Name: windows.UTF16PtrToString(u.name), FullName: windows.UTF16PtrToString(u.fullName), Home: windows.UTF16PtrToString(u.home),
			Flags: u.flags, PasswordAge: u.passwordAge, LastLogon: u.lastLogon, Expires: u.expires}
		a.SID = sidOf(a.Name)
		list = append(list, a)
	})
	if errors.Is(err, windows.ERROR_INVALID_LEVEL) {
		return localsInShort()
	}
	if err != nil {
		return nil, fmt.Errorf("NetUserEnum: %w", err)
	}
	return list, nil
}

// localsInShort lists the accounts of systems that tell less.
func localsInShort() ([]local, error) {
	type short struct { // USER_INFO_20
		name, fullName, _ *uint16
		flags, _          uint32
	}
	var list []local
	err := eachPage(func(buf **byte, read, total, resume *uint32) error {
		return windows.NetUserEnum(nil, 20, 2, buf, wholeList, read, total, resume)
	}, func(u *short) {
		a := local{Name: windows.UTF16PtrToString(u.name), FullName: windows.UTF16PtrToString(u.fullName), Flags: u.flags}
		a.SID = sidOf(a.Name)
		list = append(list, a)
	})
	if err != nil {
		return nil, fmt.Errorf("NetUserEnum: %w", err)
	}
	return list, nil
}

// sidOf looks an account or group of the machine up.
func sidOf(name string) string {
	sid, _, _, err := windows.LookupSID("", name)
	if err != nil {
		return ""
	}
	return sid.String()
}

type groupInfo struct{ name, comment *uint16 }

type memberInfo struct {
	sid  *windows.SID
	use  int32
	name *uint16
}

// aliases lists local groups and their members.
func aliases() ([]alias, error) {
	dll := windows.NewLazySystemDLL("netapi32.dll")
	list, listMembers := dll.NewProc("NetLocalGroupEnum"), dll.NewProc("NetLocalGroupGetMembers")
	for _, p := range []*windows.LazyProc{list, listMembers} {
		if err := p.Find(); err != nil {
			return nil, fmt.Errorf("this Windows has no %s: %w", p.Name, errors.ErrUnsupported)
		}
	}
	failed := func(rc uintptr) error {
		if rc != 0 {
			return syscall.Errno(rc)
		}
		return nil
	}
	var groups []alias
	err := eachPage(func(buf **byte, read, total, resume *uint32) error {
		at := uintptr(*resume) // DWORD_PTR
		rc, _, _ := list.Call(0, 1, uintptr(unsafe.Pointer(buf)), wholeList, uintptr(unsafe.Pointer(read)), uintptr(unsafe.Pointer(total)), uintptr(unsafe.Pointer(&at)))
		*resume = uint32(at)
		return failed(rc)
	}, func(g *groupInfo) {
		groups = append(groups, alias{Name: windows.UTF16PtrToString(g.name), Comment: windows.UTF16PtrToString(g.comment)})
	})
	if err != nil {
		return nil, fmt.Errorf("NetLocalGroupEnum: %w", err)
	}
	for i := range groups {
		g := &groups[i]
		g.SID = sidOf(g.Name)
		name, err := windows.UTF16PtrFromString(g.Name)
		if err != nil {
			continue
		}
		err = eachPage(func(buf **byte, read, total, resume *uint32) error {
			at := uintptr(*resume)
			rc, _, _ := listMembers.Call(0, uintptr(unsafe.Pointer(name)), 2, uintptr(unsafe.Pointer(buf)), wholeList,
				uintptr(unsafe.Pointer(read)), uintptr(unsafe.Pointer(total)), uintptr(unsafe.Pointer(&at)))
			*resume = uint32(at)
			return failed(rc)
		}, func(m *memberInfo) {
			one := member{Name: windows.UTF16PtrToString(m.name), Use: m.use}
			if m.sid != nil {
				one.SID = m.sid.String()
			}
			g.Members = append(g.Members, one)
		})
		g.Unknown = err != nil
	}
	return groups, nil
}
