INSERT INTO :"mig".log (seq, action, series, version, name, kind, mode,
    sha256, path, convention, sql, down_sha256, down_path, down, plan,
    started, os_user, host, tool, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
    $16, $17, $18, $19, $20)
