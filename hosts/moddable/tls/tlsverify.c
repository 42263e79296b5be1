/*
	Whether the peer is whom it says it is (RFC 5280, 6): the library's own check of signatures and constraints, with what
	it leaves out. A client's is run between two steps of its handshake, so that sizes are looked at before anything is
	computed with them: the certificates come from whoever is in between.
*/

#include "tlsinternal.h"

#include <string.h>
#include <time.h>

#define MD_BIT(id) MBEDTLS_X509_ID_FLAG(id)

const mbedtls_x509_crt_profile tlsProfile = {
	/* RFC 9155: neither MD5 nor SHA-1. */
	MD_BIT(MBEDTLS_MD_SHA256) | MD_BIT(MBEDTLS_MD_SHA384) | MD_BIT(MBEDTLS_MD_SHA512),
	0xFFFFFFF,
#if TLS_MBEDTLS_MAJOR < 4
	MD_BIT(MBEDTLS_ECP_DP_SECP256R1) | MD_BIT(MBEDTLS_ECP_DP_SECP384R1) | MD_BIT(MBEDTLS_ECP_DP_SECP521R1),
#else
	0xFFFFFFF,
#endif
	2048,
};

/* RFC 8017, A.1: what the identifiers of RSA keys begin with. */
static const uint8_t kPkcs1[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01 };

static int enterSequence(unsigned char **at, const unsigned char *end, size_t *length)
{
	return !mbedtls_asn1_get_tag(at, end, length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
}

/* Moves behind a number, which is to have `max` bytes at most. */
static int isShortNumber(unsigned char **at, const unsigned char *end, size_t max)
{
	size_t length, zeros = 0;

	if (mbedtls_asn1_get_tag(at, end, &length, MBEDTLS_ASN1_INTEGER))
		return 0;
	while ((zeros < length) && !(*at)[zeros])
		zeros += 1;
	*at += length;
	return length - zeros <= max;
}

/* An RSA key is two numbers (RFC 8017, A.1.1) in the BIT STRING of SubjectPublicKeyInfo (RFC 5280, 4.1). */
static int hasGoodSize(const mbedtls_x509_crt *certificate)
{
	unsigned char *at = certificate->pk_raw.p, *algorithm;
	const unsigned char *end = at + certificate->pk_raw.len;
	size_t length;

	if (!enterSequence(&at, end, &length) || !enterSequence(&at, end, &length))
		return 0;
	algorithm = at;
	at += length;
	if (mbedtls_asn1_get_tag(&algorithm, at, &length, MBEDTLS_ASN1_OID))
		return 0;
	if ((length < sizeof(kPkcs1)) || memcmp(algorithm, kPkcs1, sizeof(kPkcs1)))
		return 1;
	return !mbedtls_asn1_get_bitstring_null(&at, end, &length) && enterSequence(&at, end, &length)
		&& isShortNumber(&at, end, kTlsMaxRsaBytes) && isShortNumber(&at, end, kTlsMaxExponentBytes);
}

uint32_t tlsCheckSizes(const mbedtls_x509_crt *chain)
{
	unsigned count = 0;

	for (const mbedtls_x509_crt *at = chain; at; at = at->next) {
		if (++count > kTlsMaxCertificates)
			return kTlsBadCount;
		if (!hasGoodSize(at))
			return kTlsBadSize;
	}
	return 0;
}

/* What the peer's certificates have to be for. */
static const char *usageOf(const TlsEngine *engine, size_t *length)
{
	/* RFC 5280, 4.2.1.12: id-kp-clientAuth and id-kp-serverAuth. */
	static const char client[] = "\x2B\x06\x01\x05\x05\x07\x03\x02", server[] = "\x2B\x06\x01\x05\x05\x07\x03\x01";

	*length = sizeof(client) - 1;
	return engine->context->settings.isServer ? client : server;
}

/* RFC 5280, 4.2.1.10: id-ce-nameConstraints. */
static const uint8_t kNameConstraints[] = { 0x55, 0x1D, 0x1E };

/*
	The library refuses critical name constraints, and passes over others. RFC 5280, 6.1: what cannot be processed is not to
	be trusted beyond what it says; here it is not trusted at all.
*/
static int hasNameConstraints(const mbedtls_x509_crt *certificate)
{
	unsigned char *at = certificate->v3_ext.p;
	const unsigned char *end = at + certificate->v3_ext.len;
	size_t length;

	if (!at)
		return 0;
	/* What cannot be read may have them. */
	if (!enterSequence(&at, end, &length))
		return 1;
	while (at < end) {
		unsigned char *next;
		if (!enterSequence(&at, end, &length))
			return 1;
		next = at + length;
		if (!mbedtls_asn1_get_tag(&at, next, &length, MBEDTLS_ASN1_OID) && (length == sizeof(kNameConstraints))
			&& !memcmp(at, kNameConstraints, length))
			return 1;
		at = next;
	}
	return 0;
}

int tlsCheckCertificate(void *it, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	TlsEngine *engine = it;
	int64_t now = (int64_t)time(NULL), from = tlsSecondsOf(&certificate->valid_from), to = tlsSecondsOf(&certificate->valid_to);
	size_t length;
	const char *usage = usageOf(engine, &length);

	/* ESP-IDF's builds of mbedTLS look at no dates by themselves. */
	*flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE | MBEDTLS_X509_BADCERT_CN_MISMATCH);
	if ((now < from) || (now > to)) {
		*flags |= (now < from) ? MBEDTLS_X509_BADCERT_FUTURE : MBEDTLS_X509_BADCERT_EXPIRED;
		engine->failure.validFrom = from;
		engine->failure.validTo = to;
	}
	/* What an authority may sign for is limited by its own extendedKeyUsage, as browsers and OpenSSL have it. */
	if (mbedtls_x509_crt_check_extended_key_usage(certificate, usage, length))
		*flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
	if ((depth > 0) && hasNameConstraints(certificate))
		*flags |= kTlsBadConstraints;
	if (depth == 0) {
		/* RFC 8446, 4.4.2.2: it signs the handshake; a key exchange by RSA encrypts with it. */
		if (mbedtls_x509_crt_check_key_usage(certificate, MBEDTLS_X509_KU_DIGITAL_SIGNATURE)
			&& mbedtls_x509_crt_check_key_usage(certificate, MBEDTLS_X509_KU_KEY_ENCIPHERMENT))
			*flags |= MBEDTLS_X509_BADCERT_KEY_USAGE;
		if (*engine->name && !tlsIsFor(certificate, engine->name, strlen(engine->name))) {
			*flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
			tlsDescribeNames(certificate, engine->names, sizeof(engine->names));
		}
	}
	engine->failure.flags |= *flags;
	return 0;
}

/* The bundle's authority counts as if it had been among those that were given. */
static int checkWithBundle(void *it, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	TlsEngine *engine = it;
	/* It asks the bundle only where nothing but the authority is missing. */
	uint32_t times = *flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);

	*flags &= ~times;
	if (engine->context->checkBundle(NULL, certificate, depth, flags))
		*flags |= MBEDTLS_X509_BADCERT_NOT_TRUSTED;
	return tlsCheckCertificate(it, certificate, depth, flags);
}

/*
	RFC 8446, 4.4.2: "Each following certificate SHOULD directly certify the one immediately preceding it", and receivers
	should cope with others. The library looks for an issuer behind its certificate only.
*/
static void sortChain(mbedtls_x509_crt *leaf)
{
	for (mbedtls_x509_crt *at = leaf; at->next; at = at->next) {
		mbedtls_x509_crt *before = at;
		while (before->next && ((before->next->subject_raw.len != at->issuer_raw.len)
			|| memcmp(before->next->subject_raw.p, at->issuer_raw.p, at->issuer_raw.len)))
			before = before->next;
		if (before->next && (before != at)) {
			mbedtls_x509_crt *issuer = before->next;
			before->next = issuer->next;
			issuer->next = at->next;
			at->next = issuer;
		}
	}
}

int tlsVerify(TlsEngine *engine)
{
	TlsContext *context = engine->context;
	mbedtls_x509_crt *chain = tlsPeerChain(engine), none, *authorities = &context->authorities;
	uint32_t flags = chain ? tlsCheckSizes(chain) : kTlsBadAbsent;
	int result;

	/* Nothing is computed with the keys of strangers that are too long, not even where nobody is verified. */
	engine->failure.flags |= flags;
	if (flags)
		return MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
	if (!context->settings.isVerified)
		return 0;
	sortChain(chain);
	mbedtls_x509_crt_init(&none);
	if (!context->hasAuthorities)
		authorities = engine->authorities ? engine->authorities : &none;
	result = mbedtls_x509_crt_verify_with_profile(chain, authorities, NULL, &tlsProfile, NULL, &flags,
		(!context->hasAuthorities && context->checkBundle) ? checkWithBundle : tlsCheckCertificate, engine);
	if (!result && !engine->failure.flags) {
		engine->isVerified = 1;
		return 0;
	}
	/* The callback has collected them, but for those of a failure before it. */
	if (flags != (uint32_t)-1)
		engine->failure.flags |= flags;
	return result ? result : MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
}
