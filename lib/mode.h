#ifndef MODE_H
#define MODE_H

#include "directive.h"
#include "fault.h"
#include "migration.h"
#include "sidecar.h"
#include "source.h"

/*
 * How a text wants to be run: our directive at its head, else what the
 * convention's own tool makes of it, else what the caller says.
 */

struct mode;

/* Begin a text.  Returns NULL without memory. */
struct mode *mode_new(const struct convention *, const char *path);

/*
 * Look at the next piece of the text (mode_feed() of all pieces, in order).
 * Returns 0, or -1 with a fault of directives_read() or without memory.
 */
int mode_feed(struct mode *, const struct source_piece *, struct fault *);

/* The directives at the head of what was fed; lent. */
const struct directives *mode_head(const struct mode *);

/*
 * What it comes to, after the last piece.  `none` says whether the tool's own
 * directive was there (source_says_none()), the sidecar what stands beside the
 * text; `otherwise` is for a text on which neither directive nor rule has a
 * word.
 */
enum migration_mode mode_end(struct mode *, bool none, enum sidecar_mode,
    enum migration_mode otherwise);

void mode_free(struct mode *);

/*
 * The mode of a migration's down text, which may differ from that of its up
 * text.  Reads the file.  Returns 0, or -1 with a fault.
 */
int mode_of_down(const struct migration *, enum migration_mode *,
    struct fault *);

#endif
