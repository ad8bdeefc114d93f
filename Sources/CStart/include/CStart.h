/* What is done before anything of Swift's runs: the version, and the words this process was started with. */
#pragma once

/* Four lines, of which scripts read the first, without a newline at the end. */
const char *cversion_text(void);

/* The words this process was started with, ended by NULL; known without /proc, too. */
char *const *cstart_arguments(void);
