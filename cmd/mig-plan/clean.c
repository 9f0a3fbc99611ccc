/* Dropping all that a database holds, spelled out. */

#include "mig-plan.h"

#include <string.h>

#include "sql.h"

int
clean_steps(struct planner *p)
{
	(void)p;
	return 0;
}
