/*
	How a connection ends. All of this runs in the tcpip thread.

	XS has done with the connection, and lwIP has not: what was written is sent, then FIN. What the peer still sends is
	read and dropped, since lwIP answers it with RST otherwise, at which the peer drops what it has not read.
	This ends when both sides have sent FIN and all is acknowledged, with an error, or after a time. As many may linger as
	may be open; one more ends the oldest, if there is one of those that only wait for the peer's FIN.

	TIME_WAIT. lwIP keeps the pcb of the side that closes first for two minutes, so that late segments of the connection
	do not disturb the next one on the same ports. A device has no memory for all of them: the newest are kept.
*/

#include "lwipsockets.h"

#include "lwip/priv/tcp_priv.h"

#define kMaxLingering kMaxConnections
#define kMaxTimeWait 16

/* In half seconds, the interval of lwIP's slow timer. */
#define kLingerTime 60

static Socket *gLingering;				/* the oldest first */

/* It does not linger any more, or has never. */
void socketForget(Socket *socket)
{
	Socket **at = &gLingering;

	while (*at && (*at != socket))
		at = &(*at)->next;
	if (*at)
		*at = socket->next;
}

/* The record and its pcb part: the pcb goes on by itself, or is ended by the caller. */
void socketDetach(Socket *socket)
{
	struct tcp_pcb *pcb = socket->pcb;

	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
	socket->pcb = NULL;
	socketForget(socket);
	recordRelease(&socket->record);
}

void socketAbort(Socket *socket)
{
	struct tcp_pcb *pcb = socket->pcb;

	socketDetach(socket);
	tcp_abort(pcb);
}

/* The caller's pcb, where it is in TIME_WAIT, is the newest: it is not the one that ends. */
void socketsTrimTimeWait(void)
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

static int isAllAcknowledged(Socket *socket)
{
	int isAll;

	socketsLock();
	isAll = !socket->queued;
	socketsUnlock();
	return isAll;
}

/*
	Both sides have sent FIN. In LAST_ACK lwIP tells when it frees the pcb. In CLOSING and TIME_WAIT it does not: there it
	is left to itself, when nothing but FIN waits for an acknowledgement.
*/
void socketLeaveEnded(Socket *socket)
{
	struct tcp_pcb *pcb = socket->pcb;

	if (((CLOSING == pcb->state) || (TIME_WAIT == pcb->state)) && isAllAcknowledged(socket)) {
		socketDetach(socket);
		socketsTrimTimeWait();
	}
}

/* Adds to those that linger. Where they are too many, one ends: the oldest whose bytes have arrived, else the oldest. */
static void addLingering(Socket *socket)
{
	Socket **at, *ended = NULL;
	int count = 0;

	for (at = &gLingering; *at; at = &(*at)->next) {
		count += 1;
		if (!ended && (*at)->hasSentFin && isAllAcknowledged(*at))
			ended = *at;
	}
	*at = socket;
	socket->next = NULL;
	socket->lingering = kLingerTime;
	if (count >= kMaxLingering)
		socketAbort(ended ? ended : gLingering);
}

/* XS has closed the connection. */
void socketFinish(Socket *socket)
{
	struct tcp_pcb *pcb = socket->pcb;
	uint32_t unread;

	if (!socket->isConnected) {
		socketDetach(socket);
		tcp_close(pcb);
		return;
	}
	addLingering(socket);
	unread = bytesCount(&socket->in);
	bytesClear(&socket->in);
	socketOpenWindow(socket, unread);
	socketPush(socket);
}
