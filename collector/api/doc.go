// Package api is what people, pages and programs may ask of a collector: one
// table of operations (method, path, input, output, right), from which HTTP,
// OpenAPI and the client register. It owns the shapes of requests and answers,
// the turning of errors into statuses, what is hidden from whom, and that
// every change leaves a record in the audit.
//
// It must not know SQL, how stores keep things, or how an answer is shown:
// pages and the command line are its clients. Agents do not come in here.
package api
