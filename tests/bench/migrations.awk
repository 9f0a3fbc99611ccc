# Small migrations for the benchmark: a file each in `dir`, and all of them in
# `script` for one psql, each in BEGIN and COMMIT with a row of history.
#
# Of `kind` table, each makes a table.  Of `kind` rows, it refers to the one
# before and has its first row: a session keeps the plan of each such check, and
# goes through all of them at each change, so that it slows down.  Of `kind`
# mixed, ten are one round of an application's history: two tables with rows,
# the second looks up the first; a column, an index, a trigger, an enum, a view.

function mixed(i,	g, part)
{
	g = int((i - 1) / 10)
	part = (i - 1) % 10
	if (part == 0)
		return "CREATE TABLE kind" g " (\n\tid bigint PRIMARY KEY,\n" \
		    "\tname text NOT NULL\n);\n"
	if (part == 1)
		return "INSERT INTO kind" g " VALUES (1, 'one'), (2, 'two');\n"
	if (part == 2)
		return "CREATE TABLE item" g " (\n\tid bigint PRIMARY KEY,\n" \
		    "\tkind bigint NOT NULL REFERENCES kind" g ",\n" \
		    "\tname text NOT NULL\n);\n"
	if (part == 3)
		return "INSERT INTO item" g " VALUES (1, 2, 'first');\n"
	if (part == 4)
		return "ALTER TABLE item" g " ADD COLUMN changed timestamptz;\n"
	if (part == 5)
		return "CREATE FUNCTION touch" g "() RETURNS trigger\n" \
		    "LANGUAGE plpgsql AS $$\nBEGIN\n" \
		    "\tNEW.changed := now();\n\tRETURN NEW;\nEND\n$$;\n" \
		    "CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON item" g \
		    "\n    FOR EACH ROW EXECUTE FUNCTION touch" g "();\n"
	if (part == 6)
		return "UPDATE item" g " SET name = 'renamed' WHERE id = 1;\n"
	if (part == 7)
		return "CREATE INDEX item" g "_name ON item" g " (name);\n"
	if (part == 8)
		return "CREATE TYPE state" g " AS ENUM ('open', 'done');\n" \
		    "ALTER TABLE item" g " ADD COLUMN state state" g \
		    " DEFAULT 'open';\n"
	return "CREATE VIEW open" g " AS SELECT i.id, i.name, k.name AS kind\n" \
	    "    FROM item" g " i JOIN kind" g " k ON k.id = i.kind;\n" \
	    "COMMENT ON VIEW open" g " IS 'What is open';\n"
}

function table(i)
{
	return "CREATE TABLE t" i " (\n\tid bigint PRIMARY KEY,\n" \
	    "\tname text NOT NULL\n);\n"
}

function rows(i)
{
	return "CREATE TABLE t" i " (\n\tid bigint PRIMARY KEY,\n" \
	    "\tbefore bigint REFERENCES t" (i > 1 ? i - 1 : 1) "\n);\n" \
	    "INSERT INTO t" i " VALUES (1, 1);\n"
}

BEGIN {
	print "CREATE TABLE h (version text PRIMARY KEY, name text," \
	    " sha256 text, at timestamptz DEFAULT now());" >script
	for (i = 1; i <= n; i++) {
		sql = kind == "mixed" ? mixed(i) : \
		    kind == "rows" ? rows(i) : table(i)
		file = sprintf("%s/%06d_step_%d.sql", dir, i, i)
		printf "%s", sql >file
		close(file)
		printf "BEGIN;\n%sINSERT INTO h (version, name, sha256) " \
		    "VALUES ('%06d', 'step_%d', repeat('a', 64));\nCOMMIT;\n",
		    sql, i, i >script
	}
}
