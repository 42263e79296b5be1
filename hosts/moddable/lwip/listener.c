/*
	The class Listener. A connection that was established waits in the backlog with all that it receives, until `read`
	takes it. The backlog has no limit of its own, since what waits counts as a connection (kMaxConnections). What is
	beyond is refused at once, with RST.

	The constructor does not wait for lwIP. It throws for a port on which another Listener listens. What only lwIP knows,
	that the port belongs to somebody else or that there is no memory, is told by `onError`, with the name of the reason;
	where lwIP listens, `onListening` is called, a callback of this class alone, and `isListening` becomes true.
*/

#include "lwipsockets.h"

#include "mc.xs.h"
#include "modInstrumentation.h"
#include "builtinCommon.h"
#if ESP32
	#include "esp_netif.h"
#endif

/* Handshakes under way. lwIP ignores a SYN beyond, and the peer tries again. */
#define kMaxHandshakes LWIP_MIN(kMaxConnections, 255)

/* lwIP takes ports for connections from 0xC000 on. */
#define kFirstFreePort 0xFFFF
#define kLastFreePort 0xF000

static void deliver(xsMachine *the, Record *record, uint8_t events);
static void work(Record *record, uint8_t wants);
static void dispose(Record *record);
static void mark(xsMachine *the, void *data, xsMarkRoot markRoot);
void xs_websockets_listener_destructor(void *data);

static const RecordClass gListenerClass = {
	deliver,
	work,
	dispose
};

static const xsHostHooks ICACHE_RODATA_ATTR gListenerHooks = {
	xs_websockets_listener_destructor,
	mark,
	NULL
};

static Listener *gListeners;			/* those that XS has not closed; with the lock */
static uint16_t gFreePort = kFirstFreePort;

/* --- the tcpip thread --- */

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t error)
{
	/* lwIP tells with ERR_MEM that it had no memory for one. It sends RST where an error is returned. */
	if ((ERR_OK != error) || !pcb)
		return ERR_VAL;
	return socketAccept(arg, pcb) ? ERR_OK : ERR_CONN;
}

static err_t startListening(Listener *listener)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(&listener->address)), *listening;
	err_t error;

	if (!pcb)
		return ERR_MEM;
	ip_set_option(pcb, SOF_REUSEADDR);
	error = tcp_bind(pcb, &listener->address, listener->port);
	if (ERR_OK == error) {
		listening = tcp_listen_with_backlog_and_err(pcb, kMaxHandshakes, &error);
		if (listening) {
			socketsLock();
			listener->record.uses += 1;
			socketsUnlock();
			listener->pcb = listening;
			tcp_arg(listening, listener);
			tcp_accept(listening, accepted);
			return ERR_OK;
		}
	}
	/* lwIP has freed the pcb only where it has made another one of it. */
	tcp_close(pcb);
	return error;
}

static void work(Record *record, uint8_t wants)
{
	Listener *listener = (Listener *)record;

	if ((wants & kWantOpen) && !(wants & kWantClose)) {
		err_t error = startListening(listener);
		if (ERR_OK == error)
			recordRaise(record, kEventWritable);
		else
			recordEnd(record, errorOf(error));
	}
	if ((wants & kWantClose) && listener->pcb) {
		struct tcp_pcb *pcb = listener->pcb;
		listener->pcb = NULL;
		tcp_arg(pcb, NULL);
		tcp_accept(pcb, NULL);
		tcp_close(pcb);
		recordRelease(record);
	}
}

/* --- either thread --- */

static void dispose(Record *record)
{
	c_free(record);
}

/* --- XS --- */

static void mark(xsMachine *the, void *data, xsMarkRoot markRoot)
{
	Listener *listener = data;

	if (!listener)
		return;
	if (listener->record.onReadable)
		(*markRoot)(the, listener->record.onReadable);
	if (listener->onListening)
		(*markRoot)(the, listener->onListening);
	if (listener->record.onError)
		(*markRoot)(the, listener->record.onError);
}

static Listener *listenerOf(xsMachine *the)
{
	Listener *listener = xsmcGetHostDataValidate(xsThis, (void *)&gListenerHooks);

	if (!listener)
		xsUnknownError("closed");
	return listener;
}

/* With the lock. */
static int isTaken(uint16_t port)
{
	Listener *listener = gListeners;

	while (listener && (listener->port != port))
		listener = listener->next;
	return listener != NULL;
}

/* With the lock. */
static uint16_t freePort(void)
{
	do {
		gFreePort = (kLastFreePort == gFreePort) ? kFirstFreePort : gFreePort - 1;
	} while (isTaken(gFreePort));
	return gFreePort;
}

/* Gives 0 where another listener has the port. */
static int enter(Listener *listener)
{
	int isEntered;

	socketsLock();
	if (!listener->port)
		listener->port = freePort();
	isEntered = !isTaken(listener->port);
	if (isEntered) {
		listener->next = gListeners;
		gListeners = listener;
	}
	socketsUnlock();
	return isEntered;
}

static Listener *newListener(xsMachine *the, int port, const ip_addr_t *address)
{
	Machine *machine = machineEnter(the);
	Listener *listener = machine ? c_calloc(1, sizeof(Listener)) : NULL;

	if (!listener) {
		if (machine)
			machineLeave(machine);
		xsRangeError("no memory");
	}
	listener->record.class = &gListenerClass;
	listener->record.uses = 1;
	listener->record.machine = machine;
	listener->port = (uint16_t)port;
	ip_addr_copy(listener->address, *address);
	if (!enter(listener)) {
		machineLeave(machine);
		c_free(listener);
		xsUnknownError("port in use");
	}
	return listener;
}

void xs_websockets_listener_constructor(xsMachine *the)
{
	Listener *listener;
	xsSlot *onReadable, *onListening, *onError;
	ip_addr_t address = *IP_ADDR_ANY;
	char text[IPADDR_STRLEN_MAX];
	int port = 0;

	CHECK_NETWORK_SAFE();
	xsmcVars(4);
	if (xsmcHas(xsArg(0), xsID_port)) {
		xsmcGet(xsVar(0), xsArg(0), xsID_port);
		port = builtinGetSignedInteger(the, &xsVar(0));
		if ((port < 0) || (port > 65535))
			xsRangeError("invalid port");
	}
	xsmcGet(xsVar(0), xsArg(0), xsID_address);
	if (xsmcTest(xsVar(0)) && !ipaddr_aton(xsmcToStringBuffer(xsVar(0), text, sizeof(text)), &address))
		xsUnknownError("invalid address");
	onReadable = recordCallback(the, xsID_onReadable, &xsVar(1));
	onListening = recordCallback(the, xsID_onListening, &xsVar(2));
	onError = recordCallback(the, xsID_onError, &xsVar(3));
	if (kIOFormatSocketTCP != builtinInitializeFormat(the, kIOFormatSocketTCP))
		xsRangeError("unimplemented");
	builtinInitializeTarget(the);

	listener = newListener(the, port, &address);
	xsmcSetHostData(xsThis, listener);
	xsSetHostHooks(xsThis, (xsHostHooks *)&gListenerHooks);
	listener->record.object = xsThis;
	xsRemember(listener->record.object);
	listener->record.onReadable = onReadable;
	listener->onListening = onListening;
	listener->record.onError = onError;
	modInstrumentationAdjust(NetworkSockets, +1);

	recordWant(&listener->record, kWantOpen);
	machineAfterTurn(listener->record.machine);
}

static Socket *takePending(Listener *listener)
{
	Socket *socket;

	socketsLock();
	socket = listener->firstPending;
	if (socket) {
		listener->firstPending = socket->next;
		if (!listener->firstPending)
			listener->lastPending = NULL;
		listener->pending -= 1;
		socket->next = NULL;
	}
	socketsUnlock();
	return socket;
}

static void closeListener(Listener *listener)
{
	Listener **at;
	Socket *socket;
	Record *record = &listener->record;

	socketsLock();
	for (at = &gListeners; *at != listener; at = &(*at)->next)
		;
	*at = listener->next;
	record->uses += 1;
	socketsUnlock();
	/* After it nothing is added to the backlog. */
	recordClose(record, kWantClose);
	while ((socket = takePending(listener)))
		socketClose(socket, kWantAbort);
	recordRelease(record);
	modInstrumentationAdjust(NetworkSockets, -1);
}

void xs_websockets_listener_destructor(void *data)
{
	if (data)
		closeListener(data);
}

void xs_websockets_listener_close(xsMachine *the)
{
	Listener *listener = xsmcGetHostDataValidate(xsThis, (void *)&gListenerHooks);

	if (listener) {
		xsmcSetHostData(xsThis, NULL);
		xsForget(listener->record.object);
		closeListener(listener);
	}
}

/* Gives the object in the first argument the connection that has waited longest; undefined where there is none. */
void xs_websockets_listener_read(xsMachine *the)
{
	Socket *socket = takePending(listenerOf(the));

	if (socket) {
		socketSetObject(the, socket, &xsArg(0));
		socket->format = kIOFormatBuffer;
		xsResult = xsArg(0);
	}
}

void xs_websockets_listener_get_port(xsMachine *the)
{
	xsmcSetInteger(xsResult, listenerOf(the)->port);
}

void xs_websockets_listener_get_isListening(xsMachine *the)
{
	xsmcSetBoolean(xsResult, listenerOf(the)->isListening);
}

static void deliver(xsMachine *the, Record *record, uint8_t events)
{
	Listener *listener = (Listener *)record;
	uint32_t pending;
	uint8_t hasEnded;

	if (events & kEventWritable) {
		listener->isListening = 1;
		if (listener->onListening)
			recordCall(the, record, listener->onListening, 0);
		if (!record->machine)
			return;
	}
	socketsLock();
	pending = listener->pending;
	hasEnded = record->hasEnded;
	socketsUnlock();
	if ((events & kEventReadable) && pending && record->onReadable)
		recordCall(the, record, record->onReadable, pending);
	if (record->machine && hasEnded && !record->isTold)
		recordTell(the, record);
}
