/* What the programs on XS want of the device: see tests/lwip/xs/native.ts. */

#include "xsmc.h"
#include "xsHost.h"

/* stall(milliseconds): XS does nothing. */
void xs_lwip_stall(xsMachine *the)
{
	device_sleep((uint32_t)xsmcToInteger(xsArg(0)));
}

/* hold(isHeld): the tcpip thread does nothing. */
void xs_lwip_hold(xsMachine *the)
{
	device_hold(xsmcToBoolean(xsArg(0)));
}

/* setting(name): the text of a variable of the environment. */
void xs_lwip_setting(xsMachine *the)
{
	const char *value = getenv(xsmcToString(xsArg(0)));

	if (value)
		xsmcSetString(xsResult, (char *)value);
}

/* Bytes that tell their place: those that are repeated, lost or exchanged show. */
static uint8_t byteAt(uint32_t at)
{
	return (uint8_t)(at * 31 + (at >> 8));
}

/* fill(bytes, at): those that belong at a place of the stream. */
void xs_lwip_fill(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue count;
	uint32_t at = (uint32_t)xsmcToNumber(xsArg(1));

	xsmcGetBufferWritable(xsArg(0), &bytes, &count);
	for (xsUnsignedValue i = 0; i < count; i++)
		((uint8_t *)bytes)[i] = byteAt(at + i);
}

/* matches(bytes, at): whether they are those. */
void xs_lwip_matches(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue count;
	uint32_t at = (uint32_t)xsmcToNumber(xsArg(1));
	int matches = 1;

	xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	for (xsUnsignedValue i = 0; i < count; i++)
		matches = matches && (((uint8_t *)bytes)[i] == byteAt(at + i));
	xsmcSetBoolean(xsResult, matches);
}
