-- What sqlx has applied.  A row that is not "success" is what it calls dirty.
SELECT CASE WHEN success THEN 'applied' ELSE 'failed' END,
    'versioned', version::text, description, encode(checksum, 'hex'),
    to_char(installed_on AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    NULL
FROM :"table"
ORDER BY installed_on, version
