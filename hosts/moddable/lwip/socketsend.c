/*
	What a connection sends. All of this runs in the tcpip thread.

	lwIP makes a buffer of a whole segment for whatever it is given (LWIP_NETIF_TX_SINGLE_PBUF): twenty bytes take as much
	as 1,436. So it is given whole segments, and less than a segment only while few are on their way (with Nagle's
	algorithm: none). What waits for acknowledgements meanwhile shares segments. Where lwIP has no memory, the bytes stay
	here; they are tried again with the next acknowledgement, or after half a second.
*/

#include "lwipsockets.h"

#include "lwip/priv/tcp_priv.h"

/* Buffers on their way up to which less than a segment is given to lwIP. */
#define kSmallSegments 4

/* Gives lwIP a segment, from one or several blocks. Gives 0 where it has no memory. */
static int writeSegment(Socket *socket, uint32_t count)
{
	while (count) {
		const uint8_t *at = NULL;
		uint32_t use = bytesPeek(&socket->out, &at);
		u8_t flags = TCP_WRITE_FLAG_COPY;

		if (use < count)
			flags |= TCP_WRITE_FLAG_MORE;
		else
			use = count;
		if (ERR_OK != tcp_write(socket->pcb, at, (u16_t)use, flags))
			return 0;
		bytesConsume(&socket->out, use);
		count -= use;
	}
	return 1;
}

/* Bytes of a segment, as tcp_write computes it: for a peer with a small window lwIP makes several of one write. */
static uint32_t segmentSize(struct tcp_pcb *pcb)
{
	uint32_t half = pcb->snd_wnd_max / 2;

	return (half && (half < pcb->mss)) ? half : pcb->mss;
}

/*
	lwIP puts FIN on the last segment that is not sent yet. Where that is too long for the peer's window, lwIP splits it in
	two after a while, and leaves FIN on the first (tcp_split_unsent_seg): the peer never sees the rest. So FIN comes
	when no segment can be split any more.
*/
static int canSendFin(struct tcp_pcb *pcb)
{
	return !pcb->unsent || ((u32_t)(pcb->snd_lbb - pcb->lastack) <= pcb->snd_wnd);
}

void socketPush(Socket *socket)
{
	struct tcp_pcb *pcb = socket->pcb;
	uint32_t size = segmentSize(pcb), count;
	uint16_t small;
	int isLast;

	socketsLock();
	small = socket->hasDelay ? 1 : kSmallSegments;
	socketsUnlock();
	while ((count = bytesCount(&socket->out))) {
		if (pcb->snd_queuelen >= TCP_SND_QUEUELEN - 1)
			break;
		if ((count < size) && !socket->lingering && (pcb->snd_queuelen >= small))
			break;
		if (!writeSegment(socket, LWIP_MIN(count, size)))
			break;
	}
	isLast = !count && socket->lingering && !socket->hasSentFin;
	if (!isLast || !canSendFin(pcb))
		tcp_output(pcb);
	if (isLast && canSendFin(pcb)) {
		socket->hasSentFin = 1;
		tcp_shutdown(pcb, 0, 1);
	}
}
