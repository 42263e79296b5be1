/* What tests on Node.js say to the device: a line a connection on a UNIX socket, answered by a line. */

#include "xsAll.h"
#include "xs.h"
#include "device.h"
#include "xsHost.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/priv/tcpip_priv.h"
#include "lwip/stats.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define kMaxLineBytes 65536

typedef struct {
	struct tcpip_api_call_data call;
	int active, timeWait, bound, listening, established, synReceived;
	long unsent, unacked, outOfOrder, refused;
} Pcbs;

static long bytesOf(const struct tcp_seg *segment)
{
	long bytes = 0;

	for (; segment; segment = segment->next)
		bytes += segment->len;
	return bytes;
}

static err_t countPcbs(struct tcpip_api_call_data *call)
{
	Pcbs *pcbs = (Pcbs *)call;
	const struct tcp_pcb *pcb;
	const struct tcp_pcb_listen *listening;

	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
		pcbs->active += 1;
		pcbs->established += ESTABLISHED == pcb->state;
		pcbs->synReceived += SYN_RCVD == pcb->state;
		pcbs->unsent += bytesOf(pcb->unsent);
		pcbs->unacked += bytesOf(pcb->unacked);
		pcbs->outOfOrder += bytesOf(pcb->ooseq);
		pcbs->refused += pcb->refused_data ? pcb->refused_data->tot_len : 0;
	}
	for (pcb = tcp_tw_pcbs; pcb; pcb = pcb->next)
		pcbs->timeWait += 1;
	for (pcb = tcp_bound_pcbs; pcb; pcb = pcb->next)
		pcbs->bound += 1;
	for (listening = tcp_listen_pcbs.listen_pcbs; listening; listening = listening->next)
		pcbs->listening += 1;
	return ERR_OK;
}

static void answerStatistics(char *answer, int restarts)
{
	Pcbs pcbs = { 0 };
	DeviceHeap heap;
	DeviceWireCounts wire = device_wireCounts();

	tcpip_api_call(countPcbs, &pcbs.call);
	heap = device_heap(restarts);
	snprintf(answer, kMaxLineBytes,
		"{\"active\":%d,\"timeWait\":%d,\"bound\":%d,\"listening\":%d,\"established\":%d,\"synReceived\":%d,"
		"\"unsent\":%ld,\"unacked\":%ld,\"outOfOrder\":%ld,\"refused\":%ld,"
		"\"heap\":%ld,\"blocks\":%ld,\"heapPeak\":%ld,\"failures\":%ld,"
		"\"queuePeak\":%d,\"waits\":%ld,\"mailboxDrops\":%ld,"
		"\"framesIn\":%ld,\"framesOut\":%ld,\"lostIn\":%ld,\"lostOut\":%ld,\"noMemory\":%ld}",
		pcbs.active, pcbs.timeWait, pcbs.bound, pcbs.listening, pcbs.established, pcbs.synReceived,
		pcbs.unsent, pcbs.unacked, pcbs.outOfOrder, pcbs.refused,
		heap.bytes, heap.blocks, heap.peakBytes, heap.failures,
		device_queuePeak(), device_waits(), device_mailboxDrops(),
		wire.framesIn, wire.framesOut, wire.lostIn, wire.lostOut, wire.noMemory);
}

static err_t clearTimeWait(struct tcpip_api_call_data *call)
{
	while (tcp_tw_pcbs)
		tcp_abort(tcp_tw_pcbs);
	return ERR_OK;
}

static pthread_mutex_t gHoldMutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gHoldChanged = PTHREAD_COND_INITIALIZER;
static int gIsHeld;

/* In the tcpip thread, which stands still until it is released. */
static void hold(void *unused)
{
	pthread_mutex_lock(&gHoldMutex);
	while (gIsHeld)
		pthread_cond_wait(&gHoldChanged, &gHoldMutex);
	pthread_mutex_unlock(&gHoldMutex);
}

void device_hold(int isHeld)
{
	pthread_mutex_lock(&gHoldMutex);
	gIsHeld = isHeld;
	pthread_cond_broadcast(&gHoldChanged);
	pthread_mutex_unlock(&gHoldMutex);
	if (isHeld)
		tcpip_callback(hold, NULL);
}

static void stallXs(void *the, void *milliseconds)
{
	device_sleep((uint32_t)(uintptr_t)milliseconds);
}

static void stallTcpip(void *milliseconds)
{
	device_sleep((uint32_t)(uintptr_t)milliseconds);
}

static void ignoreMessage(void *the, void *refcon, uint8_t *message, uint16_t length)
{
}

static void ignoreCall(void *unused)
{
}

/* Others have messages, too: fills the queue of XS, and the tcpip thread's mailbox. */
static void fillQueues(void)
{
	while (!modMessagePostToMachineFromISR(NULL, ignoreMessage, NULL))
		;
	while (ERR_OK == tcpip_try_callback(ignoreCall, NULL))
		;
}

static void measureXs(void *machine, void *argument)
{
	txMachine *the = machine;

	fxCollectGarbage(the);
	snprintf(argument, kMaxLineBytes, "{\"slots\":%ld,\"chunks\":%ld}",
		(long)the->currentHeapCount * (long)sizeof(txSlot), (long)the->currentChunksSize);
}

/* Calls the global function `command` of the program with a text; its result, a text, is the answer. */
static void callProgram(void *machine, void *argument)
{
	xsMachine *the = machine;
	char *line = argument;

	xsBeginHost(the);
	xsVars(1);
	xsTry {
		xsVar(0) = xsCall1(xsGlobal, xsID("command"), xsString(line));
		if (xsTypeOf(xsVar(0)) == xsUndefinedType)
			*line = 0;
		else
			snprintf(line, kMaxLineBytes, "%s", xsToString(xsVar(0)));
	}
	xsCatch {
		snprintf(line, kMaxLineBytes, "!%s", xsToString(xsException));
	}
	xsEndHost(the);
}

static int setWire(const char *line)
{
	DeviceWire wire;

	if (7 != sscanf(line, "wire %d %d %d %d %d %d %d", &wire.lossIn, &wire.lossOut, &wire.reorder, &wire.duplicate,
			&wire.delayMs, &wire.pbufBytes, &wire.isDown))
		return 0;
	device_wireSet(wire);
	return 1;
}

/* Obeys, and writes the answer over the line. */
static void obey(char *line)
{
	long number = 0;

	if (!strcmp(line, "statistics") || !strcmp(line, "restart"))
		answerStatistics(line, 'r' == *line);
	else if (!strncmp(line, "call ", 5)) {
		memmove(line, line + 5, strlen(line + 5) + 1);
		device_runInXs(callProgram, line);
	} else if (!strcmp(line, "xs"))
		device_runInXs(measureXs, line);
	else if (1 == sscanf(line, "stallXs %ld", &number)) {
		device_runInXs(stallXs, (void *)(uintptr_t)number);
		strcpy(line, "done");
	} else if (1 == sscanf(line, "stallTcpip %ld", &number)) {
		tcpip_callback(stallTcpip, (void *)(uintptr_t)number);
		strcpy(line, "done");
	} else {
		int isKnown = 1;
		Pcbs pcbs;
		if (1 == sscanf(line, "cap %ld", &number))
			device_heapCap(number);
		else if (1 == sscanf(line, "capBeyond %ld", &number))
			device_heapCap(device_heap(0).bytes + number);
		else if (1 == sscanf(line, "failEvery %ld", &number))
			device_heapFailEvery(number);
		else if (1 == sscanf(line, "speed %ld", &number))
			device_setSpeed((int)number);
		else if (1 == sscanf(line, "hold %ld", &number))
			device_hold((int)number);
		else if (!strcmp(line, "fillQueues"))
			fillQueues();
		else if (!strcmp(line, "clearTimeWait"))
			tcpip_api_call(clearTimeWait, &pcbs.call);
		else
			isKnown = setWire(line);
		strcpy(line, isKnown ? "done" : "!no such command");
	}
}

static void *serve(void *argument)
{
	int connection = (int)(intptr_t)argument;
	char line[kMaxLineBytes + 1];
	size_t at = 0;
	ssize_t count;

	while ((at < kMaxLineBytes) && ((count = read(connection, line + at, kMaxLineBytes - at)) > 0)) {
		at += (size_t)count;
		if ('\n' == line[at - 1]) {
			line[at - 1] = 0;
			obey(line);
			at = strlen(line);
			line[at] = '\n';
			if (write(connection, line, at + 1) < 0)
				break;
			at = 0;
		}
	}
	close(connection);
	return NULL;
}

static void *acceptAll(void *argument)
{
	int listener = (int)(intptr_t)argument;

	for (;;) {
		pthread_t thread;
		int connection = accept(listener, NULL, NULL);
		if (connection < 0)
			return NULL;
		if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)connection))
			abort();
		pthread_detach(thread);
	}
}

void device_controlStart(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	pthread_t thread;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 16)) {
		perror(path);
		exit(2);
	}
	if (pthread_create(&thread, NULL, acceptAll, (void *)(intptr_t)listener))
		abort();
}
