/* lwIP's operating system on pthreads: as on the ESP32 the mailboxes are bounded, and posting to a full one waits. */

#include "lwip/memp.h"
#include "lwip/opt.h"
#include "lwip/sys.h"

#include <stdatomic.h>
#include <time.h>

struct DeviceSemaphore {
	pthread_mutex_t mutex;
	pthread_cond_t signal;
	int count;
};

struct DeviceMailbox {
	pthread_mutex_t mutex;
	pthread_cond_t hasMessage, hasPlace;
	int size, count, head;
	void *places[];
};

/* A wait of this length in a full queue is taken for one that never ends. */
#define kDeadlockMs 3000

static atomic_long gDrops;

static void initializeCondition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

static struct timespec deadlineIn(uint32_t milliseconds)
{
	struct timespec time;
	long nanoseconds;

	clock_gettime(CLOCK_MONOTONIC, &time);
	nanoseconds = time.tv_nsec + (long)(milliseconds % 1000) * 1000000;
	time.tv_sec += milliseconds / 1000 + nanoseconds / 1000000000;
	time.tv_nsec = nanoseconds % 1000000000;
	return time;
}

/* Waits for a condition, 0: without end. @returns whether it timed out */
static int waitFor(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline)
{
	if (!deadline)
		return 0 != pthread_cond_wait(condition, mutex);
	return 0 != pthread_cond_timedwait(condition, mutex, deadline);
}

/* A time of lwIP in ours, rounded up: what is waited for is due then. */
static uint32_t inOurTime(uint32_t milliseconds)
{
	uint32_t speed = (uint32_t)device_speed();

	return (milliseconds + speed - 1) / speed;
}

void sys_init(void)
{
}

u32_t sys_now(void)
{
	return device_now();
}

u32_t sys_jiffies(void)
{
	return device_now();
}

err_t sys_sem_new(sys_sem_t *semaphore, u8_t count)
{
	struct DeviceSemaphore *made = calloc(1, sizeof(*made));

	if (!made)
		return ERR_MEM;
	pthread_mutex_init(&made->mutex, NULL);
	initializeCondition(&made->signal);
	made->count = count;
	*semaphore = made;
	return ERR_OK;
}

void sys_sem_free(sys_sem_t *semaphore)
{
	pthread_cond_destroy(&(*semaphore)->signal);
	pthread_mutex_destroy(&(*semaphore)->mutex);
	free(*semaphore);
	*semaphore = NULL;
}

void sys_sem_signal(sys_sem_t *semaphore)
{
	pthread_mutex_lock(&(*semaphore)->mutex);
	(*semaphore)->count = 1;
	pthread_cond_signal(&(*semaphore)->signal);
	pthread_mutex_unlock(&(*semaphore)->mutex);
}

u32_t sys_arch_sem_wait(sys_sem_t *semaphore, u32_t timeout)
{
	struct DeviceSemaphore *waited = *semaphore;
	uint32_t began = sys_now();
	struct timespec deadline = deadlineIn(inOurTime(timeout));
	int isOver = 0;

	/* A semaphore of lwIP is signalled by the tcpip thread. */
	if (device_isXs())
		device_waited();
	pthread_mutex_lock(&waited->mutex);
	while (!waited->count && !isOver)
		isOver = waitFor(&waited->signal, &waited->mutex, timeout ? &deadline : NULL);
	isOver = !waited->count;
	waited->count = 0;
	pthread_mutex_unlock(&waited->mutex);
	return isOver ? SYS_ARCH_TIMEOUT : sys_now() - began;
}

err_t sys_mutex_new(sys_mutex_t *mutex)
{
	return sys_sem_new(mutex, 1);
}

void sys_mutex_lock(sys_mutex_t *mutex)
{
	sys_arch_sem_wait(mutex, 0);
}

void sys_mutex_unlock(sys_mutex_t *mutex)
{
	sys_sem_signal(mutex);
}

void sys_mutex_free(sys_mutex_t *mutex)
{
	sys_sem_free(mutex);
}

err_t sys_mbox_new(sys_mbox_t *mailbox, int size)
{
	struct DeviceMailbox *made = calloc(1, sizeof(*made) + (size_t)size * sizeof(void *));

	if (!made)
		return ERR_MEM;
	pthread_mutex_init(&made->mutex, NULL);
	initializeCondition(&made->hasMessage);
	initializeCondition(&made->hasPlace);
	made->size = size;
	*mailbox = made;
	return ERR_OK;
}

void sys_mbox_free(sys_mbox_t *mailbox)
{
	pthread_cond_destroy(&(*mailbox)->hasMessage);
	pthread_cond_destroy(&(*mailbox)->hasPlace);
	pthread_mutex_destroy(&(*mailbox)->mutex);
	free(*mailbox);
	*mailbox = NULL;
}

static void put(struct DeviceMailbox *mailbox, void *message)
{
	mailbox->places[(mailbox->head + mailbox->count) % mailbox->size] = message;
	mailbox->count += 1;
	pthread_cond_signal(&mailbox->hasMessage);
}

static void *take(struct DeviceMailbox *mailbox)
{
	void *message = mailbox->places[mailbox->head];

	mailbox->head = (mailbox->head + 1) % mailbox->size;
	mailbox->count -= 1;
	pthread_cond_signal(&mailbox->hasPlace);
	return message;
}

void sys_mbox_post(sys_mbox_t *mailbox, void *message)
{
	struct DeviceMailbox *posted = *mailbox;

	pthread_mutex_lock(&posted->mutex);
	if (posted->count == posted->size && device_isXs())
		device_waited();
	while (posted->count == posted->size) {
		struct timespec deadline = deadlineIn(kDeadlockMs);
		if (waitFor(&posted->hasPlace, &posted->mutex, &deadline) && posted->count == posted->size) {
			pthread_mutex_unlock(&posted->mutex);
			device_fault("%s waits for a place in the tcpip thread's mailbox", device_isXs() ? "XS" : "a thread");
			pthread_mutex_lock(&posted->mutex);
		}
	}
	put(posted, message);
	pthread_mutex_unlock(&posted->mutex);
}

err_t sys_mbox_trypost(sys_mbox_t *mailbox, void *message)
{
	struct DeviceMailbox *posted = *mailbox;
	int isFull;

	pthread_mutex_lock(&posted->mutex);
	isFull = posted->count == posted->size;
	if (!isFull)
		put(posted, message);
	pthread_mutex_unlock(&posted->mutex);
	if (isFull)
		gDrops += 1;
	return isFull ? ERR_MEM : ERR_OK;
}

err_t sys_mbox_trypost_fromisr(sys_mbox_t *mailbox, void *message)
{
	return sys_mbox_trypost(mailbox, message);
}

u32_t sys_arch_mbox_fetch(sys_mbox_t *mailbox, void **message, u32_t timeout)
{
	struct DeviceMailbox *fetched = *mailbox;
	uint32_t began = sys_now();
	struct timespec deadline = deadlineIn(inOurTime(timeout));
	int isOver = 0;

	pthread_mutex_lock(&fetched->mutex);
	while (!fetched->count && !isOver)
		isOver = waitFor(&fetched->hasMessage, &fetched->mutex, timeout ? &deadline : NULL);
	isOver = !fetched->count;
	if (message)
		*message = NULL;
	if (!isOver) {
		void *taken = take(fetched);
		if (message)
			*message = taken;
	}
	pthread_mutex_unlock(&fetched->mutex);
	return isOver ? SYS_ARCH_TIMEOUT : sys_now() - began;
}

u32_t sys_arch_mbox_tryfetch(sys_mbox_t *mailbox, void **message)
{
	struct DeviceMailbox *fetched = *mailbox;
	u32_t result = SYS_MBOX_EMPTY;

	pthread_mutex_lock(&fetched->mutex);
	if (fetched->count) {
		*message = take(fetched);
		result = 0;
	}
	pthread_mutex_unlock(&fetched->mutex);
	return result;
}

typedef struct {
	lwip_thread_fn function;
	void *argument;
} Start;

static void *start(void *argument)
{
	Start start = *(Start *)argument;

	free(argument);
	start.function(start.argument);
	return NULL;
}

sys_thread_t sys_thread_new(const char *name, lwip_thread_fn function, void *argument, int stackSize, int priority)
{
	pthread_t thread;
	Start *made = malloc(sizeof(*made));

	if (!made)
		abort();
	made->function = function;
	made->argument = argument;
	if (pthread_create(&thread, NULL, start, made))
		abort();
	pthread_setname_np(thread, name);
	return thread;
}

static pthread_mutex_t gProtection = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

sys_prot_t sys_arch_protect(void)
{
	pthread_mutex_lock(&gProtection);
	return 1;
}

void sys_arch_unprotect(sys_prot_t protection)
{
	pthread_mutex_unlock(&gProtection);
}

/* lwIP's timers have to be: timeouts.c asserts that memory for them is there, and would stop all of TCP without. */
void *device_timeoutMalloc(memp_t type)
{
	void *timeout;

	device_heapSpare(1);
	timeout = memp_malloc(type);
	device_heapSpare(0);
	return timeout;
}

long device_mailboxDrops(void)
{
	return gDrops;
}
