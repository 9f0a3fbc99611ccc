#ifndef DIRECTORY_NAMES_H
#define DIRECTORY_NAMES_H

#include "directory.h"

/*
 * As directory_read(), by the names alone: of the texts only as many heads
 * are read as the convention asks for, and equal versions are let pass.
 */
int directory_names(struct migration_list *, const char *dir,
    const struct directory_options *, const struct convention **found,
    struct fault *);

#endif
