/* One connection of TLS. */

#include "tlsinternal.h"

#include <stdlib.h>
#include <string.h>

/* ---- life */

int tlsEngineNew(TlsEngine **made, TlsContext *context, const char *name, const char *asked)
{
	TlsEngine *engine = calloc(1, sizeof(TlsEngine));
	size_t length = strlen(name) + 1;
	int result;

	*made = NULL;
	if (!engine)
		return kTlsErrorMemory;
	engine->context = context;
	context->references += 1;
	engine->failure.alert = -1;
	mbedtls_ssl_init(&engine->ssl);
	engine->name = malloc(length);
	result = engine->name ? mbedtls_ssl_setup(&engine->ssl, &context->config) : kTlsErrorMemory;
	if (!result) {
		memcpy(engine->name, name, length);
		mbedtls_ssl_set_bio(&engine->ssl, engine, tlsSendBytes, tlsReceiveBytes, NULL);
		if (context->settings.isServer)
			mbedtls_ssl_set_verify(&engine->ssl, tlsCheckCertificate, engine);
		else
			result = mbedtls_ssl_set_hostname(&engine->ssl, *asked ? asked : NULL);
	}
	if (result) {
		tlsEngineFree(engine);
		return result;
	}
	*made = engine;
	return 0;
}

void tlsEngineFree(TlsEngine *engine)
{
	if (!engine)
		return;
	mbedtls_ssl_free(&engine->ssl);
	if (engine->authorities) {
		mbedtls_x509_crt_free(engine->authorities);
		free(engine->authorities);
	}
	tlsContextRelease(engine->context);
	free(engine->name);
	free(engine->out);
	free(engine);
}

static int failWith(TlsEngine *engine, int error)
{
	/* With ESP-IDF's dynamic buffers in_msg is no pointer while there is no buffer. */
	if ((MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE == error) && engine->ssl.PRIVATE(in_buf) && engine->ssl.PRIVATE(in_msg))
		engine->failure.alert = engine->ssl.PRIVATE(in_msg)[1];
	engine->failure.error = error;
	return kTlsFailed;
}

/* ---- the handshake */

/* RFC 8446, 6.2 */
static unsigned char alertFor(uint32_t flags)
{
	if (flags & (kTlsBadSize | kTlsBadCount))
		return MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT;
	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA;
	if (flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE))
		return MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED;
	return MBEDTLS_SSL_ALERT_MSG_BAD_CERT;
}

static int refusePeer(TlsEngine *engine, int error)
{
	mbedtls_ssl_send_alert_message(&engine->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alertFor(engine->failure.flags));
	return failWith(engine, error);
}

static int verifyPeer(TlsEngine *engine)
{
	const TlsContext *context = engine->context;
	int isWanted = context->settings.isVerified && !context->hasAuthorities && !context->checkBundle;
	int result;

	if (isWanted && !engine->hasAskedForAuthority) {
		engine->hasAskedForAuthority = 1;
		return kTlsAuthorityWanted;
	}
	engine->isUnverified = 0;
	result = tlsVerify(engine);
	return result ? refusePeer(engine, result) : kTlsContinue;
}

static int beSecured(TlsEngine *engine)
{
	const TlsSettings *settings = &engine->context->settings;

	/* Whoever is not asked for a certificate was: when the session began that is gone on with. */
	if (!settings->isServer && settings->isVerified && !engine->isVerified && (!engine->isResuming || engine->hasCertificate)) {
		engine->failure.flags |= kTlsBadAbsent;
		return refusePeer(engine, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED);
	}
	engine->isSecured = 1;
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
	/* Of TLS 1.3 it comes later, in a ticket. */
	engine->hasSession = MBEDTLS_SSL_VERSION_TLS1_2 == mbedtls_ssl_get_version_number(&engine->ssl);
#else
	engine->hasSession = 1;
#endif
	return kTlsSecured;
}

static int fail(TlsEngine *engine, int error)
{
	uint32_t flags = mbedtls_ssl_get_verify_result(&engine->ssl);

	/* A server's library has looked at the client's certificates. -1: it has not. */
	if (engine->context->settings.isServer && (flags != (uint32_t)-1))
		engine->failure.flags |= flags & ~(uint32_t)MBEDTLS_X509_BADCERT_SKIP_VERIFY;
	return failWith(engine, error);
}

static int shakeHands(TlsEngine *engine)
{
	int before = engine->ssl.PRIVATE(state), result;

	if (engine->isUnverified)
		return verifyPeer(engine);
	engine->context->badSizes = 0;
	result = tlsBeginStep(engine);
	if (!result)
		result = tlsEndStep(engine, mbedtls_ssl_handshake_step(&engine->ssl));
	/* Of TLS 1.3 it also says so where it wants to be called again. */
	if ((MBEDTLS_ERR_SSL_WANT_READ == result) || (MBEDTLS_ERR_SSL_WANT_WRITE == result))
		return engine->isStarved ? kTlsStarved : kTlsContinue;
	if (result) {
		engine->failure.flags |= engine->context->badSizes;
		return fail(engine, result);
	}
	if (!engine->context->settings.isServer && (MBEDTLS_SSL_SERVER_CERTIFICATE == before)
		&& (MBEDTLS_SSL_SERVER_CERTIFICATE != engine->ssl.PRIVATE(state)))
		engine->isUnverified = engine->hasCertificate = 1;
	if (mbedtls_ssl_is_handshake_over(&engine->ssl))
		return engine->isUnverified ? refusePeer(engine, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) : beSecured(engine);
	return kTlsContinue;
}

/* ---- data */

static int isTicket(int result)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && defined(MBEDTLS_SSL_SESSION_TICKETS)
	return MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET == result;
#else
	return 0;
#endif
}

static int readRecord(TlsEngine *engine)
{
	int result;

	if (tlsEngineAvailable(engine))
		return kTlsData;
	result = tlsBeginStep(engine);
	if (!result)
		result = tlsEndStep(engine, mbedtls_ssl_read(&engine->ssl, NULL, 0));
	if (result >= 0)
		return tlsEngineAvailable(engine) ? kTlsData : kTlsContinue;
	if ((MBEDTLS_ERR_SSL_WANT_READ == result) || (MBEDTLS_ERR_SSL_WANT_WRITE == result))
		return engine->isStarved ? kTlsStarved : kTlsContinue;
	if (isTicket(result)) {
		engine->hasSession = 1;
		return kTlsContinue;
	}
	if (MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY == result) {
		engine->isEnded = 1;
		return kTlsEnded;
	}
	return fail(engine, result);
}

int tlsEngineProcess(TlsEngine *engine, const uint8_t *bytes, size_t count, size_t *used)
{
	int status;

	*used = 0;
	if (engine->failure.error)
		return kTlsFailed;
	if (engine->isEnded)
		return kTlsEnded;
	if (tlsIsFull(engine))
		return kTlsFull;
	engine->in = bytes;
	engine->inLeft = count;
	engine->isStarved = engine->hasRecord = 0;
	status = engine->isSecured ? readRecord(engine) : shakeHands(engine);
	*used = count - engine->inLeft;
	engine->in = NULL;
	engine->inLeft = 0;
	return status;
}

size_t tlsEngineAvailable(const TlsEngine *engine)
{
	return (engine->isSecured && !engine->failure.error) ? mbedtls_ssl_get_bytes_avail(&engine->ssl) : 0;
}

int tlsEngineRead(TlsEngine *engine, uint8_t *bytes, size_t count)
{
	int result = mbedtls_ssl_read(&engine->ssl, bytes, count);

	if (result == (int)count)
		return 0;
	fail(engine, result < 0 ? result : MBEDTLS_ERR_SSL_INTERNAL_ERROR);
	return engine->failure.error;
}

size_t tlsEngineWrite(TlsEngine *engine, const uint8_t *bytes, size_t count)
{
	int result;

	if (!engine->isSecured || engine->hasEnded || engine->failure.error || !count)
		return 0;
	while (isTicket(result = mbedtls_ssl_write(&engine->ssl, bytes, count)))
		engine->hasSession = 1;
	if (result > 0)
		return (size_t)result;
	fail(engine, result ? result : MBEDTLS_ERR_SSL_INTERNAL_ERROR);
	return 0;
}

size_t tlsEngineMaxRecord(const TlsEngine *engine)
{
	int max = mbedtls_ssl_get_max_out_record_payload(&engine->ssl);

	return max > 0 ? (size_t)max : MBEDTLS_SSL_OUT_CONTENT_LEN;
}

void tlsEngineEnd(TlsEngine *engine)
{
	if (!engine->isSecured || engine->hasEnded || engine->failure.error)
		return;
	engine->hasEnded = 1;
	mbedtls_ssl_close_notify(&engine->ssl);
}
