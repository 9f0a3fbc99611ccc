/* Texts in pieces, from files and from memory. */

#include "feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "memfile.h"
#include "text.h"

static void
init(struct feed *feed)
{
	memset(feed, 0, sizeof(*feed));
	hash_init(&feed->hash);
	feed->next = 1;
}

int
feed_step(struct feed *feed, const struct step *s, struct fault *f)
{
	init(feed);
	switch (s->from) {
	case TEXT_NONE:
		break;
	case TEXT_UP:
		feed->source = source_open_part(s->file, SOURCE_UP, f);
		return feed->source == NULL ? -1 : 0;
	case TEXT_DOWN:
		feed->source = source_open_part(s->file, SOURCE_DOWN, f);
		return feed->source == NULL ? -1 : 0;
	case TEXT_GIVEN:
		feed->given = s->text;
		break;
	}
	return 0;
}

int
feed_file(struct feed *feed, const char *path, struct fault *f)
{
	/* one text, whatever it looks like */
	static const struct convention whole = { .name = "included" };

	init(feed);
	feed->source = source_open(path, &whole, SOURCE_WHOLE, f);
	return feed->source == NULL ? -1 : 0;
}

static int
next_given(struct feed *feed, struct source_piece *piece)
{
	if (feed->given == NULL || *feed->given == '\0')
		return 0;
	piece->part = SOURCE_UP;
	piece->text = feed->given;
	piece->len = strlen(feed->given);
	piece->line = 1;
	feed->given = NULL;
	return 1;
}

int
feed_next(struct feed *feed, struct source_piece *piece, struct fault *f)
{
	int got;

	got = feed->source == NULL ? next_given(feed, piece) :
				     source_next(feed->source, piece, f);
	if (got != 1)
		return got;
	hash_add(&feed->hash, piece->text, piece->len);
	feed->next = piece->line + text_lines(piece->text, piece->len);
	return 1;
}

void
feed_close(struct feed *feed, char hex[HASH_HEX])
{
	if (hex != NULL)
		hash_hex(&feed->hash, hex);
	source_close(feed->source);
}

char *
feed_whole(const struct migration *m, enum source_part part, size_t most,
    size_t *len, char hex[HASH_HEX], struct fault *f)
{
	struct source_piece piece;
	struct source *s;
	struct hash hash;
	char *text = NULL;
	FILE *mem;
	int got;

	s = source_open_part(m, part, f);
	if (s == NULL)
		return NULL;
	mem = memfile_open(&text, len);
	if (mem == NULL) {
		fault_nomem(f);
		source_close(s);
		return NULL;
	}
	hash_init(&hash);
	while ((got = source_next(s, &piece, f)) == 1) {
		hash_add(&hash, piece.text, piece.len);
		if ((size_t)ftello(mem) <= most)
			fwrite(piece.text, 1, piece.len, mem);
	}
	if (hex != NULL)
		hash_hex(&hash, hex);
	source_close(s);
	if (fclose(mem) != 0)
		got = fault_nomem(f);
	if (got == 0)
		return text;
	free(text);
	return NULL;
}
