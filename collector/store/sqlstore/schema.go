package sqlstore

// Application ids in the file headers, so that no part opens another's file.
const (
	appInventory = 0x4d75496e // "MuIn"
)

// inventoryMigrations are the fixed tables of the inventory, in order; the
// number of a migration is its place, from 1. One that has been released is
// never changed: what it lacks comes in a new one. They only add.
func inventoryMigrations() []migration {
	return []migration{
		{note: "devices, sections, events, places", sql: fixedTables},
		{note: "findings, incidents, notices", sql: healthTables + noticeTables},
		{note: "who called first, counts of devices, messages at set times", sql: calledColumns + breakdownIndex + slotTable},
	}
}

const fixedTables = `
CREATE TABLE agency (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE COLLATE NOCASE
) STRICT;

CREATE TABLE site (
	id     INTEGER PRIMARY KEY,
	agency INTEGER NOT NULL REFERENCES agency,
	name   TEXT NOT NULL COLLATE NOCASE,
	UNIQUE (agency, name)
) STRICT;

CREATE TABLE site_subnet (
	site   INTEGER NOT NULL REFERENCES site ON DELETE CASCADE,
	subnet TEXT NOT NULL, -- CIDR, masked
	PRIMARY KEY (site, subnet)
) STRICT, WITHOUT ROWID;

-- What lists show of a device. Everything here changes rarely: what changes
-- with each report is in seen_rows. No text is NULL, so that sorting and
-- paging have one order.
CREATE TABLE device_rows (
	device_no     INTEGER PRIMARY KEY,
	device_id     TEXT NOT NULL UNIQUE,
	kind          TEXT NOT NULL DEFAULT '',
	name          TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
	site          INTEGER REFERENCES site,
	site_by_hand  INTEGER NOT NULL DEFAULT 0,
	presence      TEXT NOT NULL DEFAULT '',
	agent_version TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
	os            TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
	os_family     TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
	vendor        TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
	model         TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
	serial        TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
	user_name     TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
	memory_bytes  INTEGER NOT NULL DEFAULT 0,
	first_seen    INTEGER NOT NULL, -- Unix ms, as all times
	retired_at    INTEGER,
	merged_into   INTEGER REFERENCES device_rows,
	forked_from   TEXT NOT NULL DEFAULT '',
	asset_tag     TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
	owner         TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
	department    TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
	purchased     TEXT NOT NULL DEFAULT '',
	warranty      TEXT NOT NULL DEFAULT '',
	note          TEXT NOT NULL DEFAULT '' COLLATE NOCASE
) STRICT;
CREATE INDEX device_by_name ON device_rows (name, device_no);
CREATE INDEX device_by_site ON device_rows (site) WHERE merged_into IS NULL; -- also what counts all
CREATE INDEX device_by_serial ON device_rows (serial) WHERE serial <> '';
CREATE INDEX device_by_asset_tag ON device_rows (asset_tag) WHERE asset_tag <> '';
CREATE INDEX device_by_merge ON device_rows (merged_into) WHERE merged_into IS NOT NULL;

-- How far each device's present epoch is taken in. One narrow row per device,
-- rewritten by every report: this is the whole cost of a report of samples.
CREATE TABLE seen_rows (
	device_no INTEGER PRIMARY KEY REFERENCES device_rows,
	epoch     INTEGER,          -- NULL: never reported
	seq       INTEGER NOT NULL DEFAULT 0,
	body      BLOB,
	turn      INTEGER NOT NULL DEFAULT 0, -- counts changes of epoch: the highest is the present one
	seen_at   INTEGER NOT NULL DEFAULT 0, -- receipt of the last report
	mark_at   INTEGER NOT NULL DEFAULT 0, -- no row of this device may begin before
	offset_ms INTEGER NOT NULL DEFAULT 0,
	address   TEXT NOT NULL DEFAULT '',
	machine   BLOB
) STRICT;

-- Epochs that are not the present one.
CREATE TABLE head_rows (
	device_no INTEGER NOT NULL REFERENCES device_rows,
	epoch     INTEGER NOT NULL,
	seq       INTEGER NOT NULL,
	body      BLOB,
	turn      INTEGER NOT NULL,
	PRIMARY KEY (device_no, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE gap_rows (
	device_no INTEGER NOT NULL REFERENCES device_rows,
	epoch     INTEGER NOT NULL,
	from_seq  INTEGER NOT NULL,
	to_seq    INTEGER NOT NULL,
	at        INTEGER NOT NULL,
	PRIMARY KEY (device_no, epoch, from_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE layout_rows (
	hash BLOB PRIMARY KEY,
	body BLOB NOT NULL -- zstd of JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE section_name (
	section INTEGER PRIMARY KEY,
	name    TEXT NOT NULL UNIQUE,
	rows    INTEGER NOT NULL DEFAULT 0, -- kept, because counting walks the table
	open    INTEGER NOT NULL DEFAULT 0  -- of them, those without until_at
) STRICT;

-- The last reading of each section.
CREATE TABLE state_rows (
	device_no  INTEGER NOT NULL REFERENCES device_rows,
	section    INTEGER NOT NULL REFERENCES section_name,
	hash       BLOB,
	status     INTEGER NOT NULL,
	reason     TEXT,
	sources    TEXT,             -- JSON; of the last reading
	asked      TEXT,             -- JSON; whose rows may be here, NULL: the same
	read_at    INTEGER NOT NULL,
	good_at    INTEGER NOT NULL DEFAULT 0,
	changed_at INTEGER NOT NULL DEFAULT 0,
	took_ms    INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (device_no, section)
) STRICT, WITHOUT ROWID;

-- When a section of a device changed, and by how much: the table of contents
-- of the journal, and of what retention has to look at.
CREATE TABLE change_rows (
	device_no INTEGER NOT NULL REFERENCES device_rows,
	at        INTEGER NOT NULL,
	section   INTEGER NOT NULL REFERENCES section_name,
	opened    INTEGER NOT NULL,
	closed    INTEGER NOT NULL,
	first     INTEGER NOT NULL, -- rows opened before the section had ever been read well
	PRIMARY KEY (device_no, at, section)
) STRICT, WITHOUT ROWID;
CREATE INDEX change_by_time ON change_rows (at);

CREATE TABLE event_rows (
	event_no    INTEGER PRIMARY KEY,
	device_no   INTEGER NOT NULL REFERENCES device_rows,
	at          INTEGER NOT NULL,
	received_at INTEGER NOT NULL,
	kind        TEXT NOT NULL,
	count       INTEGER NOT NULL,
	attributes  TEXT, -- JSON object
	epoch       INTEGER, -- NULL, as seq: the collector's own word
	seq         INTEGER,
	ordinal     INTEGER NOT NULL,
	UNIQUE (device_no, epoch, seq, ordinal)
) STRICT;
CREATE INDEX event_by_device ON event_rows (device_no, at);
CREATE INDEX event_by_time ON event_rows (at);

CREATE TABLE label_rows (
	device_no INTEGER NOT NULL REFERENCES device_rows,
	label     TEXT NOT NULL COLLATE NOCASE,
	PRIMARY KEY (device_no, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX label_by_name ON label_rows (label);

CREATE TABLE group_rows (
	id       INTEGER PRIMARY KEY,
	name     TEXT NOT NULL UNIQUE COLLATE NOCASE,
	filter   TEXT NOT NULL,
	priority INTEGER NOT NULL,
	settings TEXT NOT NULL -- JSON
) STRICT;

CREATE TABLE merge_rows (
	id        INTEGER PRIMARY KEY,
	old_no    INTEGER NOT NULL REFERENCES device_rows,
	into_no   INTEGER NOT NULL REFERENCES device_rows,
	made_by   TEXT NOT NULL,
	made_at   INTEGER NOT NULL,
	reason    TEXT NOT NULL,
	undone_by TEXT,
	undone_at INTEGER,
	carried   TEXT NOT NULL -- JSON: people's fields that were copied
) STRICT;
CREATE INDEX merge_by_device ON merge_rows (old_no);

-- How many devices have a program; version NULL counts all versions once. Kept
-- by every commit: counting 25 million rows takes seconds.
CREATE TABLE title_rows (
	title_no  INTEGER PRIMARY KEY,
	name      TEXT NOT NULL,
	version   TEXT,
	publisher TEXT,
	devices   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX title_by_name ON title_rows (name, ifnull(version, char(0)));
CREATE INDEX title_by_spread ON title_rows (devices) WHERE version IS NULL;

-- The names of all programs in one walk, for finding by part of a name.
CREATE INDEX title_names ON title_rows (name) WHERE version IS NULL;

-- Addresses of devices as they are now, for finding by them.
CREATE TABLE host_ip (
	ip        BLOB NOT NULL, -- 16 bytes, IPv4 mapped (RFC 4291 §2.5.5.2), so that a network is a range
	device_no INTEGER NOT NULL REFERENCES device_rows,
	PRIMARY KEY (ip, device_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX host_ip_device ON host_ip (device_no);
CREATE TABLE host_mac (
	mac       TEXT NOT NULL, -- aa:bb:cc:dd:ee:ff
	device_no INTEGER NOT NULL REFERENCES device_rows,
	PRIMARY KEY (mac, device_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX host_mac_device ON host_mac (device_no);

-- What free text finds a device by. Three letters in a row are indexed.
CREATE VIRTUAL TABLE device_search USING fts5 (facts, personal, tokenize = 'trigram');
`
