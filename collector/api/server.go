package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"muster/collector/account"
	"muster/collector/atlas"
	"muster/collector/health/rule"
	"muster/collector/saved"
	"muster/collector/store"
	"muster/internal/inventory"
)

// Deps is what the operations stand on.
type Deps struct {
	Inventory store.Inventory
	Series    store.Series
	Accounts  *account.Accounts
	SQL       Querier
	Enrolment Enrolment
	Authority Authority
	Vitals    Vitals
	Log       *slog.Logger
	Now       func() time.Time

	// What is judged, and who is told. Without Health and Judge this collector
	// does not judge; see Notices for telling.
	Health    store.Health
	Judge     Judge
	Replay    Replayer
	Draft     func(file string, text []byte) (*rule.Set, error) // rules in use, and one that is not yet; see rule.Draft
	Rules     Rulebook                                          // nil: rules are changed by files alone
	Notices   Notices
	Summaries Summaries
	Gear      Gear
	Purge     Purger      // nil: not offered
	Backups   Backups     // nil: none are made
	Outbox    Outbox      // nil: not offered
	Saved     saved.Store // what people keep under a name; nil: not offered
	Refresher Refresher   // nil: devices are not asked anew
	// Atlas is how the network hangs together; nil: one of its own.
	Atlas *atlas.Atlas
	// SetupLink is the address at which the first account is made; empty when
	// there is one. Nil: there are no pages.
	SetupLink func(context.Context) (string, error)
	// PageLink is the whole address of a page by its path; empty, or nil: there
	// are no pages.
	PageLink func(path string) string
	// Zone is the office's time zone (IANA name), for weekly maintenance; empty:
	// that of this machine.
	Zone string

	// Changed is told, after it is durable, of a change that may alter what
	// agents are to do: places, labels, groups, retirement.
	Changed func()
	// Proxies are the networks whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// FailuresPerMinute is how many wrong tokens one address may try.
	FailuresPerMinute int
}

// Querier answers people's SQL in its sandbox. Refusals that people should
// read are *Problem.
type Querier interface {
	Query(ctx context.Context, text string, o QueryOptions) (SQLAnswer, error)
}

// QueryOptions bound one statement.
type QueryOptions struct {
	Limit    int  // rows
	Personal bool // personal columns may be read
}

// Enrolment lets devices in and takes their identity away. It answers
// store.ErrNotFound for what is not there.
type Enrolment interface {
	// Invite makes an invitation and the enrolment string that is shown once.
	Invite(ctx context.Context, o InvitationOrder) (Invitation, string, error)
	Invitations(ctx context.Context) ([]Invitation, error)
	RevokeInvitation(ctx context.Context, id, by string) error
	Approvals(ctx context.Context) ([]Approval, error)
	Decide(ctx context.Context, id string, approve bool, by string) error
	RevokeDevice(ctx context.Context, id inventory.DeviceID, by, reason string) error
}

// InvitationOrder is a checked wish for an invitation.
type InvitationOrder struct {
	Uses      int
	ExpiresAt time.Time
	Site      int64  // 0: none
	SiteName  string // AGENCY/SITE
	Labels    []string
	Networks  []netip.Prefix // empty: from anywhere
	Approve   bool
	Note      string
	By        string
}

// Authority is the collector's own CA.
type Authority interface {
	CA(ctx context.Context) (CA, error)
	// Rotate takes a step; an empty stage is the next one.
	Rotate(ctx context.Context, stage string, force bool) (CA, error)
}

// Vitals are how the parts of the collector that the API does not know are
// doing. A nil function tells nothing.
type Vitals struct {
	StartedAt time.Time
	Intake    func() IntakeStatus
	Outbox    func() OutboxStatus
	Disk      func() (DiskStatus, error)
	Problems  func() []string
	// Certificates are those that end by themselves.
	Certificates func() []Certificate
}

// Server answers the API.
type Server struct {
	d       Deps
	mux     *routes
	openAPI []byte
	page    []byte
	fails   *failures

	replaying chan struct{} // full while a rule is replayed
	trying    chan struct{} // full while as many trials of profiles go on as may
	looks     *discoveries
	askers    askers
	counts    counted[DeviceFacets]
	spreads   counted[SoftwareShow]
}

// longest is how long an operation may take before it is stopped.
const longest = 50 * time.Second

// New makes a server. It fails when an operation is not as the table demands.
func New(d Deps) (*Server, error) {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Changed == nil {
		d.Changed = func() {}
	}
	if d.FailuresPerMinute == 0 {
		d.FailuresPerMinute = 10
	}
	if d.Inventory == nil || d.Series == nil || d.Accounts == nil {
		return nil, fmt.Errorf("start API: inventory, series and accounts are needed")
	}
	if d.Zone == "" {
		d.Zone = "Local"
	}
	if d.Atlas == nil {
		d.Atlas = atlas.New(d.Inventory, d.Now)
	}
	s := &Server{d: d, fails: newFailures(d.FailuresPerMinute, d.Now), replaying: make(chan struct{}, 1), trying: make(chan struct{}, mostTrials), looks: newDiscoveries()}
	return s, s.mount(Operations())
}

// mount registers operations; an operation that lacks something stops it.
func (s *Server) mount(list []Operation) error {
	if err := checkTable(list); err != nil {
		return fmt.Errorf("start API: %w", err)
	}
	s.mux = &routes{ServeMux: http.NewServeMux()}
	api := humago.NewWithPrefix(s.mux, Prefix, s.config())
	for _, o := range list {
		o.register(api, s)
	}
	// huma describes its own errors, which never leave this server.
	for _, name := range []string{"ErrorModel", "ErrorDetail"} {
		delete(api.OpenAPI().Components.Schemas.Map(), name)
	}
	var err error
	if s.openAPI, err = json.Marshal(api.OpenAPI()); err != nil {
		return fmt.Errorf("write OpenAPI: %w", err)
	}
	if s.page, err = docsPage(list); err != nil {
		return fmt.Errorf("write the page of operations: %w", err)
	}
	s.mux.HandleFunc("GET "+Prefix+"/openapi.json", s.serveOpenAPI)
	s.mux.HandleFunc("GET "+Prefix+"/docs", s.serveDocs)
	return nil
}

// routes is a mux that remembers what was registered, so that a test can hold
// it to the table.
type routes struct {
	*http.ServeMux
	patterns []string
}

// HandleFunc registers and remembers.
func (r *routes) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	r.patterns = append(r.patterns, pattern)
	r.ServeMux.HandleFunc(pattern, h)
}

// checkTable holds the table to its rules: deny by default.
func checkTable(list []Operation) error {
	ids, routes := map[string]bool{}, map[string]bool{}
	for _, o := range list {
		switch {
		case o.ID == "" || ids[o.ID]:
			return fmt.Errorf("operation %s %s: the ID %q is empty or taken", o.Method, o.Path, o.ID)
		case routes[o.Method+" "+o.Path]:
			return fmt.Errorf("operation %s: %s %s is taken", o.ID, o.Method, o.Path)
		case !knownRight(o.Right):
			return fmt.Errorf("operation %s has no right: name one of package account", o.ID)
		case o.register == nil || o.Summary == "":
			return fmt.Errorf("operation %s has no handler or no summary", o.ID)
		}
		ids[o.ID], routes[o.Method+" "+o.Path] = true, true
	}
	return nil
}

// knownRight asks the policy: a right that not even an admin has is none.
func knownRight(r account.Right) bool {
	return r != "" && account.Actor{Role: account.Admin, Scope: store.Scope{All: true}}.Can(r) == nil
}

func (s *Server) config() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Muster", Version: "1",
				Description: "What we have, where it is, and what is about to fail.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "A token of muster token new."},
				},
			},
			Security: []map[string][]string{{"token": {}}},
		},
		Formats: map[string]huma.Format{
			"application/json": {Marshal: writeBody, Unmarshal: json.Unmarshal},
			"json":             {Marshal: writeBody, Unmarshal: json.Unmarshal}, // the suffix of problem+json
		},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{s.transform},
	}
}

// Handler serves everything below Prefix. Requests must come through
// NewHTTPServer or a server with the same limits.
func (s *Server) Handler() http.Handler {
	var h http.Handler = http.HandlerFunc(s.route)
	h = s.sameOrigin(h)
	h = s.recovered(h)
	h = secured(h)
	return s.logged(h)
}

// NewHTTPServer is a server with limits against slow and huge requests. On the
// local socket it takes who asks from the connection; see OnSocket.
func NewHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute,
		WriteTimeout:      5 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
