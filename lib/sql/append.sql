INSERT INTO :"mig".log (seq, action, series, version, name, kind, mode,
    sha256, path, convention, sql, down_sha256, down_path, down, plan,
    started, os_user, host, tool, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
    CASE WHEN $21::pg_catalog.bool
	THEN (SELECT finished FROM :"mig".log
	    WHERE seq OPERATOR(pg_catalog.=)
		($1::pg_catalog.int8 OPERATOR(pg_catalog.-) 1))
	ELSE $16::pg_catalog.timestamptz END, $17, $18, $19, $20)
