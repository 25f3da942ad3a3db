package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"
)

func foreign(path, why string, args ...any) error {
	return fmt.Errorf("%s: %s: %w", path, fmt.Sprintf(why, args...), ErrForeign)
}

// parties are the accounts of a folder's matter, as descriptors write them.
type parties struct {
	owner  string   // of what is made here
	admits []string // who may enter
	trusts []string // whose hand in it does no harm
}

// who finds them out. A program that runs as the system or as an administrator
// leaves its folder to both and to the service; any other adds itself.
func who(service string) (parties, error) {
	token := windows.GetCurrentProcessToken()
	u, err := token.GetTokenUser()
	if err != nil {
		return parties{}, fmt.Errorf("find out which account this is: %w", err)
	}
	self, err := canonical(u.User.Sid.String())
	if err != nil {
		return parties{}, err
	}
	p := parties{owner: administrators, admits: []string{system, administrators}}
	if service != "" {
		p.admits = append(p.admits, serviceSID(service))
	}
	if !token.IsElevated() {
		p.owner = self
		p.admits = append(p.admits, self)
	}
	p.trusts = append(slices.Clone(p.admits), trustedInstaller, self)
	return p, nil
}

// canonical is how descriptors write an account: some have names of two
// letters.
func canonical(sid string) (string, error) {
	sd, err := windows.SecurityDescriptorFromString("O:" + sid)
	if err != nil {
		return "", fmt.Errorf("account %s: %w", sid, err)
	}
	d, err := parse(sd.String())
	return d.owner, err
}

// Folder makes dir for the system, administrators and the named service alone,
// or for this account too when that is none of them. What is missing above it
// is made the same way. What is there already is held against who could have
// laid it there, or could still take its place: then the error is ErrForeign,
// and nothing was changed. Otherwise a list that lets others in is put right.
func Folder(dir, service string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	p, err := who(service)
	if err != nil {
		return err
	}
	all := above(dir)
	for i, path := range all[:len(all)-1] {
		if err := p.passage(path, i == 0); err != nil {
			return err
		}
	}
	made, err := p.make(dir)
	if err != nil {
		return err
	}
	if !made {
		if err := p.entries(dir); err != nil {
			return err
		}
	}
	return p.verify(dir)
}

// passage sees to a folder above: made when it is missing, else one that nobody
// can put another in the place of.
func (p parties) passage(path string, root bool) error {
	made, err := p.make(path)
	if made || err != nil {
		return err
	}
	d, err := p.ours(path)
	if err != nil {
		return err
	}
	rights := uint32(rightDeleteChild | rightDelete | rightWriteDAC | rightWriteOwner | genericAll)
	if root {
		rights &^= rightDelete // of a volume, which cannot be
	}
	if sid := d.others(rights, p.trusts); sid != "" {
		return foreign(path, "%s may put another folder in the place of what is below; take that right away, or choose another data folder", sid)
	}
	return nil
}

// make makes a folder that is closed from its first moment.
func (p parties) make(path string) (made bool, err error) {
	sd, err := windows.SecurityDescriptorFromString(closed(p.owner, p.admits))
	if err != nil {
		return false, fmt.Errorf("access list of %s: %w", path, err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return false, err
	}
	sa := windows.SecurityAttributes{SecurityDescriptor: sd}
	sa.Length = uint32(unsafe.Sizeof(sa))
	err = windows.CreateDirectory(name, &sa)
	switch fi, statErr := os.Lstat(path); {
	case err == nil:
		return true, nil
	case statErr == nil && fi.IsDir(): // also where it may not be made, as a volume's root
		return false, nil
	case errors.Is(err, windows.ERROR_ALREADY_EXISTS):
		return false, foreign(path, "there is something else in the place of a folder; remove it")
	}
	return false, &os.PathError{Op: "make folder", Path: path, Err: err}
}

func read(path string) (descriptor, error) {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return descriptor{}, &os.PathError{Op: "read access list", Path: path, Err: err}
	}
	return parse(sd.String())
}

// ours reads the descriptor of what belongs to somebody trusted and leads
// nowhere else.
func (p parties) ours(path string) (descriptor, error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return descriptor{}, err
	}
	if fi.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
		return descriptor{}, foreign(path, "it leads elsewhere; remove it, or choose another data folder")
	}
	d, err := read(path)
	if err != nil {
		return d, err
	}
	if !slices.Contains(p.trusts, d.owner) {
		return d, foreign(path, "it belongs to %s; remove it if nobody knows how it came there, else make it the administrators': icacls \"%s\" /setowner *S-1-5-32-544 /T", d.owner, path)
	}
	return d, nil
}

// entries looks at a folder that was there and all in it, then closes it.
func (p parties) entries(dir string) error {
	type item struct {
		path   string
		folder bool
	}
	var open []item
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		d, err := p.ours(path)
		if errors.Is(err, fs.ErrNotExist) && path != dir {
			return nil // it was temporary
		}
		if err == nil && d.others(anyRight, p.trusts) != "" {
			open = append(open, item{path, e.IsDir()})
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, i := range open {
		text := closed(p.owner, p.admits)
		if i.path != dir {
			text = inherited(p.admits, i.folder)
		}
		if err := set(i.path, text); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// set gives a path, and nothing below it, the access list of the descriptor.
func set(path, text string) error {
	fail := func(err error) error { return &os.PathError{Op: "set access list", Path: path, Err: err} }
	sd, err := windows.SecurityDescriptorFromString(text)
	if err != nil {
		return fail(err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return fail(err)
	}
	h, err := windows.CreateFile(name, windows.READ_CONTROL|windows.WRITE_DAC, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return fail(err)
	}
	defer windows.CloseHandle(h)
	if err := windows.SetKernelObjectSecurity(h, windows.DACL_SECURITY_INFORMATION, sd); err != nil {
		return fail(err)
	}
	return nil
}

// verify reads back what holds now.
func (p parties) verify(dir string) error {
	d, err := p.ours(dir)
	if err != nil {
		return err
	}
	if sid := d.others(anyRight, p.trusts); sid != "" {
		return foreign(dir, "%s may enter although the access list was set; choose a data folder on a volume of NTFS or ReFS", sid)
	}
	return nil
}

// own gives a file to the administrators where this account can; else it stays
// its own, which the service then refuses.
func own(path string) error {
	if !windows.GetCurrentProcessToken().IsElevated() {
		return nil
	}
	sid, err := windows.CreateWellKnownSid(windows.WinBuiltinAdministratorsSid)
	if err != nil {
		return err
	}
	if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION, sid, nil, nil, nil); err != nil {
		return &os.PathError{Op: "give to administrators", Path: path, Err: err}
	}
	return nil
}
