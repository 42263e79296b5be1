/*
	What the SDK's own modules lack: a cryptographic random source (its `rng` repeats itself in the Linux
	simulator), a clock that never goes back, and a look at a port before a Listener is made for it; and what is done
	with each byte of a message, in one call for each message: `Logical.xor` goes byte by byte and wants views made for
	it, `TextDecoder` takes ten times as long for ASCII as a copy does.
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

/* As fillRandom, from a stock where each draw would be a system call, which costs more than a small frame. */
static int drawRandom(uint8_t *bytes, size_t count)
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

/* The bytes of a view from argument `first` to argument `first` + 1, or a RangeError. */
static uint8_t *rangeOf(xsMachine *the, uint8_t *bytes, xsUnsignedValue count, int first, xsUnsignedValue *length)
{
	xsIntegerValue start = xsmcToInteger(xsArg(first)), end = xsmcToInteger(xsArg(first + 1));

	if ((start < 0) || (end < start) || ((xsUnsignedValue)end > count))
		xsRangeError("out of bounds");
	*length = (xsUnsignedValue)(end - start);
	return bytes + start;
}

/* Whether argument 3 says that the four bytes before `bytes` in `buffer` are its mask (RFC 6455, 5.2), or a RangeError. */
static int isMasked(xsMachine *the, const uint8_t *buffer, const uint8_t *bytes)
{
	if ((xsmcArgc < 4) || !xsmcToBoolean(xsArg(3)))
		return 0;
	if (bytes - buffer < 4)
		xsRangeError("no room for a mask before the bytes");
	return 1;
}

/* Copies bytes, or leaves them where they are, XORed with a mask whose first byte meets the first of them. */
static void xorBytes(uint8_t *to, const uint8_t *from, xsUnsignedValue length, const uint8_t *mask)
{
	uint32_t word, bits;
	xsUnsignedValue i = 0;

	memcpy(&word, mask, 4);
	for (; i + 4 <= length; i += 4) {
		memcpy(&bits, from + i, 4);
		bits ^= word;
		memcpy(to + i, &bits, 4);
	}
	for (; i < length; i++)
		to[i] = from[i] ^ mask[i & 3];
}

/* xorMask(bytes, start, end, mask, maskStart). The mask may lie in the same buffer, before the range. */
void xs_websockets_xorMask(xsMachine *the)
{
	void *buffer;
	xsUnsignedValue count, length;
	uint8_t mask[4], *bytes;
	xsIntegerValue maskStart = xsmcToInteger(xsArg(4));

	xsmcGetBufferReadable(xsArg(3), &buffer, &count);
	if ((maskStart < 0) || (count < 4) || ((xsUnsignedValue)maskStart > count - 4))
		xsRangeError("mask out of bounds");
	memcpy(mask, (uint8_t *)buffer + maskStart, 4);
	xsmcGetBufferWritable(xsArg(0), &buffer, &count);
	bytes = rangeOf(the, buffer, count, 1, &length);
	xorBytes(bytes, bytes, length, mask);
}

/* How many bytes at `bytes` the character there takes (RFC 3629, 4), which is not ASCII; 0 where there is none. */
static int characterLength(const uint8_t *bytes, const uint8_t *end)
{
	uint8_t first = bytes[0], low = 0x80, high = 0xBF;
	int length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;

	if ((first < 0xC2) || (first > 0xF4) || (length > end - bytes))
		return 0;
	if (0xE0 == first)
		low = 0xA0;
	else if (0xED == first)
		high = 0x9F;
	else if (0xF0 == first)
		low = 0x90;
	else if (0xF4 == first)
		high = 0x8F;
	if ((bytes[1] < low) || (bytes[1] > high))
		return 0;
	for (int i = 2; i < length; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
	}
	return length;
}

/* How many characters U+0000 a text has, which XS keeps in two bytes; -1 where it is not UTF-8. */
static xsIntegerValue countNulls(const uint8_t *bytes, const uint8_t *end)
{
	xsIntegerValue nulls = 0;

	while (bytes < end) {
		uint32_t word;
		int length = 1;

		while (end - bytes >= 4) {
			memcpy(&word, bytes, 4);
			if ((word | (word - 0x01010101)) & 0x80808080)
				break;
			bytes += 4;
		}
		if (bytes == end)
			break;
		if (0 == *bytes)
			nulls += 1;
		else if (*bytes >= 0x80)
			length = characterLength(bytes, end);
		if (0 == length)
			return -1;
		bytes += length;
	}
	return nulls;
}

/* Copies a text; U+0000 becomes C0 80, as XS keeps it. */
static void copyText(char *text, const uint8_t *bytes, xsUnsignedValue length, xsIntegerValue nulls)
{
	if (0 == nulls) {
		memcpy(text, bytes, length);
		text += length;
	}
	else {
		for (xsUnsignedValue i = 0; i < length; i++) {
			if (bytes[i])
				*text++ = (char)bytes[i];
			else {
				*text++ = (char)0xC0;
				*text++ = (char)0x80;
			}
		}
	}
	*text = 0;
}

/* decodeUtf8(bytes, start, end, isMasked?): masked bytes are unmasked in place. TypeError where they are not UTF-8. */
void xs_websockets_decodeUtf8(xsMachine *the)
{
	void *buffer;
	xsUnsignedValue count, length;
	uint8_t *bytes;
	xsIntegerValue nulls;

	xsmcGetBufferReadable(xsArg(0), &buffer, &count);
	bytes = rangeOf(the, buffer, count, 1, &length);
	if (isMasked(the, buffer, bytes)) {
		xsmcGetBufferWritable(xsArg(0), &buffer, &count);
		xorBytes(bytes, bytes, length, bytes - 4);
	}
	nulls = countNulls(bytes, bytes + length);
	if (nulls < 0)
		xsTypeError("not UTF-8");
	/* To make the string may move the buffer. */
	xsmcSetStringBuffer(xsResult, NULL, (xsIntegerValue)length + nulls);
	xsmcGetBufferReadable(xsArg(0), &buffer, &count);
	copyText(xsmcToString(xsResult), rangeOf(the, buffer, count, 1, &length), length, nulls);
}

/* copyBytes(bytes, start, end, isMasked?): an ArrayBuffer with the bytes, unmasked where they are masked. */
void xs_websockets_copyBytes(xsMachine *the)
{
	void *buffer;
	xsUnsignedValue count, length;
	uint8_t *bytes, *copy;

	xsmcGetBufferReadable(xsArg(0), &buffer, &count);
	rangeOf(the, buffer, count, 1, &length);
	xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)length);
	/* To make the ArrayBuffer may move the other one. */
	xsmcGetBufferReadable(xsArg(0), &buffer, &count);
	bytes = rangeOf(the, buffer, count, 1, &length);
	copy = xsmcToArrayBuffer(xsResult);
	if (isMasked(the, buffer, bytes))
		xorBytes(copy, bytes, length, bytes - 4);
	else
		memcpy(copy, bytes, length);
}

/* Whether XS keeps the text as other bytes than UTF-8 has: U+0000 as C0 80, surrogates as ED A0 80 to ED BF BF. */
static int isKeptOtherwise(const uint8_t *text, xsUnsignedValue length)
{
	const uint8_t *at = text, *end = text + length;

	if (memchr(text, 0xC0, length))
		return 1;
	while ((at < end) && (at = memchr(at, 0xED, end - at))) {
		if (at[1] >= 0xA0)
			return 1;
		at += 1;
	}
	return 0;
}

/*
	withRoom(payload, room, room16, room64): an ArrayBuffer with room for a frame's header, and the payload behind it: bytes,
	or a text as UTF-8. `room` is for up to 125 bytes, `room16` for up to 65,535. Undefined for a text that XS keeps otherwise.
*/
void xs_websockets_withRoom(xsMachine *the)
{
	xsType type = xsmcTypeOf(xsArg(0));
	int isText = (xsStringType == type) || (xsStringXType == type);
	void *payload;
	xsUnsignedValue length;
	xsIntegerValue room;

	if (isText) {
		payload = xsmcToString(xsArg(0));
		length = (xsUnsignedValue)strlen(payload);
		if (isKeptOtherwise(payload, length))
			return;
	}
	else
		xsmcGetBufferReadable(xsArg(0), &payload, &length);
	room = xsmcToInteger(xsArg(length < 126 ? 1 : length < 65536 ? 2 : 3));
	if ((room < 0) || (room > 64))
		xsRangeError("room out of bounds");
	xsmcSetArrayBuffer(xsResult, NULL, room + (xsIntegerValue)length);
	/* To make the ArrayBuffer may move the payload. */
	if (isText)
		payload = xsmcToString(xsArg(0));
	else
		xsmcGetBufferReadable(xsArg(0), &payload, &length);
	memcpy((uint8_t *)xsmcToArrayBuffer(xsResult) + room, payload, length);
}

/* maskFrame(frame, start): fills the four bytes before `start` with a fresh mask, and masks what is behind (RFC 6455, 5.3). */
void xs_websockets_maskFrame(xsMachine *the)
{
	void *buffer;
	xsUnsignedValue count;
	uint8_t *payload;
	xsIntegerValue start = xsmcToInteger(xsArg(1));

	xsmcGetBufferWritable(xsArg(0), &buffer, &count);
	if ((start < 4) || ((xsUnsignedValue)start > count))
		xsRangeError("out of bounds");
	payload = (uint8_t *)buffer + start;
	if (!drawRandom(payload - 4, 4))
		xsUnknownError("no random source");
	xorBytes(payload, payload, count - (xsUnsignedValue)start, payload - 4);
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
