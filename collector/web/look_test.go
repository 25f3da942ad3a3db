package web

import (
	"strings"
	"testing"
	"time"
)

// TestSinceOneLooked: at first a day is told, after a night what came since.
func TestSinceOneLooked(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("intern")
	if body := w.page(w.get(b, "/")); !strings.Contains(body, "<h2>In 24 hours</h2>") {
		t.Error("the first look is one after another")
	}
	first := w.now()
	w.pass(25 * time.Minute) // a session ends after half an hour without a click
	w.page(w.get(b, "/"))
	if body := w.page(w.get(b, "/")); !strings.Contains(body, "<h2>In 24 hours</h2>") {
		t.Error("the same visit is taken for two")
	}
	w.pass(first.Add(10 * time.Hour).Sub(w.now()))
	b = w.signedIn("intern")
	if body := w.page(w.get(b, "/")); !strings.Contains(body, "Since you last looked") || !strings.Contains(body, first.Add(25*time.Minute).UTC().Format(time.RFC3339)) {
		t.Error("it is not told since when")
	}
	if body := w.page(w.get(w.signedIn("staff"), "/")); !strings.Contains(body, "<h2>In 24 hours</h2>") {
		t.Error("somebody else's look counts")
	}
}
