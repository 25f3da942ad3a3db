package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
	"unsafe"

	"github.com/kardianos/service"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"muster/internal/private"
)

// prepare makes the folder of settings before anybody else does, and lays down
// a settings file where there is none.
func (p Program) prepare() error {
	if err := private.Folder(p.Folder, p.Name); err != nil {
		return err
	}
	path := p.File(p.Settings)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return private.Keep(path, []byte("# Settings of the "+p.Title+". All have good defaults; docs/configuration.md of\r\n# Muster names each. "+p.Name+" config check tells what is wrong, by line.\r\n"))
}

// platform is the manager where it needs more than kardianos has.
func (p Program) platform(s service.Service) manager { return scm{s, p} }

// scm is the service control manager.
type scm struct {
	service.Service
	p Program
}

// Stop asks the service to end and waits until it did, for as long as the
// service takes at most.
func (m scm) Stop() error {
	return m.with(windows.SERVICE_STOP|windows.SERVICE_QUERY_STATUS, func(s *mgr.Service) error {
		if _, err := s.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), m.p.Patience+10*time.Second)
		defer cancel()
		for {
			st, err := s.Query()
			if err != nil || st.State == svc.Stopped {
				return err
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("it does not end within %s", m.p.Patience+10*time.Second)
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

// Restart also starts a service that is stopped.
func (m scm) Restart() error {
	if err := m.Stop(); err != nil {
		return err
	}
	return m.Start()
}

// failed says that the service ended by a failure, not because it was told to.
func (m scm) failed() bool {
	failed := false
	_ = m.with(windows.SERVICE_QUERY_STATUS, func(s *mgr.Service) error {
		st, err := s.Query()
		failed = err == nil && st.State == svc.Stopped && st.Win32ExitCode != 0 && st.Win32ExitCode != uint32(windows.ERROR_SERVICE_NEVER_STARTED)
		return err
	})
	return failed
}

// with opens the service with those rights alone, which may be all that the
// caller has.
func (m scm) with(rights uint32, do func(*mgr.Service) error) error {
	h, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return err
	}
	defer windows.CloseServiceHandle(h)
	name, err := windows.UTF16PtrFromString(m.p.Name)
	if err != nil {
		return err
	}
	sh, err := windows.OpenService(h, name, rights)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return service.ErrNotInstalled
	}
	if err != nil {
		return err
	}
	s := &mgr.Service{Name: m.p.Name, Handle: sh}
	defer s.Close()
	return do(s)
}

// settle tells the manager what kardianos does not, all of it: how the service
// starts, which rights it gives up, and that it comes again when it fell. What
// this system does not know is named in notes.
func (p Program) settle() (notes []string, err error) { return p.tell(false) }

// complete tells the manager what nobody has told it yet, of a service that
// some installer made. What an administrator set stays.
func (p Program) complete() (notes []string, err error) { return p.tell(true) }

// step is one thing that managers are told. Those that are the administrator's
// to choose have set, which says that it was chosen.
type step struct {
	what string
	set  func(*mgr.Service) bool
	do   func(*mgr.Service) error
}

func (p Program) steps() []step {
	return []step{
		{"delayed start", func(*mgr.Service) bool { return true }, func(s *mgr.Service) error {
			delayed := windows.SERVICE_DELAYED_AUTO_START_INFO{IsDelayedAutoStartUp: 1}
			return windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, (*byte)(unsafe.Pointer(&delayed)))
		}},
		// An account of its own, beside that of the system, which access lists
		// can name. It counts from the next start on.
		{"an account of the service's own", nil, func(s *mgr.Service) error {
			kind := uint32(windows.SERVICE_SID_TYPE_UNRESTRICTED)
			return windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_SERVICE_SID_INFO, (*byte)(unsafe.Pointer(&kind)))
		}},
		{"giving up rights that it does not need", nil, func(s *mgr.Service) error {
			var list []uint16
			for _, name := range p.Privileges {
				u, err := windows.UTF16FromString(name)
				if err != nil {
					return err
				}
				list = append(list, u...)
			}
			list = append(list, 0)
			info := struct{ list *uint16 }{&list[0]} // SERVICE_REQUIRED_PRIVILEGES_INFOW
			return windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, (*byte)(unsafe.Pointer(&info)))
		}},
		{"starting again after it fell", func(s *mgr.Service) bool {
			actions, err := s.RecoveryActions()
			return err != nil && !unknown(err) || len(actions) > 0
		}, func(s *mgr.Service) error {
			// At once, then with pauses, so that one that cannot run does not fill
			// the log of events. A day in order is a fresh start.
			again := func(after time.Duration) mgr.RecoveryAction {
				return mgr.RecoveryAction{Type: mgr.ServiceRestart, Delay: after}
			}
			return s.SetRecoveryActions([]mgr.RecoveryAction{again(10 * time.Second), again(time.Minute), again(10 * time.Minute)}, 24*60*60)
		}},
		{"starting again after it ended with an error", func(s *mgr.Service) bool {
			flag, err := s.RecoveryActionsOnNonCrashFailures()
			return err != nil && !unknown(err) || flag
		}, func(s *mgr.Service) error { return s.SetRecoveryActionsOnNonCrashFailures(true) }},
	}
}

func (p Program) tell(unset bool) (notes []string, err error) {
	rights := uint32(windows.SERVICE_QUERY_CONFIG | windows.SERVICE_CHANGE_CONFIG | windows.SERVICE_START)
	err = scm{p: p}.with(rights, func(s *mgr.Service) error {
		for _, st := range p.steps() {
			if unset && st.set != nil && st.set(s) {
				continue
			}
			if err := st.do(s); unknown(err) {
				notes = append(notes, st.what)
			} else if err != nil {
				return fmt.Errorf("set %s: %w", st.what, err)
			}
		}
		return nil
	})
	return notes, err
}

// unknown says that this system has no such setting of services. Windows has
// all of them; what stands in for it, as Wine, may not.
func unknown(err error) bool {
	var code windows.Errno
	return errors.As(err, &code) && slices.Contains([]windows.Errno{windows.ERROR_CALL_NOT_IMPLEMENTED, windows.ERROR_INVALID_LEVEL}, code)
}
