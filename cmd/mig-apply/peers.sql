-- The history tables of other migration tools, by the name of the tool.
SELECT t.tool, n.nspname, c.relname
FROM (VALUES
    ('flyway', NULL, 'flyway_schema_history', 'installed_rank'),
    ('sqlx', NULL, '_sqlx_migrations', 'checksum'),
    ('golang-migrate', NULL, 'schema_migrations', 'dirty'),
    ('goose', NULL, 'goose_db_version', 'version_id'),
    ('atlas', NULL, 'atlas_schema_revisions', 'version'),
    ('prisma', NULL, '_prisma_migrations', 'checksum'),
    ('graphile-migrate', 'graphile_migrate', 'migrations', 'hash'),
    ('node-pg-migrate', NULL, 'pgmigrations', 'run_on'),
    ('sqitch', 'sqitch', 'changes', 'change_id')
) AS t (tool, schema, name, attribute)
JOIN pg_catalog.pg_class c ON c.relname = t.name AND c.relkind IN ('r', 'p')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    AND (t.schema IS NULL OR n.nspname = t.schema)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    AND a.attname = t.attribute
ORDER BY 1, 2
