/*
	What the SDK's own modules lack: a cryptographic random source (its `rng` repeats itself in the Linux
	simulator), a clock that never goes back, and a look at a port before a Listener is made for it.
*/

#include "xsmc.h"
#include "xsHost.h"
#include "messagebytes.h"

#include <string.h>

#if ESP32
	#include "esp_random.h"
	#include "esp_timer.h"
#elif defined(_WIN32)
	#include <windows.h>
	#include <bcrypt.h>
	#pragma comment(lib, "bcrypt")
#elif defined(__linux__) || defined(__APPLE__)
	#include <errno.h>
	#include <stdlib.h>
	#include <time.h>
	#include <unistd.h>
	#include <netinet/in.h>
	#include <sys/socket.h>
	#if defined(__linux__)
		#include <sys/random.h>
	#endif
#else
	#error "xs-websockets: add a random source and a clock for this platform here"
#endif

static int fillRandom(uint8_t *bytes, size_t count)
{
#if ESP32
	esp_fill_random(bytes, count);
#elif defined(_WIN32)
	return BCRYPT_SUCCESS(BCryptGenRandom(NULL, bytes, (ULONG)count, BCRYPT_USE_SYSTEM_PREFERRED_RNG));
#elif defined(__APPLE__)
	arc4random_buf(bytes, count);
#else
	while (count > 0) {
		ssize_t filled = getrandom(bytes, count, 0);
		if (filled < 0) {
			if (EINTR == errno)
				continue;
			return 0;
		}
		bytes += filled;
		count -= (size_t)filled;
	}
#endif
	return 1;
}

int xs_websockets_drawRandom(uint8_t *bytes, size_t count)
{
#if defined(__linux__) && !ESP32
	static _Thread_local uint8_t stock[256];
	static _Thread_local size_t used = sizeof(stock);

	if (used + count > sizeof(stock)) {
		if (!fillRandom(stock, sizeof(stock)))
			return 0;
		used = 0;
	}
	memcpy(bytes, stock + used, count);
	used += count;
	return 1;
#else
	return fillRandom(bytes, count);
#endif
}

void xs_websockets_fillRandom(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue count;

	xsmcGetBufferWritable(xsArg(0), &bytes, &count);
	if (!fillRandom((uint8_t *)bytes, count))
		xsUnknownError("no random source");
}

void xs_websockets_monotonicTime(xsMachine *the)
{
	xsNumberValue milliseconds;
#if ESP32
	milliseconds = (xsNumberValue)esp_timer_get_time() / 1000.0;
#elif defined(_WIN32)
	milliseconds = (xsNumberValue)GetTickCount64();
#else
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	milliseconds = (xsNumberValue)time.tv_sec * 1000.0 + (xsNumberValue)time.tv_nsec / 1000000.0;
#endif
	xsmcSetNumber(xsResult, milliseconds);
}

/* Gives the name of the error that binding and listening would meet, undefined for none. */
void xs_websockets_probePort(xsMachine *the)
{
#if defined(__linux__) || defined(__APPLE__)
	struct sockaddr_in address = { 0 };
	int yes = 1, failure = 0;
	int probe = socket(AF_INET, SOCK_STREAM, IPPROTO_IP);

	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)xsmcToInteger(xsArg(0)));
	if (probe < 0)
		failure = errno;
	else {
		setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
		if (bind(probe, (struct sockaddr *)&address, sizeof(address)) || listen(probe, 1))
			failure = errno;
		close(probe);
	}
	if (EADDRINUSE == failure)
		xsmcSetString(xsResult, "EADDRINUSE");
	else if (EACCES == failure)
		xsmcSetString(xsResult, "EACCES");
	else if (failure)
		xsmcSetString(xsResult, "EIO");
#endif
}

/* Whether the SDK's TCP polls, and so loses the peer's FIN behind unread bytes: see tcpsocket.ts. */
void xs_websockets_pollsSockets(xsMachine *the)
{
#if defined(__linux__)
	xsmcSetBoolean(xsResult, 1);
#else
	xsmcSetBoolean(xsResult, 0);
#endif
}
