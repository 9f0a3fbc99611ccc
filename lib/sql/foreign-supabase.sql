-- What the Supabase CLI has applied, with the statements of each, joined by a
-- byte that separates records.  Tables of older releases lack columns, which
-- is why they are looked up by name; nothing says who and when.
SELECT 'applied', 'versioned', version, t.r ->> 'name',
    CASE WHEN jsonb_typeof(t.r -> 'statements') = 'array' THEN coalesce((
	SELECT string_agg(s, E'\x1e' ORDER BY n)
	FROM jsonb_array_elements_text(t.r -> 'statements')
	    WITH ORDINALITY AS x (s, n)), '') END,
    NULL, NULL
FROM (SELECT version, to_jsonb(s) AS r FROM :"table" s) t
ORDER BY version COLLATE "C"
