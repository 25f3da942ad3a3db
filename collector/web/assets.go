package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// dist is what build.mjs makes; see its README.
//
//go:embed all:dist
var dist embed.FS

// assets are scripts, styles and fonts, kept as they go over the wire.
type assets struct {
	names map[string]string // from the name in src/ to that in dist/
	files map[string]file
}

type file struct {
	kind          string
	plain, packed []byte // packed: gzip; nil where that gains nothing
}

// ErrNoAssets says that the program was built without Node.
var ErrNoAssets = errors.New("this muster was built without the scripts and styles of its pages: build it with make build, which needs Node")

func loadAssets() (*assets, error) {
	a := &assets{names: map[string]string{}, files: map[string]file{}}
	list, err := dist.ReadFile("dist/manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoAssets
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(list, &a.names); err != nil {
		return nil, fmt.Errorf("read dist/manifest.json: %w", err)
	}
	for _, name := range a.names {
		b, err := dist.ReadFile("dist/" + name)
		if err != nil {
			return nil, err
		}
		f := file{kind: mime.TypeByExtension(path.Ext(name)), plain: b}
		if f.kind == "" {
			f.kind = "application/octet-stream"
		}
		if !strings.HasSuffix(name, ".woff2") {
			f.packed = pack(b)
		}
		a.files[name] = f
	}
	return a, nil
}

func pack(b []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// url is the address of a file of src/.
func (a *assets) url(name string) (string, error) {
	if n, ok := a.names[name]; ok {
		return "/assets/" + n, nil
	}
	return "", fmt.Errorf("there is no asset %s", name)
}

// packFast is gzip for pages, which are made anew each time.
func packFast(b []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, 5)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func (s *Site) asset(v *visit) error {
	f, ok := s.assets.files[v.r.PathValue("name")]
	if !ok {
		v.w.WriteHeader(http.StatusNotFound)
		return nil
	}
	h := v.w.Header()
	h.Set("Content-Type", f.kind)
	// The name changes with the content.
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if f.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(v.r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			_, err := v.w.Write(f.packed)
			return err
		}
	}
	_, err := v.w.Write(f.plain)
	return err
}
