#ifndef SIDECAR_H
#define SIDECAR_H

#include <stdbool.h>

#include "convention.h"
#include "fault.h"

/*
 * What stands beside a migration's text, not in it, and says how it is run:
 * Flyway's NAME.sql.conf, diesel's metadata.toml, pop's ".autocommit".
 */

enum sidecar_mode {
	SIDECAR_SILENT, /* there is none, or it has no word on it */
	SIDECAR_TX,
	SIDECAR_NONE
};

struct sidecar {
	enum sidecar_mode mode;
	bool raw;	  /* ${name} in the text is text */
	bool unknown;	  /* holds a setting that nobody knows: */
	char setting[64]; /* this one */
};

/*
 * Look at what is beside the text at `path`.  Returns 0, or -1 with a fault:
 * what cannot be read, or asks for what is not supported.
 */
int sidecar_read(struct sidecar *, const struct convention *, const char *path,
    struct fault *);

#endif
