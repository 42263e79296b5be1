/*
	TCP and Listener of ECMA-419 over lwIP, for platforms where lwIP runs in a thread of its own (the ESP32).

	Two threads. JavaScript runs in the thread of its machine ("XS"), lwIP in the tcpip thread. A pcb, lwIP's structure
	of a connection, is touched in the tcpip thread only; an object of XS is touched in the thread of its machine only.
	Between them are records, one for each connection or listener. Neither thread ever waits for the other.

	Records are counted. A record has at most one use of each of these: the object of JavaScript (or the backlog of the
	listener, before there is one), the pcb, the list of what is ready, the list of what is wanted. Whoever ends the last
	use frees the record. It never says to the other thread "free this", it only says that it has done with it.

	From XS to lwIP: a command is a bit in `wants` of the record, and the record is in the list gWanted, once. One message
	to the tcpip thread, made beforehand, serves the whole list: posting takes no memory and does not block. From lwIP to
	XS: an event is a bit in `events` of the record, and the record is in the list of its machine, once. One message to
	the machine serves the whole list, so that the machine's queue, which has 10 places and belongs to others too, holds
	at most one of ours. It is posted by the call that is meant for interrupts, since the other one blocks where the queue
	is full. Where either queue is full, the list stays and a timer of the machine looks after it; it runs once a second
	while there are sockets, in the thread of the machine, so that nothing is ever lost by a full queue.

	One lock (a critical section, a few instructions long) guards the lists, the counts and the fields that both threads
	use. Nothing is copied, allocated or freed under it, no function of JavaScript or lwIP is called.

	Bytes wait in two queues of the record (socketbytes.c). Sending: `write` adds to the one, the tcpip thread takes
	segments from it, see socketsend.c. Receiving: the tcpip thread copies each segment to the other and frees lwIP's
	buffer at once; `read` takes from it, and opens the window. They have memory only while there are bytes.

	States of a connection. XS: connecting, connected, told of its end, closed. lwIP: none yet, a pcb, gone. The two are
	independent: XS may close a connection whose pcb still sends and waits for the peer's FIN (it lingers, socketclose.c),
	and a pcb may be gone while XS has bytes to read. The end is told when all that came before was read, never twice, and not in
	the turn in which the last byte was delivered, so that an answer to it may still be written.
*/

#include "lwipsockets.h"

#include "lwip/tcpip.h"

#include "freertos/FreeRTOS.h"

static portMUX_TYPE gLock = portMUX_INITIALIZER_UNLOCKED;
static Record *gFirstWanted, *gLastWanted;
static uint8_t gIsWorkPosted;
static struct tcpip_callback_msg *gWorkMessage;

static void work(void *context);

void socketsLock(void)
{
	portENTER_CRITICAL(&gLock);
}

void socketsUnlock(void)
{
	portEXIT_CRITICAL(&gLock);
}

/* XS: the message to the tcpip thread is made once, and kept: it may be in the mailbox at any time. 0: no memory. */
int socketsMakeMessage(void)
{
	struct tcpip_callback_msg *message;
	int isMade;

	socketsLock();
	isMade = gWorkMessage != NULL;
	socketsUnlock();
	if (isMade)
		return 1;
	message = tcpip_callbackmsg_new(work, NULL);
	if (!message)
		return 0;
	socketsLock();
	if (!gWorkMessage) {
		gWorkMessage = message;
		message = NULL;
	}
	socketsUnlock();
	if (message)
		tcpip_callbackmsg_delete(message);
	return 1;
}

/* Either thread: tells XS, unless it has closed the record. */
void recordRaise(Record *record, uint8_t events)
{
	socketsLock();
	if (record->machine) {
		record->events |= events;
		machineAdd(record->machine, record);
	}
	socketsUnlock();
}

/* Either thread: nothing comes any more. The first reason is the one that is told. */
void recordEnd(Record *record, uint8_t error)
{
	socketsLock();
	if (!record->hasEnded || (kErrorNone == record->error))
		record->error = error;
	record->hasEnded = 1;
	socketsUnlock();
	recordRaise(record, kEventEnded);
}

/* XS: asks the tcpip thread, when it is kicked. */
void recordWant(Record *record, uint8_t wants)
{
	socketsLock();
	record->wants |= wants;
	if (!record->isWanted) {
		record->isWanted = 1;
		record->uses += 1;
		record->nextWanted = NULL;
		if (gLastWanted)
			gLastWanted->nextWanted = record;
		else
			gFirstWanted = record;
		gLastWanted = record;
	}
	socketsUnlock();
}

/* XS has done with the record: nothing is told any more, its use of it ends. */
void recordClose(Record *record, uint8_t wants)
{
	Machine *machine;

	recordWant(record, wants);
	socketsLock();
	machine = record->machine;
	record->machine = NULL;
	socketsUnlock();
	recordRelease(record);
	machineLeaveLater(machine);
}

void recordRelease(Record *record)
{
	int isLast;

	socketsLock();
	isLast = 0 == --record->uses;
	socketsUnlock();
	if (isLast)
		record->class->dispose(record);
}

/* Either thread: posts the one message to the tcpip thread, unless nothing is wanted. Gives 0 where there is no place. */
int socketsKick(void)
{
	int isNeeded, isPosted;

	socketsLock();
	isNeeded = gFirstWanted && !gIsWorkPosted;
	if (isNeeded)
		gIsWorkPosted = 1;
	socketsUnlock();
	if (!isNeeded)
		return 1;

	isPosted = ERR_OK == tcpip_callbackmsg_trycallback(gWorkMessage);
	if (!isPosted) {
		socketsLock();
		gIsWorkPosted = 0;
		socketsUnlock();
	}
	return isPosted;
}

/* The tcpip thread: does all that is wanted. */
static void work(void *context)
{
	Record *record;

	LWIP_UNUSED_ARG(context);
	socketsLock();
	gIsWorkPosted = 0;
	record = gFirstWanted;
	gFirstWanted = gLastWanted = NULL;
	socketsUnlock();

	while (record) {
		Record *next = record->nextWanted;
		uint8_t wants;

		socketsLock();
		wants = record->wants;
		record->wants = 0;
		record->isWanted = 0;
		socketsUnlock();
		record->class->work(record, wants);
		recordRelease(record);
		record = next;
	}
}

