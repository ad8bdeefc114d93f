/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the iterators of bpf/census.bpf.c write, and the census reads: one record for each thing seen. */
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
  /* References to the file, the iterator's own left out. */
  unsigned long long count;
  /* Nanoseconds of CLOCK_REALTIME. */
  unsigned long long created;
  /* NUL-terminated; `named` tells a buffer without a name from one whose name is empty. */
  char exporter[32];
  char name[32];
  char command[16];
  unsigned int named;
  unsigned int padding;
};

#endif
