/*
	A connection as lwIP sees it. All of this runs in the tcpip thread.

	Closing. XS has done with the connection, and lwIP has not: what was written is sent, then FIN. What the peer still
	sends is read and dropped, since lwIP answers it with RST otherwise, at which the peer drops what it has not read.
	This ends with the peer's FIN, with an error, or after a time. Those that linger are few: a new one ends the oldest.

	TIME_WAIT. lwIP keeps the pcb of the side that closes first for two minutes, so that late segments of the connection
	do not disturb the next one on the same ports. A device has no memory for all of them: the newest are kept.
*/

#include "lwipsockets.h"

#include "lwip/priv/tcp_priv.h"

#define kMaxLingering (kMaxConnections / 2 + 1)
#define kMaxTimeWait 16

/* In half seconds, the interval of lwIP's slow timer. */
#define kLingerTime 60

static uint16_t gConnections;			/* those that XS has not closed; with the lock */
static Socket *gLingering;				/* the oldest first */

/* Any thread: a connection with one use. NULL where there is no memory, or where there are too many. */
Socket *socketNew(void)
{
	Socket *socket = NULL;
	int isRefused;

	socketsLock();
	isRefused = gConnections >= kMaxConnections;
	if (!isRefused)
		gConnections += 1;
	socketsUnlock();
	if (isRefused)
		return NULL;

	socket = c_calloc(1, sizeof(Socket));
	if (!socket) {
		socketsLock();
		gConnections -= 1;
		socketsUnlock();
		return NULL;
	}
	socket->record.class = &gSocketClass;
	socket->record.uses = 1;
	return socket;
}

/* XS has done with the connection. */
void socketClose(Socket *socket, uint8_t wants)
{
	socketsLock();
	gConnections -= 1;
	socketsUnlock();
	recordClose(&socket->record, wants);
}

/* Any thread: nobody uses it any more. */
void socketDispose(Record *record)
{
	Socket *socket = (Socket *)record;

	bytesDispose(&socket->in);
	bytesDispose(&socket->out);
	c_free(socket);
}

uint8_t errorOf(err_t error)
{
	switch (error) {
		case ERR_OK:
			return kErrorNone;
		case ERR_RTE:
		case ERR_VAL:
		case ERR_IF:
			return kErrorUnreachable;
		case ERR_ABRT:
		case ERR_TIMEOUT:
			return kErrorTimedOut;
		case ERR_USE:
			return kErrorInUse;
		case ERR_MEM:
		case ERR_BUF:
			return kErrorNoMemory;
		default:
			return kErrorReset;
	}
}

static void removeLingering(Socket *socket)
{
	Socket **at = &gLingering;

	while (*at && (*at != socket))
		at = &(*at)->next;
	if (*at)
		*at = socket->next;
}

/* The record and its pcb part. The pcb goes on by itself, or is ended by the caller. */
void socketDetach(Socket *socket)
{
	struct tcp_pcb *pcb = socket->pcb;

	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
	socket->pcb = NULL;
	removeLingering(socket);
	recordRelease(&socket->record);
}

static void abortConnection(Socket *socket)
{
	struct tcp_pcb *pcb = socket->pcb;

	socketDetach(socket);
	tcp_abort(pcb);
}

static void trimTimeWait(void)
{
	struct tcp_pcb *pcb, *oldest = NULL;
	int count = 0;

	for (pcb = tcp_tw_pcbs; pcb; pcb = pcb->next) {
		count += 1;
		if (!oldest || ((u32_t)(tcp_ticks - pcb->tmr) >= (u32_t)(tcp_ticks - oldest->tmr)))
			oldest = pcb;
	}
	if (count > kMaxTimeWait)
		tcp_abort(oldest);
}

/* Opens the window for what was read. */
static void openWindow(Socket *socket, uint32_t count)
{
	socketsLock();
	count += socket->read;
	socket->read = 0;
	socketsUnlock();
	while (count) {
		u16_t use = (u16_t)LWIP_MIN(count, 0xFFFF);
		tcp_recved(socket->pcb, use);
		count -= use;
	}
}

static int store(Socket *socket, struct pbuf *buffers)
{
	struct pbuf *buffer;
	Room room;

	if (!buffers->tot_len)
		return 1;
	if (!bytesReserve(&socket->in, buffers->tot_len, &room))
		return 0;
	for (buffer = buffers; buffer; buffer = buffer->next)
		bytesFill(&room, buffer->payload, buffer->len);
	bytesCommit(&socket->in, &room);
	return 1;
}

static void receivedFin(Socket *socket)
{
	socket->hasReceivedFin = 1;
	if (socket->hasSentFin) {
		socketDetach(socket);
		trimTimeWait();
	}
	else if (!socket->lingering)
		recordEnd(&socket->record, kErrorNone);
}

/* lwIP keeps a segment that is refused, and offers it again. */
static err_t received(void *arg, struct tcp_pcb *pcb, struct pbuf *buffers, err_t error)
{
	Socket *socket = arg;

	LWIP_UNUSED_ARG(error);
	if (!buffers) {
		receivedFin(socket);
		return ERR_OK;
	}
	if (socket->lingering)
		tcp_recved(pcb, buffers->tot_len);
	else if (store(socket, buffers))
		recordRaise(&socket->record, kEventReadable);
	else
		return ERR_MEM;
	pbuf_free(buffers);
	return ERR_OK;
}

static err_t sent(void *arg, struct tcp_pcb *pcb, u16_t count)
{
	Socket *socket = arg;

	LWIP_UNUSED_ARG(pcb);
	socketsLock();
	socket->queued -= LWIP_MIN(count, socket->queued);
	socketsUnlock();
	recordRaise(&socket->record, kEventWritable);
	socketPush(socket);
	return ERR_OK;
}

/* The pcb is freed already. */
static void failed(void *arg, err_t error)
{
	Socket *socket = arg;
	uint8_t reason = errorOf(error);

	socket->pcb = NULL;
	removeLingering(socket);
	if (!socket->isConnected && (kErrorReset == reason))
		reason = kErrorRefused;
	socketsLock();
	socket->isGone = 1;
	socketsUnlock();
	bytesClear(&socket->out);
	recordEnd(&socket->record, reason);
	recordRelease(&socket->record);
}

/* Every half second. */
static err_t polled(void *arg, struct tcp_pcb *pcb)
{
	Socket *socket = arg;
	int isStarved;

	LWIP_UNUSED_ARG(pcb);
	socketsLock();
	isStarved = socket->isStarved;
	socket->isStarved = 0;
	socketsUnlock();
	if (isStarved)
		recordRaise(&socket->record, kEventWritable);
	socketsKick();
	if (socket->lingering && (0 == --socket->lingering)) {
		abortConnection(socket);
		return ERR_ABRT;
	}
	if (socket->isConnected && !socket->hasSentFin)
		socketPush(socket);
	return ERR_OK;
}

static void attach(Socket *socket, struct tcp_pcb *pcb)
{
	socketsLock();
	socket->record.uses += 1;
	socketsUnlock();
	socket->pcb = pcb;
	tcp_arg(pcb, socket);
	tcp_recv(pcb, received);
	tcp_sent(pcb, sent);
	tcp_err(pcb, failed);
	tcp_poll(pcb, polled, 1);
	/* socketPush() is what delays. */
	tcp_nagle_disable(pcb);
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
	Socket *socket = arg;

	LWIP_UNUSED_ARG(pcb);
	LWIP_UNUSED_ARG(error);
	socketsLock();
	socket->isConnected = 1;
	socketsUnlock();
	recordRaise(&socket->record, kEventWritable);
	return ERR_OK;
}

static void openConnection(Socket *socket)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(&socket->address));
	err_t error;

	trimTimeWait();
	if (!pcb) {
		recordEnd(&socket->record, kErrorNoMemory);
		return;
	}
	attach(socket, pcb);
	error = tcp_connect(pcb, &socket->address, socket->port, connected);
	if (ERR_OK != error) {
		recordEnd(&socket->record, errorOf(error));
		socketDetach(socket);
		tcp_close(pcb);
	}
}

static void closeConnection(Socket *socket)
{
	struct tcp_pcb *pcb = socket->pcb;
	Socket **at;
	uint32_t unread;
	int count = 0;

	if (!socket->isConnected) {
		socketDetach(socket);
		tcp_close(pcb);
		return;
	}
	socket->lingering = kLingerTime;
	socket->next = NULL;
	for (at = &gLingering; *at; at = &(*at)->next)
		count += 1;
	*at = socket;
	if (count >= kMaxLingering)
		abortConnection(gLingering);
	unread = bytesCount(&socket->in);
	bytesClear(&socket->in);
	openWindow(socket, unread);
	socketPush(socket);
}

/* Does what XS wants. */
void socketWork(Record *record, uint8_t wants)
{
	Socket *socket = (Socket *)record;

	if ((wants & kWantOpen) && !(wants & (kWantClose | kWantAbort)))
		openConnection(socket);
	if (!socket->pcb)
		return;
	if (wants & kWantAbort)
		abortConnection(socket);
	else if (wants & kWantClose)
		closeConnection(socket);
	else if (socket->isConnected) {
		openWindow(socket, 0);
		if (wants & kWantSend)
			socketPush(socket);
	}
}

/* A connection to the listener stands. Gives 0 where it cannot be taken. */
int socketAccept(Listener *listener, struct tcp_pcb *pcb)
{
	Machine *machine;
	Socket *socket = socketNew();

	trimTimeWait();
	if (!socket)
		return 0;
	socket->isConnected = 1;
	ip_addr_copy(socket->address, pcb->remote_ip);
	socket->port = pcb->remote_port;
	attach(socket, pcb);

	socketsLock();
	machine = listener->record.machine;
	if (machine) {
		machineUse(machine);
		socket->record.machine = machine;
		if (listener->lastPending)
			listener->lastPending->next = socket;
		else
			listener->firstPending = socket;
		listener->lastPending = socket;
		listener->pending += 1;
	}
	else
		gConnections -= 1;
	socketsUnlock();

	if (machine)
		recordRaise(&listener->record, kEventReadable);
	else {
		socketDetach(socket);
		recordRelease(&socket->record);
	}
	return machine != NULL;
}
