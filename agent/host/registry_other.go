//go:build !windows

package host

import "errors"

// Systems without a registry have none to read.
func readKey(View, string, []string) (Key, error) { return Key{}, errors.ErrUnsupported }

func readNative(Native) ([]byte, error) { return nil, errors.ErrUnsupported }

func readEvents(string, string, bool, int) ([][]byte, int, error) {
	return nil, 0, errors.ErrUnsupported
}
