-- Rollups of the time-series database, each minute. One that has failed waits for
-- its own time, which the second job looks for.
--
-- The jobs fail until that database has its migrations, and a run that meets
-- another is skipped: neither does harm.

SELECT cron.schedule_in_database('timeseries-rollups', '* * * * *',
	'CALL silver.perform_rollups()', '${timeseries_database}');

SELECT cron.schedule_in_database('timeseries-retries', '* * * * *',
	'CALL silver.handle_rollup_retries()', '${timeseries_database}');
