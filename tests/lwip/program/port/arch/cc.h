/* The compiler, as lwIP wants to know it. */

#ifndef CC_H
#define CC_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define LWIP_TIMEVAL_PRIVATE 0
#define LWIP_ERRNO_STDINCLUDE 1

#define LWIP_PLATFORM_ASSERT(message) device_lwipAssert(message, __FILE__, __LINE__)
#define LWIP_PLATFORM_DIAG(arguments) do { printf arguments; } while (0)
#define LWIP_RAND() device_random()

typedef int sys_prot_t;

#endif
