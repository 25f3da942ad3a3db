// Package packages tells the versions of installed packages by their names,
// for several readers: which release of a product a program belongs to.
//
// It owns the few lines of dpkg's and rpm's records that say so. It must not
// list all there is: that is section software.
package packages

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"

	"muster/agent/host"
)

// Debian fills in the versions of installed packages that versions names, as
// dpkg writes them. A machine without dpkg has none.
func Debian(h *host.Host, versions map[string]string) error {
	f, err := h.Open("/var/lib/dpkg/status")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return parse(f, versions)
}

// parse reads the paragraphs of dpkg's status, deb-control(5). Only the first
// bytes of a line count: what is asked for stands there.
func parse(r io.Reader, versions map[string]string) error {
	b := bufio.NewReaderSize(r, 16<<10)
	name, installed := "", false
	for {
		line, err := b.ReadSlice('\n')
		key, value, ok := strings.Cut(string(line[:min(len(line), 200)]), ": ")
		value = strings.TrimSpace(value)
		switch {
		case !ok && strings.TrimSpace(key) == "":
			name, installed = "", false
		case key == "Package":
			name = value
		case key == "Status":
			installed = strings.HasSuffix(value, " installed")
		case key == "Version" && installed:
			if _, want := versions[name]; want {
				versions[name] = value
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil && err != bufio.ErrBufferFull:
			return err
		}
	}
}

// RPM does as Debian for rpm's packages. It runs rpm, which takes a second of
// a processor: for readers that ask once a day.
func RPM(ctx context.Context, h *host.Host, versions map[string]string) error {
	out, err := h.Run(ctx, "rpm")
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(out)) {
		// Name, epoch, version, release …, as host's table of commands asks.
		if f := strings.SplitN(line, "\t", 5); len(f) == 5 {
			if _, want := versions[f[0]]; want {
				versions[f[0]] = f[2]
			}
		}
	}
	return nil
}

// Upstream is the makers' own version in a distribution's: without the epoch
// before it and the packagers' revision after it (deb-version(7)).
func Upstream(version string) string {
	if epoch, rest, ok := strings.Cut(version, ":"); ok && strings.Trim(epoch, "0123456789") == "" {
		version = rest
	}
	if i := strings.LastIndexByte(version, '-'); i > 0 {
		version = version[:i]
	}
	if i := strings.IndexAny(version, "+~"); i > 0 {
		version = version[:i]
	}
	return version
}
