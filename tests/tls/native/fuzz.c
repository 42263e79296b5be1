/*
	fuzz FOLDER BYTES [SEED]: a client and a server of the engine talk, and somebody in between changes what they say: bytes,
	records and, before they are encrypted, messages. Ends when the sides have heard so many bytes. What is found, a
	sanitizer tells; a line with the seed says how to have it again.
*/

#include "connection.h"
#include "tlsinternal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t __sanitizer_get_current_allocated_bytes(void);

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size) { return __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) { return __real_calloc(count, size); }
void *__wrap_realloc(void *block, size_t size) { return __real_realloc(block, size); }

enum { kMaxRecord = 20000, kMaxSteps = 400 };

/* xorshift64*: the same for the same seed. */
static uint64_t state;

static uint32_t below(uint32_t limit)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return limit ? (uint32_t)((state * 2685821657736338717ull) >> 33) % limit : 0;
}

/* ---- messages, before they are encrypted */

static int changesMessages;

int __real_mbedtls_ssl_write_handshake_msg_ext(mbedtls_ssl_context *ssl, int updatesChecksum, int isForced);

/* See the Makefile. */
int __wrap_mbedtls_ssl_write_handshake_msg_ext(mbedtls_ssl_context *ssl, int updatesChecksum, int isForced)
{
	unsigned char *message = ssl->PRIVATE(out_msg);

	if (changesMessages && !below(4) && (ssl->PRIVATE(out_msglen) > 4)) {
		size_t count = 1 + below(3), body = ssl->PRIVATE(out_msglen) - 4;
		while (count--)
			message[4 + below((uint32_t)body)] = (unsigned char)below(256);
		if (!below(6))
			message[0] = (unsigned char)below(26);
		if (!below(6) && (body > 1))
			ssl->PRIVATE(out_msglen) -= below((uint32_t)body);
	}
	return __real_mbedtls_ssl_write_handshake_msg_ext(ssl, updatesChecksum, isForced);
}

/* ---- records, on their way */

typedef struct {
	uint8_t bytes[2 * kMaxRecord];
	size_t count;
} Wire;

static const uint8_t kInteresting[] = { 0, 1, 2, 3, 4, 0x14, 0x15, 0x16, 0x17, 0x18, 0x7F, 0x80, 0xFE, 0xFF };

static void changeByte(Wire *wire)
{
	uint8_t *at = wire->bytes + below((uint32_t)(below(2) ? wire->count : wire->count < 60 ? wire->count : 60));

	switch (below(3)) {
		case 0: *at ^= (uint8_t)(1 << below(8)); break;
		case 1: *at = kInteresting[below(sizeof(kInteresting))]; break;
		default: *at = (uint8_t)below(256); break;
	}
}

static void insert(Wire *wire, size_t at, const uint8_t *bytes, size_t count)
{
	if (wire->count + count > sizeof(wire->bytes))
		return;
	memmove(wire->bytes + at + count, wire->bytes + at, wire->count - at);
	memcpy(wire->bytes + at, bytes, count);
	wire->count += count;
}

/* A record of its own, in between: where the bytes begin, or anywhere. */
static void insertRecord(Wire *wire)
{
	uint8_t record[64];
	size_t count = below(50);

	record[0] = (uint8_t)(20 + below(6));
	record[1] = 3;
	record[2] = (uint8_t)below(5);
	record[3] = 0;
	record[4] = (uint8_t)count;
	for (size_t i = 0; i < count; i++)
		record[5 + i] = kInteresting[below(sizeof(kInteresting))];
	insert(wire, below(3) ? 0 : below((uint32_t)wire->count + 1), record, count + 5);
}

/* Cuts what is in one record of the handshake into many. */
static void split(Wire *wire, size_t size)
{
	static Wire cut;
	size_t at = 0;

	cut.count = 0;
	while (at + 5 <= wire->count) {
		size_t length = (size_t)wire->bytes[at + 3] << 8 | wire->bytes[at + 4], end = at + 5 + length;
		if ((22 != wire->bytes[at]) || (end > wire->count) || (cut.count + 6 * length > sizeof(cut.bytes)))
			return;
		for (size_t from = at + 5; from < end; from += size) {
			size_t count = (end - from < size) ? end - from : size;
			uint8_t head[5] = { 22, 3, 3, (uint8_t)(count >> 8), (uint8_t)count };
			insert(&cut, cut.count, head, 5);
			insert(&cut, cut.count, wire->bytes + from, count);
		}
		at = end;
	}
	if (at == wire->count)
		*wire = cut;
}

static void change(Wire *wire, const Wire *earlier)
{
	if (!wire->count)
		return;
	switch (below(8)) {
		case 0: case 1: case 2:
			for (uint32_t count = 1 + below(4); count; count--)
				changeByte(wire);
			break;
		case 3: wire->count = below((uint32_t)wire->count); break;
		case 4: insertRecord(wire); break;
		case 5: insert(wire, 0, earlier->bytes, earlier->count); break;
		case 6: split(wire, 1 + below(40)); break;
		default:
			memmove(wire->bytes, wire->bytes + wire->count / 2, wire->count - wire->count / 2);
			wire->count -= wire->count / 2;
			break;
	}
}

/* ---- connections */

static Der authority, serverKey, serverCertificate, clientKey, clientCertificate;

static TlsContext *newContext(int isServer, int version, int asksForClient)
{
	TlsSettings settings = { .isServer = isServer, .isVerified = !isServer || asksForClient };
	Der key = isServer ? serverKey : clientKey, certificate = isServer ? serverCertificate : clientCertificate;
	TlsContext *context;

	if (tlsContextNew(&context, &settings))
		exit(2);
	mbedtls_ssl_conf_max_tls_version(&context->config, 3 == version ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
	if (tlsContextAddAuthority(context, authority.bytes, authority.count, 0) || tlsContextBeginIdentity(context, key.bytes, key.count)
		|| tlsContextAddCertificate(context, certificate.bytes, certificate.count, 0) || tlsContextEndIdentity(context)
		|| tlsContextAddProtocol(context, "http/1.1", 8) || (isServer && tlsContextUseTickets(context, 3600)))
		exit(2);
	return context;
}

/* Feeds until the side is starved or has ended, whatever it is asked in between. */
static void hearAll(TlsEngine *engine, const uint8_t *bytes, size_t count)
{
	static uint8_t data[16384];

	for (size_t at = 0;;) {
		size_t used;
		int status = tlsEngineProcess(engine, bytes + at, count - at, &used);
		at += used;
		if (kTlsData == status) {
			size_t available = tlsEngineAvailable(engine);
			if (tlsEngineRead(engine, data, available))
				return;
			tlsEngineWrite(engine, data, available);
		}
		else if (kTlsSecured == status)
			tlsEngineWrite(engine, (const uint8_t *)"hello", 5);
		else if ((kTlsContinue != status) && (kTlsAuthorityWanted != status))
			return;
	}
}

/* Moves what one side has to say, changed or not. Gives how many bytes that were. */
static size_t move(TlsEngine *const *engines, int from, uint32_t rarity)
{
	static Wire wire, earlier;
	size_t count;
	const uint8_t *output = tlsEngineOutput(engines[from], &count);
	uint8_t *block;

	if (!count)
		return 0;
	if (count > kMaxRecord)
		count = kMaxRecord;
	if (!below(8))
		count = 1 + below((uint32_t)count);
	memcpy(wire.bytes, output, wire.count = count);
	tlsEngineTake(engines[from], count);
	hearAll(engines[from], NULL, 0);
	if (!below(rarity))
		change(&wire, &earlier);
	earlier = wire;
	/* A block of its own length, so that a sanitizer sees who reads behind its end. */
	block = malloc(wire.count + !wire.count);
	if (!block)
		exit(2);
	memcpy(block, wire.bytes, wire.count);
	hearAll(engines[!from], block, wire.count);
	free(block);
	return count;
}

static size_t converse(TlsContext *const *contexts, int *isWhole)
{
	TlsEngine *engines[2];
	size_t heard = 0, moved = 1;
	/* How seldom something is changed: late messages are heard only where the early ones were right. */
	uint32_t rarity = 1 + below(12);
	TlsFailure failure;

	if (tlsEngineNew(&engines[kClient], contexts[kClient], "localhost", "localhost") || tlsEngineNew(&engines[kServer], contexts[kServer], "", ""))
		exit(2);
	changesMessages = !below(2);
	hearAll(engines[kClient], NULL, 0);
	for (int step = 0; moved && (step < kMaxSteps) && (heard < 100000); step++) {
		moved = move(engines, kClient, rarity);
		moved += move(engines, kServer, rarity);
		heard += moved;
	}
	*isWhole = *tlsEngineVersion(engines[kClient]) != 0;
	for (int side = 0; side < 2; side++) {
		tlsEngineFailure(engines[side], &failure);
		tlsEngineFree(engines[side]);
	}
	return heard;
}

int main(int count, char **arguments)
{
	size_t wanted = (count > 2) ? strtoul(arguments[2], NULL, 10) : 100000, heard = 0, before = 0;
	uint64_t seed = (count > 3) ? strtoull(arguments[3], NULL, 10) : 1;
	unsigned long connections = 0, whole = 0;
	TlsContext *contexts[4][2];

	if (count < 2)
		return 2;
	setvbuf(stdout, NULL, _IONBF, 0);
	authority = readDer(arguments[1], "authority");
	serverKey = readDer(arguments[1], "server-key");
	serverCertificate = readDer(arguments[1], "server");
	clientKey = readDer(arguments[1], "client-key");
	clientCertificate = readDer(arguments[1], "client");
	for (int i = 0; i < 4; i++)
		for (int side = 0; side < 2; side++)
			contexts[i][side] = newContext(kServer == side, 2 + (i & 1), i >> 1);
	for (; heard < wanted; connections++, seed++) {
		int isWhole;
		state = seed * 0x9E3779B97F4A7C15ull + 1;
		heard += converse(contexts[connections & 3], &isWhole);
		whole += (unsigned long)isWhole;
		/* mbedTLS makes what it keeps for ever. */
		if (20 == connections)
			before = __sanitizer_get_current_allocated_bytes();
	}
	printf("%zu bytes, %lu connections, %lu of them secured: %zd bytes more\n", heard, connections, whole,
		before ? (ssize_t)(__sanitizer_get_current_allocated_bytes() - before) : 0);
	for (int i = 0; i < 8; i++)
		tlsContextRelease(contexts[i / 2][i % 2]);
	free(authority.bytes);
	free(serverKey.bytes);
	free(serverCertificate.bytes);
	free(clientKey.bytes);
	free(clientCertificate.bytes);
	return 0;
}
