package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// dialLocal opens a pipe. Anybody may make one of that name while its owner
// does not run, so whoever answers must not act as the agent: it is told
// nothing of who asks (SECURITY_ANONYMOUS).
func dialLocal(ctx context.Context, pipe string) (net.Conn, error) {
	const qualified, anonymous = 0x00100000, 0 // SECURITY_SQOS_PRESENT
	// Overlapped, or a read that waits would hold up what is written.
	const flags = windows.FILE_FLAG_OVERLAPPED | qualified | anonymous
	name, err := windows.UTF16PtrFromString(pipe)
	if err != nil {
		return nil, err
	}
	for {
		f, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING, flags, 0)
		switch {
		case err == nil:
			return pipeConn{os.NewFile(uintptr(f), pipe)}, nil
		case errors.Is(err, windows.ERROR_FILE_NOT_FOUND):
			return nil, fmt.Errorf("open %s: %w", pipe, fs.ErrNotExist)
		case !errors.Is(err, windows.ERROR_PIPE_BUSY):
			return nil, fmt.Errorf("open %s: %w", pipe, err)
		}
		select { // all its places are taken
		case <-ctx.Done():
			return nil, fmt.Errorf("open %s: %w", pipe, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// pipeConn is a pipe as a connection.
type pipeConn struct{ *os.File }

func (pipeConn) LocalAddr() net.Addr  { return pipeAddr{} }
func (pipeConn) RemoteAddr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
