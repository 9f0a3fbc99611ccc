-- The format and the last row.
SELECT f.format, coalesce(l.seq, 0), l.hash
FROM :"mig".format f LEFT JOIN (
	SELECT seq, hash FROM :"mig".log ORDER BY seq DESC LIMIT 1
) l ON true
