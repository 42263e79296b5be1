/* Critical sections: on the ESP32 a spinlock that its holder may take again, with interrupts off. */

#ifndef FREERTOS_H
#define FREERTOS_H

#include <pthread.h>

typedef pthread_mutex_t portMUX_TYPE;
#define portMUX_INITIALIZER_UNLOCKED PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP
#define portENTER_CRITICAL(mutex) pthread_mutex_lock(mutex)
#define portEXIT_CRITICAL(mutex) pthread_mutex_unlock(mutex)
#define portENTER_CRITICAL_SAFE(mutex) portENTER_CRITICAL(mutex)
#define portEXIT_CRITICAL_SAFE(mutex) portEXIT_CRITICAL(mutex)

#include "esp_netif.h"

#endif
