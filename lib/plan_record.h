#ifndef PLAN_RECORD_H
#define PLAN_RECORD_H

/*
 * How many columns the records of a plan have, for its writer and its reader;
 * the columns themselves stand in plan_write.c.
 */
enum {
	PLAN_TOOL_COLUMNS = 4,
	PLAN_STEP_COLUMNS = 10,
	PLAN_FROM_COLUMNS = 2,
	PLAN_RESUME_COLUMNS = 3,
	PLAN_KEEP_COLUMNS = 5
};

#endif
