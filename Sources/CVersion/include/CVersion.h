/* SPDX-License-Identifier: MIT */
/* The version, and the features that were built in. In C, because libraries and kernel define versions in macros. */
#pragma once

#include <stdbool.h>

/* Sets the commit that the text has: 40 digits, and what was changed. The executable does so at its start. */
void cversion_set_commit(const char *text);

/* Six lines without a newline at the end. Scripts read the first. */
const char *cversion_text(void);

/* Writes the text and a newline to standard output; false when the write fails. */
bool cversion_print(void);
