/* Included before all else where mbedTLS and what is above it are compiled: their memory is the device's, and counted. */

#ifndef TLSHEAP_H
#define TLSHEAP_H

#include <stdlib.h>

#include "device.h"

#define malloc device_malloc
#define calloc device_calloc
#define realloc device_realloc
#define free device_free

#endif
