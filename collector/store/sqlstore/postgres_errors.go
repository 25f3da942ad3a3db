package sqlstore

import (
	"context"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"muster/collector/store"
)

// explainPostgres turns an error of a server into one that a person can act
// on. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
func explainPostgres(name string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return explainCode(name, e, err)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	var unknown x509.UnknownAuthorityError
	var named x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.Is(err, store.ErrBusy):
		return err
	case errors.As(err, &unknown):
		return fmt.Errorf("%w: the certificate of %s is of a CA that is not known here; name the CA's PEM file with postgres.ca_file: %w", store.ErrBusy, name, unknown)
	case errors.As(err, &named):
		return fmt.Errorf("%w: the certificate of %s is for another name; write postgres.host as the certificate has it: %w", store.ErrBusy, name, named)
	case errors.As(err, &invalid):
		return fmt.Errorf("%w: the certificate of %s is not good; have the server given another: %w", store.ErrBusy, name, invalid)
	case strings.Contains(err.Error(), "server refused TLS connection"): // pgconn has no other mark of it
		return fmt.Errorf("%w: %s does not speak TLS; set ssl = on there, with a certificate: %w", store.ErrBusy, name, err)
	case errors.As(err, &connect), errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, net.ErrClosed), errors.Is(err, context.DeadlineExceeded), strings.Contains(err.Error(), "conn closed"), pgconn.Timeout(err):
		return fmt.Errorf("%w: %s cannot be reached; see whether the server runs, and whether a firewall or a wrong postgres setting is between: %w", store.ErrBusy, name, err)
	}
	return err
}

// Explain turns an error of the server into one that a person can act on;
// store.ErrBusy when a later try may succeed.
func (s Server) Explain(err error) error { return explainPostgres(s.name(), err) }

func explainCode(name string, e *pgconn.PgError, err error) error {
	switch e.Code {
	case "23505": // unique_violation
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	case "53100": // disk_full
		return fmt.Errorf("%w: the disk of %s is full; free some space: %w", store.ErrFull, name, err)
	case "53300": // too_many_connections
		return fmt.Errorf("%w: %s has no connection left; raise max_connections, or lower postgres.connections: %w", store.ErrBusy, name, err)
	case "28000": // invalid_authorization_specification
		if strings.Contains(e.Message, "no encryption") || strings.Contains(e.Message, "SSL off") {
			return fmt.Errorf("%w: %s takes no connection without TLS; set postgres.tls to verify-full: %w", store.ErrBusy, name, err)
		}
		fallthrough
	case "28P01": // invalid_password
		// What was told once may be mended on the server: nothing was written.
		return fmt.Errorf("%w: %s refuses the user or the password; see postgres.user and password_file, and pg_hba.conf of the server: %w", store.ErrBusy, name, err)
	case "3D000": // invalid_catalog_name
		return fmt.Errorf("%w: %s does not exist; create it (CREATE DATABASE … ENCODING 'UTF8'), as docs/operations.md says: %w", store.ErrBusy, name, err)
	case "42501": // insufficient_privilege
		return fmt.Errorf("the user of %s lacks a right; make it the owner of the database: %w", name, err)
	case "58P01", "0A000": // undefined_file, feature_not_supported: of an extension
		if strings.Contains(e.Message, "extension") {
			return fmt.Errorf("%s lacks the extensions citext and pg_trgm; install the server's contrib package: %w", name, err)
		}
	case "42704": // undefined_object
		if strings.Contains(e.Message, "role") {
			return fmt.Errorf("an account for people's SQL is not there; make it (CREATE ROLE … LOGIN PASSWORD …), or leave postgres.reader out: %w", err)
		}
	case "25006": // read_only_sql_transaction
		return fmt.Errorf("%w: %s has become a standby that is only read; name the primary server: %w", store.ErrBusy, name, err)
	case "XX001", "XX002": // data_corrupted, index_corrupted
		return fmt.Errorf("%w: %s is damaged; restore a backup of the server: %w", store.ErrFatal, name, err)
	}
	switch e.Code[:2] {
	case "08", "57", "53", "40", "58": // connection, operator, resources, rolled back, system
		return fmt.Errorf("%w: %s does not answer just now: %w", store.ErrBusy, name, err)
	}
	return err
}
