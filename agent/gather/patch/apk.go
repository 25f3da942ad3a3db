package patch

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"

	"muster/agent/host"
	"muster/internal/inventory"
)

const apkInstalled = "/lib/apk/db/installed"

func apkHere(h *host.Host) bool { return h.Exists(apkInstalled) }

func apkFiles(h *host.Host) []string { return append([]string{apkInstalled}, apkIndexes(h)...) }

func apkIndexes(h *host.Host) []string {
	list := append(h.Glob("/var/cache/apk/APKINDEX.*.tar.gz"), h.Glob("/etc/apk/cache/APKINDEX.*.tar.gz")...)
	return list[:min(len(list), maxLists)]
}

// apk compares what is installed with the indexes that the last look left.
// They say nothing of which updates are for security.
func apk(ctx context.Context, h *host.Host) (found, error) {
	var out found
	f, err := h.Open(apkInstalled)
	if err != nil {
		return out, err
	}
	defer f.Close()
	installed := map[string]string{}
	err = stanzas(f, []string{"P", "V"}, func(v []string) error {
		if len(installed) < maxInstalled && v[0] != "" {
			installed[v[0]] = v[1]
		}
		return nil
	})
	if err != nil {
		return out, fmt.Errorf("packages that are installed: %w", err)
	}
	newer := map[string]string{}
	for _, name := range apkIndexes(h) {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		f, err := h.Open(name)
		if err != nil {
			return out, err
		}
		err = apkIndex(f, installed, newer)
		f.Close()
		if err != nil {
			out.faults = append(out.faults, fmt.Sprintf("%s: %v", name, err))
		}
		out.checked = later(out.checked, modified(h, name))
	}
	for name, version := range newer {
		out.patches = append(out.patches, inventory.Patch{Source: "apk", Name: name, State: "missing", Class: "other", OldVersion: installed[name], NewVersion: version})
	}
	out.updated = modified(h, apkInstalled)
	return out, nil
}

// apkIndex reads an index: a signature and a tar file with APKINDEX in it, each
// compressed, one behind the other (Alpine, "Apk spec").
func apkIndex(r io.Reader, installed, newer map[string]string) error {
	z, err := gzip.NewReader(bufio.NewReaderSize(r, 16<<10))
	if err != nil {
		return err
	}
	defer z.Close()
	t := tar.NewReader(io.LimitReader(z, maxList))
	for {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			return errors.New("there is no index in it")
		}
		if err != nil {
			return err
		}
		if head.Name == "APKINDEX" {
			break
		}
	}
	return stanzas(t, []string{"P", "V"}, func(v []string) error {
		have, ok := installed[v[0]]
		if ok && compareAPK(v[1], have) > 0 && (newer[v[0]] == "" || compareAPK(v[1], newer[v[0]]) > 0) {
			newer[v[0]] = v[1]
		}
		return nil
	})
}
