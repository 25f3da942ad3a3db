package wua

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	ole "github.com/go-ole/go-ole"
	"github.com/go-ole/go-ole/oleutil"

	"muster/agent/gather/com"
)

const (
	// criteria of IUpdateSearcher.Search (Microsoft, "Windows Update Agent API").
	criteria   = "IsInstalled=0 and IsHidden=0"
	maxUpdates = 500
	maxWords   = 200 // of one list
)

func search() ([]Update, error) {
	stop, err := com.Start()
	if err != nil {
		return nil, err
	}
	defer stop()
	session, err := com.Object("Microsoft.Update.Session")
	if err != nil {
		return nil, fmt.Errorf("there is no Windows Update Agent: %w", err)
	}
	defer session.Release()
	searcher, err := oleutil.CallMethod(session, "CreateUpdateSearcher")
	if err != nil {
		return nil, meant("CreateUpdateSearcher", err)
	}
	defer searcher.Clear()
	if _, err := oleutil.PutProperty(searcher.ToIDispatch(), "Online", false); err != nil {
		return nil, meant("Online", err) // never search without
	}
	result, err := oleutil.CallMethod(searcher.ToIDispatch(), "Search", criteria)
	if err != nil {
		return nil, meant("Search", err)
	}
	defer result.Clear()
	if result.ToIDispatch() == nil {
		return nil, fmt.Errorf("Search gives nothing: %w", errors.ErrUnsupported)
	}
	const succeeded, partly = 2, 3 // OperationResultCode
	if code := number(result.ToIDispatch(), "ResultCode"); code != succeeded && code != partly {
		return nil, fmt.Errorf("the search ended with result %d", code)
	}
	list := []Update{}
	err = each(result.ToIDispatch(), "Updates", maxUpdates, func(v *ole.VARIANT) {
		if u := v.ToIDispatch(); u != nil {
			list = append(list, update(u))
		}
	})
	if err != nil {
		return nil, meant("Updates", err)
	}
	return list, nil
}

func update(d *ole.IDispatch) Update {
	u := Update{Title: text(d, "Title"), Severity: text(d, "MsrcSeverity"), Articles: texts(d, "KBArticleIDs"), CVEs: texts(d, "CveIDs"),
		Downloaded: flag(d, "IsDownloaded"), Optional: flag(d, "BrowseOnly")}
	const driver = 2 // UpdateType
	u.Driver = number(d, "Type") == driver
	if v, err := oleutil.GetProperty(d, "Identity"); err == nil {
		if id := v.ToIDispatch(); id != nil {
			u.ID = text(id, "UpdateID")
		}
		v.Clear()
	}
	if v, err := oleutil.GetProperty(d, "InstallationBehavior"); err == nil {
		if b := v.ToIDispatch(); b != nil {
			u.Restart = number(b, "RebootBehavior")
		}
		v.Clear()
	}
	if v, err := oleutil.GetProperty(d, "LastDeploymentChangeTime"); err == nil {
		if at, ok := v.Value().(time.Time); ok {
			u.Released = at.UTC()
		}
		v.Clear()
	}
	_ = each(d, "Categories", maxWords, func(v *ole.VARIANT) { // one without is one of no kind
		if c := v.ToIDispatch(); c != nil {
			u.Categories = append(u.Categories, text(c, "CategoryID"))
		}
	})
	return u
}

// each goes through a collection that a property gives.
func each(d *ole.IDispatch, name string, most int, do func(*ole.VARIANT)) error {
	all, err := oleutil.GetProperty(d, name)
	if err != nil {
		return err
	}
	defer all.Clear()
	list := all.ToIDispatch()
	if list == nil {
		return nil
	}
	for i := range min(number(list, "Count"), most) {
		v, err := oleutil.GetProperty(list, "Item", i)
		if err != nil {
			return err
		}
		do(v)
		v.Clear()
	}
	return nil
}

func texts(d *ole.IDispatch, name string) (list []string) {
	_ = each(d, name, maxWords, func(v *ole.VARIANT) { // an older interface lacks it
		if s := v.ToString(); s != "" {
			list = append(list, s)
		}
	})
	return list
}

func text(d *ole.IDispatch, name string) string {
	v, err := oleutil.GetProperty(d, name)
	if err != nil {
		return ""
	}
	defer v.Clear()
	s, _ := v.Value().(string)
	return s
}

func flag(d *ole.IDispatch, name string) bool {
	v, err := oleutil.GetProperty(d, name)
	if err != nil {
		return false
	}
	defer v.Clear()
	b, _ := v.Value().(bool)
	return b
}

func number(d *ole.IDispatch, name string) int {
	v, err := oleutil.GetProperty(d, name)
	if err != nil {
		return 0
	}
	defer v.Clear()
	switch n := v.Value().(type) {
	case int32:
		return int(n)
	case int64:
		return int(n)
	case int16:
		return int(n)
	}
	return 0
}

// meant is an error with what it means (wuerror.h).
func meant(what string, err error) error {
	code, ok := com.Code(err)
	if !ok {
		return fmt.Errorf("%s: %w", what, err)
	}
	const notImplemented, denied, disabled, perUser = 0x80004001, 0x80070005, 0x80070422, 0x80240044 // E_NOTIMPL, E_ACCESSDENIED, ERROR_SERVICE_DISABLED, WU_E_PER_MACHINE_UPDATE_ACCESS_DENIED
	switch code {
	case notImplemented:
		return fmt.Errorf("%s: %w", what, errors.ErrUnsupported)
	case disabled:
		return fmt.Errorf("the service of Windows Update is disabled: %w", errors.ErrUnsupported)
	case denied, perUser:
		return fmt.Errorf("%s (%08x): %w", what, code, fs.ErrPermission)
	}
	return fmt.Errorf("%s: error %08x: %w", what, code, err)
}
