/* mig-plan: plan what a database lacks. */

#include "mig-plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standard.h"

static int
read_history(struct planner *p)
{
	char *where;

	p->conn = db_connect_plain(&p->target, getprogname(), &p->f);
	if (p->conn == NULL)
		return -1;
	if (p->o.verbose &&
	    (where = db_describe(p->conn, &p->target)) != NULL) {
		note(p, "%s", where);
		free(where);
	}
	return history_read(&p->history, p->conn, &p->f);
}

/* What there is: the listing and the history. */
static int
read_all(struct planner *p)
{
	if (db_target(&p->target, p->o.conninfo, &p->f) == -1)
		return -1;
	if (p->o.task != TASK_CLEAN &&
	    migration_read(&p->list, stdin, "listing", &p->f) == -1)
		return -1;
	if (read_history(p) == -1)
		return -1;
	return picture_make(p);
}

/* The steps of TASK_APPLY. */
static int
apply_steps(struct planner *p)
{
	refuse_partial(p);
	if (accept_steps(p) == -1)
		return -1;
	refuse_states(p);
	adopt_note(p);
	if (p->code != EXIT_DONE)
		return 0;
	if (order_steps(p) == -1)
		return -1;
	return callback_steps(p);
}

static int
make_steps(struct planner *p)
{
	switch (p->o.task) {
	case TASK_APPLY:
		return apply_steps(p);
	case TASK_REVERT:
		refuse_partial(p);
		return p->code == EXIT_DONE ? revert_steps(p) : 0;
	case TASK_BASELINE:
		refuse_partial(p);
		return p->code == EXIT_DONE ? baseline_steps(p) : 0;
	case TASK_ADOPT:
		refuse_partial(p);
		return p->code == EXIT_DONE ? adopt_steps(p) : 0;
	case TASK_FORGET:
		return forget_steps(p);
	case TASK_CLEAN:
		return clean_steps(p);
	case TASK_STATUS:
		break;
	}
	return 0;
}

static int
plan(struct planner *p)
{
	static const char unsettled[] =
	    "migration that stopped within a statement";

	if (make_steps(p) == -1)
		return -1;
	if (p->code == EXIT_DONE && check_steps(p) == -1)
		return -1;
	if (p->code == EXIT_DONE) {
		refuse_unused(p, &p->o.settle_done, "--settle", unsettled);
		refuse_unused(p, &p->o.settle_again, "--settle", unsettled);
	}
	complain_end(p);
	return p->code == EXIT_DONE ? write_plan(p) : 0;
}

static int
status(struct planner *p)
{
	if (p->o.status && status_print(p) == -1)
		return -1;
	if (p->o.check)
		p->code = status_check(p);
	return 0;
}

static void
free_all(struct planner *p)
{
	steps_free(p);
	free(p->items);
	free(p->stopped);
	free(p->groups);
	free(p->hint);
	foreign_free(&p->foreign);
	history_free(&p->history);
	migration_list_free(&p->list);
	db_close(p->conn);
	db_target_free(&p->target);
	options_free(&p->o);
}

int
main(int argc, char *argv[])
{
	struct planner p;
	int result, code;

	standard_open();
	memset(&p, 0, sizeof(p));
	options_read(&p.o, argc, argv);
	result = read_all(&p);
	if (result == 0)
		result = p.o.task == TASK_STATUS ? status(&p) : plan(&p);
	code = (int)p.code;
	if (result == -1) {
		complain_end(&p);
		fflush(stdout);
		print_fault(&p, &p.f);
		code = (int)p.f.code;
	}
	fault_free(&p.f);
	free_all(&p);
	return code;
}
