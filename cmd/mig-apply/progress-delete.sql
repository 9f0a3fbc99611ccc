-- How far a migration has come: of one statement, or with 0 of all.
DELETE FROM :"mig".progress
WHERE series = $1 AND version IS NOT DISTINCT FROM $2
    AND (version IS NOT NULL OR name = $3)
    AND ($4::int = 0 OR statement = $4::int)
