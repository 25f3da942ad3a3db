package sqlstore

// healthTables keep what was judged and what people do about it. Times are
// Unix milliseconds by the device's own telling, 0 for never; what people do
// is by the collector's clock.
const healthTables = `
-- What people work on. Nobody's number is used twice: people quote them.
CREATE TABLE incident_rows (
	number      INTEGER PRIMARY KEY AUTOINCREMENT,
	kind        TEXT NOT NULL,
	key         TEXT NOT NULL,
	title       TEXT NOT NULL,
	rule        TEXT NOT NULL,
	family      TEXT NOT NULL,
	severity    TEXT NOT NULL,
	backlog     INTEGER NOT NULL,
	hygiene     INTEGER NOT NULL,
	flapping    INTEGER NOT NULL,
	agency      TEXT NOT NULL,    -- as judged; names of site_id go before
	site        TEXT NOT NULL,
	site_id     INTEGER NOT NULL, -- 0: none; the site may be gone
	cause       TEXT,             -- JSON
	rank        REAL NOT NULL,
	terms       TEXT,             -- JSON
	devices     INTEGER NOT NULL, -- how many there are, also beyond those in incident_device_rows
	opened_at   INTEGER NOT NULL,
	updated_at  INTEGER NOT NULL,
	cleared_at  INTEGER NOT NULL,
	resolved_at INTEGER NOT NULL,
	told_at     INTEGER NOT NULL,
	told        TEXT NOT NULL,

	-- People's, never a judge's.
	status      TEXT NOT NULL,
	rested      TEXT NOT NULL DEFAULT '', -- the status it had before it was snoozed
	assignee    TEXT NOT NULL DEFAULT '',
	claimed_at  INTEGER NOT NULL DEFAULT 0,
	snoozed_to  INTEGER NOT NULL DEFAULT 0,
	escalated   TEXT NOT NULL DEFAULT '',
	checked     TEXT,                     -- JSON
	resolved_by TEXT NOT NULL DEFAULT '', -- empty: Muster, or not at all
	useful      TEXT NOT NULL DEFAULT '',
	replaced    TEXT NOT NULL DEFAULT '',
	outcome_at  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX incident_open_key ON incident_rows (key) WHERE status <> 'resolved';
CREATE INDEX incident_by_key ON incident_rows (key, opened_at);
-- The lists, open and resolved. The columns behind the order only spare the
-- look at rows that a filter leaves out.
CREATE INDEX incident_by_rank ON incident_rows ((status = 'resolved'), rank DESC, number DESC, hygiene, backlog, severity, status, assignee, rule, family, opened_at, site_id);
CREATE INDEX incident_by_assignee ON incident_rows (assignee) WHERE assignee <> '';
CREATE INDEX incident_by_site ON incident_rows (site_id) WHERE site_id <> 0;
CREATE INDEX incident_by_end ON incident_rows (resolved_at) WHERE status = 'resolved';
CREATE INDEX incident_by_outcome ON incident_rows (rule, useful, outcome_at) WHERE useful <> '';

-- The devices that an incident lists, in its order (place), and those of its
-- findings beyond, so that who may see one of them finds the incident.
CREATE TABLE incident_device_rows (
	incident  INTEGER NOT NULL REFERENCES incident_rows ON DELETE CASCADE,
	device_no INTEGER NOT NULL REFERENCES device_rows,
	place     INTEGER NOT NULL,
	PRIMARY KEY (incident, device_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_by_device ON incident_device_rows (device_no);

CREATE TABLE incident_step_rows (
	step_no  INTEGER PRIMARY KEY,
	incident INTEGER NOT NULL REFERENCES incident_rows ON DELETE CASCADE,
	at       INTEGER NOT NULL,
	made_by  TEXT NOT NULL, -- empty: Muster
	act      TEXT NOT NULL,
	text     TEXT NOT NULL,
	item     INTEGER NOT NULL DEFAULT 0,
	until_at INTEGER NOT NULL DEFAULT 0,
	sent_to  TEXT NOT NULL DEFAULT '',
	useful   TEXT NOT NULL DEFAULT '',
	replaced TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX incident_step_by_incident ON incident_step_rows (incident, at);
-- What Muster says again after a crash is said once.
CREATE UNIQUE INDEX incident_step_once ON incident_step_rows (incident, at, act, text) WHERE made_by = '';

CREATE TABLE finding_rows (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	device_no   INTEGER REFERENCES device_rows, -- NULL: about no device
	rule        TEXT NOT NULL,
	component   TEXT NOT NULL,
	family      TEXT NOT NULL,
	title       TEXT NOT NULL,
	label       TEXT NOT NULL,
	state       TEXT NOT NULL,
	severity    TEXT NOT NULL,
	level       INTEGER NOT NULL, -- of severity: the higher the worse
	worst       TEXT NOT NULL,
	backlog     INTEGER NOT NULL,
	flapping    INTEGER NOT NULL,
	hygiene     INTEGER NOT NULL,
	times       INTEGER NOT NULL,
	since       INTEGER NOT NULL,
	fired_at    INTEGER NOT NULL,
	worse_at    INTEGER NOT NULL,
	resolved_at INTEGER NOT NULL,
	judged_at   INTEGER NOT NULL,
	began       INTEGER NOT NULL, -- fired_at, or since while it is pending: what lists go by
	reason      TEXT NOT NULL,
	evidence    TEXT,             -- JSON
	points      REAL NOT NULL,
	incident    INTEGER REFERENCES incident_rows ON DELETE SET NULL
) STRICT;
CREATE UNIQUE INDEX finding_open ON finding_rows (ifnull(device_no, 0), rule, component) WHERE state <> 'resolved';
CREATE INDEX finding_by_state ON finding_rows (state, level DESC, began DESC, id DESC, rule, backlog, device_no); -- the lists, as incident_by_rank
CREATE INDEX finding_by_device ON finding_rows (device_no);
CREATE INDEX finding_by_incident ON finding_rows (incident) WHERE incident IS NOT NULL;
CREATE INDEX finding_by_rule ON finding_rows (rule, state);
CREATE INDEX finding_by_end ON finding_rows (resolved_at) WHERE state = 'resolved';

CREATE TABLE maintenance_rows (
	id        INTEGER PRIMARY KEY,
	name      TEXT NOT NULL,
	filter    TEXT NOT NULL,
	all_rules INTEGER NOT NULL,
	from_at   INTEGER NOT NULL,
	to_at     INTEGER NOT NULL,
	days      TEXT,             -- JSON
	start     INTEGER NOT NULL, -- minutes after midnight
	minutes   INTEGER NOT NULL,
	zone      TEXT NOT NULL,
	made_by   TEXT NOT NULL,
	reason    TEXT NOT NULL
) STRICT;

-- What is known of a rule beside its text. Outcomes are counted from
-- incidents, those since reset_at.
CREATE TABLE rule_rows (
	rule     TEXT PRIMARY KEY,
	reset_at INTEGER NOT NULL DEFAULT 0,
	off_at   INTEGER NOT NULL DEFAULT 0, -- 0: on
	off      TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
`

// unlisted is the place of a device that its incident does not list.
const unlisted = 1_000_000

// shownAs finds the device that a record o is shown as: itself, or the last
// one that it was merged into.
const shownAs = `CASE WHEN o.merged_into IS NULL THEN o.device_no ELSE (WITH RECURSIVE up (no, behind) AS (
	SELECT o.device_no, o.merged_into UNION ALL SELECT m.device_no, m.merged_into FROM up JOIN device_rows m ON m.device_no = up.behind)
	SELECT no FROM up WHERE behind IS NULL) END`

// Tables of findings f and of members m of incidents, with the device d that
// they are shown as, its site s and agency a.
const (
	findingTables = ` FROM finding_rows f LEFT JOIN device_rows o ON o.device_no = f.device_no LEFT JOIN device_rows d ON d.device_no = ` + shownAs + joinPlace
	memberTables  = ` FROM incident_device_rows m JOIN device_rows o ON o.device_no = m.device_no JOIN device_rows d ON d.device_no = ` + shownAs + joinPlace
)

// calledColumns say that somebody had called before an incident was told.
const calledColumns = `
ALTER TABLE incident_rows ADD COLUMN called INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident_step_rows ADD COLUMN called INTEGER NOT NULL DEFAULT 0;
`

// healthViews are what people query of all this. A note is no personal fact,
// as a device's note is none. What a finding is about and rests on may be one, so
// package query masks that.
func healthViews() map[string]string {
	at := func(column, name string) string { return isoTime("nullif("+column+", 0)") + " AS " + name }
	return map[string]string{
		"finding": `SELECT f.id, d.device_id, d.name AS host_name, f.rule, f.family, f.title, nullif(f.component, '') AS component, nullif(f.label, '') AS label,
			f.state, f.severity, f.worst, f.backlog, f.flapping, f.hygiene, f.times, ` + at("f.since", "since") + `, ` + at("f.fired_at", "fired_at") + `,
			` + at("f.worse_at", "worse_at") + `, ` + at("f.resolved_at", "resolved_at") + `, ` + at("f.judged_at", "judged_at") + `,
			nullif(f.reason, '') AS reason, f.evidence, nullif(f.points, 0) AS points, f.incident` + findingTables,
		"incident": `SELECT i.number, i.kind, i.title, i.rule, i.family, i.severity, i.status, i.backlog, i.hygiene, i.flapping,
			nullif(ifnull(a.name, i.agency), '') AS agency, nullif(ifnull(s.name, i.site), '') AS site,
			json_extract(i.cause, '$.what') AS cause_what, json_extract(i.cause, '$.value') AS cause_value, i.devices AS device_count, i.rank,
			` + at("i.opened_at", "opened_at") + `, ` + at("i.updated_at", "updated_at") + `, ` + at("i.told_at", "told_at") + `,
			` + at("i.claimed_at", "claimed_at") + `, ` + at("i.cleared_at", "cleared_at") + `, ` + at("i.resolved_at", "resolved_at") + `,
			nullif(i.assignee, '') AS assignee, ` + at("i.snoozed_to", "snoozed_to") + `, nullif(i.escalated, '') AS escalated_to,
			nullif(i.resolved_by, '') AS resolved_by, nullif(i.useful, '') AS useful, nullif(i.replaced, '') AS replaced, i.called
			FROM incident_rows i LEFT JOIN site s ON s.id = i.site_id LEFT JOIN agency a ON a.id = s.agency`,
		"incident_device": `SELECT m.incident, d.device_id, d.name AS host_name FROM incident_device_rows m
			JOIN device_rows o ON o.device_no = m.device_no JOIN device_rows d ON d.device_no = ` + shownAs,
		"incident_step": `SELECT p.incident, ` + at("p.at", "at") + `, nullif(p.made_by, '') AS made_by, p.act, nullif(p.text, '') AS text, nullif(p.item, 0) AS item,
			` + at("p.until_at", "until_at") + `, nullif(p.sent_to, '') AS escalated_to, nullif(p.useful, '') AS useful, nullif(p.replaced, '') AS replaced, p.called
			FROM incident_step_rows p`,
	}
}
