// Package rules holds Muster's own rules, one YAML file each, named by its ID.
// How they are written is in docs/health-rules.md.
//
// It must not know what reads them.
package rules

import (
	"embed"
	"io/fs"
)

//go:embed *.yaml
var files embed.FS

// Files are the rules.
func Files() fs.FS { return files }
