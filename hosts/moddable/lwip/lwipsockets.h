/*
	TCP and Listener of ECMA-419 over lwIP: what the parts of the module share. socketrecords.c begins with the design.
*/

#ifndef LWIPSOCKETS_H
#define LWIPSOCKETS_H

#include "lwip/opt.h"
#include "lwip/ip_addr.h"
#include "lwip/tcp.h"

#include "xsmc.h"
#include "xsHost.h"
#include "mc.defines.h"

/* Connections that are open at a time, those that wait to be accepted included. What is beyond is refused. */
#ifdef MODDEF_TCP_CONNECTIONS
	#define kMaxConnections MODDEF_TCP_CONNECTIONS
#else
	#define kMaxConnections 32
#endif

/* Bytes of a connection that are written and not acknowledged. It is as much as lwIP takes. */
#define kSendLimit ((uint32_t)TCP_SND_BUF)

/* Why a connection or a listener has ended; recordTell() tells its name. */
enum {
	kErrorNone = 0,
	kErrorRefused,
	kErrorUnreachable,
	kErrorTimedOut,
	kErrorReset,
	kErrorNoMemory,
	kErrorInUse
};

/* Events, from the tcpip thread to XS. */
enum {
	kEventReadable = 1 << 0,
	kEventWritable = 1 << 1,
	kEventEnded = 1 << 2
};

/* Commands, from XS to the tcpip thread. */
enum {
	kWantOpen = 1 << 0,
	kWantSend = 1 << 1,
	kWantWindow = 1 << 2,
	kWantClose = 1 << 3,
	kWantAbort = 1 << 4
};

/* A queue of bytes with one producer and one consumer, each of them in a thread of its own. */
typedef struct BlockStruct Block;

typedef struct {
	Block *first;
	Block *last;
	uint32_t count;
	uint8_t isFilling;
} Bytes;

/* Room for bytes that are about to be added. */
typedef struct {
	Block *tail;
	Block *first;
	Block *last;
	Block *current;
	uint32_t count;
	uint16_t added;
} Room;

int bytesReserve(Bytes *bytes, uint32_t count, Room *room);
void bytesFill(Room *room, const void *from, uint32_t count);
void bytesCommit(Bytes *bytes, Room *room);
uint32_t bytesCount(Bytes *bytes);
uint32_t bytesPeek(Bytes *bytes, const uint8_t **at);
void bytesConsume(Bytes *bytes, uint32_t count);
void bytesClear(Bytes *bytes);
void bytesDispose(Bytes *bytes);

/* What a connection and a listener have in common. */
typedef struct RecordStruct Record;
typedef struct MachineStruct Machine;

typedef struct {
	void (*deliver)(xsMachine *the, Record *record, uint8_t events);
	void (*work)(Record *record, uint8_t wants);
	void (*dispose)(Record *record);
} RecordClass;

struct RecordStruct {
	const RecordClass *class;
	Record *nextReady;
	Record *nextWanted;
	Machine *machine;		/* NULL once XS has closed the record */
	xsSlot object;
	xsSlot *onReadable;
	xsSlot *onError;
	uint8_t uses;
	uint8_t events;
	uint8_t wants;
	uint8_t isReady;
	uint8_t isWanted;
	uint8_t error;
	uint8_t hasEnded;
	uint8_t isTold;			/* XS only: onError was called */
};

typedef struct SocketStruct Socket;

struct SocketStruct {
	Record record;
	Socket *next;			/* in the backlog of a listener, or among those that linger */
	struct tcp_pcb *pcb;	/* tcpip thread only */
	xsSlot *onWritable;
	Bytes in;
	Bytes out;
	uint32_t queued;		/* written and not acknowledged */
	uint32_t read;			/* read and not told to lwIP */
	ip_addr_t address;
	uint16_t port;
	uint8_t isConnected;
	uint8_t isGone;			/* lwIP has freed the pcb */
	uint8_t isStarved;		/* a write has found no memory */
	uint8_t hasDelay;		/* Nagle's algorithm */
	uint8_t format;			/* XS only */
	uint8_t isWrapped;		/* XS only: it has an object made with options */
	uint8_t hasSentFin;		/* tcpip thread only, as what follows */
	uint8_t hasReceivedFin;
	uint8_t lingering;		/* half seconds until it is aborted; 0 where XS has not closed it */
};

typedef struct ListenerStruct Listener;

struct ListenerStruct {
	Record record;
	Listener *next;
	struct tcp_pcb *pcb;	/* tcpip thread only */
	xsSlot *onListening;
	Socket *firstPending;
	Socket *lastPending;
	uint16_t pending;
	uint16_t port;
	ip_addr_t address;
	uint8_t isListening;	/* XS only */
};

void socketsLock(void);
void socketsUnlock(void);

int socketsMakeMessage(void);
int socketsKick(void);

Machine *machineEnter(xsMachine *the);
void machineUse(Machine *machine);
void machineLeave(Machine *machine);
void machineLeaveLater(Machine *machine);
void machineAdd(Machine *machine, Record *record);
void machineAfterTurn(Machine *machine);

void recordRaise(Record *record, uint8_t events);
void recordEnd(Record *record, uint8_t error);
void recordWant(Record *record, uint8_t wants);
void recordClose(Record *record, uint8_t wants);
void recordRelease(Record *record);
xsSlot *recordCallback(xsMachine *the, xsIdentifier name, xsSlot *root);
void recordCall(xsMachine *the, Record *record, xsSlot *callback, uint32_t count);
void recordTell(xsMachine *the, Record *record);

Socket *socketNew(void);
void socketClose(Socket *socket, uint8_t wants);
void socketSetObject(xsMachine *the, Socket *socket, xsSlot *slot);
void socketPush(Socket *socket);
void socketOpenWindow(Socket *socket, uint32_t count);
void socketDetach(Socket *socket);
void socketForget(Socket *socket);
void socketAbort(Socket *socket);
void socketFinish(Socket *socket);
void socketLeaveEnded(Socket *socket);
void socketsTrimTimeWait(void);
int socketAccept(Listener *listener, struct tcp_pcb *pcb);
void socketWork(Record *record, uint8_t wants);
void socketDispose(Record *record);
extern const RecordClass gSocketClass;

uint8_t errorOf(err_t error);

#endif
