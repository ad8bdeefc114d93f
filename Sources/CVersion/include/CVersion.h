/* The version of the executable, and what was built in. */
#pragma once

/* Four lines, of which scripts read the first, without a newline at the end. */
const char *cversion_text(void);
