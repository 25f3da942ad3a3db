//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// tab is a page of a real Chromium whose user has signed in.
type tab struct {
	ctx  context.Context
	base string
}

// chromium starts one, and makes the first account by its link, as whoever
// starts a collector does.
func (h *house) chromium(ctx context.Context) (*tab, func(), error) {
	ctx, end := context.WithCancel(ctx)
	a, stop := chromedp.NewExecAllocator(ctx, chromedp.Headless, chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-gpu", true), chromedp.Flag("hide-scrollbars", true))
	page, close := chromedp.NewContext(a)
	all := func() { close(); stop(); end() }
	t := &tab{page, h.base}
	// The first act starts the browser, which ends with that act's context.
	if err := chromedp.Do(page, chromedp.Navigate("about:blank")); err != nil {
		all()
		return nil, nil, fmt.Errorf("start Chromium (packaging/test-deps installs it): %w", err)
	}
	err := t.signIn(ctx, h)
	if err != nil {
		all()
		return nil, nil, err
	}
	return t, all, nil
}

func (t *tab) signIn(ctx context.Context, h *house) error {
	link, err := h.api.SetupLink(ctx)
	if err != nil {
		return err
	}
	if link.Link == "" {
		return t.do(chromedp.Navigate(t.base+"/sign-in"), chromedp.SendKeys("#name", who), chromedp.SendKeys("#password", password), chromedp.Click("main button[type=submit]"), chromedp.WaitVisible("nav.nav"))
	}
	return t.do(chromedp.Navigate(link.Link), chromedp.SendKeys("#name", who), chromedp.SendKeys("#password", password), chromedp.SendKeys("#again", password), chromedp.Click("main button[type=submit]"), chromedp.WaitVisible("nav.nav"))
}

func (t *tab) do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, stop := context.WithTimeout(t.ctx, time.Minute)
	defer stop()
	return chromedp.Do(ctx, steps...)
}

func eval[T any](t *tab, script string, how ...chromedp.EvaluateOption) (T, error) {
	ctx, stop := context.WithTimeout(t.ctx, time.Minute)
	defer stop()
	return chromedp.Run(ctx, chromedp.Evaluate[T](script, how...))
}

// visit opens an address and waits until it is drawn.
func (t *tab) visit(path string) error {
	if err := t.do(chromedp.Navigate(t.base+path), chromedp.WaitReady("main")); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	_, err := eval[bool](t, `document.fonts.ready.then(() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(true)))))`, chromedp.EvalAwaitPromise)
	return err
}

func (t *tab) theme(name string) error {
	_, err := chromedp.Call(t.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	return err
}

// fileName is a name for a picture of an address.
func fileName(path string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, path), "_")
}
