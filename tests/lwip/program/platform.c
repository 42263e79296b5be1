/* Time, chance, threads and faults of the device. */

#include "device.h"
#include "esp_random.h"
#include "esp_timer.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static _Atomic(pthread_t) gXsThread, gTcpipThread;
static atomic_int gHasXs, gHasTcpip;
static atomic_long gWaits;

static int64_t realMilliseconds(void)
{
	return esp_timer_get_time() / 1000;
}

int64_t esp_timer_get_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
}

void esp_fill_random(void *bytes, size_t count)
{
	if (getrandom(bytes, count, 0) != (ssize_t)count)
		abort();
}

uint32_t device_random(void)
{
	uint32_t value;

	esp_fill_random(&value, sizeof(value));
	return value;
}

/* The clock's last change of speed: what was shown then, and when that was. */
static int64_t gShown, gSince;
static int gSpeed = 1;
static pthread_mutex_t gClock = PTHREAD_MUTEX_INITIALIZER;

uint32_t device_now(void)
{
	int64_t now;

	pthread_mutex_lock(&gClock);
	now = gShown + (realMilliseconds() - gSince) * gSpeed;
	pthread_mutex_unlock(&gClock);
	return (uint32_t)now;
}

void device_setSpeed(int factor)
{
	int64_t real = realMilliseconds();

	pthread_mutex_lock(&gClock);
	gShown += (real - gSince) * gSpeed;
	gSince = real;
	gSpeed = factor;
	pthread_mutex_unlock(&gClock);
}

int device_speed(void)
{
	int speed;

	pthread_mutex_lock(&gClock);
	speed = gSpeed;
	pthread_mutex_unlock(&gClock);
	return speed;
}

void device_sleep(uint32_t milliseconds)
{
	usleep(milliseconds * 1000);
}

void device_critical(int begins)
{
	static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

	if (begins)
		pthread_mutex_lock(&mutex);
	else
		pthread_mutex_unlock(&mutex);
}

void device_markXsThread(void)
{
	gXsThread = pthread_self();
	gHasXs = 1;
}

void device_markTcpipThread(void)
{
	gTcpipThread = pthread_self();
	gHasTcpip = 1;
}

int device_isXs(void)
{
	return gHasXs && pthread_equal(gXsThread, pthread_self());
}

int device_isTcpip(void)
{
	return gHasTcpip && pthread_equal(gTcpipThread, pthread_self());
}

void device_assertTcpipThread(const char *function)
{
	/* lwIP initializes itself before its thread runs. */
	if (gHasTcpip && !device_isTcpip())
		device_fault("%s outside of the tcpip thread", function);
}

void device_lwipAssert(const char *message, const char *file, int line)
{
	fprintf(stderr, "FAULT: lwIP asserts: %s (%s:%d)\n", message, file, line);
	abort();
}

void device_fault(const char *format, ...)
{
	va_list arguments;
	char text[200];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fprintf(stderr, "FAULT: %s\n", text);
	if (!getenv("LWIP_KEEP_GOING"))
		abort();
}

void device_waited(void)
{
	gWaits += 1;
}

long device_waits(void)
{
	return gWaits;
}
