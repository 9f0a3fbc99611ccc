-- How far the transaction at hand has come: its locks on relations, by their
-- modes, and a row for each relation to be watched ($1) that has another file
-- than it had ($2; 0: no matter) or counts anything; at least one row.  Without
-- the locks where $3 is false.  It is asked between the statements of
-- migrations, whose search_path must not matter: all names are qualified, those
-- of operators too.  Each time it goes over all locks that are held, so that
-- what can be asked once more, of few relations, is in rehearse-details.sql.
SELECT w.oid, pg_catalog.pg_relation_filenode(w.oid),
    pg_catalog.pg_stat_get_xact_numscans(w.oid),
    pg_catalog.pg_stat_get_xact_tuples_returned(w.oid),
    pg_catalog.pg_stat_get_xact_tuples_inserted(w.oid),
    pg_catalog.pg_stat_get_xact_tuples_updated(w.oid),
    pg_catalog.pg_stat_get_xact_tuples_deleted(w.oid),
    s.wal, s.transaction, s.enums, s.counts, s.locks
FROM (SELECT pg_catalog.pg_wal_lsn_diff(
	    pg_catalog.pg_current_wal_insert_lsn(),
	    '0/0'::pg_catalog.pg_lsn) AS wal,
	pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.now()),
	    'YYYYMMDDHH24MISSUS') AS transaction,
	(SELECT pg_catalog.count(*) FROM pg_catalog.pg_enum
	    WHERE xmin OPERATOR(pg_catalog.=) pg_catalog.xid(
	    pg_catalog.pg_current_xact_id_if_assigned())) AS enums,
	pg_catalog.current_setting('track_counts') AS counts,
	CASE WHEN $3::pg_catalog.bool THEN (
	    SELECT pg_catalog.string_agg(pg_catalog.concat(m.mode, ' ',
		m.relations), ';') FROM (SELECT mode, pg_catalog.string_agg(
		relation::pg_catalog.text, ' ') AS relations
	    FROM pg_catalog.pg_locks
	    WHERE locktype OPERATOR(pg_catalog.=) 'relation' AND granted
		AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
		AND relation OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid
		AND database OPERATOR(pg_catalog.=) (SELECT oid
		    FROM pg_catalog.pg_database
		    WHERE datname OPERATOR(pg_catalog.=)
		    pg_catalog.current_database())
	    GROUP BY mode) m) END AS locks
    ) s
LEFT JOIN (SELECT oid, file FROM ROWS FROM (
	pg_catalog.unnest($1::pg_catalog.oid[]),
	pg_catalog.unnest($2::pg_catalog.oid[])) u (oid, file)
    WHERE (file OPERATOR(pg_catalog.<>) '0'::pg_catalog.oid
	AND (pg_catalog.pg_relation_filenode(oid)
		OPERATOR(pg_catalog.<>) file
	    OR pg_catalog.pg_stat_get_xact_numscans(oid)
		OPERATOR(pg_catalog.>) 0))
	OR pg_catalog.pg_stat_get_xact_tuples_inserted(oid)
	    OPERATOR(pg_catalog.>) 0
	OR pg_catalog.pg_stat_get_xact_tuples_updated(oid)
	    OPERATOR(pg_catalog.>) 0
	OR pg_catalog.pg_stat_get_xact_tuples_deleted(oid)
	    OPERATOR(pg_catalog.>) 0
    ) w ON true
