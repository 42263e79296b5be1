/*
	A connection as lwIP sees it: what lwIP tells of it, and what XS wants. All of this runs in the tcpip thread, but for
	what is said to be of any thread.
*/

#include "lwipsockets.h"

#include "lwip/priv/tcp_priv.h"

static uint16_t gConnections;			/* those that XS has not closed; with the lock */

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
	socket->hasDelay = 1;
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

/* Opens the window for what was read. */
void socketOpenWindow(Socket *socket, uint32_t count)
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
	if (socket->hasSentFin)
		socketLeaveEnded(socket);
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
	if (socket->hasSentFin && socket->hasReceivedFin)
		socketLeaveEnded(socket);
	else
		socketPush(socket);
	return ERR_OK;
}

/* The pcb is freed already. */
static void failed(void *arg, err_t error)
{
	Socket *socket = arg;
	uint8_t reason = errorOf(error);

	socket->pcb = NULL;
	socketForget(socket);
	if (!socket->isConnected && (kErrorReset == reason))
		reason = kErrorRefused;
	socketsLock();
	socket->isGone = 1;
	socketsUnlock();
	bytesClear(&socket->out);
	recordEnd(&socket->record, reason);
	/* Where FIN was told, nothing else is: who still writes finds that it is over. */
	if (socket->hasReceivedFin)
		recordRaise(&socket->record, kEventWritable);
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
		socketAbort(socket);
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

	socketsTrimTimeWait();
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

/* Does what XS wants. */
void socketWork(Record *record, uint8_t wants)
{
	Socket *socket = (Socket *)record;

	if ((wants & kWantOpen) && !(wants & (kWantClose | kWantAbort)))
		openConnection(socket);
	if (!socket->pcb)
		return;
	if (wants & kWantAbort)
		socketAbort(socket);
	else if (wants & kWantClose)
		socketFinish(socket);
	else if (socket->isConnected) {
		socketOpenWindow(socket, 0);
		if (wants & kWantSend)
			socketPush(socket);
	}
}

/* A connection to the listener stands. Gives 0 where it cannot be taken. */
int socketAccept(Listener *listener, struct tcp_pcb *pcb)
{
	Machine *machine;
	Socket *socket = socketNew();

	socketsTrimTimeWait();
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
