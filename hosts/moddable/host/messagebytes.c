/*
	What is done with each byte of a message, in one call for each message: `Logical.xor` goes byte by byte and wants views
	made for it, `TextDecoder` takes ten times as long for ASCII as a copy does.
*/

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"
#include "messagebytes.h"

#include <string.h>

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

/* The result becomes a Uint8Array with the bytes of the ArrayBuffer that it is. */
static void viewResult(xsMachine *the)
{
	xsmcNew(xsResult, xsGlobal, xsID_Uint8Array, &xsResult, NULL);
}

/* copyBytes(bytes, start, end, isMasked?): a Uint8Array with the bytes, unmasked where they are masked. */
void xs_websockets_copyBytes(xsMachine *the)
{
	void *buffer;
	xsUnsignedValue count, length;
	uint8_t *bytes, *copy;

	xsmcGetBufferReadable(xsArg(0), &buffer, &count);
	rangeOf(the, buffer, count, 1, &length);
	copy = xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)length);
	/* To make the ArrayBuffer may move the other one. */
	xsmcGetBufferReadable(xsArg(0), &buffer, &count);
	bytes = rangeOf(the, buffer, count, 1, &length);
	if (isMasked(the, buffer, bytes))
		xorBytes(copy, bytes, length, bytes - 4);
	else
		memcpy(copy, bytes, length);
	viewResult(the);
}

/* Whether XS keeps the text as other bytes than UTF-8 has: U+0000 as C0 80, surrogates as ED A0 80 to ED BF BF. */
static int isKeptOtherwise(const uint8_t *text, xsUnsignedValue length)
{
	const uint8_t *at = text, *end = text + length;

	if (memchr(text, 0xC0, length))
		return 1;
	while ((at < end) && (at = memchr(at, 0xED, end - at))) {
		at += 1;
		if ((at < end) && (*at >= 0xA0))
			return 1;
	}
	return 0;
}

/* The surrogate at `text`; 0 for what is none. */
static uint32_t surrogateAt(const uint8_t *text, const uint8_t *end)
{
	if ((end - text < 3) || (text[0] != 0xED) || (text[1] < 0xA0))
		return 0;
	return 0xD000 | ((uint32_t)(text[1] & 0x3F) << 6) | (text[2] & 0x3F);
}

/*
	Makes UTF-8 (RFC 3629, 3) of a text that is kept otherwise: a pair of surrogates, which XS leaves as two where it was put
	together from two strings, becomes one character, one without the other U+FFFD. No longer than the text.

	`to` may be NULL. Gives the number of bytes.
*/
static xsUnsignedValue convertText(uint8_t *to, const uint8_t *text, xsUnsignedValue kept)
{
	const uint8_t *end = text + kept;
	xsUnsignedValue length = 0;

	while (text < end) {
		uint8_t bytes[4] = { *text };
		int count = 1, taken = 1;
		uint32_t unit = surrogateAt(text, end), next;

		if ((0xC0 == *text) && (end - text > 1) && (0x80 == text[1])) {
			bytes[0] = 0;
			taken = 2;
		}
		else if (unit) {
			next = (unit < 0xDC00) ? surrogateAt(text + 3, end) : 0;
			if (next >= 0xDC00) {
				uint32_t character = 0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00);

				bytes[0] = 0xF0 | (character >> 18);
				bytes[1] = 0x80 | ((character >> 12) & 0x3F);
				bytes[2] = 0x80 | ((character >> 6) & 0x3F);
				bytes[3] = 0x80 | (character & 0x3F);
				count = 4;
				taken = 6;
			}
			else {
				memcpy(bytes, "\xEF\xBF\xBD", 3);
				count = taken = 3;
			}
		}
		if (to)
			memcpy(to + length, bytes, count);
		length += count;
		text += taken;
	}
	return length;
}

/* An argument that is bytes or a text, as XS keeps it, and how long it is. What may move it: all that allocates. */
static const uint8_t *contentOf(xsMachine *the, int argument, int isText, xsUnsignedValue *kept)
{
	void *content;

	if (isText) {
		content = xsmcToString(xsArg(argument));
		*kept = (xsUnsignedValue)strlen(content);
	}
	else
		xsmcGetBufferReadable(xsArg(argument), &content, kept);
	return content;
}

/* encodeUtf8(text) */
void xs_websockets_encodeUtf8(xsMachine *the)
{
	xsUnsignedValue kept, length;
	const uint8_t *text = contentOf(the, 0, 1, &kept);
	int isConverted = isKeptOtherwise(text, kept);
	uint8_t *bytes;

	length = isConverted ? convertText(NULL, text, kept) : kept;
	bytes = xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)length);
	text = contentOf(the, 0, 1, &kept);
	if (isConverted)
		convertText(bytes, text, kept);
	else
		memcpy(bytes, text, length);
	viewResult(the);
}

/* Bytes of a frame before its payload (RFC 6455, 5.2). */
static xsUnsignedValue headerLength(xsUnsignedValue length, int isMasked)
{
	return (length < 126 ? 2 : length < 65536 ? 4 : 10) + (isMasked ? 4 : 0);
}

/* Writes the header of a frame but for its mask, which would be the four bytes before `start`. */
static void writeHeader(uint8_t *frame, uint8_t first, xsUnsignedValue length, int isMasked)
{
	int size = length < 126 ? 0 : length < 65536 ? 2 : 8;

	frame[0] = first;
	frame[1] = (isMasked ? 0x80 : 0) | (0 == size ? length : 2 == size ? 126 : 127);
	for (int at = 1 + size; at > 1; at--) {
		frame[at] = (uint8_t)length;
		length >>= 8;
	}
}

/*
	makeFrame(first, isMasked, payload, most?): a Uint8Array with a frame, whose payload is bytes, or a text as UTF-8. Undefined
	where that has more than `most` bytes.
*/
void xs_websockets_makeFrame(xsMachine *the)
{
	int isLimited = (xsmcArgc > 3) && (xsUndefinedType != xsmcTypeOf(xsArg(3)));
	xsIntegerValue first = xsmcToInteger(xsArg(0)), most = isLimited ? xsmcToInteger(xsArg(3)) : 0x7FFFFFFF;
	xsType type = xsmcTypeOf(xsArg(2));
	int isMasked = xsmcToBoolean(xsArg(1)), isText = (xsStringType == type) || (xsStringXType == type);
	xsUnsignedValue kept, length, start;
	const uint8_t *content = contentOf(the, 2, isText, &kept);
	int isConverted = isText && isKeptOtherwise(content, kept);
	uint8_t *frame, *payload;

	length = isConverted ? convertText(NULL, content, kept) : kept;
	if ((most < 0) || (length > (xsUnsignedValue)most))
		return;
	start = headerLength(length, isMasked);
	if (length > 0x7FFFFFFF - start)
		xsRangeError("too long for a frame");
	frame = xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)(start + length));
	content = contentOf(the, 2, isText, &kept);
	payload = frame + start;
	writeHeader(frame, (uint8_t)first, length, isMasked);
	if (isConverted)
		convertText(payload, content, kept);
	if (isMasked) {
		/* RFC 6455, 5.3: a fresh mask for each frame, "derived from a strong source of entropy". */
		if (!xs_websockets_drawRandom(payload - 4, 4))
			xsUnknownError("no random source");
		xorBytes(payload, isConverted ? payload : content, length, payload - 4);
	}
	else if (!isConverted)
		memcpy(payload, content, length);
	viewResult(the);
}
