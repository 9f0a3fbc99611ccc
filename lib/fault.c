/* What went wrong, carried from the library to a command. */

#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static void
discard(char **s)
{
	free(*s);
	*s = NULL;
}

static int set(struct fault *f, enum exits code, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static int
set(struct fault *f, enum exits code, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) == -1)
		return fault_nomem(f);
	fault_free(f);
	f->code = code;
	f->text = text;
	return -1;
}

int
fault_set(struct fault *f, enum exits code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(f, code, fmt, ap);
	va_end(ap);
	return -1;
}

int
fault_nomem(struct fault *f)
{
	fault_free(f);
	f->code = EXIT_STREAM;
	f->nomem = true;
	return -1;
}

int
fault_errno(struct fault *f, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int saved = errno, n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n == -1)
		return fault_nomem(f);
	fault_set(f, EXIT_STREAM, "%s: %s", text, strerror(saved));
	free(text);
	return -1;
}

int
fault_hint(struct fault *f, const char *fmt, ...)
{
	va_list ap;

	discard(&f->hint);
	va_start(ap, fmt);
	if (vasprintf(&f->hint, fmt, ap) == -1)
		f->hint = NULL;
	va_end(ap);
	return -1;
}

int
fault_detail(struct fault *f, const char *detail)
{
	discard(&f->detail);
	f->detail = strdup(detail);
	return -1;
}

void
fault_print(const struct fault *f, FILE *fp)
{
	const char *text = f->text;

	if (f->nomem || text == NULL)
		text = "out of memory";
	fprintf(fp, "%s: ", getprogname());
	text_show(fp, text, strlen(text));
	fputc('\n', fp);
	if (f->detail != NULL) {
		text_show(fp, f->detail, strlen(f->detail));
		if (f->detail[0] != '\0' &&
		    f->detail[strlen(f->detail) - 1] != '\n')
			fputc('\n', fp);
	}
	if (f->hint != NULL) {
		fputs("hint: ", fp);
		text_show(fp, f->hint, strlen(f->hint));
		fputc('\n', fp);
	}
}

void
fault_free(struct fault *f)
{
	discard(&f->text);
	discard(&f->detail);
	discard(&f->hint);
	f->nomem = false;
	f->code = EXIT_DONE;
}
