/* What Linux keeps of the bytes that a peer does not read: megabytes, where an ESP32 keeps a few kilobytes. */

#include "xsAll.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* Less would do, but the simulator writes 1,536 bytes whenever a socket is writable, and a write that blocks is its end. */
#define SEND_BUFFER_BYTES 32768
#define MOST_FILES 64

/* For the sockets that there are, and those that they accept. */
void smallheap_shrinkSendBuffers(txMachine* the)
{
	int file, size = SEND_BUFFER_BYTES;

	for (file = 0; file < MOST_FILES; file++) {
		struct sockaddr_storage address;
		socklen_t length = sizeof(address);

		if (getsockname(file, (struct sockaddr*)&address, &length) == 0 && address.ss_family == AF_INET)
			setsockopt(file, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	mxResult->kind = XS_UNDEFINED_KIND;
}
