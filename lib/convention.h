#ifndef CONVENTION_H
#define CONVENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "migration.h"

/*
 * The naming conventions of migration directories: one table, a row a
 * convention.  Pure.  Sources: each tool's own, as noted at its row.
 */

/* How versions are ordered. */
enum convention_order {
	ORDER_NUMBER,  /* number by number: version_cmp() */
	ORDER_INTEGER, /* one integer, perhaps with a sign */
	ORDER_TEXT     /* by their bytes, as file names sort */
};

/* How a file name is taken apart; see convention_match(). */
enum convention_shape {
	SHAPE_PLAIN,   /* any of many: a version in front, then a name */
	SHAPE_FLYWAY,  /* V1__name, R__name, beforeMigrate__name */
	SHAPE_INTEGER, /* digits, perhaps with a sign */
	SHAPE_DIGITS,
	SHAPE_DECIMAL, /* digits, perhaps a point and digits */
	SHAPE_DO,      /* digits, the direction, then the name */
	SHAPE_ANY      /* digits where there are any, else only a name */
};

/* What parts the up text and the down text of one file. */
enum convention_sections {
	SECTIONS_NONE,	      /* a file is one text */
	SECTIONS_PLAIN,	      /* -- mig: down */
	SECTIONS_DBMATE,      /* -- migrate:up, -- migrate:down */
	SECTIONS_GOOSE,	      /* -- +goose Up, -- +goose Down */
	SECTIONS_SQL_MIGRATE, /* -- +migrate Up, -- +migrate Down */
	SECTIONS_NODE_PG,     /* -- Up Migration, -- Down Migration */
	SECTIONS_TERN	      /* ---- create above / drop below ---- */
};

/* How the mode follows from a text, besides our own directives: bits. */
enum convention_rule {
	/* Transaction control of its own makes it `own`: run as it is. */
	RULE_OWN = 1 << 0,
	/*
	 * The tool sends the whole file as one query, so that one statement
	 * alone in it may be one that cannot run in a transaction: `none`.
	 */
	RULE_ALONE = 1 << 1,
	/* Any such statement makes the whole file `none`. */
	RULE_ANY = 1 << 2,
	/* The file's name says it: ".autocommit". */
	RULE_NAME = 1 << 3,
	/* A metadata.toml beside the text says it. */
	RULE_METADATA = 1 << 4,
	/* A file named as the text with ".conf" behind it says it. */
	RULE_CONF = 1 << 5
};

struct convention {
	const char *name;    /* "plain", "flyway", "sqlx", ... */
	const char *title;   /* for a person: "Flyway" */
	const char *pattern; /* of its names, for a person */
	unsigned lex_flags;  /* for lex_new(): its text's variables, breaks */
	enum convention_order order;
	char end;	/* ORDER_TEXT: what follows in the file name */
	bool equal;	/* equal versions are allowed: by name */
	bool recursive; /* folders in the folder are searched */
	enum convention_shape shape;
	const char *letters;   /* one of these in front of the version */
	const char *separator; /* one of these behind it, "__": both */
	bool nameless;	       /* there may be no name, and no separator */
	const char *folder_up; /* a migration is a folder: its up text */
	const char *folder_down;
	const char *up, *down; /* ".up", ".down" before ".sql", or NULL */
	bool single;	       /* files without up and down exist */
	enum convention_sections sections;
	const char *directive; /* a line that says `none`, or NULL */
	bool directive_first;  /* only as the first bytes of the file */
	unsigned rules;	       /* of enum convention_rule */
	const char *first;     /* the version of a first file: "001" */
};

/* What the name of a file or folder says; offsets are into that name. */
struct convention_name {
	enum migration_kind kind;
	bool down;		     /* its text takes another's back */
	bool autocommit;	     /* see RULE_NAME */
	bool dialect;		     /* for PostgreSQL: beats one without */
	size_t version, version_len; /* length 0: none */
	size_t name, name_len;	     /* length 0: none */
};

/* The convention of that name, or NULL. */
const struct convention *convention_find(const char *name);

/* Convention `n` of the table, NULL beyond its end. */
const struct convention *convention_at(size_t n);

/*
 * Take apart the name (without its directory) of a migration's file or, where
 * a migration is a folder, of the folder.  Returns whether it is one of the
 * convention's.
 */
bool convention_match(const struct convention *, const char *file,
    struct convention_name *);

/* Whether a file of that name is a program, by its suffix. */
bool convention_is_code(const char *file);

/*
 * Order of two versions as the convention's own tool has it: less than, equal
 * to or greater than 0.  Without a convention (NULL) it is version_cmp().
 */
int convention_version_cmp(const struct convention *, const char *a,
    const char *b);

/*
 * The version that a new migration should have: the one after `last` in the
 * same width, or a stamp in the same form where `last` is a stamp; with
 * `last` NULL the convention's first.  `now` is the time for a stamp.
 * Returns a new string, or NULL without memory.
 */
char *convention_next(const struct convention *, const char *last, time_t now);

#endif
