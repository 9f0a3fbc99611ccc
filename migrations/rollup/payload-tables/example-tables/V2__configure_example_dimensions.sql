-- By what the example's rows are grouped, and its rollups: by the hour in silver,
-- kept two years, and of these by the day in gold, for ever.

INSERT INTO silver.dimension_config
	(source_table, name, column_name, ltree_depth, position, description)
VALUES
	('raw.example_metrics', 'site', 'site', NULL, 1, 'the site'),
	('raw.example_metrics', 'area', 'location', 3, 2,
	    'continent, country and city of the location')
ON CONFLICT DO NOTHING;

SELECT silver.create_rollup_table('raw.example_metrics', '1 hour', '[
	{"function": "count", "column": "temperature"},
	{"function": "avg", "column": "temperature"},
	{"function": "min", "column": "temperature"},
	{"function": "max", "column": "temperature"},
	{"function": "first", "column": "temperature"},
	{"function": "last", "column": "temperature"},
	{"function": "sum", "column": "energy_wh"}]',
	p_retention => '2 years');

INSERT INTO silver.dimension_config
	(source_table, name, column_name, ltree_depth, position, description)
VALUES
	('silver.example_metrics_1h', 'country', 'area', 2, 1,
	    'continent and country of the area')
ON CONFLICT DO NOTHING;

-- The average of averages needs their weights.

SELECT silver.create_rollup_table('silver.example_metrics_1h', '1 day', '[
	{"function": "avg", "column": "temperature_avg", "weight": "temperature_count",
	    "name": "temperature_avg"},
	{"function": "min", "column": "temperature_min", "name": "temperature_min"},
	{"function": "max", "column": "temperature_max", "name": "temperature_max"},
	{"function": "sum", "column": "energy_wh_sum", "name": "energy_wh_sum"}]',
	p_target => 'gold.example_metrics_1d');
