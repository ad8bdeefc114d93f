/* The process that keeps descriptors, what it is asked, and how it is started. */
#ifndef CHOLDER_H
#define CHOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The process that keeps descriptors (holder.c): its argv[0], and what it is asked: a version of the protocol and a
 * verb, a byte each. Requests of the first versions were the verb alone, which is version 0 here. To describe and to
 * release mean the same in all versions, and text is no request.
 */
#define CDMABUF_HOLDER "dmabuf-holder"
enum { CDMABUF_HOLDER_VERSION = 1, CDMABUF_HOLDER_LAST_VERSION = 31 };
enum {
  CDMABUF_HOLDER_DESCRIBE = 'd',
  CDMABUF_HOLDER_FETCH = 'f',
  CDMABUF_HOLDER_FETCH_ALL = 'a',
  CDMABUF_HOLDER_RELEASE = 'r',
};
struct cdmabuf_holder_request {
  uint8_t version;
  uint8_t verb;
};
/* Reads a packet; false for what is no request. */
bool cdmabuf_holder_parse(const void *bytes, size_t count, struct cdmabuf_holder_request *request);
/* Has this process been started as a holder? */
bool cdmabuf_is_holder(int argc, char *const argv[]);
/* Keeps the descriptors until it is told to release them; the process's exit status. */
int cdmabuf_hold(int argc, char *const argv[]);
/* What it does by itself when a moment has come: advance a sw_sync timeline, signal a vgem fence. */
enum { CDMABUF_HOLDER_ADVANCE = 'i', CDMABUF_HOLDER_SIGNAL = 'v' };

/*
 * Starts this executable again as a process of its own session: working directory /, standard streams on
 * /dev/null, no environment, `descriptors` as 4, 5, …. As 3 it gets a pipe to write an int 0 to once it is
 * ready, or the errno that keeps it from being. Returns then: 0, or -1 with that errno.
 */
int cdmabuf_stay_behind(char *const argv[], const int descriptors[], size_t count);

#endif
