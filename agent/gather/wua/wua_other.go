//go:build !windows

package wua

import "errors"

func search() ([]Update, error) { return nil, errors.ErrUnsupported }
