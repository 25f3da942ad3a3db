package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// width is how many columns the output has; 0 when nobody reads it on a
// terminal, and then nothing is cut. COLUMNS wins, as in other programs.
func (s *session) width() int {
	if n, err := strconv.Atoi(s.env("COLUMNS")); err == nil && n >= 20 && n <= 10_000 {
		return n
	}
	if f, ok := s.terminal.(*os.File); ok {
		if n, err := terminalWidth(f); err == nil && n >= 20 {
			return n
		}
	}
	return 0
}

// maxSecret bounds a password or a token that is read.
const maxSecret = 4096

// askSecret reads a password: twice from a keyboard without showing it, else
// one line of the input.
func (s *session) askSecret(ctx context.Context, prompt string) (string, error) {
	if f, ok := s.keyboard(); ok {
		return s.typed(ctx, f, prompt)
	}
	b, err := io.ReadAll(io.LimitReader(s.in, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("read the password from the input: %w", err)
	}
	if len(b) > maxSecret {
		return "", errors.New("the input is too long for a password")
	}
	if line := firstLine(b); line != "" {
		return line, nil
	}
	return "", usage("the input holds no password: type it at a prompt, or give it as one line of the input")
}

// askSecrets does the same for several, which are lines of the input in their
// order where there is no keyboard.
func (s *session) askSecrets(ctx context.Context, prompts []string) ([]string, error) {
	f, keyboard := s.keyboard()
	var out []string
	for _, prompt := range prompts {
		var line string
		var err error
		if keyboard {
			line, err = s.typed(ctx, f, prompt)
		} else if line, err = readLine(s.in); err == io.EOF || err == nil && line == "" {
			err = usage("the input holds no %s: type it at a prompt, or give it as a line of the input, by file or by environment", prompt)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	return out, nil
}

// keyboard is the input, when somebody types there.
func (s *session) keyboard() (*os.File, bool) {
	f, ok := s.in.(*os.File)
	if !ok {
		return nil, false
	}
	_, err := terminalWidth(f)
	return f, err == nil
}

// typed asks for a secret twice.
func (s *session) typed(ctx context.Context, f *os.File, prompt string) (string, error) {
	first, err := s.hidden(ctx, f, prompt+": ")
	if err != nil {
		return "", err
	}
	second, err := s.hidden(ctx, f, "again: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two are not the same: nothing was changed")
	}
	if first == "" {
		return "", errors.New("an empty one is none: nothing was changed")
	}
	return first, nil
}

// hidden reads a line while the terminal shows nothing. When ctx ends the
// terminal is put right again; the read behind it ends with the program.
func (s *session) hidden(ctx context.Context, f *os.File, prompt string) (string, error) {
	fmt.Fprint(s.errs, prompt)
	restore, err := hideInput(f)
	if err != nil {
		return "", fmt.Errorf("hide what is typed: %w", err)
	}
	defer fmt.Fprintln(s.errs)
	defer restore()
	type answer struct {
		line string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		line, err := readLine(f)
		done <- answer{line, err}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			return "", fmt.Errorf("read the password: %w", a.err)
		}
		return a.line, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// readLine reads up to a line end, byte by byte: what comes after it belongs
// to the next question.
func readLine(r io.Reader) (string, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) <= maxSecret {
		n, err := r.Read(one)
		if n == 1 {
			if one[0] == '\n' {
				return firstLine(line), nil
			}
			line = append(line, one[0])
		}
		if err == io.EOF && len(line) > 0 {
			return firstLine(line), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", errors.New("the line is too long")
}
