/* Bytes of the network on their way to mbedTLS and from it, and the buffers in between where they are ESP-IDF's. */

#include "tlsinternal.h"

#include <stdlib.h>
#include <string.h>

/* Bytes for the network that may wait before more is read: what comes in may make more of them. */
enum { kOutMax = 2048 };

/* ---- in */

static void takeIn(TlsEngine *engine, uint8_t *bytes, size_t count)
{
	if (!count)
		return;
	memcpy(bytes, engine->in, count);
	engine->in += count;
	engine->inLeft -= count;
}

/* Gives 0 where not all of a record's head has come. Then what has come is kept. */
static int completeHead(TlsEngine *engine)
{
	size_t missing = kTlsHeadBytes - engine->headCount, count = (engine->inLeft < missing) ? engine->inLeft : missing;

	takeIn(engine, engine->head + engine->headCount, count);
	engine->headCount += (uint8_t)count;
	return kTlsHeadBytes == engine->headCount;
}

/*
	A record's head (RFC 8446, 5.1: type, version, length) is given whole or not at all: ESP-IDF's dynamic buffers have it
	on the stack, and lose the part of it that came before the rest. And a step gets no more than one record: they would
	forget the beginning of another.
*/
int tlsReceiveBytes(void *it, unsigned char *bytes, size_t count)
{
	TlsEngine *engine = it;

	if (!engine->bodyLeft) {
		if (engine->hasRecord)
			return MBEDTLS_ERR_SSL_WANT_READ;
		if (!completeHead(engine)) {
			engine->isStarved = 1;
			return MBEDTLS_ERR_SSL_WANT_READ;
		}
		if (count < kTlsHeadBytes)
			return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
		memcpy(bytes, engine->head, kTlsHeadBytes);
		engine->headCount = 0;
		engine->bodyLeft = (size_t)engine->head[3] << 8 | engine->head[4];
		engine->hasRecord = 1;
		return kTlsHeadBytes;
	}
	if (!engine->inLeft) {
		engine->isStarved = 1;
		return MBEDTLS_ERR_SSL_WANT_READ;
	}
	if (count > engine->inLeft)
		count = engine->inLeft;
	if (count > engine->bodyLeft)
		count = engine->bodyLeft;
	takeIn(engine, bytes, count);
	engine->bodyLeft -= count;
	engine->hasRecord = 1;
	return (int)count;
}

/* ---- out */

/* All that mbedTLS gives is taken: it would forget data that it has encrypted behind what was not. */
int tlsSendBytes(void *it, const unsigned char *bytes, size_t count)
{
	TlsEngine *engine = it;
	size_t used = engine->outEnd - engine->outStart;

	if (engine->outEnd + count > engine->outSize) {
		if (engine->outStart) {
			memmove(engine->out, engine->out + engine->outStart, used);
			engine->outStart = 0;
			engine->outEnd = used;
		}
		if (used + count > engine->outSize) {
			uint8_t *grown = realloc(engine->out, used + count);
			if (!grown)
				return MBEDTLS_ERR_SSL_ALLOC_FAILED;
			engine->out = grown;
			engine->outSize = used + count;
		}
	}
	memcpy(engine->out + engine->outEnd, bytes, count);
	engine->outEnd += count;
	return (int)count;
}

const uint8_t *tlsEngineOutput(const TlsEngine *engine, size_t *count)
{
	*count = engine->outEnd - engine->outStart;
	return engine->out + engine->outStart;
}

void tlsEngineTake(TlsEngine *engine, size_t count)
{
	engine->outStart += count;
	if (engine->outStart < engine->outEnd)
		return;
	free(engine->out);
	engine->out = NULL;
	engine->outStart = engine->outEnd = engine->outSize = 0;
}

int tlsIsFull(const TlsEngine *engine)
{
	return engine->outEnd - engine->outStart >= kOutMax;
}

/* ---- ESP-IDF's dynamic buffers */

#if defined(CONFIG_MBEDTLS_DYNAMIC_BUFFER)

/* Functions of ESP-IDF, and the head of its buffers, which it declares for itself only: esp_mbedtls_dynamic_impl.h. */
int esp_mbedtls_add_tx_buffer(mbedtls_ssl_context *ssl, size_t count);
int esp_mbedtls_free_tx_buffer(mbedtls_ssl_context *ssl);
int esp_mbedtls_reset_add_rx_buffer(mbedtls_ssl_context *ssl);

typedef struct {
	int state;
	unsigned int length;
	uint8_t bytes[];
} IdfBuffer;

/* A buffer for input that is not in use keeps the counter and the initialization vector. */
enum { kIdleBytes = 16, kVectorAt = 8, kVectorBytes = 8 };

/*
	ESP-IDF makes a buffer that fits one record. mbedTLS takes it for one of the full size, and reads a longer record into it
	where it passes over the first: an alert that is a warning, data of no bytes, a part of a message of the handshake. The
	peer would write where it likes. So the buffer has the full size before anything is read.
*/
static int prepareInput(TlsEngine *engine)
{
	mbedtls_ssl_context *ssl = &engine->ssl;
	const uint8_t *buffer = ssl->PRIVATE(in_buf);
	uint8_t kept[kIdleBytes] = { 0 };
	int result;

	if (!engine->bodyLeft && (engine->headCount + engine->inLeft < kTlsHeadBytes))
		return 0;
	if (buffer) {
		const IdfBuffer *head = (const IdfBuffer *)(buffer - offsetof(IdfBuffer, bytes));
		if (head->length > MBEDTLS_SSL_IN_CONTENT_LEN)
			return 0;
		memcpy(kept, buffer, kIdleBytes);
	}
	result = esp_mbedtls_reset_add_rx_buffer(ssl);
	if (!result) {
		memcpy(ssl->PRIVATE(in_ctr), kept, kVectorAt);
		memcpy(ssl->PRIVATE(in_iv), kept + kVectorAt, kVectorBytes);
	}
	return result;
}

/*
	ESP-IDF leaves 37 bytes for output while nothing is written, and misses the alerts that mbedTLS writes while it reads: to
	a record that is forged, or a renegotiation. Those may be longer, and would go past the buffer's end. A step of the
	handshake may write more than an alert, and takes the buffer that it finds.
*/
static int prepareAlert(TlsEngine *engine)
{
	enum { kAlertBytes = 2, kAnyBytes = 0 };

	if (!engine->ssl.PRIVATE(transform_out))
		return 0;
	return esp_mbedtls_add_tx_buffer(&engine->ssl, engine->isSecured ? kAlertBytes : kAnyBytes);
}

int tlsBeginStep(TlsEngine *engine)
{
	int result = prepareInput(engine);

	return result ? result : prepareAlert(engine);
}

int tlsEndStep(TlsEngine *engine, int result)
{
	int freed = engine->ssl.PRIVATE(out_left) ? 0 : esp_mbedtls_free_tx_buffer(&engine->ssl);

	return freed ? freed : result;
}

#else

int tlsBeginStep(TlsEngine *engine)
{
	(void)engine;
	return 0;
}

int tlsEndStep(TlsEngine *engine, int result)
{
	(void)engine;
	return result;
}

#endif
