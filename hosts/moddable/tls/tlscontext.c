/* What connections of TLS share. */

#include "tlsinternal.h"

#include <stdlib.h>
#include <string.h>

#include "psa/crypto.h"
#if TLS_MBEDTLS_MAJOR < 4
	#include "mbedtls/psa_util.h"
#endif
#if defined(MBEDTLS_ERROR_C)
	#include "mbedtls/error.h"
#endif
#if defined(ESP32) && defined(CONFIG_MBEDTLS_CERTIFICATE_BUNDLE)
	#include <stdbool.h>
	#include "esp_crt_bundle.h"
	#define TLS_HAS_BUNDLE 1
#endif

/* In mbedTLS 4 the library has its random source itself. */
#if TLS_MBEDTLS_MAJOR < 4
	#define TLS_RANDOM , mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE
#else
	#define TLS_RANDOM
#endif

/* RFC 9325, 4.2: forward secrecy and authenticated encryption first. A client may need what follows for old servers. */
static const uint16_t kCipherSuites[] = {
	0x1301, 0x1303, 0x1302,
	/* ECDHE with ECDSA or RSA: AES-128-GCM, ChaCha20-Poly1305, AES-256-GCM. */
	0xC02B, 0xC02F, 0xCCA9, 0xCCA8, 0xC02C, 0xC030,
};
static const uint16_t kOldCipherSuites[] = {
	/* ECDHE with CBC: AES-128 and AES-256 with SHA-2, then with SHA-1. */
	0xC023, 0xC027, 0xC024, 0xC028, 0xC009, 0xC013, 0xC00A, 0xC014,
	/* A key exchange by RSA, with GCM and with CBC. */
	0x009C, 0x009D, 0x003C, 0x003D, 0x002F, 0x0035,
};

/* Not the groups of finite fields, the largest of which takes a small device minutes. */
static const uint16_t kGroups[] = {
	MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
	MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1,
	MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

enum { kFill = 0xA5, kMargin = 64 };

/* Whether the library clears exactly `size` bytes by `init`: else its struct is another than the one of this file. */
static int hasSize(void (*init)(void *), size_t size, int *hasMemory)
{
	uint8_t *bytes = malloc(size + kMargin);
	size_t i;
	int isRight = 1;

	if (!bytes) {
		*hasMemory = 0;
		return 0;
	}
	memset(bytes, kFill, size + kMargin);
	init(bytes);
	for (i = 0; i < kMargin; i++)
		isRight &= kFill == bytes[size + i];
	/* All of the struct's own, but for what padding at its end might leave. */
	for (i = 0; i + sizeof(void *) < size; i += 1)
		isRight &= kFill != bytes[i];
	isRight &= kFill != bytes[size - sizeof(void *)];
	free(bytes);
	return isRight;
}

static void initConfig(void *it) { mbedtls_ssl_config_init(it); }
static void initSsl(void *it) { mbedtls_ssl_init(it); }
static void initCertificate(void *it) { mbedtls_x509_crt_init(it); }

static int checkLayout(void)
{
	int hasMemory = 1;
	int isRight = hasSize(initConfig, sizeof(mbedtls_ssl_config), &hasMemory)
		&& hasSize(initSsl, sizeof(mbedtls_ssl_context), &hasMemory)
		&& hasSize(initCertificate, sizeof(mbedtls_x509_crt), &hasMemory);
	return isRight ? 0 : hasMemory ? kTlsErrorLayout : kTlsErrorMemory;
}

static void addCipherSuites(TlsContext *context, int *at, const uint16_t *suites, size_t count)
{
	for (size_t i = 0; (i < count) && (*at < kTlsCipherSuites); i++)
		if (mbedtls_ssl_ciphersuite_from_id(suites[i]))
			context->cipherSuites[(*at)++] = suites[i];
}

/* The library asks for the authorities of a client's certificate, before it checks any signature of the peer's. */
#if TLS_CHECKS_CLIENTS
static int findAuthorities(void *it, const mbedtls_x509_crt *child, mbedtls_x509_crt **found)
{
	TlsContext *context = it;
	mbedtls_x509_crt *chain;

	*found = NULL;
	context->badSizes = tlsCheckSizes(child);
	if (context->badSizes)
		return MBEDTLS_ERR_X509_FATAL_ERROR;
	chain = calloc(1, sizeof(mbedtls_x509_crt));
	if (!chain)
		return MBEDTLS_ERR_X509_ALLOC_FAILED;
	mbedtls_x509_crt_init(chain);
	for (const mbedtls_x509_crt *at = &context->authorities; at; at = at->next) {
		int result;
		if ((at->subject_raw.len != child->issuer_raw.len) || memcmp(at->subject_raw.p, child->issuer_raw.p, at->subject_raw.len))
			continue;
		result = mbedtls_x509_crt_parse_der_nocopy(chain, at->raw.p, at->raw.len);
		if (result) {
			mbedtls_x509_crt_free(chain);
			free(chain);
			return result;
		}
	}
	/* The library frees it. */
	*found = chain;
	return 0;
}
#endif

#if defined(MBEDTLS_SSL_SERVER_NAME_INDICATION)
/* RFC 6066, 3. A name that nobody has is served the first identity: so that whoever asks sees what this server is. */
static int chooseIdentity(void *it, mbedtls_ssl_context *ssl, const unsigned char *name, size_t length)
{
	TlsContext *context = it;

	for (TlsIdentity *identity = context->identities; identity; identity = identity->next)
		if (tlsIsFor(&identity->chain, (const char *)name, length))
			return mbedtls_ssl_set_hs_own_cert(ssl, &identity->chain, &identity->key);
	return 0;
}
#endif

/* The certificates of a server are looked at between two steps of the handshake: see tlsVerify. */
static int configureClient(mbedtls_ssl_config *config)
{
#if TLS_KEEPS_CERTIFICATES
	/*
		RSA by PKCS #1 before PSS. TLS 1.3 has PSS only, whatever comes first. Of a server with TLS 1.2 mbedTLS 3.6.6 and 4.1.0
		do not take PSS although they offer it (https://github.com/Mbed-TLS/mbedtls/issues/10668; mended in what follows them):
		with these only servers that prefer PSS by themselves stay unreachable.
	*/
	static const uint16_t kClientSignatures[] = {
		MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
		MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
		MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
		MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256, MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384, MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
		MBEDTLS_TLS1_3_SIG_NONE,
	};

	mbedtls_ssl_conf_sig_algs(config, kClientSignatures);
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_NONE);
	/* mbedTLS 4 always tells of tickets, and 3.6.0 had no choice either. */
	#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && defined(MBEDTLS_SSL_SESSION_TICKETS) && (TLS_MBEDTLS_MAJOR < 4) && (MBEDTLS_VERSION_NUMBER >= 0x03060100)
	mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
	#endif
	return 0;
#else
	return kTlsErrorNoClient;
#endif
}

static int configureServer(TlsContext *context)
{
	mbedtls_ssl_config *config = &context->config;

#if defined(MBEDTLS_SSL_SERVER_NAME_INDICATION)
	mbedtls_ssl_conf_sni(config, chooseIdentity, context);
#endif
	mbedtls_ssl_conf_authmode(config, context->settings.isVerified ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE);
#if TLS_CHECKS_CLIENTS
	if (context->settings.isVerified)
		mbedtls_ssl_conf_ca_cb(config, findAuthorities, context);
	return 0;
#else
	return context->settings.isVerified ? kTlsErrorNoClientCertificates : 0;
#endif
}

static int configure(TlsContext *context)
{
	mbedtls_ssl_config *config = &context->config;
	int isServer = context->settings.isServer, at = 0, result;

	result = mbedtls_ssl_config_defaults(config, isServer ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
		MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
	if (result)
		return result;
#if TLS_MBEDTLS_MAJOR < 4
	mbedtls_ssl_conf_rng(config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
#endif
	addCipherSuites(context, &at, kCipherSuites, sizeof(kCipherSuites) / sizeof(kCipherSuites[0]));
	if (!isServer)
		addCipherSuites(context, &at, kOldCipherSuites, sizeof(kOldCipherSuites) / sizeof(kOldCipherSuites[0]));
	mbedtls_ssl_conf_ciphersuites(config, context->cipherSuites);
	mbedtls_ssl_conf_groups(config, kGroups);
	mbedtls_ssl_conf_cert_profile(config, &tlsProfile);
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
	if (context->settings.isTls13Only)
		mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
	/* RFC 8446, 4.2.9: a session is resumed with a new key exchange only, so that it keeps forward secrecy. */
	mbedtls_ssl_conf_tls13_key_exchange_modes(config, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL | MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL);
	#if defined(CONFIG_MBEDTLS_DYNAMIC_BUFFER)
	/* A server of TLS 1.3 crashes with ESP-IDF's dynamic buffers. */
	if (isServer)
		mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
	#endif
#else
	if (context->settings.isTls13Only)
		return kTlsErrorNoTls13;
#endif
#if TLS_HAS_BUNDLE
	if (!isServer && context->settings.usesBundle && !esp_crt_bundle_attach(config)) {
		context->checkBundle = config->MBEDTLS_PRIVATE(f_vrfy);
		mbedtls_ssl_conf_verify(config, NULL, NULL);
		mbedtls_ssl_conf_ca_chain(config, NULL, NULL);
	}
#endif
	return isServer ? configureServer(context) : configureClient(config);
}

int tlsContextNew(TlsContext **made, const TlsSettings *settings)
{
	TlsContext *context;
	int result = checkLayout();

	*made = NULL;
	if (result)
		return result;
	/* It does nothing where it was called before. */
	if (PSA_SUCCESS != psa_crypto_init())
		return kTlsErrorMemory;
	context = calloc(1, sizeof(TlsContext));
	if (!context)
		return kTlsErrorMemory;
	context->references = 1;
	context->settings = *settings;
	mbedtls_ssl_config_init(&context->config);
	mbedtls_x509_crt_init(&context->authorities);
	result = configure(context);
	if (result) {
		tlsContextRelease(context);
		return result;
	}
	*made = context;
	return 0;
}

void tlsContextRelease(TlsContext *context)
{
	if (!context || --context->references)
		return;
	mbedtls_ssl_config_free(&context->config);
	mbedtls_x509_crt_free(&context->authorities);
#if TLS_HAS_TICKETS
	if (context->hasTickets)
		mbedtls_ssl_ticket_free(&context->tickets);
#endif
	while (context->identities) {
		TlsIdentity *identity = context->identities;
		context->identities = identity->next;
		mbedtls_x509_crt_free(&identity->chain);
		mbedtls_pk_free(&identity->key);
		free(identity);
	}
	free(context);
}

static int parse(mbedtls_x509_crt *chain, const uint8_t *der, size_t count, int isStatic)
{
	return isStatic ? mbedtls_x509_crt_parse_der_nocopy(chain, der, count) : mbedtls_x509_crt_parse_der(chain, der, count);
}

int tlsContextAddAuthority(TlsContext *context, const uint8_t *der, size_t count, int isStatic)
{
	context->hasAuthorities = 1;
	return parse(&context->authorities, der, count, isStatic);
}

int tlsContextBeginIdentity(TlsContext *context, const uint8_t *key, size_t count)
{
	TlsIdentity *identity = calloc(1, sizeof(TlsIdentity));

	if (!identity)
		return kTlsErrorMemory;
	mbedtls_x509_crt_init(&identity->chain);
	mbedtls_pk_init(&identity->key);
	if (context->last)
		context->last->next = identity;
	else
		context->identities = identity;
	context->last = identity;
	return mbedtls_pk_parse_key(&identity->key, key, count, NULL, 0 TLS_RANDOM);
}

int tlsContextAddCertificate(TlsContext *context, const uint8_t *der, size_t count, int isStatic)
{
	return context->last ? parse(&context->last->chain, der, count, isStatic) : kTlsErrorArgument;
}

int tlsContextEndIdentity(TlsContext *context)
{
	TlsIdentity *identity = context->last;

	if (!identity || !identity->chain.raw.p)
		return kTlsErrorArgument;
	if (mbedtls_pk_check_pair(&identity->chain.pk, &identity->key TLS_RANDOM))
		return kTlsErrorWrongKey;
	/* The others are chosen by their names: see chooseIdentity. */
	if (identity != context->identities)
		return 0;
	return mbedtls_ssl_conf_own_cert(&context->config, &identity->chain, &identity->key);
}

int tlsContextAddProtocol(TlsContext *context, const char *name, size_t length)
{
#if defined(MBEDTLS_SSL_ALPN)
	char *copy;
	if ((context->protocolCount == kTlsMaxProtocols) || !length || (length >= kTlsMaxProtocolLength))
		return kTlsErrorArgument;
	copy = context->protocols[context->protocolCount];
	memcpy(copy, name, length);
	copy[length] = 0;
	context->protocolList[context->protocolCount++] = copy;
	return mbedtls_ssl_conf_alpn_protocols(&context->config, context->protocolList);
#else
	return kTlsErrorNoAlpn;
#endif
}

int tlsContextUseTickets(TlsContext *context, uint32_t seconds)
{
#if TLS_HAS_TICKETS
	int result;
	if (context->hasTickets)
		return kTlsErrorArgument;
	mbedtls_ssl_ticket_init(&context->tickets);
	context->hasTickets = 1;
	#if TLS_MBEDTLS_MAJOR >= 4
	result = mbedtls_ssl_ticket_setup(&context->tickets, PSA_ALG_GCM, PSA_KEY_TYPE_AES, 256, seconds);
	#else
	result = mbedtls_ssl_ticket_setup(&context->tickets, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE, MBEDTLS_CIPHER_AES_256_GCM, seconds);
	#endif
	if (!result)
		mbedtls_ssl_conf_session_tickets_cb(&context->config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &context->tickets);
	return result;
#else
	return kTlsErrorNoTickets;
#endif
}

void tlsErrorText(int error, char *text, size_t size)
{
	static const char *const texts[] = {
		"", "out of memory", "mbedTLS was compiled with another configuration than this app: see hosts/moddable/tls",
		"this build of mbedTLS has no TLS 1.3", "this build of mbedTLS has no ALPN", "this build of mbedTLS has no tickets",
		"client certificates need CONFIG_MBEDTLS_X509_TRUSTED_CERT_CALLBACK=y and CONFIG_MBEDTLS_SSL_KEEP_PEER_CERTIFICATE=y in the "
			"app's sdkconfig: see docs/tls.md",
		"a client needs CONFIG_MBEDTLS_SSL_KEEP_PEER_CERTIFICATE=y in the app's sdkconfig: see docs/tls.md",
		"the private key is not that of the certificate", "a parameter is out of its range",
	};

	if ((error >= 0) && ((size_t)error < sizeof(texts) / sizeof(texts[0]))) {
		strncpy(text, texts[error], size - 1);
		text[size - 1] = 0;
		return;
	}
#if defined(MBEDTLS_ERROR_C)
	mbedtls_strerror(error, text, size);
#else
	*text = 0;
#endif
}
