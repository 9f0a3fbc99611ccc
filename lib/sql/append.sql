INSERT INTO :"mig".log (seq, action, series, version, name, kind, mode,
    sha256, path, convention, sql, down_sha256, down_path, down, plan,
    started, os_user, host, tool, error)
VALUES ($1::bigint, $2::text, $3::text, $4::text, $5::text, $6::text,
    $7::text, $8::text, $9::text, $10::text, $11::text, $12::text, $13::text,
    $14::text, $15::text, $16::timestamptz, $17::text, $18::text, $19::text,
    $20::text)
