-- The statements of a migration that are done or were begun.
SELECT statement, sha256, state = 'intent' FROM :"mig".progress
WHERE series = $1 AND version IS NOT DISTINCT FROM $2
    AND (version IS NOT NULL OR name = $3)
ORDER BY statement
