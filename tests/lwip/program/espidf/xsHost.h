/* The SDK's header of this name for Linux, and what its one for the ESP32 has beside that. */

#ifndef ESPIDF_XSHOST_H
#define ESPIDF_XSHOST_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include_next "xsHost.h"

#include "../device.h"

typedef void (*modMessageDeliver)(void *the, void *refcon, uint8_t *message, uint16_t messageLength);

int modMessagePostToMachine(
	void *the, uint8_t *message, uint16_t messageLength, modMessageDeliver callback, void *refcon);
int modMessagePostToMachineFromISR(void *the, modMessageDeliver callback, void *refcon);
void modMessageService(void *the, int maxDelayMS);
void modTimersExecute(void);
int modTimersNext(void);

#undef modDelayMilliseconds
#define modDelayMilliseconds(ms) device_sleep(ms)
#define modCriticalSectionDeclare
#define modCriticalSectionBegin() device_critical(1)
#define modCriticalSectionEnd() device_critical(0)

/* The code of sockets takes its memory from the heap that lwIP uses too; XS itself has one of its own. */
#if ESP32
	#undef c_malloc
	#undef c_calloc
	#undef c_realloc
	#undef c_free
	#define c_malloc device_malloc
	#define c_calloc device_calloc
	#define c_realloc device_realloc
	#define c_free device_free
#endif
#ifndef c_malloc
	#define c_malloc malloc
	#define c_calloc calloc
	#define c_realloc realloc
	#define c_free free
#endif
#ifndef c_memcpy
	#define c_memcpy memcpy
#endif
#ifndef c_memmove
	#define c_memmove memmove
#endif
#ifndef c_memset
	#define c_memset memset
#endif
#ifndef c_strlen
	#define c_strlen strlen
#endif
#ifndef c_strcpy
	#define c_strcpy strcpy
#endif

#endif
