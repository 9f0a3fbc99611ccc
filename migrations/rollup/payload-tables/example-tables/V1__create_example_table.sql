-- mig: requires main 10
-- An example of a table of raw rows: sensors at sites. A series of its own, with
-- numbers of its own; copy the directory for tables of yours.

CREATE TABLE IF NOT EXISTS raw.example_metrics (
	recorded_at  timestamptz NOT NULL,
	sensor_id    integer NOT NULL,
	site         text NOT NULL,
	location     ltree,
	temperature  numeric(6, 2),
	energy_wh    bigint,
	CONSTRAINT example_metrics_recorded_at CHECK (isfinite(recorded_at))
) PARTITION BY RANGE (recorded_at);

COMMENT ON TABLE raw.example_metrics IS
'Example: what sensors report. A day a partition, kept 90 days.';
COMMENT ON COLUMN raw.example_metrics.location IS
'Where the sensor is, from the largest part to the smallest: eu.de.berlin.hall_3.';

CREATE INDEX IF NOT EXISTS example_metrics_time
	ON raw.example_metrics (recorded_at);
CREATE INDEX IF NOT EXISTS example_metrics_sensor
	ON raw.example_metrics (sensor_id, recorded_at);

ALTER TABLE raw.example_metrics OWNER TO timeseries_admin;

-- An owner has the rights of the default privileges by itself; the writer not
-- where the table was made by somebody without them.
GRANT SELECT, INSERT ON raw.example_metrics TO timeseries_writer;

SELECT silver.manage_partitions('raw.example_metrics', '1 day', '90 days');
