/*
	TLS by mbedTLS (3.6 or 4.x), in both roles, without sockets: bytes of the network in, bytes for the network out.

	A context has what connections share: authorities, identities, settings, the keys of tickets. An engine is one
	connection. Contexts are counted: engine and context may be freed in any order. Nothing here calls back into its user,
	nor knows XS; tlsxs.c does. A function that can fail gives 0, or an error of mbedTLS (below 0) or of ours (above).
*/

#ifndef __TLSENGINE__
#define __TLSENGINE__

#include <stddef.h>
#include <stdint.h>

#if defined(ESP32)
	/* mcconfig compiles outside of ESP-IDF's CMake, which would define these. */
	#define MBEDTLS_CONFIG_FILE "mbedtls/esp_config.h"
	#define TF_PSA_CRYPTO_USER_CONFIG_FILE "mbedtls/esp_config.h"
	#ifndef MBEDTLS_MAJOR_VERSION
		#define MBEDTLS_MAJOR_VERSION 4
	#endif
#endif

typedef struct TlsContextStruct TlsContext;
typedef struct TlsEngineStruct TlsEngine;

/* Errors of ours. */
enum {
	kTlsErrorMemory = 1,
	/* mbedTLS was compiled with another configuration than this file: its structs have other sizes. */
	kTlsErrorLayout,
	/* This build of mbedTLS has no TLS 1.3, no ALPN, no tickets, no way to check a client's certificate within bounds. */
	kTlsErrorNoTls13,
	kTlsErrorNoAlpn,
	kTlsErrorNoTickets,
	kTlsErrorNoClientCertificates,
	/* Nor a way for a client to check a server's. */
	kTlsErrorNoClient,
	/* A key does not belong to its certificate. */
	kTlsErrorWrongKey,
	kTlsErrorArgument,
};

/* Why the peer's certificates are not accepted, beside the bits MBEDTLS_X509_BADCERT_… */
enum {
	kTlsBadCount = 0x1000000,
	kTlsBadSize = 0x2000000,
	kTlsBadAbsent = 0x4000000,
	kTlsBadConstraints = 0x8000000,
};

/* What tlsEngineProcess has come to. */
enum {
	/* It has used all bytes, and waits for more. */
	kTlsStarved,
	/* It has done a step: call it again. */
	kTlsContinue,
	/* The handshake is over. Told once. */
	kTlsSecured,
	/* A record's data can be read. */
	kTlsData,
	/* The peer has said that it sends no more (close_notify). */
	kTlsEnded,
	kTlsFailed,
	/* Bytes for the network wait: take them first. */
	kTlsFull,
	/* A client that has no authorities: add those that may have issued the peer's certificates, and call it again. */
	kTlsAuthorityWanted,
};

typedef struct {
	int isServer;
	/* A client: the server has to be trusted. A server: clients need a certificate of one of the authorities. */
	int isVerified;
	/* TLS 1.3 is the lowest version, not 1.2. */
	int isTls13Only;
	/* A client without authorities trusts those of ESP-IDF's certificate bundle, where there is one. */
	int usesBundle;
} TlsSettings;

int tlsContextNew(TlsContext **made, const TlsSettings *settings);
void tlsContextRelease(TlsContext *context);
/* isStatic: the bytes stay where they are for as long as the program runs, as a resource in flash does. */
int tlsContextAddAuthority(TlsContext *context, const uint8_t *der, size_t count, int isStatic);
/* Begins an identity by its private key (PKCS #8). Its certificates follow, its own first, and then its end. */
int tlsContextBeginIdentity(TlsContext *context, const uint8_t *key, size_t count);
int tlsContextAddCertificate(TlsContext *context, const uint8_t *der, size_t count, int isStatic);
int tlsContextEndIdentity(TlsContext *context);
/* Adds a protocol (RFC 7301), the most wanted first. */
int tlsContextAddProtocol(TlsContext *context, const char *name, size_t length);
/* A server: clients can resume their sessions for so long. */
int tlsContextUseTickets(TlsContext *context, uint32_t seconds);

/* name: whom to expect; asked: the name to ask for. "" for nobody, and for none. Both are copied. */
int tlsEngineNew(TlsEngine **made, TlsContext *context, const char *name, const char *asked);
void tlsEngineFree(TlsEngine *engine);
/* A client: tries to go on with a session of an earlier connection. */
int tlsEngineResume(TlsEngine *engine, const uint8_t *session, size_t count);
/* Does one step with what came from the network, and gives how many bytes it has used. A client begins with none. */
int tlsEngineProcess(TlsEngine *engine, const uint8_t *bytes, size_t count, size_t *used);
/* After kTlsData: how many bytes can be read; tlsEngineRead gives 0 where it has read that many. */
size_t tlsEngineAvailable(const TlsEngine *engine);
int tlsEngineRead(TlsEngine *engine, uint8_t *bytes, size_t count);
/* Encrypts as much as a record takes, and gives how much that was: 0 where it has failed, or cannot any more. */
size_t tlsEngineWrite(TlsEngine *engine, const uint8_t *bytes, size_t count);
/* The most that a record takes: the peer may have asked for less than is usual (RFC 6066, 4; RFC 8449). */
size_t tlsEngineMaxRecord(const TlsEngine *engine);
/* Bytes for the network: they are the first `count` of what tlsEngineOutput gives, until they are taken. */
const uint8_t *tlsEngineOutput(const TlsEngine *engine, size_t *count);
void tlsEngineTake(TlsEngine *engine, size_t count);
/* Tells the peer that no data follows. */
void tlsEngineEnd(TlsEngine *engine);
/* A client, after kTlsAuthorityWanted: the key identifier of who has issued the peer's certificate `index`; NULL: none. */
const uint8_t *tlsEngineIssuer(const TlsEngine *engine, unsigned index, size_t *count);
/* The number of certificates that the peer has sent, as far as they are looked at. */
unsigned tlsEngineCertificates(const TlsEngine *engine);
int tlsEngineAddAuthority(TlsEngine *engine, const uint8_t *der, size_t count, int isStatic);
/* The peer's own certificate, DER, once the handshake is over; NULL: none. */
const uint8_t *tlsEnginePeer(const TlsEngine *engine, size_t *count);
/* A client: the server has gone on with the session, and has shown no certificate. */
int tlsEngineIsResumed(const TlsEngine *engine);
/* A session to resume can be had. tlsEngineSession gives its length where `bytes` are NULL; 0: none. */
int tlsEngineHasSession(const TlsEngine *engine);
size_t tlsEngineSession(TlsEngine *engine, uint8_t *bytes, size_t count);

/* After kTlsFailed. */
typedef struct {
	int error;
	/* The description of the alert that the peer has sent, or -1. */
	int alert;
	/* What is wrong with the peer's certificates. */
	uint32_t flags;
	/* When the certificate whose time is wrong is valid, in seconds since 1970. */
	int64_t validFrom, validTo;
	/* The names that the certificate is for, where it is not for the one that was expected. */
	const char *names;
} TlsFailure;
void tlsEngineFailure(const TlsEngine *engine, TlsFailure *failure);
/* "TLSv1.2", "TLSv1.3"; the protocol that both speak. "" before the handshake is over, and for none. */
const char *tlsEngineVersion(const TlsEngine *engine);
const char *tlsEngineProtocol(const TlsEngine *engine);
/* Words for an error. */
void tlsErrorText(int error, char *text, size_t size);

#endif
