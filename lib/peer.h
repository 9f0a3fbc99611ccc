#ifndef PEER_H
#define PEER_H

#include <stdint.h>

/*
 * The advisory locks of other migration tools, so that none of them works on
 * a database at the same time.  Sources: each tool's own code, as
 * mig-apply(1) names them.
 */

/*
 * The key that `tool` takes for its history table.  Returns 1 and sets
 * `*key`, or 0 for a tool without a key.
 */
int peer_key(const char *tool, const char *schema, const char *table,
    const char *database, int64_t *key);

#endif
