package wmi

import (
	"errors"
	"fmt"
	"io/fs"

	ole "github.com/go-ole/go-ole"
	"github.com/go-ole/go-ole/oleutil"

	"muster/agent/gather/com"
)

// ask asks by the scripting interface of WMI, on a thread of its own.
func ask(namespace, question string, properties []string, k kinds) ([]Row, error) {
	stop, err := com.Start()
	if err != nil {
		return nil, err
	}
	defer stop()
	locator, err := com.Object("WbemScripting.SWbemLocator")
	if err != nil {
		return nil, fmt.Errorf("there is no WMI: %w", err)
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
		if k.method != "" {
			if list, ok := k.of(item); ok {
				row[k.as] = list
			}
		}
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return nil, meant(err)
	}
	return rows, nil
}

// of asks an object by its method which kinds it has some of; ok is false when
// it does not say.
func (k kinds) of(item *ole.IDispatch) (list []any, ok bool) {
	list = []any{}
	methods, err := oleutil.GetProperty(item, "Methods_")
	if err != nil {
		return nil, false
	}
	defer methods.Clear()
	method, err := oleutil.CallMethod(methods.ToIDispatch(), "Item", k.method)
	if err != nil {
		return nil, false
	}
	defer method.Clear()
	class, err := oleutil.GetProperty(method.ToIDispatch(), "InParameters")
	if err != nil || class.ToIDispatch() == nil {
		return nil, false
	}
	defer class.Clear()
	for kind := 1; kind <= k.most; kind++ {
		has, err := k.has(item, class.ToIDispatch(), kind)
		if err != nil {
			return nil, false
		}
		if has {
			list = append(list, int32(kind))
		}
	}
	return list, true
}

// has asks for one kind.
func (k kinds) has(item, class *ole.IDispatch, kind int) (bool, error) {
	in, err := oleutil.CallMethod(class, "SpawnInstance_")
	if err != nil {
		return false, err
	}
	defer in.Clear()
	all, err := oleutil.GetProperty(in.ToIDispatch(), "Properties_")
	if err != nil {
		return false, err
	}
	defer all.Clear()
	one, err := oleutil.CallMethod(all.ToIDispatch(), "Item", k.in)
	if err != nil {
		return false, err
	}
	defer one.Clear()
	if _, err := oleutil.PutProperty(one.ToIDispatch(), "Value", int32(kind)); err != nil {
		return false, err
	}
	out, err := oleutil.CallMethod(item, "ExecMethod_", k.method, in.ToIDispatch())
	if err != nil {
		return false, err
	}
	defer out.Clear()
	answer := out.ToIDispatch()
	if answer == nil {
		return false, fmt.Errorf("%s does not answer", k.method)
	}
	code, err := property(answer, "ReturnValue")
	if err != nil {
		return false, err
	}
	if n, ok := number(code.Value()); !ok || n != 0 {
		return false, fmt.Errorf("%s gives %08x", k.method, uint32(n))
	}
	found, err := property(answer, k.out)
	if err != nil {
		return false, err
	}
	defer found.Clear()
	a := found.ToArray()
	return a != nil && len(a.ToValueArray()) > 0, nil
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
	code, ok := com.Code(err)
	if !ok {
		return err
	}
	switch code {
	case notFound, invalidNamespace, invalidClass:
		return fmt.Errorf("this Windows does not have it (%08x): %w", code, errors.ErrUnsupported)
	case accessDenied, comDenied:
		return fmt.Errorf("it answers administrators and LocalSystem only (%08x): %w", code, fs.ErrPermission)
	}
	return fmt.Errorf("error %08x: %w", code, err)
}
