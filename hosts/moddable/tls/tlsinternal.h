/* What the parts of the engine know of one another. */

#ifndef __TLSINTERNAL__
#define __TLSINTERNAL__

#include "tlsengine.h"

#include "mbedtls/version.h"
#include "mbedtls/pk.h"
#include "mbedtls/ssl.h"
#include "mbedtls/x509_crt.h"
#if defined(MBEDTLS_SSL_TICKET_C) && defined(MBEDTLS_SSL_SESSION_TICKETS)
	#include "mbedtls/ssl_ticket.h"
	#define TLS_HAS_TICKETS 1
#endif

/* ESP-IDF 6 turns it off by default: then certificates are gone before they can be looked at. */
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
	#define TLS_KEEPS_CERTIFICATES 1
	#if defined(MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK)
		#define TLS_CHECKS_CLIENTS 1
	#endif
#endif

/* Members that mbedTLS has no functions for. */
#define PRIVATE(member) MBEDTLS_PRIVATE(member)

#if defined(CONFIG_MBEDTLS_DYNAMIC_FREE_CONFIG_DATA)
	#error "xs-websockets: connections share what MBEDTLS_DYNAMIC_FREE_CONFIG_DATA frees: turn it off"
#endif

#define TLS_MBEDTLS_MAJOR (MBEDTLS_VERSION_NUMBER >> 24)
#if TLS_MBEDTLS_MAJOR < 3
	#error "xs-websockets: mbedTLS 3.6 or later is needed"
#endif

enum {
	/* Protocols for ALPN, at most; and the longest name of one, which is less than RFC 7301 allows. */
	kTlsMaxProtocols = 4,
	kTlsMaxProtocolLength = 32,
	/* Certificates of a peer. Each may cost a small device a second. */
	kTlsMaxCertificates = 8,
	/* Longer keys cost a small device minutes (RSA 16,384 bits) for a single signature. */
	kTlsMaxRsaBytes = 512,
	kTlsMaxExponentBytes = 4,
	kTlsCipherSuites = 24,
	/* Of a record (RFC 8446, 5.1). */
	kTlsHeadBytes = 5,
};

typedef struct TlsIdentityStruct TlsIdentity;
struct TlsIdentityStruct {
	TlsIdentity *next;
	mbedtls_x509_crt chain;
	mbedtls_pk_context key;
};

struct TlsContextStruct {
	int references;
	TlsSettings settings;
	mbedtls_ssl_config config;
	mbedtls_x509_crt authorities;
	int hasAuthorities;
	/* Of the step that is done now: why a client's certificates are not looked at. */
	uint32_t badSizes;
	/* ESP-IDF's check of a certificate by its bundle. */
	int (*checkBundle)(void *, mbedtls_x509_crt *, int, uint32_t *);
	TlsIdentity *identities, *last;
	int cipherSuites[kTlsCipherSuites + 1];
	char protocols[kTlsMaxProtocols][kTlsMaxProtocolLength];
	const char *protocolList[kTlsMaxProtocols + 1];
	int protocolCount;
#if TLS_HAS_TICKETS
	mbedtls_ssl_ticket_context tickets;
	int hasTickets;
#endif
};

struct TlsEngineStruct {
	TlsContext *context;
	mbedtls_ssl_context ssl;
	/* Whom to expect; "" for nobody in particular. */
	char *name;
	/* Within tlsEngineProcess only. */
	const uint8_t *in;
	size_t inLeft;
	/* The beginning of a record's head, of which the rest has not come; what has not come of the record whose head has. */
	uint8_t head[kTlsHeadBytes], headCount;
	size_t bodyLeft;
	/* This step has had bytes of a record. */
	uint8_t hasRecord;
	/* For the network, from outStart to outEnd. */
	uint8_t *out;
	size_t outStart, outEnd, outSize;
	/* Authorities of this connection's own. */
	mbedtls_x509_crt *authorities;
	TlsFailure failure;
	char names[160];
	uint8_t isSecured, isEnded, hasEnded, isStarved, hasSession, isResuming, isVerified;
	/* The peer has shown certificates in this handshake. */
	uint8_t hasCertificate;
	/* The peer's certificates are there, and not looked at yet. */
	uint8_t isUnverified;
	uint8_t hasAskedForAuthority;
};

/* mbedTLS reads and writes by these. */
int tlsReceiveBytes(void *engine, unsigned char *bytes, size_t count);
int tlsSendBytes(void *engine, const unsigned char *bytes, size_t count);
/* So much waits for the network that nothing is to be read before. */
int tlsIsFull(const TlsEngine *engine);
/* Around each call of mbedTLS that may read. What fails gives an error of mbedTLS. */
int tlsBeginStep(TlsEngine *engine);
int tlsEndStep(TlsEngine *engine, int result);
/* Looks at the peer's certificates. Gives 0, or an error whose reason is in the engine's failure. */
int tlsVerify(TlsEngine *engine);
/* For a server, whose library looks at the certificates of clients itself: called for each of the path. */
int tlsCheckCertificate(void *engine, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);
/* Whether the peer's certificates are few enough, and their keys short enough, to be looked at; else bits kTlsBad… */
uint32_t tlsCheckSizes(const mbedtls_x509_crt *chain);
/* What the authorities of certificates have to be allowed, the library's own way to look at them. */
extern const mbedtls_x509_crt_profile tlsProfile;
mbedtls_x509_crt *tlsPeerChain(const TlsEngine *engine);

/* Whether a certificate is for a host name or an IP address (RFC 6125, 6; RFC 2818, 3.1). */
int tlsIsFor(const mbedtls_x509_crt *certificate, const char *name, size_t length);
/* Writes the names that a certificate is for, as many as there is room for. */
void tlsDescribeNames(const mbedtls_x509_crt *certificate, char *text, size_t size);
/* Seconds since 1970. */
int64_t tlsSecondsOf(const mbedtls_x509_time *time);

#endif
