package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"

	"muster/collector/account"
)

// insideKey marks requests that pages of this process make for somebody who
// has signed in.
type insideKey struct{}

// insider is who a page asks for, and from which address they came.
type insider struct {
	actor account.Actor
	peer  string
}

// As is a client in this process that asks as an actor, whom the caller has
// identified: the pages' way in. Rights, scopes and the audit are those of any
// other request. Peer is the address that the actor came from, for the audit.
func (s *Server) As(actor account.Actor, peer string) *Client {
	return &Client{Base: "http://collector", HTTP: &http.Client{Transport: inside{s.Handler(), insider{actor, peer}}, CheckRedirect: stay}}
}

// inside hands requests to the handler without a connection.
type inside struct {
	h   http.Handler
	who insider
}

// RoundTrip answers when the handler has written its head; the body comes as
// the handler writes it.
func (t inside) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(context.WithValue(r.Context(), insideKey{}, t.who))
	in := r.Clone(ctx)
	in.RequestURI, in.RemoteAddr = "", t.who.peer
	if in.Body == nil {
		in.Body = http.NoBody
	}
	body, w := io.Pipe()
	a := &answering{header: http.Header{}, body: w, ready: make(chan struct{})}
	go func() {
		defer cancel()
		broke := errors.New("the answer broke off")
		defer func() {
			recover() // the handler has logged it; the pipe says that it broke off
			a.WriteHeader(http.StatusInternalServerError)
			w.CloseWithError(broke)
		}()
		t.h.ServeHTTP(a, in)
		broke = a.flush()
	}()
	select {
	case <-a.ready:
	case <-r.Context().Done():
		cancel()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: a.status, Status: http.StatusText(a.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.sent, Body: closing{body, cancel}, ContentLength: -1, Request: r}, nil
}

// answering is the writer of such a request. Small answers are kept until they
// are whole, so that a page does not wait on itself.
type answering struct {
	header, sent http.Header
	status       int
	kept         bytes.Buffer
	body         *io.PipeWriter
	ready        chan struct{}
}

func (a *answering) Header() http.Header { return a.header }

func (a *answering) WriteHeader(status int) {
	if a.status == 0 {
		a.status, a.sent = status, a.header.Clone()
		close(a.ready)
	}
}

func (a *answering) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.kept.Write(b)
	if a.kept.Len() < 64<<10 {
		return len(b), nil
	}
	return len(b), a.flush()
}

func (a *answering) flush() error {
	a.WriteHeader(http.StatusOK)
	_, err := a.kept.WriteTo(a.body)
	return err
}

// closing stops the handler when the answer is not wanted any more.
type closing struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (c closing) Close() error {
	err := c.ReadCloser.Close()
	c.cancel()
	return err
}

// Identified is a request of a browser, from which the caller knows the actor,
// as this server takes it: for programs that people open beside the pages.
func Identified(r *http.Request, actor account.Actor, peer string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), insideKey{}, insider{actor, peer}))
}

// Peer is the address that a request came from, by what the settings say of
// proxies.
func (s *Server) Peer(r *http.Request) netip.Addr { return s.peerOf(r) }
