-- Maintenance of the time-series tables: partitions, retention and statistics by
-- the hour. The table of changes is a queue, written and emptied all day, and
-- wants vacuum more often than its size suggests.

SELECT cron.schedule_in_database('timeseries-maintenance', '7 * * * *',
	'CALL silver.maintain_timeseries_tables()', '${timeseries_database}');

SELECT cron.schedule_in_database('timeseries-vacuum', '*/15 * * * *',
	'VACUUM (ANALYZE) silver.rollup_changes, silver.rollup_config',
	'${timeseries_database}');
