//go:build !windows

package pdh

import "errors"

func reader([]string) func() ([][]Value, error) {
	return func() ([][]Value, error) { return nil, errors.ErrUnsupported }
}
