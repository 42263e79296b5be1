/* Whom a certificate is for and when, alike for all versions and configurations of mbedTLS. */

#include "tlsinternal.h"

#include <string.h>

enum {
	/* RFC 5280, 4.2.1.6: GeneralName. */
	kDnsName = 2,
	kIpAddress = 7,
};

static uint8_t lower(uint8_t character)
{
	return ((character >= 'A') && (character <= 'Z')) ? (uint8_t)(character + 32) : character;
}

static int isSameText(const uint8_t *one, const char *other, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (lower(one[i]) != lower((uint8_t)other[i]))
			return 0;
	return 1;
}

/* RFC 6125, 6.4.3: a wildcard stands for the whole left-most label. Not for one of two labels, such as "*.com". */
static int matchesHost(const mbedtls_x509_buf *pattern, const char *name, size_t length)
{
	const char *dot;
	size_t rest;

	if ((pattern->len <= 2) || ('*' != pattern->p[0]) || ('.' != pattern->p[1]))
		return (pattern->len == length) && isSameText(pattern->p, name, length);
	dot = memchr(name, '.', length);
	rest = pattern->len - 1;
	if (!dot || (dot == name) || !memchr(pattern->p + 2, '.', rest - 1))
		return 0;
	return ((size_t)(name + length - dot) == rest) && isSameText(pattern->p + 1, dot, rest);
}

static int isDigit(char character)
{
	return (character >= '0') && (character <= '9');
}

/* Four numbers from 0 to 255. Gives whether `text` is an IPv4 address. */
static int parseIPv4(const char *text, size_t length, uint8_t *bytes)
{
	size_t at = 0;

	for (int i = 0; i < 4; i++) {
		int value = 0, digits = 0;
		if (i && ((at >= length) || ('.' != text[at++])))
			return 0;
		for (; (at < length) && isDigit(text[at]) && (digits < 3); digits++)
			value = value * 10 + text[at++] - '0';
		if (!digits || (value > 255))
			return 0;
		bytes[i] = (uint8_t)value;
	}
	return at == length;
}

static int hexOf(char character)
{
	if (isDigit(character))
		return character - '0';
	character = (char)lower((uint8_t)character);
	return ((character >= 'a') && (character <= 'f')) ? character - 'a' + 10 : -1;
}

/* RFC 4291, 2.2: up to eight groups, "::" for zeros once, an IPv4 address perhaps in the place of the last two. */
static int parseIPv6(const char *text, size_t length, uint8_t *bytes)
{
	uint8_t found[16] = { 0 };
	size_t at = 0, count = 0, gap = 17;

	while ((at < length) && (count < 16)) {
		int value = 0, digits = 0;
		if (':' == text[at]) {
			if ((at + 1 < length) && (':' == text[at + 1])) {
				if (gap <= 16)
					return 0;
				gap = count;
				at += 2;
				continue;
			}
			if (!count || (gap == count) || (++at == length))
				return 0;
		}
		else if (count && (gap != count))
			return 0;
		if ((count <= 12) && parseIPv4(text + at, length - at, found + count)) {
			count += 4;
			at = length;
			break;
		}
		for (; (at < length) && (hexOf(text[at]) >= 0) && (digits < 4); digits++)
			value = value * 16 + hexOf(text[at++]);
		if (!digits)
			return 0;
		found[count++] = (uint8_t)(value >> 8);
		found[count++] = (uint8_t)value;
	}
	if ((at != length) || ((gap > 16) ? (count != 16) : (count > 14)))
		return 0;
	if (gap > 16)
		gap = count;
	memset(bytes, 0, 16);
	memcpy(bytes, found, gap);
	memcpy(bytes + 16 - (count - gap), found + gap, count - gap);
	return 1;
}

int tlsIsFor(const mbedtls_x509_crt *certificate, const char *name, size_t length)
{
	uint8_t address[16];
	size_t addressLength = parseIPv4(name, length, address) ? 4 : parseIPv6(name, length, address) ? 16 : 0;

	if (length && ('.' == name[length - 1]))
		length -= 1;
	if (!length)
		return 0;
	for (const mbedtls_x509_sequence *at = &certificate->subject_alt_names; at && at->buf.p; at = at->next) {
		int kind = at->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
		if (addressLength) {
			if ((kIpAddress == kind) && (at->buf.len == addressLength) && !memcmp(at->buf.p, address, addressLength))
				return 1;
		}
		else if ((kDnsName == kind) && matchesHost(&at->buf, name, length))
			return 1;
	}
	return 0;
}

static void append(char *text, size_t size, size_t *at, char character)
{
	if (*at + 1 < size)
		text[(*at)++] = character;
}

static void appendNumber(char *text, size_t size, size_t *at, unsigned value)
{
	if (value >= 10)
		appendNumber(text, size, at, value / 10);
	append(text, size, at, (char)('0' + value % 10));
}

void tlsDescribeNames(const mbedtls_x509_crt *certificate, char *text, size_t size)
{
	size_t at = 0;

	for (const mbedtls_x509_sequence *name = &certificate->subject_alt_names; name && name->buf.p; name = name->next) {
		int kind = name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
		if ((kDnsName != kind) && ((kIpAddress != kind) || (4 != name->buf.len)))
			continue;
		if (at) {
			append(text, size, &at, ',');
			append(text, size, &at, ' ');
		}
		for (size_t i = 0; i < name->buf.len; i++) {
			uint8_t byte = name->buf.p[i];
			if (kIpAddress == kind) {
				if (i)
					append(text, size, &at, '.');
				appendNumber(text, size, &at, byte);
			}
			else
				append(text, size, &at, ((byte > ' ') && (byte < 0x7F)) ? (char)byte : '?');
		}
	}
	text[at] = 0;
}

/* Days since 1970 of the Gregorian calendar, whose years are counted from March here. */
static int64_t daysOf(int year, int month, int day)
{
	int64_t era;
	int yearOfEra, dayOfYear;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	yearOfEra = (int)(year - era * 400);
	dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

int64_t tlsSecondsOf(const mbedtls_x509_time *time)
{
	return daysOf(time->year, time->mon, time->day) * 86400 + time->hour * 3600 + time->min * 60 + time->sec;
}
