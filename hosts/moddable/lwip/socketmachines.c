/*
	The machines of JavaScript that have sockets: what tells them what has happened. See socketrecords.c.
*/

#include "lwipsockets.h"

#include "builtinCommon.h"
#include "modTimer.h"

/* Milliseconds: how often a machine looks for what a full queue has left behind, and how soon when it is known. */
#define kTickInterval 1000
#define kRetryInterval 10

/* A thread of JavaScript that has sockets. */
struct MachineStruct {
	Machine *next;
	xsMachine *the;
	Record *firstReady;
	Record *lastReady;
	modTimer timer;
	uint16_t uses;			/* records that XS has not closed */
	uint16_t owed;			/* uses that end when the tcpip thread could be woken, XS only */
	uint8_t isPosted;
	uint8_t isDelivering;	/* XS only */
};

static Machine *gMachines;			/* with the lock */

static void deliver(xsMachine *the);
static void deliverMessage(void *the, void *refcon, uint8_t *message, uint16_t messageLength);
static void tick(modTimer timer, void *refcon, int refconSize);

/* With the lock. */
static Machine *findMachine(xsMachine *the)
{
	Machine *machine = gMachines;

	while (machine && (machine->the != the))
		machine = machine->next;
	return machine;
}

/* XS: the machine for one record more; NULL where there is no memory. */
Machine *machineEnter(xsMachine *the)
{
	Machine *machine;

	if (!socketsMakeMessage())
		return NULL;

	socketsLock();
	machine = findMachine(the);
	if (machine)
		machine->uses += 1;
	socketsUnlock();
	if (machine)
		return machine;

	machine = c_calloc(1, sizeof(Machine));
	if (!machine)
		return NULL;
	machine->the = the;
	machine->uses = 1;
	machine->timer = modTimerAdd(kTickInterval, kTickInterval, tick, &machine, sizeof(machine));
	if (!machine->timer) {
		c_free(machine);
		return NULL;
	}
	socketsLock();
	machine->next = gMachines;
	gMachines = machine;
	socketsUnlock();
	return machine;
}

/* With the lock: one record more. */
void machineUse(Machine *machine)
{
	machine->uses += 1;
}

/* XS: one record less. */
void machineLeave(Machine *machine)
{
	Record *ready = NULL;
	Machine **at;
	int isLast;

	socketsLock();
	isLast = 0 == --machine->uses;
	if (isLast) {
		for (at = &gMachines; *at != machine; at = &(*at)->next)
			;
		*at = machine->next;
		ready = machine->firstReady;
	}
	socketsUnlock();
	if (!isLast)
		return;

	while (ready) {
		Record *next = ready->nextReady;
		socketsLock();
		ready->isReady = 0;
		socketsUnlock();
		recordRelease(ready);
		ready = next;
	}
	modTimerRemove(machine->timer);
	c_free(machine);
}

/* With the lock. Where the queue is full, the machine's timer tries again. */
static void post(Machine *machine)
{
	if (!machine->isPosted)
		machine->isPosted = 0 == modMessagePostToMachineFromISR(machine->the, deliverMessage, NULL);
}

/* With the lock: the record has something to tell. */
void machineAdd(Machine *machine, Record *record)
{
	if (!record->isReady) {
		record->isReady = 1;
		record->uses += 1;
		record->nextReady = NULL;
		if (machine->lastReady)
			machine->lastReady->nextReady = record;
		else
			machine->firstReady = record;
		machine->lastReady = record;
	}
	post(machine);
}

/* XS: wakes the tcpip thread. Where its mailbox is full, the machine's timer tries again soon. */
static int kick(Machine *machine)
{
	if (socketsKick())
		return 1;
	modTimerReschedule(machine->timer, kRetryInterval, kTickInterval);
	return 0;
}

/* XS: what was wanted is passed on after the turn, so that the small writes of a turn share segments. */
void machineAfterTurn(Machine *machine)
{
	int isPosted;

	if (machine->isDelivering)
		return;
	socketsLock();
	post(machine);
	isPosted = machine->isPosted;
	socketsUnlock();
	if (!isPosted)
		kick(machine);
}

/* XS: one record less, when the tcpip thread knows what is wanted of it. */
void machineLeaveLater(Machine *machine)
{
	if (machine->isDelivering || kick(machine))
		machineLeave(machine);
	else
		machine->owed += 1;
}

/* XS: the tcpip thread was woken, what has waited for it ends. The machine may be gone after it. */
static void payOwed(Machine *machine)
{
	uint16_t owed = machine->owed;

	machine->owed = 0;
	while (owed--)
		machineLeave(machine);
}

/* XS: tells all that has happened. */
static void deliver(xsMachine *the)
{
	Machine *machine;
	Record *record = NULL;

	socketsLock();
	machine = findMachine(the);
	if (machine) {
		machine->uses += 1;
		machine->isPosted = 0;
		record = machine->firstReady;
		machine->firstReady = machine->lastReady = NULL;
	}
	socketsUnlock();
	if (!machine)
		return;

	machine->isDelivering = 1;
	while (record) {
		Record *next = record->nextReady;
		uint8_t events;

		socketsLock();
		events = record->events;
		record->events = 0;
		record->isReady = 0;
		socketsUnlock();
		if (record->machine)
			record->class->deliver(the, record, events);
		recordRelease(record);
		record = next;
	}
	machine->isDelivering = 0;
	machineLeaveLater(machine);
}

static void deliverMessage(void *the, void *refcon, uint8_t *message, uint16_t messageLength)
{
	LWIP_UNUSED_ARG(refcon);
	LWIP_UNUSED_ARG(message);
	LWIP_UNUSED_ARG(messageLength);
	deliver(the);
}

static void tick(modTimer timer, void *refcon, int refconSize)
{
	Machine *machine = *(Machine **)refcon;
	int isLeft;

	LWIP_UNUSED_ARG(timer);
	LWIP_UNUSED_ARG(refconSize);
	socketsLock();
	isLeft = machine->firstReady && !machine->isPosted;
	socketsUnlock();
	if (isLeft)
		deliver(machine->the);
	else if (kick(machine))
		payOwed(machine);
}

/*
	XS: a function of the options in argument 0; NULL where there is none. It stays alive by `root` until a record marks it: an
	option that is a getter gives one that nobody else has.
*/
xsSlot *recordCallback(xsMachine *the, xsIdentifier name, xsSlot *root)
{
	xsSlot *callback = builtinGetCallback(the, name);

	if (callback)
		*root = xsReference(callback);
	return callback;
}

/* XS: calls a function of the record's options with a count. */
void recordCall(xsMachine *the, Record *record, xsSlot *callback, uint32_t count)
{
	xsBeginHost(the);
		xsmcSetInteger(xsResult, (xsIntegerValue)count);
		xsCallFunction1(xsReference(callback), record->object, xsResult);
	xsEndHost(the);
}

static const char *const gErrorNames[] = {
	NULL,
	"ECONNREFUSED",
	"EHOSTUNREACH",
	"ETIMEDOUT",
	"ECONNRESET",
	"ENOMEM",
	"EADDRINUSE"
};

/* XS: tells the end, with the name of its reason; without one where the peer has sent FIN. */
void recordTell(xsMachine *the, Record *record)
{
	const char *name;

	socketsLock();
	name = gErrorNames[record->error];
	socketsUnlock();
	record->isTold = 1;
	xsBeginHost(the);
		/* Nothing is called after it: the object may be collected as any other. */
		xsResult = record->object;
		xsForget(record->object);
		if (!record->onError) {
			if (name)
				xsTrace("a socket or listener without onError has failed\n");
		}
		else if (name) {
			xsmcVars(1);
			xsmcSetStringX(xsVar(0), (xsStringValue)name);
			xsCallFunction1(xsReference(record->onError), xsResult, xsVar(0));
		}
		else
			xsCallFunction0(xsReference(record->onError), xsResult);
	xsEndHost(the);
}
