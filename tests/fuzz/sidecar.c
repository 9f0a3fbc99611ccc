/*
 * Fuzz target of what stands beside texts.  The first byte says what the rest
 * is: Flyway's .conf, diesel's metadata.toml or Drizzle's journal.
 */

#include "sidecar.h"

#include "directory_journal.h"
#include "fuzz.h"

static void
check_sidecar(const char *convention, const char *name)
{
	struct sidecar x;
	struct fault f = FAULT_INIT;
	char *path;

	require(asprintf(&path, "%s/%s", fuzz_dir, name) != -1);
	if (sidecar_read(&x, convention_find(convention), path, &f) == -1)
		require(f.code == EXIT_STREAM && f.text != NULL);
	else {
		require(x.mode <= SIDECAR_NONE);
		require(x.unknown || *x.setting == '\0');
		require(strlen(x.setting) < sizeof(x.setting));
	}
	fault_free(&f);
	free(path);
}

/* A tag has its place, the first where it is there twice. */
static void
check_places(const struct journal *j)
{
	size_t i, place;
	char *name;

	for (i = 0; i < j->n; i++) {
		require(asprintf(&name, "%s.sql", j->tags[i]) != -1);
		place = journal_place(j, name);
		require(place > 0 && place <= i + 1);
		require(strcmp(j->tags[place - 1], j->tags[i]) == 0);
		free(name);
	}
	require(journal_place(j, "") == 0);
}

static void
check_journal(void)
{
	struct journal j;
	struct fault f = FAULT_INIT;

	if (journal_read(&j, fuzz_dir, &f) == 0)
		check_places(&j);
	else
		require(f.code == EXIT_STREAM && f.text != NULL);
	journal_free(&j);
	fault_free(&f);
}

static char meta[64];

static void
remove_meta(void)
{
	unlink(meta);
}

/* The journal is in a folder, which here is the one that it is in. */
static void
make_meta(void)
{
	if (*meta != '\0')
		return;
	snprintf(meta, sizeof(meta), "%s/meta", fuzz_dir);
	require(symlink(".", meta) == 0 && atexit(remove_meta) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const names[] = { "a.sql.conf", "metadata.toml",
		"_journal.json" };
	unsigned which;

	if (len == 0)
		return 0;
	which = data[0] % 3;
	fuzz_file(names[which], data + 1, len - 1);
	make_meta();
	if (which == 0)
		check_sidecar("flyway", "a.sql");
	else if (which == 1)
		check_sidecar("diesel", "up.sql");
	else
		check_journal();
	return 0;
}
