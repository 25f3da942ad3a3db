// Package web is the pages: what people see of Muster in a browser. It owns the
// table of pages, signing in, templates, the texts on them, and the pictures
// that are drawn on the server. Pages ask the operations of package api, as the
// one who is signed in: what somebody may see and do is decided there.
//
// It must not know stores, rules, or how anything is kept.
//
// Every page is complete without scripts; src/ adds what makes it pleasant.
package web
