package wmi

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"

	ole "github.com/go-ole/go-ole"
	"github.com/go-ole/go-ole/oleutil"
)

// ask asks by the scripting interface of WMI, on a thread of its own.
func ask(namespace, question string, properties []string) ([]Row, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const alreadyDone = 1 // S_FALSE
	if err := ole.CoInitializeEx(0, ole.COINIT_MULTITHREADED); err != nil {
		var e *ole.OleError
		if !errors.As(err, &e) || e.Code() != alreadyDone {
			return nil, fmt.Errorf("CoInitializeEx: %w", err)
		}
	}
	defer ole.CoUninitialize()
	unknown, err := oleutil.CreateObject("WbemScripting.SWbemLocator")
	if err != nil {
		return nil, fmt.Errorf("there is no WMI: %w: %w", err, errors.ErrUnsupported)
	}
	defer unknown.Release()
	locator, err := unknown.QueryInterface(ole.IID_IDispatch)
	if err != nil {
		return nil, meant(err)
	}
	defer locator.Release()
	service, err := oleutil.CallMethod(locator, "ConnectServer", ".", namespace)
	if err != nil {
		return nil, meant(err)
	}
	defer service.Clear()
	// BitLocker answers only what is encrypted on the way.
	if s, err := oleutil.GetProperty(service.ToIDispatch(), "Security_"); err == nil {
		const privacy = 6 // wbemAuthenticationLevelPktPrivacy
		_, _ = oleutil.PutProperty(s.ToIDispatch(), "AuthenticationLevel", privacy)
		s.Clear()
	}
	const forwardOnly, atOnce = 0x20, 0x10 // wbemFlagForwardOnly, wbemFlagReturnImmediately
	set, err := oleutil.CallMethod(service.ToIDispatch(), "ExecQuery", question, "WQL", forwardOnly|atOnce)
	if err != nil {
		return nil, meant(err)
	}
	defer set.Clear()
	rows := []Row{}
	err = oleutil.ForEach(set.ToIDispatch(), func(v *ole.VARIANT) error {
		defer v.Clear()
		if len(rows) >= maxRows {
			return fmt.Errorf("more than %d rows", maxRows)
		}
		item := v.ToIDispatch()
		if item == nil {
			return nil
		}
		row := Row{}
		for _, name := range properties {
			p, err := property(item, name)
			if err != nil {
				continue // an older class lacks it
			}
			if a := p.ToArray(); a != nil {
				row[name] = a.ToValueArray()
			} else if x := p.Value(); x != nil {
				row[name] = x
			}
			p.Clear()
		}
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return nil, meant(err)
	}
	return rows, nil
}

// property reads a property as scripts do, who do not tell methods from
// properties; Wine wants both.
func property(item *ole.IDispatch, name string) (*ole.VARIANT, error) {
	id, err := item.GetSingleIDOfName(name)
	if err != nil {
		return nil, err
	}
	return item.Invoke(id, ole.DISPATCH_METHOD|ole.DISPATCH_PROPERTYGET)
}

// Codes of WMI (wbemcli.h) and of COM.
const (
	notFound         = 0x80041002
	accessDenied     = 0x80041003
	invalidNamespace = 0x8004100e
	invalidClass     = 0x80041010
	comDenied        = 0x80070005 // E_ACCESSDENIED
)

// meant is an error with what it means to a section.
func meant(err error) error {
	var e *ole.OleError
	if !errors.As(err, &e) {
		return err
	}
	code := uint32(e.Code())
	if x, ok := e.SubError().(ole.EXCEPINFO); ok && x.SCODE() != 0 {
		code = x.SCODE()
	}
	switch code {
	case notFound, invalidNamespace, invalidClass:
		return fmt.Errorf("this Windows does not have it (%08x): %w", code, errors.ErrUnsupported)
	case accessDenied, comDenied:
		return fmt.Errorf("it answers administrators and LocalSystem only (%08x): %w", code, fs.ErrPermission)
	}
	return fmt.Errorf("error %08x: %w", code, err)
}
