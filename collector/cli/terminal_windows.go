package cli

import (
	"os"

	"golang.org/x/sys/windows"
)

// terminalWidth fails for what is no console. The input of a console has no
// width of its own; any number but an error says that it is one.
func terminalWidth(f *os.File) (int, error) {
	h := windows.Handle(f.Fd())
	var info windows.ConsoleScreenBufferInfo
	if err := windows.GetConsoleScreenBufferInfo(h, &info); err == nil {
		return int(info.Window.Right-info.Window.Left) + 1, nil
	}
	var mode uint32
	if err := windows.GetConsoleMode(h, &mode); err != nil {
		return 0, err
	}
	return 0, nil
}

// hideInput keeps a console from showing what is typed until restore.
func hideInput(f *os.File) (restore func(), err error) {
	h := windows.Handle(f.Fd())
	var old uint32
	if err := windows.GetConsoleMode(h, &old); err != nil {
		return nil, err
	}
	quiet := old&^windows.ENABLE_ECHO_INPUT | windows.ENABLE_LINE_INPUT | windows.ENABLE_PROCESSED_INPUT
	if err := windows.SetConsoleMode(h, quiet); err != nil {
		return nil, err
	}
	return func() { windows.SetConsoleMode(h, old) }, nil
}
