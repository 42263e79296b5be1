/*
	A device in the ESP32's threading model: the tcpip thread of lwIP, and this one for XS, whose loop is that of
	build/devices/esp32/lib/main/main.c of the SDK. Its environment: LWIP_WIRE, LWIP_ADDRESS, LWIP_GATEWAY (wire.c),
	LWIP_CONTROL (control.c).
*/

#include "xsAll.h"
#include "xs.h"
#include "device.h"
#include "xsHost.h"

#include "lwip/tcpip.h"

#include <signal.h>
#include <semaphore.h>
#include <stdio.h>

extern void *xsPreparationAndCreation(xsCreation **creation);
extern char *fxAbortString(int status);

static const char *setting(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value ? value : fallback;
}

void fxCreateMachinePlatform(txMachine *the)
{
	the->demarshall = fxDemarshall;
}

void fxDeleteMachinePlatform(txMachine *the)
{
}

void fx_putc(void *refcon, char character)
{
	if (character)
		putchar(character);
}

/* As on the ESP32 with the define xs.abortHook: the global function `abort` may say that the program goes on. */
void fxAbort(txMachine *the, int status)
{
	volatile int goesOn = 0;

	fxBeginHost(the);
	mxPush(mxException);
	txSlot *exception = the->stack;
	mxException = mxUndefined;
	mxTry(the) {
		txID name = fxFindName(the, "abort");
		mxOverflow(-8);
		mxPush(mxGlobal);
		if (fxHasID(the, name)) {
			mxPush(mxGlobal);
			fxCallID(the, name);
			mxPushStringC(fxAbortString(status));
			mxPushSlot(exception);
			fxRunCount(the, 2);
			goesOn = (XS_BOOLEAN_KIND == the->stack->kind) && !the->stack->value.boolean;
			mxPop();
		}
	}
	mxCatch(the) {
	}
	fxEndHost(the);
	if (goesOn)
		return;
	fprintf(stderr, "FAULT: XS aborts: %s\n", fxAbortString(status));
	exit(1);
}

/* The class Net, of which these tests use nothing else. */
void xs_net_get(xsMachine *the)
{
	if (!strcmp(xsToString(xsArg(0)), "IP"))
		xsResult = xsString(setting("LWIP_ADDRESS", "127.0.0.1"));
}

static sem_t gIsInitialized;

static void initialized(void *unused)
{
	device_wireStart(
		setting("LWIP_WIRE", ""), setting("LWIP_ADDRESS", "10.77.0.2"), setting("LWIP_GATEWAY", "10.77.0.1"));
	sem_post(&gIsInitialized);
}

static void runMain(xsMachine *the, txPreparation *preparation)
{
	xsBeginHost(the);
	xsVars(1);
	xsVar(0) = xsImportNow((char *)preparation->main);
	xsVar(0) = xsGet(xsVar(0), xsID("default"));
	if (xsTest(xsVar(0)) && xsIsInstanceOf(xsVar(0), xsFunctionPrototype))
		xsCallFunction0(xsVar(0), xsGlobal);
	xsEndHost(the);
}

int main(void)
{
	xsCreation *creation = NULL;
	txPreparation *preparation;
	xsMachine *the;
	const char *control = getenv("LWIP_CONTROL");

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	device_markXsThread();
	sem_init(&gIsInitialized, 0, 0);
	tcpip_init(initialized, NULL);
	while (sem_wait(&gIsInitialized))
		;
	preparation = xsPreparationAndCreation(&creation);
	the = fxPrepareMachine(NULL, preparation, "lwip", NULL, NULL);
	if (!the) {
		fprintf(stderr, "FAULT: no machine\n");
		return 1;
	}
	if (control)
		device_controlStart(control);
	runMain(the, preparation);
	for (;;) {
		modTimersExecute();
		modMessageService(the, modTimersNext());
	}
}
