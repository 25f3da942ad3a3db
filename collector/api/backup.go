package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"muster/collector/account"
)

// Backups makes backups of all that the collector keeps. Refusals that people
// should read are *Problem, and come before anything is written.
type Backups interface {
	Backup(ctx context.Context, o BackupOrder, w io.Writer) error
	// Estimate is about how many bytes a backup reads.
	Estimate(ctx context.Context) int64
}

// BackupOrder is a checked wish for a backup.
type BackupOrder struct {
	Recipient string // of age, to whom secret.key goes along; empty: it does not
}

// BackupInput asks for a backup.
type BackupInput struct {
	Body struct {
		Recipient string `json:"recipient,omitempty" maxLength:"100" doc:"Recipient of age (age1…) to whom secret.key goes along, encrypted. Without one the key is left out: keep a copy of it apart."`
	}
}

// Archive is an answer that is a file and comes as it is made: without its end
// it is not whole, and says so when it is read.
type Archive struct{}

const (
	archiveType = "application/vnd.muster.backup"
	// estimateHeader is about how many bytes are read for the answer.
	estimateHeader = "X-Muster-Estimate"
	// slowest is how long a client may take for a part of an archive.
	slowest = 2 * time.Minute
)

// stream makes a line of the table whose answer is an Archive. It has no limit
// of time but for each part: what it makes may be large.
func stream[I any](method, path, id string, right account.Right, summary string, do func(*Server, context.Context, *I, http.ResponseWriter) error) Operation {
	o := Operation{
		Method: method, Path: path, ID: id, Right: right, Summary: summary,
		Input: reflect.TypeFor[I](), Output: reflect.TypeFor[Archive](),
	}
	o.register = func(api huma.API, s *Server) {
		spec := s.spec(api, o)
		spec.Responses["200"] = &huma.Response{Description: "The file.", Content: map[string]*huma.MediaType{
			archiveType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		}}
		huma.Register(api, spec, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				_, raw := humago.Unwrap(hc)
				w := &patient{ResponseWriter: raw}
				err := do(s, ctx, in, w)
				if o.Changes() {
					if aerr := s.record(ctx, o, outcome(err)); err == nil {
						err = aerr
					}
				}
				if err == nil {
					return
				}
				refused := s.refuse(ctx, o, err)
				if !w.begun {
					p, _ := problemOf(refused)
					writeProblem(raw, askedOf(ctx).id, p)
					return
				}
				// Only a connection that breaks tells that the rest is missing.
				panic(http.ErrAbortHandler)
			}}, nil
		})
	}
	return o
}

// patient moves the deadline of a connection on with each part that is written.
type patient struct {
	http.ResponseWriter
	begun bool
}

func (p *patient) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil // it would be the beginning of an answer
	}
	p.begun = true
	// A server without deadlines has none to move.
	_ = http.NewResponseController(p.ResponseWriter).SetWriteDeadline(time.Now().Add(slowest))
	return p.ResponseWriter.Write(b)
}

func (s *Server) backupMake(ctx context.Context, in *BackupInput, w http.ResponseWriter) error {
	if s.d.Backups == nil {
		return NewProblem(notOffered, "this collector makes no backups")
	}
	onto(ctx, "all")
	if in.Body.Recipient != "" {
		note(ctx, "recipient", in.Body.Recipient)
	}
	w.Header().Set("Content-Type", archiveType)
	w.Header().Set(estimateHeader, strconv.FormatInt(s.d.Backups.Estimate(ctx), 10))
	return s.d.Backups.Backup(ctx, BackupOrder{Recipient: in.Body.Recipient}, w)
}

// BackupMake copies a backup as it is made. estimate is told about how many
// bytes are read for it, once it begins; the copy is whole only if this
// answers nil.
func (c *Client) BackupMake(ctx context.Context, in BackupInput, w io.Writer, estimate func(int64)) error {
	long := *c
	if c.HTTP != nil {
		h := *c.HTTP
		h.Timeout = 0 // it may take as long as it takes; ctx ends it
		long.HTTP = &h
	}
	resp, err := long.send(ctx, "backup-make", in, archiveType)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if n, err := strconv.ParseInt(resp.Header.Get(estimateHeader), 10, 64); err == nil {
		estimate(n)
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("the backup broke off: %w; the collector's log says why", err)
	}
	return nil
}
