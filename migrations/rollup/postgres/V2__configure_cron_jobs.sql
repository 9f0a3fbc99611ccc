-- Housekeeping of pg_cron itself. A job is known by its name: applied again, this
-- changes nothing.

SELECT cron.schedule('cron-history', '23 3 * * *',
	$$DELETE FROM cron.job_run_details WHERE end_time < now() - interval '7 days'$$);
