package config

import (
	"strings"

	"muster/internal/settings"
)

// Postgres is the PostgreSQL server that stores.inventory: postgres keeps
// inventory and control in.
type Postgres struct {
	Host         string `yaml:"host" doc:"Name or address of the server, or the folder of its Unix socket (/run/postgresql). PostgreSQL 15 or newer, with its contrib package (citext, pg_trgm)."`
	Port         int    `yaml:"port" min:"1" max:"65535" doc:"Port of the server."`
	Database     string `yaml:"database" doc:"Database of Muster's own, with ENCODING 'UTF8', whose owner is postgres.user. The collector makes schemas and tables there."`
	User         string `yaml:"user" doc:"Account of the collector."`
	PasswordFile string `yaml:"password_file" doc:"File that holds the password of postgres.user and nothing else. Only the collector's account may read it. Empty: none is sent, as to a Unix socket that asks for none."`
	TLS          string `yaml:"tls" oneof:"verify-full,verify-ca,require,disable" doc:"How the connection is secured, as libpq has it: verify-full checks the certificate and its name, verify-ca the certificate, require nothing. A Unix socket is used without."`
	CAFile       string `yaml:"ca_file" doc:"PEM file of the CAs that may have signed the server's certificate. Empty: those of this machine."`
	Connections  int    `yaml:"connections" min:"2" max:"100" doc:"Connections that read at one time. Two more write, and people's SQL takes two at most."`

	Reader               string `yaml:"reader" doc:"Account that people's SQL runs as, which sees no personal facts. It needs nothing but to log in: the collector grants it what it may read. Empty: nobody asks SQL."`
	ReaderPasswordFile   string `yaml:"reader_password_file" doc:"File that holds the password of postgres.reader and nothing else."`
	Personal             string `yaml:"personal_reader" doc:"As postgres.reader, for people who may see personal facts."`
	PersonalPasswordFile string `yaml:"personal_reader_password_file" doc:"File that holds the password of postgres.personal_reader and nothing else."`
}

// Check says what no tag can.
func (p *Postgres) Check() settings.Problems {
	var ps settings.Problems
	local := strings.HasPrefix(p.Host, "/")
	if p.TLS == "disable" && p.Host != "" && !local && !loopbackName(p.Host) {
		ps.Add("tls", p.TLS, "facts and passwords would cross the network in the clear: use verify-full, with postgres.ca_file if the CA is your own")
	}
	for _, r := range []struct{ key, name string }{{"reader", p.Reader}, {"personal_reader", p.Personal}} {
		if r.name != "" && r.name == p.User {
			ps.Add(r.key, r.name, "another account than postgres.user is expected: that one may change everything")
		}
	}
	if p.Reader != "" && p.Reader == p.Personal {
		ps.Add("personal_reader", p.Personal, "another account than postgres.reader is expected")
	}
	return ps
}

// missing is what a collector with this store needs and does not have.
func (p *Postgres) missing() (list []lack) {
	for _, x := range []struct{ key, value, what string }{{"host", p.Host, "the name of the server"}, {"database", p.Database, "the name of a database"}, {"user", p.User, "the collector's account"}} {
		if x.value == "" {
			list = append(list, lack{x.key, x.what + " is expected, because stores.inventory is postgres"})
		}
	}
	return list
}
