#ifndef ADOPT_H
#define ADOPT_H

#include <stdbool.h>
#include <stddef.h>

#include "mig-plan.h"

/* What becomes of an entry of another tool's history. */
enum verdict {
	VERDICT_TAKE,	/* the file is the text that ran */
	VERDICT_HAVE,	/* it stands in our history already */
	VERDICT_COVER,	/* it stands for all up to its version */
	VERDICT_AGAIN,	/* a repeatable that will run again */
	VERDICT_GO_ON,	/* refused at first, but allowed: without it */
	VERDICT_ACCEPT, /* refused at first, but accepted */
	/* what stands against the plan */
	VERDICT_DIFFERS,   /* the file has another text */
	VERDICT_UNCHECKED, /* there is nothing to check the file by */
	VERDICT_MISSING,   /* there is no file, or a down file alone */
	VERDICT_CODE,	   /* it is no SQL */
	VERDICT_FAILED,	   /* its last try failed */
	VERDICT_REVERTED,  /* it was taken back here since */
	VERDICT_CONFLICT   /* our history has another text of it */
};

/* An entry, and the migration that it is about. */
struct taking {
	const struct foreign_entry *entry;
	struct item *item; /* NULL: neither listed nor known here */
	enum verdict verdict;
};

/* adopt_text.c: is a file the text that ran? */

/*
 * Whether the file of a migration is what the tool's checksum was made of.
 * Returns 1, 0 where it is not, or -1 with a fault.  The entry must have a
 * checksum.
 */
int adopt_same(const struct foreign_tool *, const struct foreign_entry *,
    const struct migration *, struct fault *);

/* Show on stderr how they differ.  Returns 0, or -1 with a fault. */
int adopt_show(const struct foreign_tool *, const struct foreign_entry *,
    const struct migration *, struct fault *);

/* adopt_refuse.c */

/* Complain about all takings that stand against the plan. */
void adopt_refuse(struct planner *, const struct group *, const struct taking *,
    size_t n);

#endif
