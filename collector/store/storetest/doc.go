// Package storetest holds the suites that every store passes: what the
// contracts of collector/store promise, told as tests. A store joins with one
// call. It owns how a promise is checked.
//
// It must not know any store: it is handed functions that open one.
package storetest
