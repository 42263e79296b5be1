/* What the parts of the device know of each other. Which thread may call what is said at each. */

#ifndef DEVICE_H
#define DEVICE_H

#include <stddef.h>
#include <stdint.h>

/* heap.c: the heap of lwIP and of the sockets. From any thread. */
typedef struct {
	long bytes, blocks, peakBytes;
	/* Allocations beyond it fail; 0: none do. */
	long cap;
	/* Every nth allocation fails; 0: none does. */
	long failEvery;
	long failures;
} DeviceHeap;

void *device_malloc(size_t count);
void *device_calloc(size_t count, size_t size);
void *device_realloc(void *block, size_t count);
void device_free(void *block);
void device_heapCap(long bytes);
void device_heapFailEvery(long n);
/* Whether the allocations of this thread succeed always. */
void device_heapSpare(int isSpared);
/* Gives the figures; `restarts` begins a new peak. */
DeviceHeap device_heap(int restarts);

/* platform.c: time, chance, faults. From any thread. */
uint32_t device_random(void);
/* Milliseconds that go by `factor` times as fast as ours: for lwIP's timers of minutes. */
uint32_t device_now(void);
void device_setSpeed(int factor);
int device_speed(void);
void device_sleep(uint32_t milliseconds);
void device_critical(int begins);
/* Whether the caller is the thread of XS, the tcpip thread. */
int device_isXs(void);
int device_isTcpip(void);
void device_markXsThread(void);
void device_markTcpipThread(void);
/* lwIP calls it wherever its core is touched. */
void device_assertTcpipThread(const char *function);
_Noreturn void device_lwipAssert(const char *message, const char *file, int line);
/* Prints a line that a test looks for, and ends the program unless LWIP_KEEP_GOING is set. */
void device_fault(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* XS and the tcpip thread never wait for each other: each time that one does is counted here. */
void device_waited(void);
long device_waits(void);

/* messages.c */
/* The most messages that were in the queue of XS. */
int device_queuePeak(void);
/* Runs `task` in the thread of XS, outside of its queue, and waits until it is done. From another thread. */
void device_runInXs(void (*task)(void *the, void *argument), void *argument);

/* wire.c */
typedef struct {
	/* Of a thousand frames. */
	int lossIn, lossOut, reorder, duplicate;
	int delayMs;
	/* Payload bytes of each pbuf; 0: a frame is one pbuf. */
	int pbufBytes;
	int isDown;
} DeviceWire;

typedef struct {
	long framesIn, framesOut, lostIn, lostOut, noMemory;
} DeviceWireCounts;

/* In the tcpip thread. `where` is "tap:NAME", or empty for a wire that leads nowhere. */
void device_wireStart(const char *where, const char *address, const char *gateway);
void device_wireSet(DeviceWire settings);
DeviceWire device_wire(void);
DeviceWireCounts device_wireCounts(void);

/* control.c: commands, a line each, on a UNIX socket. */
void device_controlStart(const char *path);
/* The tcpip thread stands still from 1 to 0. From any thread. */
void device_hold(int isHeld);

/* sysarch.c */
/* Messages that found the tcpip thread's mailbox full. */
long device_mailboxDrops(void);

#endif
