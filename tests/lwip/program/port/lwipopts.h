/*
	The values that ESP-IDF gives to lwIP's options, with the sdkconfig of the Moddable SDK for the ESP32, wherever they
	matter to TCP. What the device has and these tests do not use (DHCP, sockets, IPv6 autoconfiguration) is left out.
*/

#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include "../device.h"

/* Memory: everything is allocated from the one heap of the device. */
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 4
#define mem_clib_malloc device_malloc
#define mem_clib_calloc device_calloc
#define mem_clib_free device_free

/* Threads: the tcpip thread is the only one that may touch a pcb; its mailbox has 32 places. */
#define NO_SYS 0
#define SYS_LIGHTWEIGHT_PROT 1
#define LWIP_TCPIP_CORE_LOCKING 0
#define LWIP_TCPIP_CORE_LOCKING_INPUT 0
#define LWIP_MARK_TCPIP_THREAD() device_markTcpipThread()
#define LWIP_ASSERT_CORE_LOCKED() device_assertTcpipThread(__func__)
#define TCPIP_THREAD_NAME "tiT"
#define TCPIP_THREAD_STACKSIZE 0
#define TCPIP_THREAD_PRIO 18
#define TCPIP_MBOX_SIZE 32
#define DEFAULT_UDP_RECVMBOX_SIZE 6
#define DEFAULT_TCP_RECVMBOX_SIZE 6
#define DEFAULT_ACCEPTMBOX_SIZE 6
#define LWIP_COMPAT_MUTEX 0

#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_RAW 1
#define LWIP_UDP 1
#define LWIP_DNS 1
#define LWIP_DHCP 0
#define LWIP_AUTOIP 0
#define LWIP_IGMP 0
#define MEMP_NUM_RAW_PCB 16
#define MEMP_NUM_UDP_PCB 16
#define MEMP_NUM_TCP_PCB 8
#define MEMP_NUM_TCP_PCB_LISTEN 4

/* Those of the C library are there. */
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS

#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_IPV6_REASS 0
#define LWIP_IPV6_MLD 0
#define LWIP_IPV6_AUTOCONFIG 0
/* Where the heap fails, the loop-back interface keeps the first one for ever. */
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 0
#define IPV6_FRAG_COPYHEADER 1
#define IP_REASSEMBLY 0
#define IP_FRAG 1
#define IP_FORWARD 0
#define LWIP_ICMP 1
#define ARP_QUEUEING 1
#define LWIP_NETIF_TX_SINGLE_PBUF 1
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_LOOPBACK_MAX_PBUFS 8
#define LWIP_SUPPORT_CUSTOM_PBUF 1

#define LWIP_TCP 1
#define LWIP_CALLBACK_API 1
#define TCP_MSS 1436
#define TCP_WND 8192
#define TCP_SND_BUF 8192
#define TCP_OVERSIZE TCP_MSS
#define TCP_LISTEN_BACKLOG 1
#define TCP_MAXRTX 12
#define TCP_SYNMAXRTX 6
#define LWIP_TCP_RTO_TIME 1500
#define TCP_TMR_INTERVAL 250
#define TCP_MSL 60000
#define TCP_FIN_WAIT_TIMEOUT 20000
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_PBUFS 4
#define LWIP_TCP_SACK_OUT 0
#define LWIP_TCP_KEEPALIVE 1
#define LWIP_WND_SCALE 0
#define SO_REUSE 1

#define CHECKSUM_CHECK_IP 0
#define CHECKSUM_CHECK_UDP 0
#define CHECKSUM_CHECK_TCP 1

#define LWIP_STATS 1
#define LWIP_STATS_DISPLAY 0

#endif
