/* The savepoints of a transaction that a text has of its own. */

#include "saves.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lex_cursor.h"

/* The name that stands here, without quotes; owned, NULL without memory. */
static char *
name_at(struct cursor *c)
{
	size_t off = 0, len = 0;

	if (cursor_accept_name(c, &off, &len) && len > 1 &&
	    c->item->text[off] == '"') {
		off++;
		len -= 2;
	}
	return strndup(c->item->text + off, len);
}

static int
add(struct saves *s, char *name, size_t k)
{
	struct save *items;

	items = reallocarray(s->items, s->n + 1, sizeof(*items));
	if (items == NULL) {
		free(name);
		return -1;
	}
	s->items = items;
	items[s->n].name = name;
	items[s->n++].statement = k;
	return 0;
}

/* The last of a name, from 1; the first of all where there is none. */
static size_t
find(const struct saves *s, const char *name)
{
	size_t i;

	for (i = s->n; i > 1; i--)
		if (strcasecmp(s->items[i - 1].name, name) == 0)
			break;
	return i;
}

static void
keep(struct saves *s, size_t n)
{
	while (s->n > n)
		free(s->items[--s->n].name);
}

size_t
saves_follow(struct saves *s, const struct lex_item *item, size_t k)
{
	struct cursor c = cursor_at(item, 0);
	bool made = cursor_accept(&c, "SAVEPOINT");
	bool released = !made && cursor_accept(&c, "RELEASE");
	size_t at, undone = k;
	char *name;

	if (!made && !released) {
		cursor_accept(&c, "ROLLBACK");
		if (!cursor_accept(&c, "WORK"))
			cursor_accept(&c, "TRANSACTION");
		cursor_accept(&c, "TO");
	}
	if (!made)
		cursor_accept(&c, "SAVEPOINT");
	name = name_at(&c);
	if (name == NULL)
		return 0;
	if (made)
		return add(s, name, k) == -1 ? 0 : k;
	at = find(s, name);
	free(name);
	if (at > 0 && !released)
		undone = s->items[at - 1].statement;
	keep(s, released && at > 0 ? at - 1 : at);
	return undone;
}

void
saves_free(struct saves *s)
{
	keep(s, 0);
	free(s->items);
	memset(s, 0, sizeof(*s));
}
