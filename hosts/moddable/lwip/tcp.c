/*
	The class TCP. All of this runs in the thread of the machine of JavaScript.

	What the SDK's class does not say, this one does: `onError` is called with the name of the reason, or without, where
	the peer has ended the connection by FIN. `read` gives what there is where that is less than what is asked for.
*/

#include "lwipsockets.h"

#include "mc.xs.h"
#include "modInstrumentation.h"
#include "builtinCommon.h"
#if ESP32
	#include "esp_netif.h"
#endif

#include <string.h>

static void deliver(xsMachine *the, Record *record, uint8_t events);
static void mark(xsMachine *the, void *data, xsMarkRoot markRoot);
void xs_websockets_tcp_destructor(void *data);

const RecordClass gSocketClass = {
	deliver,
	socketWork,
	socketDispose
};

static const xsHostHooks ICACHE_RODATA_ATTR gTCPHooks = {
	xs_websockets_tcp_destructor,
	mark,
	NULL
};

static void mark(xsMachine *the, void *data, xsMarkRoot markRoot)
{
	Socket *socket = data;

	if (!socket)
		return;
	if (socket->record.onReadable)
		(*markRoot)(the, socket->record.onReadable);
	if (socket->onWritable)
		(*markRoot)(the, socket->onWritable);
	if (socket->record.onError)
		(*markRoot)(the, socket->record.onError);
}

/* NULL where the object has none: it is closed, or another one was made from it. */
static Socket *socketIf(xsMachine *the, xsSlot *slot)
{
	return xsmcGetHostDataValidate(*slot, (void *)&gTCPHooks);
}

static Socket *socketOf(xsMachine *the)
{
	Socket *socket = socketIf(the, &xsThis);

	if (!socket)
		xsUnknownError("closed");
	return socket;
}

/* Makes an object the one of the connection. */
void socketSetObject(xsMachine *the, Socket *socket, xsSlot *slot)
{
	xsmcSetHostData(*slot, socket);
	xsSetHostHooks(*slot, (xsHostHooks *)&gTCPHooks);
	socket->record.object = *slot;
	modInstrumentationAdjust(NetworkSockets, +1);
}

static void clearObject(xsMachine *the, Socket *socket, xsSlot *slot)
{
	xsmcSetHostData(*slot, NULL);
	xsForget(socket->record.object);
	modInstrumentationAdjust(NetworkSockets, -1);
}

/* A connection that is to be opened. */
static Socket *newSocket(xsMachine *the)
{
	Socket *socket;
	Machine *machine;
	ip_addr_t address;
	char text[IPADDR_STRLEN_MAX];
	int port;

	CHECK_NETWORK_SAFE();
	xsmcGet(xsVar(0), xsArg(0), xsID_address);
	if (!ipaddr_aton(xsmcToStringBuffer(xsVar(0), text, sizeof(text)), &address))
		xsUnknownError("invalid address");
	xsmcGet(xsVar(0), xsArg(0), xsID_port);
	port = builtinGetSignedInteger(the, &xsVar(0));
	if ((port < 0) || (port > 65535))
		xsRangeError("invalid port");

	machine = machineEnter(the);
	if (!machine)
		xsRangeError("no memory");
	socket = socketNew();
	if (!socket) {
		machineLeave(machine);
		xsRangeError("no memory, or too many connections");
	}
	socket->record.machine = machine;
	ip_addr_copy(socket->address, address);
	socket->port = (uint16_t)port;
	return socket;
}

/* The connection of another object. It goes on whatever its state is; what it has is told again. */
static Socket *takeSocket(xsMachine *the, uint8_t *events)
{
	Socket *socket = socketIf(the, &xsVar(0));

	if (!socket)
		xsUnknownError("invalid from");
	clearObject(the, socket, &xsVar(0));
	socket->record.isTold = 0;
	*events = kEventReadable | kEventWritable | kEventEnded;
	return socket;
}

void xs_websockets_tcp_constructor(xsMachine *the)
{
	Socket *socket;
	xsSlot *onReadable, *onWritable, *onError;
	uint8_t format, events = 0, hasDelay = 0, isDelayGiven, isNew;

	xsmcVars(4);
	format = builtinInitializeFormat(the, kIOFormatBuffer);
	if ((kIOFormatNumber != format) && (kIOFormatBuffer != format))
		xsRangeError("unimplemented");
	onReadable = recordCallback(the, xsID_onReadable, &xsVar(1));
	onWritable = recordCallback(the, xsID_onWritable, &xsVar(2));
	onError = recordCallback(the, xsID_onError, &xsVar(3));
	isDelayGiven = xsmcHas(xsArg(0), xsID_nodelay);
	if (isDelayGiven) {
		xsmcGet(xsVar(0), xsArg(0), xsID_nodelay);
		hasDelay = !xsmcToBoolean(xsVar(0));
	}
	builtinInitializeTarget(the);

	isNew = !xsmcHas(xsArg(0), xsID_from);
	if (isNew)
		socket = newSocket(the);
	else {
		xsmcGet(xsVar(0), xsArg(0), xsID_from);
		socket = takeSocket(the, &events);
	}

	socketSetObject(the, socket, &xsThis);
	xsRemember(socket->record.object);
	socket->record.onReadable = onReadable;
	socket->onWritable = onWritable;
	socket->record.onError = onError;
	socket->format = format;
	socket->isWrapped = 1;
	if (isDelayGiven) {
		socketsLock();
		socket->hasDelay = hasDelay;
		socketsUnlock();
	}

	if (isNew) {
		recordWant(&socket->record, kWantOpen);
		machineAfterTurn(socket->record.machine);
	}
	else
		recordRaise(&socket->record, events);
}

void xs_websockets_tcp_destructor(void *data)
{
	if (data) {
		modInstrumentationAdjust(NetworkSockets, -1);
		socketClose(data, kWantClose);
	}
}

void xs_websockets_tcp_close(xsMachine *the)
{
	Socket *socket = socketIf(the, &xsThis);

	if (socket) {
		clearObject(the, socket, &xsThis);
		socketClose(socket, kWantClose);
	}
}

/* Copies from the queue of received bytes. Opens the window when it pays. */
static void copyReceived(Socket *socket, uint8_t *to, uint32_t count)
{
	uint32_t left = count, read;
	int isEmpty, hasEnded;

	while (left) {
		const uint8_t *at = NULL;
		uint32_t use = bytesPeek(&socket->in, &at);
		if (use > left)
			use = left;
		memcpy(to, at, use);
		bytesConsume(&socket->in, use);
		to += use;
		left -= use;
	}

	socketsLock();
	read = socket->read += count;
	isEmpty = !socket->in.count;
	hasEnded = socket->record.hasEnded;
	socketsUnlock();
	if (read >= TCP_WND_UPDATE_THRESHOLD) {
		recordWant(&socket->record, kWantWindow);
		machineAfterTurn(socket->record.machine);
	}
	if (isEmpty && hasEnded)
		recordRaise(&socket->record, kEventEnded);
}

void xs_websockets_tcp_read(xsMachine *the)
{
	Socket *socket = socketOf(the);
	uint32_t available = bytesCount(&socket->in), count = available;
	xsUnsignedValue length;
	xsType type = xsmcArgc ? xsmcTypeOf(xsArg(0)) : xsUndefinedType;
	uint8_t *to, value;

	if (!available)
		return;
	if (kIOFormatNumber == socket->format) {
		count = 1;
		copyReceived(socket, &value, count);
		xsmcSetInteger(xsResult, value);
	}
	else if (xsReferenceType == type) {
		xsmcGetBufferWritable(xsArg(0), (void **)&to, &length);
		if (length < count)
			count = length;
		copyReceived(socket, to, count);
		xsmcSetInteger(xsResult, (xsIntegerValue)count);
	}
	else {
		if (xsUndefinedType != type) {
			xsIntegerValue requested = xsmcToInteger(xsArg(0));
			if (requested <= 0)
				xsUnknownError("invalid");
			if ((uint32_t)requested < count)
				count = (uint32_t)requested;
		}
		to = xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)count);
		copyReceived(socket, to, count);
	}
	modInstrumentationAdjust(NetworkBytesRead, count);
}

/* Adds to the bytes to be sent. Gives 0 where there is no memory: onWritable is called when to try again. */
static int copySent(Socket *socket, const void *from, uint32_t count)
{
	Room room;
	int isReserved;

	socketsLock();
	socket->queued += count;
	socketsUnlock();
	isReserved = bytesReserve(&socket->out, count, &room);
	if (isReserved) {
		bytesFill(&room, from, count);
		bytesCommit(&socket->out, &room);
		recordWant(&socket->record, kWantSend);
		machineAfterTurn(socket->record.machine);
		return 1;
	}
	socketsLock();
	socket->queued -= count;
	socket->isStarved = 1;
	socketsUnlock();
	return 0;
}

void xs_websockets_tcp_write(xsMachine *the)
{
	Socket *socket = socketOf(the);
	xsUnsignedValue count = 1;
	uint32_t queued;
	void *from;
	uint8_t value, isConnected, isGone;

	if (kIOFormatBuffer == socket->format)
		xsmcGetBufferReadable(xsArg(0), &from, &count);
	else {
		value = (uint8_t)xsmcToInteger(xsArg(0));
		from = &value;
	}

	socketsLock();
	isConnected = socket->isConnected;
	isGone = socket->isGone;
	queued = isGone ? 0 : socket->queued;
	socketsUnlock();
	if (isGone && socket->record.isTold)
		return;
	if (!isConnected)
		xsUnknownError("not ready");
	if (count > kSendLimit - queued)
		xsUnknownError("would block");
	/* Where lwIP has given up, onError follows: what is written is lost, as if it were on its way. */
	if (count && !isGone) {
		if (!copySent(socket, from, count))
			xsRangeError("no memory");
		queued += count;
	}
	modInstrumentationAdjust(NetworkBytesWritten, count);
	xsmcSetInteger(xsResult, (xsIntegerValue)(kSendLimit - queued));
}

void xs_websockets_tcp_get_remoteAddress(xsMachine *the)
{
	Socket *socket = socketOf(the);
	char text[IPADDR_STRLEN_MAX];

	if (ipaddr_ntoa_r(&socket->address, text, sizeof(text)))
		xsmcSetString(xsResult, text);
}

void xs_websockets_tcp_get_remotePort(xsMachine *the)
{
	xsmcSetInteger(xsResult, socketOf(the)->port);
}

void xs_websockets_tcp_get_format(xsMachine *the)
{
	builtinGetFormat(the, socketOf(the)->format);
}

void xs_websockets_tcp_set_format(xsMachine *the)
{
	Socket *socket = socketOf(the);
	uint8_t format = builtinSetFormat(the);

	if ((kIOFormatNumber != format) && (kIOFormatBuffer != format))
		xsRangeError("unimplemented");
	socket->format = format;
}

/*
	First what opens the connection, then what was received, last its end: in the next turn where bytes were told in this
	one, and when all is read in any case. After FIN there is still what may be written.
*/
static void deliver(xsMachine *the, Record *record, uint8_t events)
{
	Socket *socket = (Socket *)record;
	uint32_t available, writable;
	uint8_t isConnected, hasEnded;

	if (!socket->isWrapped)
		return;
	socketsLock();
	isConnected = socket->isConnected;
	writable = kSendLimit - (socket->isGone ? 0 : socket->queued);
	socketsUnlock();
	if ((events & kEventWritable) && isConnected && socket->onWritable) {
		recordCall(the, record, socket->onWritable, writable);
		if (!record->machine)
			return;
	}
	if (record->isTold)
		return;

	socketsLock();
	hasEnded = record->hasEnded;
	available = socket->in.count;
	socketsUnlock();
	if ((events & kEventReadable) && available) {
		if (record->onReadable) {
			recordCall(the, record, record->onReadable, available);
			if (record->machine && hasEnded)
				recordRaise(record, kEventEnded);
		}
	}
	else if ((events & kEventEnded) && hasEnded && !available)
		recordTell(the, record);
}
