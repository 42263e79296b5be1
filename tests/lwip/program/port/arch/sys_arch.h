/* lwIP's operating system: sysarch.c. */

#ifndef SYS_ARCH_H
#define SYS_ARCH_H

#include <pthread.h>

typedef struct DeviceSemaphore *sys_sem_t;
typedef struct DeviceSemaphore *sys_mutex_t;
typedef struct DeviceMailbox *sys_mbox_t;
typedef pthread_t sys_thread_t;

#define sys_sem_valid(semaphore) (*(semaphore) != NULL)
#define sys_sem_set_invalid(semaphore) (*(semaphore) = NULL)
#define sys_mutex_valid(mutex) (*(mutex) != NULL)
#define sys_mutex_set_invalid(mutex) (*(mutex) = NULL)
#define sys_mbox_valid(mailbox) (*(mailbox) != NULL)
#define sys_mbox_set_invalid(mailbox) (*(mailbox) = NULL)

#endif
