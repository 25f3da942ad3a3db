//go:build !windows

package wmi

import "errors"

func ask(string, string, []string, kinds) ([]Row, error) { return nil, errors.ErrUnsupported }
