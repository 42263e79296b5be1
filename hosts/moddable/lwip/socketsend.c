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
		uint32_t use = LWIP_MIN(bytesPeek(&socket->out, &at), count);
		u8_t flags = (use < count) ? TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE : TCP_WRITE_FLAG_COPY;

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

void socketPush(Socket *socket)
{
	struct tcp_pcb *pcb = socket->pcb;
	uint32_t size = segmentSize(pcb), count;
	uint16_t small;

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
	if (!count && socket->lingering && !socket->hasSentFin) {
		socket->hasSentFin = 1;
		tcp_shutdown(pcb, 0, 1);
	}
	else
		tcp_output(pcb);
}
