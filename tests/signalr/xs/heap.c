/* How much of its heap a virtual machine uses. The SDK has that in instrumented builds only. */

#include "xsAll.h"

static txInteger usedBytes(txMachine* the)
{
	return (txInteger)(the->currentChunksSize + the->currentHeapCount * sizeof(txSlot));
}

void signalrtests_usedBytes(txMachine* the)
{
	mxResult->kind = XS_INTEGER_KIND;
	mxResult->value.integer = usedBytes(the);
}

void signalrtests_collectGarbage(txMachine* the)
{
	fxCollectGarbage(the);
}
