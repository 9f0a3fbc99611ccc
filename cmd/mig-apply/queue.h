#ifndef QUEUE_H
#define QUEUE_H

#include <stdbool.h>
#include <stddef.h>

/* What was sent, and so what an answer is about. */
enum worker_what {
	WORKER_BEGIN,
	WORKER_PID,	  /* which connection of a pooler's it is */
	WORKER_SET,	  /* settings, history, putting back: ours */
	WORKER_STATEMENT, /* a statement of a step */
	WORKER_TABLE,	  /* which table that was about */
	WORKER_LOG,	  /* the step's row of the log */
	WORKER_COMMIT,
	WORKER_SYNC
};

struct worker_sent {
	enum worker_what what;
	size_t step;	  /* its index in the plan */
	size_t statement; /* its number in the step, from 1 */
};

/* What was sent and is not answered yet, in order: a ring. */
struct queue {
	struct worker_sent *items;
	size_t first, n, room;
};

/*
 * Have room for one more; before it is sent, as what was sent cannot be
 * forgotten.  Returns 0, or -1 without memory.
 */
int queue_reserve(struct queue *);

/* Add one; there must be room. */
void queue_push(struct queue *, const struct worker_sent *);

/* The one that is answered next; there must be one. */
const struct worker_sent *queue_front(const struct queue *);
void queue_drop(struct queue *);

bool queue_has(const struct queue *, enum worker_what);
void queue_free(struct queue *);

#endif
