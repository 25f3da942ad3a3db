package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"muster/agent/send"
	"muster/agent/spool"
	"muster/internal/segment"
)

// What lies in the data folder beside the identity, which is send's, the sign
// of life, which is watch's, and the status.
const (
	spoolName     = "spool"
	keptName      = "kept"
	watchedName   = "watched"
	startToldName = "start-told"
)

// PrepareImage takes out of a data folder all that makes this machine itself:
// who it is, what it has not told yet, and how far it looked. Settings and an
// enrolment string stay, so that each copy of the disk enrols as its own device.
// It answers what it removed, nothing the second time, and refuses while an
// agent works there.
func PrepareImage(dir string) (gone []string, err error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	s, err := spool.Open(filepath.Join(dir, spoolName), spool.Options{})
	switch {
	case errors.Is(err, segment.ErrLocked):
		return nil, fmt.Errorf("an agent runs with the data folder %s: stop it first (muster-agent service stop)", dir)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the data folder may be changed by its owner alone; run this as root, on Windows in a prompt that runs as administrator: %w", err)
	case err == nil:
		empty := s.Stats().Waiting == 0
		if err := s.Close(); err != nil {
			return nil, fmt.Errorf("close spool: %w", err)
		}
		if !empty {
			gone = append(gone, "reports that were not delivered")
		}
	}
	// Who it is comes first: a copy that is only half prepared is no second one.
	names, err := send.Forget(dir)
	if err != nil {
		return gone, err
	}
	gone = append(names, gone...)
	for _, pattern := range []string{keptName, watchedName, "alive", startToldName, statusName} {
		for _, name := range []string{pattern, pattern + ".tmp", pattern + ".new"} {
			err := os.Remove(filepath.Join(dir, name))
			if err == nil {
				gone = append(gone, name)
			} else if !errors.Is(err, fs.ErrNotExist) {
				return gone, fmt.Errorf("prepare image: %w", err)
			}
		}
	}
	if err := removeFolder(filepath.Join(dir, spoolName)); err != nil {
		return gone, fmt.Errorf("prepare image: %w", err)
	}
	if err := segment.OS().SyncDir(dir); err != nil {
		return gone, fmt.Errorf("prepare image: %w", err)
	}
	return gone, nil
}

// removeFolder removes a folder, the last found first. os.RemoveAll wants a way of
// deleting on Windows that not every file system has.
func removeFolder(dir string) error {
	var all []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for i := len(all) - 1; i >= 0 && err == nil; i-- {
		err = os.Remove(all[i])
	}
	return err
}
