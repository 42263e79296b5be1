/* What native.c has for messagebytes.c. */

#ifndef XS_WEBSOCKETS_MESSAGEBYTES_H
#define XS_WEBSOCKETS_MESSAGEBYTES_H

#include <stddef.h>
#include <stdint.h>

/*
	Up to 256 cryptographically strong random bytes, from a stock where each draw would be a system call, which costs more
	than a small frame. False where the system has none.
*/
int xs_websockets_drawRandom(uint8_t *bytes, size_t count);

#endif
