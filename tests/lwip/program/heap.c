/* A counted heap that can be made to fail. */

#include "device.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Before each block; keeps its alignment. */
typedef union {
	size_t count;
	max_align_t alignment;
} Header;

static DeviceHeap gHeap;
static long gAllocations;
static __thread int gIsSpared;
static pthread_mutex_t gMutex = PTHREAD_MUTEX_INITIALIZER;

/* Books an allocation, or says that it fails. */
static int book(size_t count)
{
	int fails;

	pthread_mutex_lock(&gMutex);
	fails = !gIsSpared
		&& ((gHeap.cap && (gHeap.bytes + (long)count > gHeap.cap))
			|| (gHeap.failEvery && (0 == ++gAllocations % gHeap.failEvery)));
	if (fails)
		gHeap.failures += 1;
	else {
		gHeap.bytes += (long)count;
		gHeap.blocks += 1;
		if (gHeap.bytes > gHeap.peakBytes)
			gHeap.peakBytes = gHeap.bytes;
	}
	pthread_mutex_unlock(&gMutex);
	return !fails;
}

static void unbook(size_t count)
{
	pthread_mutex_lock(&gMutex);
	gHeap.bytes -= (long)count;
	gHeap.blocks -= 1;
	pthread_mutex_unlock(&gMutex);
}

void *device_malloc(size_t count)
{
	Header *header;

	if (!book(count))
		return NULL;
	header = malloc(sizeof(Header) + count);
	if (!header)
		abort();
	header->count = count;
	return header + 1;
}

void *device_calloc(size_t count, size_t size)
{
	void *block = device_malloc(count * size);

	if (block)
		memset(block, 0, count * size);
	return block;
}

void *device_realloc(void *block, size_t count)
{
	void *result = device_malloc(count);

	if (result && block) {
		size_t former = ((Header *)block - 1)->count;
		memcpy(result, block, former < count ? former : count);
		device_free(block);
	}
	return result;
}

void device_free(void *block)
{
	Header *header;

	if (!block)
		return;
	header = (Header *)block - 1;
	unbook(header->count);
	free(header);
}

void device_heapCap(long bytes)
{
	pthread_mutex_lock(&gMutex);
	gHeap.cap = bytes;
	pthread_mutex_unlock(&gMutex);
}

void device_heapFailEvery(long n)
{
	pthread_mutex_lock(&gMutex);
	gHeap.failEvery = n;
	pthread_mutex_unlock(&gMutex);
}

void device_heapSpare(int isSpared)
{
	gIsSpared = isSpared;
}

DeviceHeap device_heap(int restarts)
{
	DeviceHeap heap;

	pthread_mutex_lock(&gMutex);
	heap = gHeap;
	if (restarts)
		gHeap.peakBytes = gHeap.bytes;
	pthread_mutex_unlock(&gMutex);
	return heap;
}
