package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"muster/collector/account"
	"muster/collector/store"
)

// readiness is what /readyz answers.
type readiness struct {
	Ready bool        `json:"ready"`
	Parts []readyPart `json:"parts"`
}

// readyPart is one thing that taking reports needs.
type readyPart struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	Why   string `json:"why,omitempty"` // in words that strangers may read: no path, no name
}

const (
	// readyAge is how old an answer may be: whoever asks costs one look a second.
	readyAge = time.Second
	// readyPatience is how long a store may take to answer.
	readyPatience = 5 * time.Second
)

// watchful answers whether the collector is ready, afresh at most once a second.
type watchful struct {
	mu   sync.Mutex
	at   time.Time
	last readiness
}

// ready looks at every part that taking a report needs.
func (c *collector) ready(ctx context.Context) readiness {
	c.watchful.mu.Lock()
	defer c.watchful.mu.Unlock()
	if now := c.now(); now.Sub(c.watchful.at).Abs() < readyAge {
		return c.watchful.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyPatience)
	defer cancel()
	r := readiness{Ready: true}
	add := func(name, why string) {
		r.Parts = append(r.Parts, readyPart{Name: name, Ready: why == "", Why: why})
		r.Ready = r.Ready && why == ""
	}
	answers := func(err error) string {
		switch {
		case err == nil:
			return ""
		case errors.Is(err, store.ErrFull):
			return "its disk is full"
		case errors.Is(err, store.ErrFatal):
			return "its file cannot be trusted any more; the log says why"
		case ctx.Err() != nil:
			return fmt.Sprintf("it did not answer within %s", readyPatience)
		}
		return "it does not answer; the log says why"
	}
	for _, s := range []struct {
		name  string
		alive func(context.Context) error
	}{{"inventory", c.inventory.Alive}, {"control", c.control.Alive}} {
		err := s.alive(ctx)
		if err != nil {
			c.log.Warn("not ready", "part", s.name, "error", err)
		}
		add(s.name, answers(err))
	}
	switch {
	case c.outbox.Err() != nil:
		add("outbox", "its disk failed; the collector is about to stop")
	case c.emptying.Load():
		add("outbox", "it is being emptied: no reports are taken")
	case !(outboxSide{c.outbox, &c.emptying}).Room():
		add("outbox", "it is full: the series store is down or too slow")
	default:
		add("outbox", "")
	}
	switch d, err := c.diskStatus(); {
	case err != nil:
		add("disk", "its free space cannot be read")
	case d.FreeBytes < d.StopBytes:
		add("disk", fmt.Sprintf("%d MiB are free, %d MiB are needed", d.FreeBytes>>20, d.StopBytes>>20))
	default:
		add("disk", "")
	}
	// Reports are taken while series are still being opened, so that alone is
	// no reason to send agents elsewhere.
	if st, err := c.series.Stats(ctx); err != nil {
		add("series", answers(err))
	} else if add("series", ""); st.Problem != "" {
		r.Parts[len(r.Parts)-1].Why = "it cannot be used: reports are taken, numbers wait in the outbox; muster doctor says why"
	} else if st.Ready < 1 {
		r.Parts[len(r.Parts)-1].Why = fmt.Sprintf("loading, %d %%: reports are taken, questions about numbers wait", int(st.Ready*100))
	}
	c.watchful.at, c.watchful.last = c.now(), r
	return r
}

// outside serves what programs around the collector ask, and hands all else to
// the API. Whether it lives and is ready anybody may know; metrics are for
// this machine, or for a token that may read.
func (c *collector) outside() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		plain(w, "text/plain; charset=utf-8", http.StatusOK)
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		st := c.ready(r.Context())
		status := http.StatusOK
		if !st.Ready {
			w.Header().Set("Retry-After", "10")
			status = http.StatusServiceUnavailable
		}
		plain(w, "application/json", status)
		json.NewEncoder(w).Encode(st) // who asked may be gone
	})
	mux.Handle("GET /metrics", c.api.Guarded(account.Read, http.HandlerFunc(c.serveMetrics)))
	mux.Handle("/", c.api.Handler())
	return mux
}

func plain(w http.ResponseWriter, kind string, status int) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
}
