/*
	loopback FOLDER CYCLES: the engine in both roles, against itself: good handshakes, refused ones, such as are cut off
	after every number of bytes, and such whose memory fails at each place. Writes what it has found; a mistake ends it.
*/

#include "connection.h"
#include "tlsinternal.h"

#if defined(__SANITIZE_ADDRESS__)
	/* Of sanitizer/allocator_interface.h, which gcc does not bring. */
	size_t __sanitizer_get_current_allocated_bytes(void);
#else
	#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) do { if (!(condition)) { fprintf(stderr, "line %d: %s\n", __LINE__, #condition); exit(1); } } while (0)

/* ---- memory that fails */

static long failAt = -1, allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);

/* From the allocation `failAt` on there is no more memory. */
static int hasFailed(void)
{
	return (failAt >= 0) && (allocations++ >= failAt);
}

void *__wrap_malloc(size_t size) { return hasFailed() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) { return hasFailed() ? NULL : __real_calloc(count, size); }
void *__wrap_realloc(void *block, size_t size) { return hasFailed() ? NULL : __real_realloc(block, size); }

#if defined(__SANITIZE_ADDRESS__)
/* mbedTLS 3.6.6 forgets a cipher's context where the memory for the next one fails. */
const char *__lsan_default_suppressions(void) { return "leak:mbedtls_ssl_tls13_compute_handshake_transform\n"; }
#endif

/* ---- connections */

static Der authority, stranger, serverKey, serverCertificate, clientKey, clientCertificate;

typedef struct {
	int isTls13;
	int asksForClient;
	int isStrange;
	const char *name;
	const uint8_t *session;
	size_t sessionLength;
} Kind;

static int addIdentity(TlsContext *context, Der key, Der certificate)
{
	int result = tlsContextBeginIdentity(context, key.bytes, key.count);
	if (!result)
		result = tlsContextAddCertificate(context, certificate.bytes, certificate.count, 0);
	return result ? result : tlsContextEndIdentity(context);
}

static int newServer(TlsContext **context, const Kind *kind)
{
	TlsSettings settings = { .isServer = 1, .isVerified = kind->asksForClient, .isTls13Only = kind->isTls13 };
	int result = tlsContextNew(context, &settings);
	if (!result)
		result = addIdentity(*context, serverKey, serverCertificate);
	if (!result && kind->asksForClient)
		result = tlsContextAddAuthority(*context, authority.bytes, authority.count, 0);
	if (!result)
		result = tlsContextUseTickets(*context, 3600);
	return result ? result : tlsContextAddProtocol(*context, "http/1.1", 8);
}

static int newClient(TlsContext **context, const Kind *kind)
{
	TlsSettings settings = { .isVerified = 1, .isTls13Only = kind->isTls13 };
	const Der *trusted = kind->isStrange ? &stranger : &authority;
	int result = tlsContextNew(context, &settings);
	if (!result)
		result = tlsContextAddAuthority(*context, trusted->bytes, trusted->count, 0);
	if (!result && kind->asksForClient)
		result = addIdentity(*context, clientKey, clientCertificate);
	return result ? result : tlsContextAddProtocol(*context, "http/1.1", 8);
}

static mbedtls_ssl_recv_t *receive;
static size_t bodies[2];

/* ESP-IDF's dynamic buffers lose what has come of a record's head where it is not all of it. */
static int receiveHead(void *it, unsigned char *bytes, size_t count)
{
	TlsEngine *engine = it;
	size_t *body = bodies + engine->context->settings.isServer;
	int result = receive(engine, bytes, count);
	if (result < 0)
		return result;
	CHECK(*body ? ((size_t)result <= *body) : (kTlsHeadBytes == result));
	*body = *body ? *body - (size_t)result : ((size_t)bytes[3] << 8 | bytes[4]);
	return result;
}

static void watchHeads(TlsEngine *engine)
{
	receive = engine->ssl.PRIVATE(f_recv);
	bodies[engine->context->settings.isServer] = 0;
	mbedtls_ssl_set_bio(&engine->ssl, engine, engine->ssl.PRIVATE(f_send), receiveHead, NULL);
}

/* Gives 0, or the first error. */
static int begin(Connection *connection, const Kind *kind, TlsContext *server)
{
	int result = 0;
	memset(connection, 0, sizeof(Connection));
	if (server)
		connection->contexts[kServer] = server;
	else
		result = newServer(&connection->contexts[kServer], kind);
	if (!result)
		result = newClient(&connection->contexts[kClient], kind);
	if (!result)
		result = tlsEngineNew(&connection->engines[kServer], connection->contexts[kServer], "", "");
	if (!result)
		result = tlsEngineNew(&connection->engines[kClient], connection->contexts[kClient], kind->name, kind->name);
	for (int side = 0; !result && (side < 2); side++)
		watchHeads(connection->engines[side]);
	if (!result && kind->session)
		result = tlsEngineResume(connection->engines[kClient], kind->session, kind->sessionLength);
	return result;
}

/* In one order or the other: a context lives as long as its engine. */
static void end(Connection *connection, int isContextFirst, int ownsServer)
{
	for (int side = 0; side < 2; side++) {
		int owns = (kClient == side) || ownsServer;
		if (isContextFirst && owns)
			tlsContextRelease(connection->contexts[side]);
		tlsEngineFree(connection->engines[side]);
		if (!isContextFirst && owns)
			tlsContextRelease(connection->contexts[side]);
	}
}

static void exchange(Connection *connection)
{
	static uint8_t bytes[40000];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + (i >> 8));
	say(connection, kClient, bytes, sizeof(bytes));
	say(connection, kServer, bytes, sizeof(bytes));
	CHECK((connection->received[kClient] == sizeof(bytes)) && (connection->received[kServer] == sizeof(bytes)));
	CHECK(connection->sums[kClient] == connection->sums[kServer]);
}

static void good(const Kind *kind, int turn)
{
	Connection connection;
	CHECK(!begin(&connection, kind, NULL));
	connection.chunk = (turn % 3) ? 0 : 1 + (size_t)turn % 7;
	CHECK(talk(&connection));
	CHECK(!strcmp(tlsEngineProtocol(connection.engines[kClient]), "http/1.1"));
	CHECK(!strcmp(tlsEngineVersion(connection.engines[kServer]), "TLSv1.3"));
	if (!(turn % 10))
		exchange(&connection);
	if (kind->asksForClient) {
		size_t count;
		const uint8_t *peer = tlsEnginePeer(connection.engines[kServer], &count);
		CHECK((count == clientCertificate.count) && !memcmp(peer, clientCertificate.bytes, count));
	}
	tlsEngineEnd(connection.engines[turn & 1]);
	talk(&connection);
	CHECK(kTlsEnded == connection.status[!(turn & 1)]);
	end(&connection, turn & 2, 1);
}

static void refused(const Kind *kind, uint32_t flags)
{
	Connection connection;
	TlsFailure failure;
	CHECK(!begin(&connection, kind, NULL));
	CHECK(!talk(&connection));
	tlsEngineFailure(connection.engines[kClient], &failure);
	CHECK(failure.flags == flags);
	tlsEngineFailure(connection.engines[kServer], &failure);
	/* In TLS 1.3 mbedTLS sends an alert before the server has its keys for it without encryption. */
	CHECK(failure.error);
	end(&connection, 1, 1);
}

/* What is found about a client's certificates is told of its own connection, not of the next that fails. */
static void failsByItself(const Kind *kind)
{
	static const uint8_t forged[] = { 23, 3, 3, 0, 1, 0 };
	Connection connection;
	TlsFailure failure;
	CHECK(!begin(&connection, kind, NULL));
	CHECK(talk(&connection));
	connection.contexts[kServer]->badSizes = kTlsBadSize;
	hear(&connection, kServer, forged, sizeof(forged));
	tlsEngineFailure(connection.engines[kServer], &failure);
	CHECK(failure.error && !failure.flags);
	end(&connection, 1, 1);
}

/* A session goes on: without certificates. Its bytes may be anything, too. */
static void resumed(int isTls13)
{
	static uint8_t session[8192];
	Kind kind = { .isTls13 = isTls13, .name = "localhost" };
	TlsContext *server;
	Connection connection;
	size_t full;

	CHECK(!newServer(&server, &kind));
	CHECK(!begin(&connection, &kind, server));
	CHECK(talk(&connection) && tlsEngineHasSession(connection.engines[kClient]));
	full = connection.sent[kServer];
	kind.sessionLength = tlsEngineSession(connection.engines[kClient], session, sizeof(session));
	CHECK(kind.sessionLength);
	end(&connection, 0, 0);
	kind.session = session;
	CHECK(!begin(&connection, &kind, server));
	CHECK(talk(&connection) && tlsEngineIsResumed(connection.engines[kClient]));
	CHECK(connection.sent[kServer] < full);
	end(&connection, 1, 0);
	for (size_t at = 0; at < kind.sessionLength; at += 7) {
		session[at] ^= 0x55;
		begin(&connection, &kind, server);
		if (connection.engines[kClient])
			talk(&connection);
		end(&connection, 1, 0);
		session[at] ^= 0x55;
	}
	tlsContextRelease(server);
}

static size_t cutEverywhere(const Kind *kind)
{
	Connection connection;
	size_t limit = 1;
	for (;; limit += 1 + limit / 40) {
		int isWhole;
		CHECK(!begin(&connection, kind, NULL));
		connection.limit = limit;
		isWhole = talk(&connection);
		end(&connection, limit & 1, 1);
		if (isWhole)
			return limit;
	}
}

static long failEverywhere(const Kind *kind)
{
	for (long at = 0;; at += 1 + at / 100) {
		Connection connection;
		int isWhole;
		failAt = at;
		allocations = 0;
		isWhole = !begin(&connection, kind, NULL) && talk(&connection);
		failAt = -1;
		end(&connection, 1, 1);
		if (isWhole)
			return at;
	}
}

static size_t used(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return __sanitizer_get_current_allocated_bytes();
#else
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
#endif
}

int main(int count, char **arguments)
{
	const char *folder = arguments[1];
	int cycles = (count > 2) ? atoi(arguments[2]) : 10;
	Kind plain = { .name = "localhost" }, mutual = { .name = "localhost", .asksForClient = 1, .isTls13 = 1 };
	Kind strange = { .name = "localhost", .isStrange = 1 }, misnamed = { .name = "other.example" };
	size_t before;

	CHECK(count > 1);
	/* A buffer of stdout's would be counted. */
	setvbuf(stdout, NULL, _IONBF, 0);
	authority = readDer(folder, "authority");
	stranger = readDer(folder, "stranger");
	serverKey = readDer(folder, "server-key");
	serverCertificate = readDer(folder, "server");
	clientKey = readDer(folder, "client-key");
	clientCertificate = readDer(folder, "client");
	/* mbedTLS makes what it keeps for ever. */
	good(&mutual, 0);
	before = used();
	for (int turn = 0; turn < cycles; turn++) {
		good(&plain, turn);
		good(&mutual, turn);
		refused(&strange, 0x08);
		refused(&misnamed, 0x04);
	}
	failsByItself(&mutual);
	printf("%d cycles of each kind: %zd bytes more\n", cycles, (ssize_t)(used() - before));
	for (int turn = 0; turn < cycles / 50 + 1; turn++)
		resumed(turn & 1);
	printf("cut after every number of bytes, up to %zu and %zu\n", cutEverywhere(&plain), cutEverywhere(&mutual));
	printf("resumed and cut ones: %zd bytes more\n", (ssize_t)(used() - before));
	printf("memory that fails, up to allocation %ld and %ld\n", failEverywhere(&plain), failEverywhere(&mutual));
	return 0;
}
