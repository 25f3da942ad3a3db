package com

import (
	"errors"
	"fmt"
	"runtime"

	ole "github.com/go-ole/go-ole"
	"github.com/go-ole/go-ole/oleutil"
)

// Start makes the calling goroutine's thread one that may ask objects; stop
// gives it back.
func Start() (stop func(), err error) {
	runtime.LockOSThread()
	const alreadyDone = 1 // S_FALSE
	if err := ole.CoInitializeEx(0, ole.COINIT_MULTITHREADED); err != nil {
		var e *ole.OleError
		if !errors.As(err, &e) || e.Code() != alreadyDone {
			runtime.UnlockOSThread()
			return nil, fmt.Errorf("CoInitializeEx: %w", err)
		}
	}
	return func() {
		ole.CoUninitialize()
		runtime.UnlockOSThread()
	}, nil
}

// Object makes an object of a class, which its user releases. The error wraps
// errors.ErrUnsupported where there is no such class.
func Object(class string) (*ole.IDispatch, error) {
	unknown, err := oleutil.CreateObject(class)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", class, err, errors.ErrUnsupported)
	}
	defer unknown.Release()
	return unknown.QueryInterface(ole.IID_IDispatch)
}

// Code is the number of an error (HRESULT): that of the object, where it told
// one, else that of the call. ok is false for an error of another kind.
func Code(err error) (code uint32, ok bool) {
	var e *ole.OleError
	if !errors.As(err, &e) {
		return 0, false
	}
	if x, ok := e.SubError().(ole.EXCEPINFO); ok && x.SCODE() != 0 {
		return x.SCODE(), true
	}
	return uint32(e.Code()), true
}
