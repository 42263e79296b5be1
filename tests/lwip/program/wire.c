/*
	The network interface: frames go to a TAP, and come from there. On the way they can be lost, late, out of order,
	doubled, and cut into small pbufs. As in ESP-IDF's driver with L2_TO_L3_COPY, a frame that comes is copied into a pbuf
	of PBUF_RAM.
*/

#include "device.h"

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/netif.h"
#include "lwip/tcpip.h"
#include "netif/ethernet.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define kMaxFrameBytes 1600
/* What comes later than the frames behind it. */
#define kReorderMs 15
/* lwIP's ethernet_input and tcp_input want their headers in the first pbuf. */
#define kHeaderBytes (14 + 20 + 60)

typedef struct Frame {
	struct Frame *next;
	uint32_t due;
	int isOut;
	int length;
	uint8_t bytes[];
} Frame;

static int gFile = -1;
static struct netif gInterface;
static DeviceWire gSettings;
static DeviceWireCounts gCounts;
/* Frames that are late, in the order in which they are due. */
static Frame *gLate;
static pthread_mutex_t gMutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gHasLate;

static int happens(int perThousand)
{
	return perThousand && (device_random() % 1000 < (uint32_t)perThousand);
}

static uint32_t realNow(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint32_t)(time.tv_sec * 1000 + time.tv_nsec / 1000000);
}

/* One pbuf, or several of `pbufBytes`. */
static struct pbuf *frameToPbufs(const uint8_t *bytes, int length, int pbufBytes)
{
	struct pbuf *head = NULL;
	int at = 0;

	while (at < length) {
		int count = at || !pbufBytes ? pbufBytes : kHeaderBytes;
		struct pbuf *part;

		if (!count || (count > length - at))
			count = length - at;
		part = pbuf_alloc(PBUF_RAW, (u16_t)count, PBUF_RAM);
		if (!part) {
			if (head)
				pbuf_free(head);
			return NULL;
		}
		memcpy(part->payload, bytes + at, (size_t)count);
		at += count;
		if (head)
			pbuf_cat(head, part);
		else
			head = part;
	}
	return head;
}

static void deliver(const uint8_t *bytes, int length, int pbufBytes)
{
	struct pbuf *frame = frameToPbufs(bytes, length, pbufBytes);

	if (frame && (ERR_OK == gInterface.input(frame, &gInterface)))
		return;
	if (frame)
		pbuf_free(frame);
	pthread_mutex_lock(&gMutex);
	gCounts.noMemory += 1;
	pthread_mutex_unlock(&gMutex);
}

static void pass(int isOut, const uint8_t *bytes, int length, int pbufBytes)
{
	if (!isOut)
		deliver(bytes, length, pbufBytes);
	else if ((gFile >= 0) && (write(gFile, bytes, (size_t)length) < 0)) {
		pthread_mutex_lock(&gMutex);
		gCounts.lostOut += 1;
		pthread_mutex_unlock(&gMutex);
	}
}

/* With the mutex held. */
static void keep(int isOut, const uint8_t *bytes, int length, int delayMs)
{
	Frame *frame = malloc(sizeof(Frame) + (size_t)length);
	Frame **at = &gLate;

	if (!frame)
		abort();
	frame->due = realNow() + (uint32_t)delayMs;
	frame->isOut = isOut;
	frame->length = length;
	memcpy(frame->bytes, bytes, (size_t)length);
	while (*at && ((int32_t)((*at)->due - frame->due) <= 0))
		at = &(*at)->next;
	frame->next = *at;
	*at = frame;
	pthread_cond_signal(&gHasLate);
}

/* A frame goes over the wire, in one of the two directions. */
static void carry(int isOut, const uint8_t *bytes, int length)
{
	DeviceWire settings;
	int copies, passed = 0;

	pthread_mutex_lock(&gMutex);
	settings = gSettings;
	*(isOut ? &gCounts.framesOut : &gCounts.framesIn) += 1;
	copies = happens(settings.duplicate) ? 2 : 1;
	if (settings.isDown || happens(isOut ? settings.lossOut : settings.lossIn)) {
		*(isOut ? &gCounts.lostOut : &gCounts.lostIn) += 1;
		copies = 0;
	}
	for (; copies; copies -= 1) {
		int delay = settings.delayMs + (happens(settings.reorder) ? kReorderMs : 0);
		if (delay || gLate)
			keep(isOut, bytes, length, delay);
		else
			passed += 1;
	}
	pthread_mutex_unlock(&gMutex);
	for (; passed; passed -= 1)
		pass(isOut, bytes, length, settings.pbufBytes);
}

static void *passLate(void *unused)
{
	pthread_mutex_lock(&gMutex);
	for (;;) {
		Frame *frame = gLate;
		int32_t wait = frame ? (int32_t)(frame->due - realNow()) : 0;

		if (!frame)
			pthread_cond_wait(&gHasLate, &gMutex);
		else if (wait > 0) {
			pthread_mutex_unlock(&gMutex);
			usleep(wait > 1 ? 1000 : 300);
			pthread_mutex_lock(&gMutex);
		} else {
			int pbufBytes = gSettings.pbufBytes;
			gLate = frame->next;
			pthread_mutex_unlock(&gMutex);
			pass(frame->isOut, frame->bytes, frame->length, pbufBytes);
			free(frame);
			pthread_mutex_lock(&gMutex);
		}
	}
	return NULL;
}

static void *readFrames(void *unused)
{
	uint8_t bytes[kMaxFrameBytes];

	for (;;) {
		ssize_t length = read(gFile, bytes, sizeof(bytes));
		if (length <= 0)
			return NULL;
		carry(0, bytes, (int)length);
	}
}

static err_t output(struct netif *interface, struct pbuf *frame)
{
	uint8_t bytes[kMaxFrameBytes];

	if (frame->tot_len > sizeof(bytes))
		return ERR_BUF;
	pbuf_copy_partial(frame, bytes, frame->tot_len, 0);
	carry(1, bytes, frame->tot_len);
	return ERR_OK;
}

static err_t initialize(struct netif *interface)
{
	static const uint8_t address[] = { 0x02, 0x12, 0x34, 0x56, 0x78, 0xab };

	interface->name[0] = 's';
	interface->name[1] = 't';
	interface->output = etharp_output;
	interface->output_ip6 = ethip6_output;
	interface->linkoutput = output;
	interface->mtu = 1500;
	interface->hwaddr_len = sizeof(address);
	memcpy(interface->hwaddr, address, sizeof(address));
	interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
	return ERR_OK;
}

static int openTap(const char *name)
{
	struct ifreq request = { 0 };
	int file = open("/dev/net/tun", O_RDWR);

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	request.ifr_flags = IFF_TAP | IFF_NO_PI;
	return (file < 0) || (ioctl(file, TUNSETIFF, &request) < 0) ? -1 : file;
}

void device_wireStart(const char *where, const char *address, const char *gateway)
{
	ip4_addr_t ip, mask, router;
	pthread_t thread;
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_cond_init(&gHasLate, &attributes);
	ip4addr_aton(address, &ip);
	ip4addr_aton("255.255.255.0", &mask);
	ip4addr_aton(gateway, &router);
	if (!strncmp(where, "tap:", 4))
		gFile = openTap(where + 4);
	if (*where && (gFile < 0)) {
		perror(where);
		exit(2);
	}
	netif_add(&gInterface, &ip, &mask, &router, NULL, initialize, tcpip_input);
	netif_set_default(&gInterface);
	netif_set_up(&gInterface);
	netif_set_link_up(&gInterface);
	pthread_create(&thread, NULL, passLate, NULL);
	if (gFile >= 0)
		pthread_create(&thread, NULL, readFrames, NULL);
}

void *esp_netif_get_default_netif(void)
{
	return &gInterface;
}

void device_wireSet(DeviceWire settings)
{
	pthread_mutex_lock(&gMutex);
	gSettings = settings;
	pthread_mutex_unlock(&gMutex);
}

DeviceWire device_wire(void)
{
	DeviceWire settings;

	pthread_mutex_lock(&gMutex);
	settings = gSettings;
	pthread_mutex_unlock(&gMutex);
	return settings;
}

DeviceWireCounts device_wireCounts(void)
{
	DeviceWireCounts counts;

	pthread_mutex_lock(&gMutex);
	counts = gCounts;
	pthread_mutex_unlock(&gMutex);
	return counts;
}
