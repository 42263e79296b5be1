/* A client and a server of the engine that talk within one program, for tests under sanitizers. */

#ifndef __CONNECTION__
#define __CONNECTION__

#include "tlsengine.h"

/* A certificate's or a key's DER. */
typedef struct {
	uint8_t *bytes;
	size_t count;
} Der;

/* Reads NAME.der of the folder that is the program's first argument. Ends the program where there is none. */
Der readDer(const char *folder, const char *name);

typedef struct {
	TlsContext *contexts[2];
	TlsEngine *engines[2];
	/* What each has come to last. */
	int status[2];
	int isSecured[2];
	/* What each has received as data: how many bytes, and their sum. */
	size_t received[2];
	uint32_t sums[2];
	/* Bytes that went from each to the other. */
	size_t sent[2];
	/* The most that goes over at once, and how many go over before the network is silent; 0 for any number. */
	size_t chunk, limit;
} Connection;

enum { kClient, kServer };

/* Lets both talk until neither has anything to say. Gives whether the handshake is over on both sides. */
int talk(Connection *connection);
/* One side hears these bytes, whatever it says. */
void hear(Connection *connection, int side, const uint8_t *bytes, size_t count);
/* Writes and lets both talk. */
void say(Connection *connection, int from, const uint8_t *bytes, size_t count);

#endif
