//go:build !windows

package service

import "github.com/kardianos/service"

// prepare has nothing to do: packages lay down settings, and where there is no
// package docs/deploy.md says how.
func (Program) prepare() error { return nil }

// settle has nothing to do: the unit and the property list say all.
func (Program) settle() ([]string, error) { return nil, nil }

func (Program) platform(s service.Service) manager { return s }
