package main

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"

	"muster/collector/config"
)

// logForm writes the log where service managers look for it, in a form and
// from a level on that can be changed while loggers made of it are in use.
type logForm struct {
	now   *atomic.Pointer[written]
	level *slog.LevelVar
	// What With added, to be said again in the form of the moment.
	with []func(slog.Handler) slog.Handler
}

// written is both forms over one writer, and which is used.
type written struct {
	json, text slog.Handler
	isJSON     bool
}

func newLogForm(c config.Log, w io.Writer) *logForm {
	f := &logForm{now: new(atomic.Pointer[written]), level: new(slog.LevelVar)}
	o := &slog.HandlerOptions{Level: f.level}
	f.now.Store(&written{json: slog.NewJSONHandler(w, o), text: slog.NewTextHandler(w, o)})
	f.set(c)
	return f
}

// set changes level and form. The settings have been checked, so that a level
// that cannot be read is info.
func (f *logForm) set(c config.Log) {
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	f.level.Set(level)
	x := *f.now.Load()
	x.isJSON = c.Format == "json"
	f.now.Store(&x)
}

// Enabled implements slog.Handler.
func (f *logForm) Enabled(_ context.Context, l slog.Level) bool { return l >= f.level.Level() }

// Handle implements slog.Handler.
func (f *logForm) Handle(ctx context.Context, r slog.Record) error {
	x := f.now.Load()
	h := x.text
	if x.isJSON {
		h = x.json
	}
	for _, with := range f.with {
		h = with(h)
	}
	return h.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (f *logForm) WithAttrs(a []slog.Attr) slog.Handler {
	return f.and(func(h slog.Handler) slog.Handler { return h.WithAttrs(a) })
}

// WithGroup implements slog.Handler.
func (f *logForm) WithGroup(name string) slog.Handler {
	return f.and(func(h slog.Handler) slog.Handler { return h.WithGroup(name) })
}

func (f *logForm) and(with func(slog.Handler) slog.Handler) slog.Handler {
	return &logForm{now: f.now, level: f.level, with: append(f.with[:len(f.with):len(f.with)], with)}
}
