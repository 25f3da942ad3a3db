//go:build !linux

package clock

import (
	"errors"
	"fmt"
	"runtime"
)

// Ask asks the kernel.
func Ask() (Kernel, error) {
	return Kernel{}, fmt.Errorf("the clock's state is not read on %s yet: %w", runtime.GOOS, errors.ErrUnsupported)
}
