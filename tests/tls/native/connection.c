#include "connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Der readDer(const char *folder, const char *name)
{
	char path[512];
	Der der = { 0 };
	FILE *file;
	long length;

	snprintf(path, sizeof(path), "%s/%s.der", folder, name);
	file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END) || ((length = ftell(file)) <= 0)) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(2);
	}
	rewind(file);
	der.count = (size_t)length;
	der.bytes = malloc(der.count);
	if (!der.bytes || (fread(der.bytes, 1, der.count, file) != der.count))
		exit(2);
	fclose(file);
	return der;
}

/* Takes what there is to read, and gives whether there was any. */
static void readAll(Connection *connection, int side)
{
	uint8_t bytes[16384];
	size_t count = tlsEngineAvailable(connection->engines[side]);

	if (tlsEngineRead(connection->engines[side], bytes, count))
		return;
	connection->received[side] += count;
	for (size_t i = 0; i < count; i++)
		connection->sums[side] = connection->sums[side] * 31 + bytes[i];
}

/* Feeds bytes to a side until it is starved, or does not take them. */
static void feed(Connection *connection, int side, const uint8_t *bytes, size_t count)
{
	for (size_t at = 0;;) {
		size_t used;
		int status = tlsEngineProcess(connection->engines[side], bytes + at, count - at, &used);
		at += used;
		connection->status[side] = status;
		if (kTlsSecured == status)
			connection->isSecured[side] = 1;
		else if (kTlsData == status)
			readAll(connection, side);
		else if ((kTlsContinue != status) && (kTlsAuthorityWanted != status))
			return;
	}
}

/* Carries what one side has to say to the other. Gives whether there was any. */
static int carry(Connection *connection, int from)
{
	size_t count, left = connection->limit - connection->sent[from];
	const uint8_t *output = tlsEngineOutput(connection->engines[from], &count);
	uint8_t *bytes;

	if (connection->chunk && (count > connection->chunk))
		count = connection->chunk;
	if (connection->limit && (count > left))
		count = left;
	if (!count)
		return 0;
	/* A block of its own length, so that a sanitizer sees who reads behind its end. */
	bytes = malloc(count);
	if (!bytes)
		return 0;
	memcpy(bytes, output, count);
	tlsEngineTake(connection->engines[from], count);
	connection->sent[from] += count;
	if (kTlsFull == connection->status[from])
		feed(connection, from, NULL, 0);
	feed(connection, !from, bytes, count);
	free(bytes);
	return 1;
}

/* Forgets what a side has to say. */
static void drop(Connection *connection, int side)
{
	size_t count;

	tlsEngineOutput(connection->engines[side], &count);
	if (count)
		tlsEngineTake(connection->engines[side], count);
}

int talk(Connection *connection)
{
	int isTalking = 1;

	feed(connection, kClient, NULL, 0);
	while (isTalking)
		isTalking = carry(connection, kClient) | carry(connection, kServer);
	return connection->isSecured[kClient] && connection->isSecured[kServer];
}

void hear(Connection *connection, int side, const uint8_t *bytes, size_t count)
{
	feed(connection, side, NULL, 0);
	for (size_t at = 0; at < count;) {
		size_t length = connection->chunk ? connection->chunk : count;
		uint8_t *copy;
		if (length > count - at)
			length = count - at;
		copy = malloc(length);
		if (!copy)
			return;
		memcpy(copy, bytes + at, length);
		feed(connection, side, copy, length);
		free(copy);
		at += length;
		drop(connection, side);
	}
}

void say(Connection *connection, int from, const uint8_t *bytes, size_t count)
{
	while (count) {
		size_t used = tlsEngineWrite(connection->engines[from], bytes, count);
		if (!used)
			return;
		bytes += used;
		count -= used;
		talk(connection);
	}
}
