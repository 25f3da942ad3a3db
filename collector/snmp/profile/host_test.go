package profile

import "testing"

func TestStoresThatAreNone(t *testing.T) {
	for name, want := range map[string]string{
		"/": "fixed_disk", "/var": "fixed_disk", "/home/dev": "fixed_disk", "/data, type: zfs, dev: tank/data": "fixed_disk", "C:\\ Label:System": "fixed_disk",
		"/dev": "other", "/dev/shm": "other", "/proc": "other", "/sys/fs/cgroup": "other", "/run/lock": "other",
		"devfs: dev file system, mounted on: /packages/mnt/os": "other", "/dev/md0: Memory disk, mounted on: /packages": "other", "procfs: process file system, mounted on: /proc": "other",
		"/dev/da0s1a: local file system, mounted on: /": "fixed_disk",
	} {
		if got, memory := storageKind("4", name); got != want || memory {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
