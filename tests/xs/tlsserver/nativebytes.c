#include "xsmc.h"
#include "xsHost.h"

#include <malloc.h>

void xs_test_nativeBytes(xsMachine *the)
{
	struct mallinfo2 info = mallinfo2();

	/* Heap and chunks of XS are blocks that are mapped by themselves. */
	xsmcSetNumber(xsResult, (xsNumberValue)info.uordblks);
}
