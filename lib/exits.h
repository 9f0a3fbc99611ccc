#ifndef EXITS_H
#define EXITS_H

/*
 * The exit codes of every command, described in mig(7).  One meaning
 * everywhere; mig-health alone keeps to the monitoring-plugin codes.
 */
enum exits {
	EXIT_DONE = 0, /* done, nothing to do, or the answer is yes */
	EXIT_NO = 1,   /* the answer is no: pending, drift, findings */
	EXIT_USAGE = 2,
	EXIT_STREAM = 3,   /* a stream or file is bad; output failed */
	EXIT_CONNECT = 4,  /* database not reached, nothing changed */
	EXIT_FAILED = 5,   /* a step failed and was rolled back */
	EXIT_BUSY = 6,	   /* somebody else holds the lock */
	EXIT_UNKNOWN = 7,  /* a step stopped part-way: look first */
	EXIT_STALE = 8,	   /* the database is in another state */
	EXIT_NOVERDICT = 9 /* something could not be read */
};

#endif
