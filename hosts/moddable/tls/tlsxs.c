/*
	The classes of engine.ts. A pointer into a buffer of XS stays right while mbedTLS works, which allocates natively only;
	what is allocated in XS is allocated before or after. Numbers that are results are 0, or errors of tlsengine.h.
*/

#include "xsmc.h"
#include "xsHost.h"

#include <string.h>

#include "tlsengine.h"

static TlsContext *contextOf(xsMachine *the, xsSlot *slot)
{
	TlsContext *context = xsmcGetHostData(*slot);

	if (!context)
		xsUnknownError("the TLS context was freed");
	return context;
}

static TlsEngine *engineOf(xsMachine *the, xsSlot *slot)
{
	TlsEngine *engine = xsmcGetHostData(*slot);

	if (!engine)
		xsUnknownError("the TLS engine was freed");
	return engine;
}

/* The bytes of an argument from the position that the next one tells. */
static uint8_t *bytesFrom(xsMachine *the, int index, size_t *count)
{
	void *bytes;
	xsUnsignedValue all;
	xsIntegerValue start = xsmcToInteger(xsArg(index + 1));

	xsmcGetBufferReadable(xsArg(index), &bytes, &all);
	if ((start < 0) || ((xsUnsignedValue)start > all))
		xsRangeError("out of bounds");
	*count = all - (xsUnsignedValue)start;
	return (uint8_t *)bytes + start;
}

/* The bytes of an argument that the caller says to be static, where XS knows that they do not move. */
static uint8_t *certificateOf(xsMachine *the, size_t *count, int *isStatic)
{
	void *bytes;
	xsUnsignedValue all;
	int isFixed = xsBufferNonrelocatable == xsmcGetBufferReadable(xsArg(0), &bytes, &all);

	*isStatic = isFixed && xsmcToBoolean(xsArg(1));
	*count = all;
	return bytes;
}

/* ---- TlsContext */

void xs_tlscontext_destructor(void *data)
{
	tlsContextRelease(data);
}

/* create(isServer, isVerified, isTls13Only, usesBundle) */
void xs_tlscontext_create(xsMachine *the)
{
	TlsSettings settings = { 0 };
	TlsContext *context;
	int result;

	settings.isServer = xsmcToBoolean(xsArg(0));
	settings.isVerified = xsmcToBoolean(xsArg(1));
	settings.isTls13Only = xsmcToBoolean(xsArg(2));
	settings.usesBundle = xsmcToBoolean(xsArg(3));
	result = tlsContextNew(&context, &settings);
	if (!result)
		xsmcSetHostData(xsThis, context);
	xsmcSetInteger(xsResult, result);
}

/* The collector of garbage does not see how much is native. Engines keep what they need. */
void xs_tlscontext_free(xsMachine *the)
{
	TlsContext *context = xsmcGetHostData(xsThis);

	xsmcSetHostData(xsThis, NULL);
	tlsContextRelease(context);
}

/* addAuthority(bytes, isStatic) */
void xs_tlscontext_addAuthority(xsMachine *the)
{
	int isStatic;
	size_t count;
	uint8_t *bytes = certificateOf(the, &count, &isStatic);

	xsmcSetInteger(xsResult, tlsContextAddAuthority(contextOf(the, &xsThis), bytes, count, isStatic));
}

/* beginIdentity(key) */
void xs_tlscontext_beginIdentity(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue count;

	xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	xsmcSetInteger(xsResult, tlsContextBeginIdentity(contextOf(the, &xsThis), bytes, count));
}

/* addCertificate(bytes, isStatic) */
void xs_tlscontext_addCertificate(xsMachine *the)
{
	int isStatic;
	size_t count;
	uint8_t *bytes = certificateOf(the, &count, &isStatic);

	xsmcSetInteger(xsResult, tlsContextAddCertificate(contextOf(the, &xsThis), bytes, count, isStatic));
}

void xs_tlscontext_endIdentity(xsMachine *the)
{
	xsmcSetInteger(xsResult, tlsContextEndIdentity(contextOf(the, &xsThis)));
}

/* addProtocol(name) */
void xs_tlscontext_addProtocol(xsMachine *the)
{
	const char *name = xsmcToString(xsArg(0));

	xsmcSetInteger(xsResult, tlsContextAddProtocol(contextOf(the, &xsThis), name, strlen(name)));
}

/* useTickets(seconds) */
void xs_tlscontext_useTickets(xsMachine *the)
{
	xsmcSetInteger(xsResult, tlsContextUseTickets(contextOf(the, &xsThis), (uint32_t)xsmcToInteger(xsArg(0))));
}

/* ---- TlsEngine */

void xs_tlsengine_destructor(void *data)
{
	tlsEngineFree(data);
}

/* create(context, name, asked) */
void xs_tlsengine_create(xsMachine *the)
{
	TlsContext *context = contextOf(the, &xsArg(0));
	TlsEngine *engine;
	const char *name, *asked;
	int result;

	/* The second conversion may move the first string: both are strings already, which it does not. */
	name = xsmcToString(xsArg(1));
	asked = xsmcToString(xsArg(2));
	result = tlsEngineNew(&engine, context, name, asked);
	if (!result)
		xsmcSetHostData(xsThis, engine);
	xsmcSetInteger(xsResult, result);
}

void xs_tlsengine_free(xsMachine *the)
{
	TlsEngine *engine = xsmcGetHostData(xsThis);

	xsmcSetHostData(xsThis, NULL);
	tlsEngineFree(engine);
}

/* process(bytes, start): gives eight times the count of bytes that were used, plus the status: a number, no object. */
void xs_tlsengine_process(xsMachine *the)
{
	TlsEngine *engine = engineOf(the, &xsThis);
	size_t count, used;
	uint8_t *bytes = bytesFrom(the, 0, &count);
	int status = tlsEngineProcess(engine, bytes, count, &used);

	xsmcSetInteger(xsResult, (xsIntegerValue)(used * 8 + (size_t)status));
}

/* read(): the data of a record; undefined for none, and where it has failed */
void xs_tlsengine_read(xsMachine *the)
{
	TlsEngine *engine = engineOf(the, &xsThis);
	size_t count = tlsEngineAvailable(engine);

	if (!count)
		return;
	if (tlsEngineRead(engine, xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)count), count))
		xsmcSetUndefined(xsResult);
}

/* write(bytes, start): encrypts as much as a record takes, and gives how much that was */
void xs_tlsengine_write(xsMachine *the)
{
	TlsEngine *engine = engineOf(the, &xsThis);
	size_t count;
	uint8_t *bytes = bytesFrom(the, 0, &count);

	xsmcSetInteger(xsResult, (xsIntegerValue)tlsEngineWrite(engine, bytes, count));
}

/* maxRecord(): how many bytes of data a record takes */
void xs_tlsengine_maxRecord(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)tlsEngineMaxRecord(engineOf(the, &xsThis)));
}

/* take(max): bytes for the network; undefined for none */
void xs_tlsengine_take(xsMachine *the)
{
	TlsEngine *engine = engineOf(the, &xsThis);
	xsIntegerValue max = xsmcToInteger(xsArg(0));
	size_t count;
	const uint8_t *bytes = tlsEngineOutput(engine, &count);

	if (max < 0)
		max = 0;
	if (count > (size_t)max)
		count = (size_t)max;
	if (!count)
		return;
	memcpy(xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)count), bytes, count);
	tlsEngineTake(engine, count);
}

void xs_tlsengine_end(xsMachine *the)
{
	tlsEngineEnd(engineOf(the, &xsThis));
}

/* issuer(index): the key identifier of who has issued the peer's certificate `index`; undefined where it has none */
void xs_tlsengine_issuer(xsMachine *the)
{
	size_t count;
	const uint8_t *bytes = tlsEngineIssuer(engineOf(the, &xsThis), (unsigned)xsmcToInteger(xsArg(0)), &count);

	if (bytes)
		memcpy(xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)count), bytes, count);
}

/* certificates(): how many the peer has sent */
void xs_tlsengine_certificates(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)tlsEngineCertificates(engineOf(the, &xsThis)));
}

/* addAuthority(bytes, isStatic) */
void xs_tlsengine_addAuthority(xsMachine *the)
{
	int isStatic;
	size_t count;
	uint8_t *bytes = certificateOf(the, &count, &isStatic);

	xsmcSetInteger(xsResult, tlsEngineAddAuthority(engineOf(the, &xsThis), bytes, count, isStatic));
}

/* peer(): the peer's certificate; undefined for none */
void xs_tlsengine_peer(xsMachine *the)
{
	size_t count;
	const uint8_t *bytes = tlsEnginePeer(engineOf(the, &xsThis), &count);

	if (bytes)
		memcpy(xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)count), bytes, count);
}

void xs_tlsengine_isResumed(xsMachine *the)
{
	xsmcSetBoolean(xsResult, tlsEngineIsResumed(engineOf(the, &xsThis)));
}

void xs_tlsengine_hasSession(xsMachine *the)
{
	xsmcSetBoolean(xsResult, tlsEngineHasSession(engineOf(the, &xsThis)));
}

/* session(max): what a later connection resumes; undefined where there is none, or it has more than `max` bytes */
void xs_tlsengine_session(xsMachine *the)
{
	TlsEngine *engine = engineOf(the, &xsThis);
	size_t count = tlsEngineSession(engine, NULL, 0);

	if (!count || (count > (size_t)xsmcToInteger(xsArg(0))))
		return;
	if (!tlsEngineSession(engine, xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)count), count))
		xsmcSetUndefined(xsResult);
}

/* resume(session) */
void xs_tlsengine_resume(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue count;

	xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	xsmcSetInteger(xsResult, tlsEngineResume(engineOf(the, &xsThis), bytes, count));
}

/* failure(which): 0: the error, 1: the alert, 2: the flags, 3 and 4: the certificate's time, 5: its names */
void xs_tlsengine_failure(xsMachine *the)
{
	TlsFailure failure;

	tlsEngineFailure(engineOf(the, &xsThis), &failure);
	switch (xsmcToInteger(xsArg(0))) {
		case 0: xsmcSetInteger(xsResult, failure.error); break;
		case 1: xsmcSetInteger(xsResult, failure.alert); break;
		case 2: xsmcSetInteger(xsResult, (xsIntegerValue)failure.flags); break;
		case 3: xsmcSetNumber(xsResult, (xsNumberValue)failure.validFrom); break;
		case 4: xsmcSetNumber(xsResult, (xsNumberValue)failure.validTo); break;
		default: xsmcSetString(xsResult, (char *)failure.names); break;
	}
}

/* errorText(error) */
void xs_tls_errorText(xsMachine *the)
{
	char text[192];

	tlsErrorText(xsmcToInteger(xsArg(0)), text, sizeof(text));
	xsmcSetString(xsResult, text);
}
