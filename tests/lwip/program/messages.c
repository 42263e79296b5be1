/*
	The queue of the XS task as xs/platforms/esp/xsHost.c of the SDK has it in a release build: it has 10 places, and
	posting to a full one waits for ever. Beside it is what the tests ask of XS: it takes no place in the queue.
*/

#include "xsAll.h"
#include "device.h"
#include "xsHost.h"
#include "mc.defines.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#ifndef MODDEF_TASK_QUEUELENGTH
	#define MODDEF_TASK_QUEUELENGTH 10
#endif

/* A wait of this length in a full queue is taken for one that never ends. */
#define kDeadlockMs 3000

typedef struct {
	modMessageDeliver callback;
	void *refcon;
	uint8_t *message;
	uint16_t length;
	uint8_t isEmbedded;
} Message;

typedef struct {
	void (*task)(void *the, void *argument);
	void *argument;
	int isTaken, isDone;
} Request;

static Message gQueue[MODDEF_TASK_QUEUELENGTH];
static int gHead, gCount, gPeak;
static Request *gRequest;
static pthread_mutex_t gMutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gHasMessage, gHasPlace, gIsDone;

static struct timespec deadlineIn(int milliseconds)
{
	struct timespec time;
	long nanoseconds;

	clock_gettime(CLOCK_MONOTONIC, &time);
	nanoseconds = time.tv_nsec + (long)(milliseconds % 1000) * 1000000;
	time.tv_sec += milliseconds / 1000 + nanoseconds / 1000000000;
	time.tv_nsec = nanoseconds % 1000000000;
	return time;
}

static void __attribute__((constructor)) initialize(void)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&gHasMessage, &attributes);
	pthread_cond_init(&gHasPlace, &attributes);
	pthread_cond_init(&gIsDone, &attributes);
	pthread_condattr_destroy(&attributes);
}

/* Waits for a place, with the mutex held. */
static void waitForPlace(void)
{
	if (gCount < MODDEF_TASK_QUEUELENGTH)
		return;
	device_waited();
	if (device_isXs()) {
		device_fault("XS posts to its own full queue: it would wait for ever");
		return;
	}
	while (gCount == MODDEF_TASK_QUEUELENGTH) {
		struct timespec deadline = deadlineIn(kDeadlockMs);
		if (pthread_cond_timedwait(&gHasPlace, &gMutex, &deadline) && gCount == MODDEF_TASK_QUEUELENGTH)
			device_fault("a thread waits for a place in the queue of XS");
	}
}

/* With the mutex held. */
static void put(Message message)
{
	gQueue[(gHead + gCount) % MODDEF_TASK_QUEUELENGTH] = message;
	gCount += 1;
	if (gCount > gPeak)
		gPeak = gCount;
	pthread_cond_signal(&gHasMessage);
}

int modMessagePostToMachine(
	void *the, uint8_t *message, uint16_t length, modMessageDeliver callback, void *refcon)
{
	Message posted = { callback, refcon, NULL, length, 0 };

	if (message && length) {
		posted.isEmbedded = length <= sizeof(posted.message);
		if (!posted.isEmbedded) {
			posted.message = device_malloc(length);
			if (!posted.message)
				return -1;
		}
		memcpy(posted.isEmbedded ? (uint8_t *)&posted.message : posted.message, message, length);
	}
	pthread_mutex_lock(&gMutex);
	waitForPlace();
	/* Where faults do not end the program, one message is lost instead. */
	if (gCount < MODDEF_TASK_QUEUELENGTH)
		put(posted);
	pthread_mutex_unlock(&gMutex);
	return 0;
}

int modMessagePostToMachineFromISR(void *the, modMessageDeliver callback, void *refcon)
{
	int isFull;

	pthread_mutex_lock(&gMutex);
	isFull = MODDEF_TASK_QUEUELENGTH == gCount;
	if (!isFull)
		put((Message){ callback, refcon, NULL, 0, 0 });
	pthread_mutex_unlock(&gMutex);
	return isFull ? -1 : 0;
}

/* Waits for a message, or for what a test asks. @returns whether there is a message */
static int receive(Message *message, int maxDelayMS)
{
	struct timespec deadline = deadlineIn(maxDelayMS);
	int isOver = maxDelayMS <= 0;
	int hasMessage;

	pthread_mutex_lock(&gMutex);
	while (!gCount && !(gRequest && !gRequest->isTaken) && !isOver)
		isOver = 0 != pthread_cond_timedwait(&gHasMessage, &gMutex, &deadline);
	hasMessage = gCount > 0;
	if (hasMessage) {
		*message = gQueue[gHead];
		gHead = (gHead + 1) % MODDEF_TASK_QUEUELENGTH;
		gCount -= 1;
		pthread_cond_signal(&gHasPlace);
	}
	pthread_mutex_unlock(&gMutex);
	return hasMessage;
}

static void obey(void *the)
{
	Request *request;

	pthread_mutex_lock(&gMutex);
	request = gRequest;
	if (request)
		request->isTaken = 1;
	pthread_mutex_unlock(&gMutex);
	if (!request)
		return;
	request->task(the, request->argument);
	pthread_mutex_lock(&gMutex);
	gRequest = NULL;
	request->isDone = 1;
	pthread_cond_broadcast(&gIsDone);
	pthread_mutex_unlock(&gMutex);
}

void modMessageService(void *the, int maxDelayMS)
{
	Message message;
	uint32_t began = modMilliseconds();
	uint32_t maxDuration = (uint32_t)maxDelayMS;
	int count;

	pthread_mutex_lock(&gMutex);
	count = gCount ? gCount : 1;
	pthread_mutex_unlock(&gMutex);
	do {
		if (!receive(&message, maxDelayMS))
			break;
		if (message.isEmbedded)
			message.callback(the, message.refcon, (uint8_t *)&message.message, message.length);
		else {
			message.callback(the, message.refcon, message.message, message.length);
			device_free(message.message);
		}
		count -= 1;
		maxDelayMS = 0;
	} while (count && (modMilliseconds() - began < maxDuration));
	obey(the);
}

void device_runInXs(void (*task)(void *the, void *argument), void *argument)
{
	static pthread_mutex_t oneAtATime = PTHREAD_MUTEX_INITIALIZER;
	Request request = { task, argument, 0, 0 };

	pthread_mutex_lock(&oneAtATime);
	pthread_mutex_lock(&gMutex);
	gRequest = &request;
	pthread_cond_signal(&gHasMessage);
	while (!request.isDone)
		pthread_cond_wait(&gIsDone, &gMutex);
	pthread_mutex_unlock(&gMutex);
	pthread_mutex_unlock(&oneAtATime);
}

int device_queuePeak(void)
{
	int peak;

	pthread_mutex_lock(&gMutex);
	peak = gPeak;
	gPeak = gCount;
	pthread_mutex_unlock(&gMutex);
	return peak;
}

static void runPromiseJobs(void *the, void *refcon, uint8_t *message, uint16_t length)
{
	fxRunPromiseJobs((txMachine *)the);
}

void fxQueuePromiseJobs(txMachine *the)
{
	modMessagePostToMachine(the, NULL, 0, runPromiseJobs, NULL);
}
