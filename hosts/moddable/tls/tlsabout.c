/* What is known of a connection of TLS: the peer's certificates, sessions to resume, names. */

#include "tlsinternal.h"

#include <stdlib.h>

mbedtls_x509_crt *tlsPeerChain(const TlsEngine *engine)
{
#if TLS_KEEPS_CERTIFICATES
	const mbedtls_ssl_session *session = engine->ssl.PRIVATE(session_negotiate);

	if (!session)
		session = engine->ssl.PRIVATE(session);
	return session ? session->PRIVATE(peer_cert) : NULL;
#else
	return NULL;
#endif
}

int tlsEngineResume(TlsEngine *engine, const uint8_t *bytes, size_t count)
{
	mbedtls_ssl_session session;
	int result;

	mbedtls_ssl_session_init(&session);
	result = mbedtls_ssl_session_load(&session, bytes, count);
	if (!result)
		result = mbedtls_ssl_set_session(&engine->ssl, &session);
	mbedtls_ssl_session_free(&session);
	engine->isResuming = !result;
	return result;
}

int tlsEngineIsResumed(const TlsEngine *engine)
{
	return engine->isSecured && engine->isResuming && !engine->hasCertificate;
}

int tlsEngineHasSession(const TlsEngine *engine)
{
	return engine->hasSession;
}

size_t tlsEngineSession(TlsEngine *engine, uint8_t *bytes, size_t count)
{
	const mbedtls_ssl_session *session = engine->isSecured ? engine->ssl.PRIVATE(session) : NULL;
	size_t length = 0;
	int result;

	if (!session || engine->context->settings.isServer)
		return 0;
	result = mbedtls_ssl_session_save(session, bytes, count, &length);
	if (!bytes)
		return (MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL == result) ? length : 0;
	engine->hasSession = 0;
	return result ? 0 : length;
}

unsigned tlsEngineCertificates(const TlsEngine *engine)
{
	unsigned count = 0;

	for (const mbedtls_x509_crt *at = tlsPeerChain(engine); at && (count < kTlsMaxCertificates); at = at->next)
		count += 1;
	return count;
}

const uint8_t *tlsEngineIssuer(const TlsEngine *engine, unsigned index, size_t *count)
{
	const mbedtls_x509_crt *at = tlsPeerChain(engine);

	while (at && index--)
		at = at->next;
	*count = at ? at->authority_key_id.keyIdentifier.len : 0;
	return *count ? at->authority_key_id.keyIdentifier.p : NULL;
}

int tlsEngineAddAuthority(TlsEngine *engine, const uint8_t *der, size_t count, int isStatic)
{
	if (!engine->authorities) {
		engine->authorities = calloc(1, sizeof(mbedtls_x509_crt));
		if (!engine->authorities)
			return kTlsErrorMemory;
		mbedtls_x509_crt_init(engine->authorities);
	}
	return isStatic ? mbedtls_x509_crt_parse_der_nocopy(engine->authorities, der, count)
		: mbedtls_x509_crt_parse_der(engine->authorities, der, count);
}

const uint8_t *tlsEnginePeer(const TlsEngine *engine, size_t *count)
{
	const mbedtls_x509_crt *peer = engine->isSecured ? mbedtls_ssl_get_peer_cert(&engine->ssl) : NULL;

	*count = peer ? peer->raw.len : 0;
	return peer ? peer->raw.p : NULL;
}

void tlsEngineFailure(const TlsEngine *engine, TlsFailure *failure)
{
	*failure = engine->failure;
	failure->names = engine->names;
}

const char *tlsEngineVersion(const TlsEngine *engine)
{
	return engine->isSecured ? mbedtls_ssl_get_version(&engine->ssl) : "";
}

const char *tlsEngineProtocol(const TlsEngine *engine)
{
#if defined(MBEDTLS_SSL_ALPN)
	const char *name = engine->isSecured ? mbedtls_ssl_get_alpn_protocol(&engine->ssl) : NULL;

	return name ? name : "";
#else
	return "";
#endif
}
