/*
	What the SDK's own modules lack: a cryptographic random source (its `rng` repeats itself in the Linux
	simulator), a clock that never goes back, and a look at a port before a Listener is made for it; and what they
	have, but slower: `Logical.xor` goes byte by byte and wants views made for it, `TextDecoder` takes ten times as
	long for ASCII as a copy does.
*/

#include "xsmc.h"
#include "xsHost.h"

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

/* The bytes of a view from argument `first` to argument `first` + 1, or a RangeError. */
static uint8_t *rangeOf(xsMachine *the, uint8_t *bytes, xsUnsignedValue count, int first, xsUnsignedValue *length)
{
	xsIntegerValue start = xsmcToInteger(xsArg(first)), end = xsmcToInteger(xsArg(first + 1));

	if ((start < 0) || (end < start) || ((xsUnsignedValue)end > count))
		xsRangeError("out of bounds");
	*length = (xsUnsignedValue)(end - start);
	return bytes + start;
}

/* xorMask(bytes, start, end, mask, maskStart): RFC 6455, 5.3. The mask may lie in the same buffer, before the range. */
void xs_websockets_xorMask(xsMachine *the)
{
	void *buffer;
	xsUnsignedValue count, length;
	uint8_t key[4], *bytes;
	uint32_t word;
	xsIntegerValue maskStart = xsmcToInteger(xsArg(4));

	xsmcGetBufferReadable(xsArg(3), &buffer, &count);
	if ((maskStart < 0) || (count < 4) || ((xsUnsignedValue)maskStart > count - 4))
		xsRangeError("mask out of bounds");
	memcpy(key, (uint8_t *)buffer + maskStart, 4);
	xsmcGetBufferWritable(xsArg(0), &buffer, &count);
	bytes = rangeOf(the, (uint8_t *)buffer, count, 1, &length);

	while (length && ((uintptr_t)bytes & 3)) {
		uint8_t used = key[0];
		*bytes++ ^= used;
		length -= 1;
		memmove(key, key + 1, 3);
		key[3] = used;
	}
	memcpy(&word, key, 4);
	for (; length >= 4; length -= 4, bytes += 4)
		*(uint32_t *)bytes ^= word;
	for (xsUnsignedValue i = 0; i < length; i++)
		bytes[i] ^= key[i];
}

/* decodeAscii(bytes, start, end): the text, or undefined where a byte is not ASCII, or zero, which XS encodes apart. */
void xs_websockets_decodeAscii(xsMachine *the)
{
	void *buffer;
	xsUnsignedValue count, length, i = 0;
	const uint8_t *bytes;
	char *text;

	xsmcGetBufferReadable(xsArg(0), &buffer, &count);
	bytes = rangeOf(the, (uint8_t *)buffer, count, 1, &length);
	for (; i + 4 <= length; i += 4) {
		uint32_t word;
		memcpy(&word, bytes + i, 4);
		if ((word | (word - 0x01010101)) & 0x80808080)
			return;
	}
	for (; i < length; i++) {
		if ((uint8_t)(bytes[i] - 1) >= 0x7F)
			return;
	}
	/* To make the string may move the buffer. */
	xsmcSetStringBuffer(xsResult, NULL, (xsIntegerValue)length);
	xsmcGetBufferReadable(xsArg(0), &buffer, &count);
	bytes = rangeOf(the, (uint8_t *)buffer, count, 1, &length);
	text = xsmcToString(xsResult);
	memcpy(text, bytes, length);
	text[length] = 0;
}

/* RFC 3629, 3: surrogates, U+D800 to U+DFFF, "prohibited" in UTF-8, would be ED A0 80 to ED BF BF. */
void xs_websockets_hasSurrogates(xsMachine *the)
{
	void *buffer;
	xsUnsignedValue count;
	const uint8_t *bytes, *end;
	int found = 0;

	xsmcGetBufferReadable(xsArg(0), &buffer, &count);
	bytes = (const uint8_t *)buffer;
	end = bytes + count;
	while (!found && (bytes < end) && (bytes = memchr(bytes, 0xED, end - bytes))) {
		bytes += 1;
		found = (bytes < end) && (*bytes >= 0xA0);
	}
	xsmcSetBoolean(xsResult, found);
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
