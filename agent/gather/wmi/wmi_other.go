//go:build !windows

package wmi

import "errors"

func ask(string, string, []string) ([]Row, error) { return nil, errors.ErrUnsupported }
