/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The records that the iterators of bpf/census.bpf.c write and the census reads: one for each object. */
#ifndef CDMABUF_CENSUS_RECORD_H
#define CDMABUF_CENSUS_RECORD_H

enum cdmabuf_record_kind {
  CDMABUF_RECORD_BUFFER = 1,
  CDMABUF_RECORD_DESCRIPTOR = 2,
  CDMABUF_RECORD_SYNC_FILE = 3,
  CDMABUF_RECORD_MAPPING = 4,
  CDMABUF_RECORD_SYNCOBJ = 5,
};

struct cdmabuf_record {
  unsigned int kind;
  int pid;
  int fd;
  unsigned int owner;
  unsigned long long inode;
  unsigned long long size;
  /* References to the file, without that of the iterator. */
  unsigned long long count;
  /* Nanoseconds of CLOCK_REALTIME. */
  unsigned long long created;
  /* NUL-terminated; `named` distinguishes a buffer without a name from one with an empty name. */
  char exporter[32];
  char name[32];
  char command[16];
  unsigned int named;
  unsigned int padding;
};

#endif
