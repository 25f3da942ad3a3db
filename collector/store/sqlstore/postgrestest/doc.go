// Package postgrestest owns a real PostgreSQL server for tests: one for a test
// program, in a folder of its own, on a Unix socket; and databases in it, each
// a copy of one that was made once. It can be killed and started again.
//
// It must not know what is in the databases: whoever tests makes the first one.
package postgrestest
