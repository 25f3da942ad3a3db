package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"muster/collector/account"
)

// socketKey marks contexts of connections that came through the local socket.
type socketKey struct{}

// OnSocket is the ConnContext of the http.Server that listens on the socket in
// the data folder: whoever comes through it is an admin, named after the
// system account on the other end. No other server may have it.
func OnSocket(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, socketKey{}, peerName(c))
}

// identify finds who sends a request.
func (s *Server) identify(r *http.Request) (account.Actor, error) {
	if name, ok := r.Context().Value(socketKey{}).(string); ok {
		return account.Local(name), nil
	}
	if in, ok := r.Context().Value(insideKey{}).(insider); ok {
		return in.actor, nil
	}
	peer := s.peerOf(r)
	if wait := s.fails.wait(peer); wait > 0 {
		p := NewProblem(tooMany, "too many wrong tokens came from this address: try again in %d seconds", int(wait.Seconds())+1)
		p.RetryAfter = int(wait.Seconds()) + 1
		return account.Actor{}, p
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return account.Actor{}, account.ErrSignedOut
	}
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || text == "" {
		return account.Actor{}, fmt.Errorf("%w: write the header as Authorization: Bearer TOKEN", account.ErrSignedOut)
	}
	actor, err := s.d.Accounts.ByToken(r.Context(), strings.TrimSpace(text))
	if err != nil {
		if p, _ := problemOf(err); p.Status == http.StatusUnauthorized {
			s.fails.failed(peer)
			s.d.Log.Warn("token refused", "peer", peer.String(), "error", err)
		}
		return account.Actor{}, err
	}
	return actor, nil
}

// peerOf is the address a request came from. X-Forwarded-For counts only from
// proxies that the settings name, and from its end: what a client writes there
// itself stands further to the front.
func (s *Server) peerOf(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	peer := ap.Addr().Unmap().WithZone("")
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(list) - 1; i >= 0 && s.proxy(peer); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(list[i]))
		if err != nil {
			break
		}
		peer = next.Unmap().WithZone("")
	}
	return peer
}

func (s *Server) proxy(a netip.Addr) bool {
	for _, p := range s.d.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// route finds the operation of a request and answers in the API's own words
// where there is none.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	a := askedOf(r.Context())
	q := r.URL.Query()
	switch format := q.Get("format"); {
	case !q.Has("format"):
		a.csv = wantsCSV(r.Header.Get("Accept"))
	case format == "csv" || format == "json":
		a.csv = format == "csv"
		q.Del("format")
		clone := *r.URL
		clone.RawQuery = q.Encode()
		r.URL = &clone
	default:
		writeProblem(w, a.id, NewProblem(invalid, "format is json or csv, not %q", clip(format, 40)))
		return
	}
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	// The mux answers what it does not know in plain text; its status and the
	// methods it would allow are all that is wanted of that.
	probe := &headerOnly{header: http.Header{}}
	h.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.header.Get("Allow"))
		writeProblem(w, a.id, NewProblem("wrong_method", "%s cannot be done here, only %s", clip(r.Method, 20), probe.header.Get("Allow")))
		return
	}
	writeProblem(w, a.id, NewProblem("no_such_path", "there is nothing at this path: %s/docs lists what there is", Prefix))
}

// wantsCSV says whether an Accept header asks for CSV before JSON.
func wantsCSV(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		switch mime, _, _ := strings.Cut(strings.TrimSpace(part), ";"); strings.ToLower(strings.TrimSpace(mime)) {
		case "text/csv":
			return true
		case "application/json", "*/*":
			return false
		}
	}
	return false
}

type headerOnly struct {
	header http.Header
	status int
}

func (h *headerOnly) Header() http.Header         { return h.header }
func (h *headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (h *headerOnly) WriteHeader(status int)      { h.status = status }

// sameOrigin refuses what a page of another site makes a browser send.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	c := http.NewCrossOriginProtection()
	c.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, askedOf(r.Context()).id, NewProblem("cross_origin", "a page of another site may not do that"))
	}))
	return c.Handler(next)
}

// recovered keeps one broken request from taking the others with it.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			a := askedOf(r.Context())
			s.d.Log.ErrorContext(r.Context(), "request broke", "panic", fmt.Sprint(v), "stack", string(debug.Stack()), "request_id", a.id)
			if seen, ok := w.(*watched); !ok || seen.status == 0 {
				writeProblem(w, a.id, NewProblem(internal, "the collector could not do that; its log says why"))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// secured sets the headers that every answer has.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// logged gives each request a number and writes one line about it: the
// operation's path, never the query, whose filters may name people.
func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b [8]byte
		rand.Read(b[:])
		a := &asked{id: hex.EncodeToString(b[:])}
		if in, ok := r.Context().Value(insideKey{}).(insider); ok {
			a.peer = in.peer
		} else if peer := s.peerOf(r); peer.IsValid() {
			a.peer = peer.String()
		}
		w.Header().Set("X-Request-Id", a.id)
		seen := &watched{ResponseWriter: w}
		start := s.d.Now()
		next.ServeHTTP(seen, r.WithContext(context.WithValue(r.Context(), askedKey{}, a)))
		level := slog.LevelInfo
		if _, in := r.Context().Value(insideKey{}).(insider); in {
			level = slog.LevelDebug // the page has its own line
		}
		if seen.status >= 500 {
			level = slog.LevelWarn
		}
		s.d.Log.LogAttrs(r.Context(), level, "request",
			slog.String("method", clip(r.Method, 20)), slog.String("path", clip(r.URL.Path, 200)),
			slog.Int("status", seen.status), slog.Int64("bytes", seen.bytes),
			slog.Int64("took_ms", s.d.Now().Sub(start).Milliseconds()),
			slog.String("actor", a.actor.Name), slog.String("via", a.actor.Via),
			slog.String("peer", a.peer), slog.String("request_id", a.id))
	})
}

// watched remembers what was answered.
type watched struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets deadlines through to the connection.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func instance(id string) string { return "urn:muster:request:" + id }

func writeProblem(w http.ResponseWriter, id string, p *Problem) {
	shown := *p
	shown.Instance = instance(id)
	w.Header().Set("Content-Type", problemType)
	if shown.RetryAfter > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(shown.RetryAfter))
	}
	w.WriteHeader(shown.Status)
	json.NewEncoder(w).Encode(shown)
}

// transform is the last step before an answer is written: errors of huma
// become problems without what was sent, and tables become CSV.
func (s *Server) transform(hc huma.Context, _ string, v any) (any, error) {
	a := askedOf(hc.Context())
	switch v := v.(type) {
	case *huma.ErrorModel:
		p := s.fromHuma(v)
		p.Instance = instance(a.id)
		hc.SetHeader("Content-Type", problemType)
		return p, nil
	case *Problem:
		if v.RetryAfter > 0 {
			hc.SetHeader("Retry-After", fmt.Sprint(v.RetryAfter))
		}
		return v, nil
	case table:
		if a.csv {
			hc.SetHeader("Content-Type", "text/csv; charset=utf-8; header=present")
			return csvBody{v}, nil
		}
	}
	return v, nil
}

// fromHuma rewrites what huma says of a request it could not take.
func (s *Server) fromHuma(e *huma.ErrorModel) *Problem {
	var p *Problem
	switch e.Status {
	case http.StatusUnprocessableEntity:
		p = NewProblem(invalid, "the request is not as described")
	case http.StatusBadRequest:
		p = NewProblem("malformed", "the request cannot be read")
		if e.Detail == "request body is required" {
			p.Detail = "the request needs a body"
		}
	case http.StatusRequestEntityTooLarge:
		p = NewProblem("too_large", "the request is too large: send less at a time")
	case http.StatusRequestTimeout:
		p = NewProblem("slow_body", "the request took too long to arrive")
	case http.StatusUnsupportedMediaType:
		p = NewProblem("media_type", "the body is of the wrong type: send application/json")
	case http.StatusNotAcceptable:
		p = NewProblem("not_acceptable", "ask for application/json or text/csv")
	default:
		s.d.Log.Error("request", "status", e.Status, "error", e.Detail)
		p = NewProblem(internal, "the collector could not do that; its log says why")
		return p
	}
	for _, d := range e.Errors {
		if len(p.Errors) == 20 {
			break
		}
		p.Errors = append(p.Errors, Fault{Location: clip(d.Location, 200), Detail: clip(plainer(d.Message), 300)})
	}
	return p
}

// plainer says what is wrong with a field so that it reads after its name.
func plainer(m string) string {
	switch m {
	case "unexpected property", "unknown query parameter":
		return "is not known here"
	case "required query parameter is missing":
		return "is missing"
	case "expected length >= 1":
		return "is empty: something is expected"
	case "expected integer":
		return "is no whole number"
	case "expected number":
		return "is no number"
	case "expected boolean":
		return "is neither true nor false"
	case "expected string":
		return "is no text"
	}
	for _, x := range []struct{ said, form string }{
		{"expected length >= ", "has fewer than %s characters"},
		{"expected length <= ", "has more than %s characters: say it in fewer"},
		{"expected number >= ", "is less than %s"},
		{"expected number <= ", "is more than %s"},
		{"expected array length >= ", "has fewer than %s entries"},
		{"expected array length <= ", "has more than %s entries"},
		{"expected value to be one of ", "is none of %s"},
	} {
		if rest, ok := strings.CutPrefix(m, x.said); ok {
			return fmt.Sprintf(x.form, strings.TrimRight(strings.Trim(rest, `"`), ", "))
		}
	}
	return m
}

// writeBody is huma's writer of answers.
func writeBody(w io.Writer, v any) error {
	if t, ok := v.(csvBody); ok {
		return writeCSV(w, t.table)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// spec describes an operation to huma.
func (s *Server) spec(api huma.API, o Operation) huma.Operation {
	spec := huma.Operation{
		Method: o.Method, Path: o.Path, OperationID: o.ID, Summary: o.Summary,
		Description: "Needs the right " + string(o.Right) + ".",
		Tags:        []string{strings.SplitN(o.ID, "-", 2)[0]},
		Middlewares: huma.Middlewares{s.guard(o)},
		Extensions:  map[string]any{"x-right": string(o.Right)},
		// Bodies are small but for imports.
		MaxBodyBytes:    256 << 10,
		BodyReadTimeout: 15 * time.Second,
	}
	problem := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	spec.Responses = map[string]*huma.Response{
		"default": {Description: "Why not, and what to do.", Content: map[string]*huma.MediaType{problemType: {Schema: problem}}},
	}
	if tabular(o.Output) {
		spec.Responses["200"] = &huma.Response{Content: map[string]*huma.MediaType{
			"application/json": {},
			"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
		}}
	}
	if _, raw := o.Input.FieldByName("RawBody"); raw {
		spec.MaxBodyBytes, spec.BodyReadTimeout = maxImport, time.Minute
	}
	return spec
}
