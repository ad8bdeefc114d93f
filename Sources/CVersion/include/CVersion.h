/* SPDX-License-Identifier: MIT */
/* The version, and what was built in. In C, because the libraries and the kernel tell theirs in macros. */
#pragma once

#include <stdbool.h>

/* Four lines, of which scripts read the first, without a newline at the end. */
const char *cversion_text(void);

/* Writes the text and a newline to standard output; false when that is refused. */
bool cversion_print(void);
