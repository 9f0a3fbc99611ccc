/* What was sent to the server, and is not answered yet. */

#include "queue.h"

#include <stdlib.h>

static struct worker_sent *
at(const struct queue *q, size_t i)
{
	return &q->items[(q->first + i) % q->room];
}

int
queue_reserve(struct queue *q)
{
	struct worker_sent *items;
	size_t i, room;

	if (q->n < q->room)
		return 0;
	room = q->room == 0 ? 256 : q->room * 2;
	items = calloc(room, sizeof(*items));
	if (items == NULL)
		return -1;
	for (i = 0; q->room > 0 && i < q->n; i++)
		items[i] = *at(q, i);
	free(q->items);
	q->items = items;
	q->first = 0;
	q->room = room;
	return 0;
}

void
queue_push(struct queue *q, const struct worker_sent *sent)
{
	*at(q, q->n++) = *sent;
}

const struct worker_sent *
queue_front(const struct queue *q)
{
	return at(q, 0);
}

void
queue_drop(struct queue *q)
{
	q->first = (q->first + 1) % q->room;
	q->n--;
}

bool
queue_has(const struct queue *q, enum worker_what what)
{
	size_t i;

	for (i = 0; i < q->n; i++)
		if (at(q, i)->what == what)
			return true;
	return false;
}

void
queue_free(struct queue *q)
{
	free(q->items);
	q->items = NULL;
	q->first = q->n = q->room = 0;
}
