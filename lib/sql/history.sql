-- The history, format 1: see mig-history(5).  Made by the first mig-apply, in
-- the schema that MIG_SCHEMA names, which may hold a line feed: it stands in no
-- comment.

CREATE VIEW :"mig".format AS SELECT 1 AS format;

CREATE TABLE :"mig".log (
	seq bigint PRIMARY KEY,
	prev text NOT NULL UNIQUE,
	hash text NOT NULL,
	action text NOT NULL,
	series text,
	version text,
	name text,
	kind text,
	mode text,
	sha256 text,
	path text,
	convention text,
	sql text,
	down_sha256 text,
	down_path text,
	down text,
	plan text,
	started timestamptz NOT NULL,
	finished timestamptz NOT NULL,
	db_user text NOT NULL,
	os_user text,
	host text,
	tool text,
	error text
);

COMMENT ON TABLE :"mig".log IS
    'What mig-apply did, in order; rows are added, never changed';

CREATE TABLE :"mig".progress (
	series text NOT NULL,
	version text,
	name text,
	action text NOT NULL,
	statement int NOT NULL CHECK (statement > 0),
	statements int NOT NULL,
	sha256 text NOT NULL,
	state text NOT NULL CHECK (state IN ('intent', 'done')),
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	run text,
	session boolean NOT NULL DEFAULT false
);

-- A migration is its version, or its name where it has none.
CREATE UNIQUE INDEX progress_key ON :"mig".progress (series,
    coalesce(version, ''), (CASE WHEN version IS NULL THEN name ELSE '' END),
    statement);

COMMENT ON TABLE :"mig".progress IS
    'How far a migration has come that runs outside of one transaction';

-- Where a publication has all tables, the server refuses to change a row that it
-- could not name to subscribers.
ALTER TABLE :"mig".progress REPLICA IDENTITY FULL;

-- The text of a row that its hash is made of: the array's text form quotes
-- what must be quoted, so no two rows share one.  Every name is qualified, here
-- and below, since to SET a search_path would double the cost of a row.
CREATE FUNCTION :"mig".row_hash(r :"mig".log) RETURNS text
    LANGUAGE sql STABLE AS $function$
	SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
	    ARRAY[r.seq::pg_catalog.text, r.prev, r.action,
	    r.series, r.version, r.name, r.kind, r.mode, r.sha256, r.path,
	    r.convention,
	    pg_catalog.encode(pg_catalog.sha256(
		pg_catalog.convert_to(r.sql, 'UTF8')), 'hex'),
	    r.down_sha256, r.down_path,
	    pg_catalog.encode(pg_catalog.sha256(
		pg_catalog.convert_to(r.down, 'UTF8')), 'hex'), r.plan,
	    pg_catalog.to_char(pg_catalog.timezone('UTC', r.started),
		'YYYY-MM-DD HH24:MI:SS.US'),
	    pg_catalog.to_char(pg_catalog.timezone('UTC', r.finished),
		'YYYY-MM-DD HH24:MI:SS.US'),
	    r.db_user, r.os_user, r.host, r.tool,
	    r.error]::pg_catalog.text, 'UTF8')), 'hex')
$function$;

-- The fence: a row is taken only if it continues the chain, so of two that
-- went on from one state the second fails, whatever became of any lock.  One
-- query for all that the server says; the actions are checked here, since a
-- CHECK is read anew for each row: each would cost a tenth of it.
CREATE FUNCTION :"mig".append() RETURNS trigger
    LANGUAGE plpgsql AS $function$
BEGIN
	SELECT CASE WHEN NEW.seq OPERATOR(pg_catalog.=) 1
	    THEN pg_catalog.repeat('0', 64)
	    ELSE (SELECT hash FROM :"mig".log WHERE seq OPERATOR(pg_catalog.=)
		(NEW.seq OPERATOR(pg_catalog.-) 1)) END,
	    coalesce(NEW.started, pg_catalog.now()),
	    pg_catalog.clock_timestamp(), session_user
	INTO NEW.prev, NEW.started, NEW.finished, NEW.db_user;
	IF NEW.prev IS NULL THEN
		RAISE EXCEPTION 'row % of the history does not continue it',
		    NEW.seq USING ERRCODE = 'MG001';
	ELSIF NEW.action OPERATOR(pg_catalog.<>) ALL ('{apply,repeat,revert,
	    resume,baseline,adopt,accept,forget,exec,fail}'::pg_catalog.text[])
	THEN
		RAISE EXCEPTION 'row % of the history: no such action: %',
		    NEW.seq, NEW.action USING ERRCODE = 'check_violation';
	END IF;
	NEW.hash := :"mig".row_hash(NEW);
	RETURN NEW;
END
$function$;

CREATE TRIGGER append BEFORE INSERT ON :"mig".log
    FOR EACH ROW EXECUTE FUNCTION :"mig".append();

CREATE FUNCTION :"mig".refuse() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
	RAISE EXCEPTION 'the history is append-only: % refused', TG_OP
	    USING ERRCODE = 'MG002',
	    HINT = 'What is wrong is put right by a new row: mig-plan(1).';
END
$function$;

CREATE TRIGGER refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON :"mig".log
    FOR EACH STATEMENT EXECUTE FUNCTION :"mig".refuse();

-- Even where a migration says SET session_replication_role = replica.
ALTER TABLE :"mig".log ENABLE ALWAYS TRIGGER append;
ALTER TABLE :"mig".log ENABLE ALWAYS TRIGGER refuse;

-- What has been applied: of each migration the last row that says so, unless
-- that is its revert, and nothing from before the last clean.
CREATE VIEW :"mig".applied AS
    SELECT l.* FROM :"mig".log l JOIN (
	SELECT max(seq) AS seq FROM :"mig".log
	WHERE action IN ('apply', 'repeat', 'revert', 'resume', 'baseline',
	    'adopt', 'accept') AND seq > coalesce((
		SELECT max(seq) FROM :"mig".log
		WHERE action = 'exec' AND name = 'clean'
		    AND series IS NULL), 0)
	GROUP BY series, version, CASE WHEN version IS NULL THEN name END
    ) last ON last.seq = l.seq
    WHERE l.action <> 'revert';

COMMENT ON VIEW :"mig".applied IS 'The migrations that are applied now';
