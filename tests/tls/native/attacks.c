/*
	attacks: reads cases, one a line, and writes for each what the attacked side has come to:
		pair ROLE VERSION CHUNK NAME KEY CHAIN AUTHORITIES
			the peer of ROLE ("client", "server") shows CHAIN with KEY. VERSION: 2 or 3, of TLS 1.
		feed ROLE VERSION CHUNK FILE AUTHORITIES
			ROLE gets the bytes of FILE, which answer no question
	Files are DER, several with commas between. CHUNK: bytes that come at once, 0 for all.
	An answer: STATUS ERROR ALERT FLAGS MILLISECONDS BYTES-LEFT. A mistake of a sanitizer ends it.
*/

#include "connection.h"
#include "tlsinternal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

size_t __sanitizer_get_current_allocated_bytes(void);

enum { kMaxFiles = 80, kLine = 65536 };

/* The Makefile wraps them for loopback.c. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size) { return __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) { return __real_calloc(count, size); }
void *__wrap_realloc(void *block, size_t size) { return __real_realloc(block, size); }

typedef struct {
	Der files[kMaxFiles];
	int count;
} Files;

static void readFiles(Files *files, char *names)
{
	char *rest = NULL;

	files->count = 0;
	for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		if (files->count == kMaxFiles)
			exit(2);
		files->files[files->count++] = readDer(".", name);
	}
}

static void freeFiles(Files *files)
{
	for (int i = 0; i < files->count; i++)
		free(files->files[i].bytes);
}

static int must(int error)
{
	if (error) {
		fprintf(stderr, "cannot set up: %d\n", error);
		exit(2);
	}
	return error;
}

static TlsContext *newContext(int isServer, int isVerified, int version, const Files *authorities)
{
	TlsSettings settings = { .isServer = isServer, .isVerified = isVerified };
	TlsContext *context;

	must(tlsContextNew(&context, &settings));
	mbedtls_ssl_conf_max_tls_version(&context->config, 3 == version ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
	/* An authority that cannot be read is none. */
	for (int i = 0; authorities && (i < authorities->count); i++)
		tlsContextAddAuthority(context, authorities->files[i].bytes, authorities->files[i].count, 0);
	return context;
}

/* Gives whether the chain can be shown: mbedTLS does not read every certificate of its own. */
static int show(TlsContext *context, const Files *key, const Files *chain)
{
	int error = tlsContextBeginIdentity(context, key->files[0].bytes, key->files[0].count);

	for (int i = 0; !error && (i < chain->count); i++)
		error = tlsContextAddCertificate(context, chain->files[i].bytes, chain->files[i].count, 0);
	return !error && !tlsContextEndIdentity(context);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void tell(const Connection *connection, int side, double began)
{
	TlsFailure failure;

	tlsEngineFailure(connection->engines[side], &failure);
	printf("%s %d %d %u %.0f", connection->isSecured[side] ? "open" : kTlsFailed == connection->status[side] ? "failed" : "waiting",
		failure.error, failure.alert, (unsigned)failure.flags, now() - began);
}

static void end(Connection *connection)
{
	for (int side = 0; side < 2; side++) {
		tlsEngineFree(connection->engines[side]);
		tlsContextRelease(connection->contexts[side]);
	}
}

static void pair(int side, int version, size_t chunk, const char *name, Files *key, Files *chain, Files *authorities)
{
	Connection connection = { .chunk = chunk };
	double began;

	connection.contexts[side] = newContext(kServer == side, 1, version, authorities);
	connection.contexts[!side] = newContext(kServer != side, 0, version, NULL);
	if (kServer == side) {
		Files ownKey = { .files = { readDer(".", "own-key") }, .count = 1 }, own = { .files = { readDer(".", "own") }, .count = 1 };
		show(connection.contexts[side], &ownKey, &own);
		freeFiles(&ownKey);
		freeFiles(&own);
	}
	if (show(connection.contexts[!side], key, chain)) {
		must(tlsEngineNew(&connection.engines[side], connection.contexts[side], kServer == side ? "" : name, ""));
		must(tlsEngineNew(&connection.engines[!side], connection.contexts[!side], "", ""));
		began = now();
		talk(&connection);
		tell(&connection, side, began);
	}
	else
		printf("unshown 0 0 0 0");
	end(&connection);
}

static void feedFile(int side, int version, size_t chunk, Files *bytes, Files *authorities)
{
	Connection connection = { .chunk = chunk };
	Files ownKey = { .files = { readDer(".", "own-key") }, .count = 1 }, own = { .files = { readDer(".", "own") }, .count = 1 };
	double began;

	connection.contexts[side] = newContext(kServer == side, authorities->count > 0, version, authorities);
	if (kServer == side)
		show(connection.contexts[side], &ownKey, &own);
	must(tlsEngineNew(&connection.engines[side], connection.contexts[side], kServer == side ? "" : "localhost", ""));
	began = now();
	hear(&connection, side, bytes->files[0].bytes, bytes->files[0].count);
	tell(&connection, side, began);
	freeFiles(&ownKey);
	freeFiles(&own);
	end(&connection);
}

static int obey(char *line)
{
	char *words[8] = { NULL }, *rest = NULL;
	Files one = { .count = 0 }, two = { .count = 0 }, three = { .count = 0 };
	int count = 0, side;

	for (char *word = strtok_r(line, " \n", &rest); word && (count < 8); word = strtok_r(NULL, " \n", &rest))
		words[count++] = word;
	if (count < 5)
		return 0;
	side = strcmp(words[1], "server") ? kClient : kServer;
	if (!strcmp(words[0], "pair") && (8 == count)) {
		readFiles(&one, words[5]);
		readFiles(&two, words[6]);
		readFiles(&three, words[7]);
		pair(side, atoi(words[2]), (size_t)atoi(words[3]), words[4], &one, &two, &three);
	}
	else {
		readFiles(&one, words[4]);
		if (words[5])
			readFiles(&two, words[5]);
		feedFile(side, atoi(words[2]), (size_t)atoi(words[3]), &one, &two);
	}
	freeFiles(&one);
	freeFiles(&two);
	freeFiles(&three);
	return 1;
}

int main(void)
{
	static char line[kLine];
	/* What stdio and the C library allocate once is no leak of a case. */
	size_t before;

	setvbuf(stdout, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		before = __sanitizer_get_current_allocated_bytes();
		if (!obey(line)) {
			fprintf(stderr, "no case\n");
			return 2;
		}
		printf(" %zd\n", (ssize_t)(__sanitizer_get_current_allocated_bytes() - before));
	}
	return 0;
}
