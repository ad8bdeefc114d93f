/* SPDX-License-Identifier: MIT */
/* Shared by the parts of the actor: the table of descriptors, and the exit after an error. */
#ifndef ACTOR_H
#define ACTOR_H

#include <stddef.h>

/* Every verb that creates a descriptor appends it to the table. SLOT in other verbs is its index. */
int  slot_add(int fd);
int  slot_fd(const char *word);
void slot_close(const char *word);
int  slot_last(void);
int  slot_take(int index);
void slot_drop(int index);

extern const char *current_verb;
void die(const char *what) __attribute__((noreturn));
unsigned long long number(const char *word);

/* A word of the actor's language. */
struct verb {
	const char *name;
	int words;
	void (*run)(char **word);
	const char *help;
};

/* Defines the function for the table. Its words are in `word`. */
#define VERB(function, call) static void function(char **word) { (void)word; call; }

/* attack.c; the last entry has no name */
extern const struct verb attack_verbs[];

/* buffers.c */
void buffer(const char *size);
void heap(const char *name, const char *size, int flags);
void udmabuf(const char *size);
void memory_file(const char *size, unsigned int flags);
void unescape(const char *text, char *out, size_t room);
void name(const char *slot, const char *text);
void map(const char *slot, unsigned long long offset, unsigned long long length);
void unmap(void);
void fill(const char *slot, const char *byte);
void print(const char *slot);

/* devices.c */
int  vgem(void);
void vgem_dumb(const char *width, const char *height);
void vgem_close_handle(int buffer);
void vgem_import(const char *slot);
void vgem_fence(const char *slot, const char *direction);
void vgem_signal(const char *fence);
void sw_fence(const char *value);
void sw_increment(const char *steps);
void import_fence(const char *buffer, const char *fence, const char *direction);
void poll_both(const char *slot);
void poll_now(const char *slot, const char *events);
void epoll_watch(const char *slot);
void epoll_wait_for(const char *slot, const char *milliseconds);
void vgem_frame(const char *slot);
void vgem_readers(const char *slot, const char *count);
void sw_timeline(void);
void any_ioctl(const char *slot, const char *request, const char *words);

/* display.c */
void display_off(const char *path);
void scan_out(const char *path, const char *byte);

/* video.c */
void video_own(const char *path, const char *count);
void video_capture(const char *path, const char *file);
void video_set(const char *path, const char *name, const char *value);
void video_print(const char *path);

/* refusals.c */
void prime_refusals(const char *slot);
void fence_refusals(const char *slot);
void video_refusals(const char *path, const char *small);
void video_length(const char *path, const char *slot);

/* wake.c */
void wait_readable(const char *descriptor);
void wake(const char *turns, char **command);

/* terminal.c */
void serve_terminal(const char *report, char **command);

/* signals.c */
void default_signals(void);
void eintr_storm(void);
void alarm_after(const char *seconds);

/* inherited.c */
void ignore_signal(const char *name);
void block_signal(const char *name);
void swap(const char *first, const char *second);
void set_umask(const char *mask);
void drop_capabilities(const char *names);

/* operations.c */
void time_operation(const char *operation, const char *bytes, const char *turns);
void pace_operation(const char *operation, const char *turns, const char *loops);

/* forgery.c */
void forge_descriptor(const char *name);
void forge_mapping(const char *name);
void forge_storm(const char *name);

/* loops.c */
void leak(const char *what, const char *slot);
void syncobj_wait(const char *node, const char *slot);

/* holders.c */
void serve_as_holder(const char *version, const char *path, const char *description, const char *slot);

/* sockets.c */
void scm_in_flight(const char *slot);
void scm_listen(const char *path);
void scm_send(const char *path, char **slots, int count);
void scm_receive(const char *path);
void scm_connect(const char *path);
void scm_say(const char *slot, const char *text);

/* chatter.c */
void chatter(const char *path, const char *seconds);

#endif
