#ifndef CANCEL_H
#define CANCEL_H

#include <libpq-fe.h>

/*
 * Ask the server to cancel what it does on a connection.  It is not waited for
 * longer than two seconds, nor behind a further signal.
 */
void cancel_send(PGconn *);

#endif
