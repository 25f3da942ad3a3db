package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Prefix is where the API is mounted.
const Prefix = "/api/v1"

// Client asks a collector. Its methods, one per operation, are in
// client_calls.go. Errors are one line for people: *Problem where the
// collector said no, a plain sentence where it could not be asked.
type Client struct {
	Base  string // such as https://muster.example.org
	Token Secret
	HTTP  *http.Client // nil: a client of its own, without redirects
	Agent string       // User-Agent; empty: muster

	socket string
}

// maxAnswer bounds what a client reads of one answer.
const maxAnswer = 1 << 30

// Remote is a client of a collector's address. A token goes over plain HTTP to
// this machine only.
func Remote(base string, token Secret, config *tls.Config) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("server %q: write it as https://HOST or https://HOST:PORT", base)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, fmt.Errorf("server %s: a token must not travel unencrypted, use https", base)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("server %q: write only the scheme, host and port", u.Redacted())
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	if config != nil {
		t.TLSClientConfig = config
	}
	c := &Client{Base: strings.TrimSuffix(u.String(), "/"), Token: token}
	c.HTTP = &http.Client{Transport: t, CheckRedirect: stay}
	return c, nil
}

// Socket is a client of the collector whose socket lies at path.
func Socket(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	return &Client{
		Base:   "http://collector",
		HTTP:   &http.Client{Transport: &http.Transport{DialContext: dial}, CheckRedirect: stay},
		socket: path,
	}
}

// stay keeps a token from following a redirect to somebody else.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// call asks for the operation with an ID and decodes its answer.
func call[I, O any](ctx context.Context, c *Client, id string, in I) (O, error) {
	var out O
	resp, err := c.send(ctx, id, in, "application/json")
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return out, nil
	}
	d := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		return out, c.trouble(ctx, fmt.Errorf("read answer: %w", err))
	}
	return out, nil
}

// Raw asks for an operation and copies the answer as it comes. In is the
// operation's request; accept is application/json or text/csv.
func (c *Client) Raw(ctx context.Context, id string, in any, accept string, w io.Writer) error {
	resp, err := c.send(ctx, id, in, accept)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if resp.StatusCode != http.StatusNoContent && got != accept {
		return fmt.Errorf("%s cannot be had as %s", id, accept)
	}
	if _, err := io.Copy(w, io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return c.trouble(ctx, fmt.Errorf("read answer: %w", err))
	}
	return nil
}

func (c *Client) send(ctx context.Context, id string, in any, accept string) (*http.Response, error) {
	op, ok := Find(id)
	if !ok {
		return nil, fmt.Errorf("there is no operation %s", id)
	}
	req, err := request(ctx, c.Base, op, in)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", "muster")
	if c.Agent != "" {
		req.Header.Set("User-Agent", c.Agent)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+string(c.Token))
	}
	do := c.HTTP
	if do == nil {
		do = &http.Client{CheckRedirect: stay}
	}
	resp, err := do.Do(req)
	if err != nil {
		return nil, c.trouble(ctx, err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, refusal(c.Base, resp)
}

// refusal reads why a collector said no.
func refusal(base string, resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	ct, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	var p Problem
	if ct == problemType && json.Unmarshal(body, &p) == nil && p.Detail != "" {
		return &p
	}
	if resp.StatusCode/100 == 3 {
		return fmt.Errorf("%s sends on to %s: give that address as the server", base, resp.Header.Get("Location"))
	}
	return fmt.Errorf("%s answers %q without saying why: is it a collector of Muster, or something before it?", base, resp.Status)
}

// trouble turns what keeps a collector from being asked into a sentence.
func (c *Client) trouble(ctx context.Context, err error) error {
	where := c.Base
	if c.socket != "" {
		where = c.socket
	}
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	switch {
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("%s did not answer in time", where)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case c.socket != "" && errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may not be opened by this account: run it as the collector's account or root, or use --server with a token", where)
	case c.socket != "" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)):
		return fmt.Errorf("no collector listens at %s: start one with muster serve, name its folder with --data, or use --server", where)
	case errors.As(err, &unknown):
		return fmt.Errorf("the certificate of %s is from an authority that this machine does not trust", where)
	case errors.As(err, &host):
		return fmt.Errorf("the certificate of %s is for another name: %v", where, host)
	case errors.As(err, &invalid):
		return fmt.Errorf("the certificate of %s is not good: %v", where, invalid)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Errorf("%s does not speak TLS: is it the right port?", where)
	case errors.As(err, &dns):
		return fmt.Errorf("the name %s cannot be found: check the server's name and the network", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing listens at %s: check the address, and that the collector runs", where)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the whole address, whose query may hold names
	}
	return fmt.Errorf("cannot ask %s: %w", where, err)
}

// request makes the HTTP request of an operation from its input, by the same
// tags from which the server reads it.
func request(ctx context.Context, base string, op Operation, in any) (*http.Request, error) {
	v := reflect.ValueOf(in)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Type() != op.Input {
		return nil, fmt.Errorf("operation %s takes %v, not %T", op.ID, op.Input, in)
	}
	path, query := op.Path, url.Values{}
	var body io.Reader
	var contentType string
	for i := range v.NumField() {
		f, value := v.Type().Field(i), v.Field(i)
		switch {
		case f.Tag.Get("path") != "":
			text := fmt.Sprint(value.Interface())
			switch text {
			case "":
				return nil, fmt.Errorf("the %s is empty: write which", f.Tag.Get("path"))
			case ".", "..":
				return nil, fmt.Errorf("%q cannot be a %s", text, f.Tag.Get("path"))
			}
			path = strings.ReplaceAll(path, "{"+f.Tag.Get("path")+"}", url.PathEscape(text))
		case f.Tag.Get("query") != "":
			if text := queryText(value); text != "" {
				query.Set(f.Tag.Get("query"), text)
			}
		case f.Name == "Body":
			b, err := json.Marshal(value.Interface())
			if err != nil {
				return nil, fmt.Errorf("write request: %w", err)
			}
			body, contentType = bytes.NewReader(b), "application/json"
		case f.Name == "RawBody":
			body, contentType = bytes.NewReader(value.Bytes()), f.Tag.Get("contentType")
		}
	}
	target := base + Prefix + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, op.Method, target, body)
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req, nil
}

// queryText is a parameter as text; empty leaves it out.
func queryText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		if v.Bool() {
			return "true"
		}
	case reflect.Int, reflect.Int64:
		if v.Int() != 0 {
			return strconv.FormatInt(v.Int(), 10)
		}
	case reflect.Slice:
		if list, ok := v.Interface().([]string); ok {
			return strings.Join(list, ",")
		}
	}
	return ""
}

// Patience is how long a client waits for one answer unless its context says
// less: longer than any operation may take.
const Patience = 60 * time.Second
