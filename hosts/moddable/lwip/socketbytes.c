/*
	A queue of bytes in blocks. Few bytes take a small block, many small additions share one: memory grows with the
	bytes, not with the number of additions. Adding is all or nothing.

	There is one producer and one consumer. The bytes are copied outside of the lock: the producer copies to where the
	consumer does not look yet, and pins the last block meanwhile, so that the consumer does not free it.
*/

#include "lwipsockets.h"

#include <string.h>

struct BlockStruct {
	Block *next;
	uint16_t size;
	uint16_t start;
	uint16_t end;
	uint8_t bytes[];
};

/* With the heap's own bytes a block takes 128, 512 or about a segment. */
#define kHeapBytes 8
#define kSmallBlock (128 - kHeapBytes - sizeof(Block))
#define kMediumBlock (512 - kHeapBytes - sizeof(Block))
#define kLargeBlock (TCP_MSS)

static void freeBlocks(Block *block)
{
	while (block) {
		Block *next = block->next;
		c_free(block);
		block = next;
	}
}

static uint32_t sizeFor(uint32_t count, int isFirst)
{
	uint32_t least = isFirst ? kSmallBlock : kMediumBlock;

	if (count >= kLargeBlock)
		return kLargeBlock;
	return (count < least) ? least : count;
}

/* Drops what the consumer has emptied and left, since it was pinned. */
static void unpin(Bytes *bytes)
{
	Block *empty = NULL;

	socketsLock();
	bytes->isFilling = 0;
	if (bytes->first && (bytes->first->start == bytes->first->end)) {
		empty = bytes->first;
		bytes->first = empty->next;
		if (!bytes->first)
			bytes->last = NULL;
		empty->next = NULL;
	}
	socketsUnlock();
	freeBlocks(empty);
}

/* The producer's first step. Gives 0 where there is no memory; nothing is changed then. */
int bytesReserve(Bytes *bytes, uint32_t count, Room *room)
{
	uint32_t rest = 0;
	int isFirst;

	memset(room, 0, sizeof(*room));
	room->count = count;

	socketsLock();
	isFirst = !bytes->last;
	if (bytes->last && (bytes->last->end < bytes->last->size)) {
		bytes->isFilling = 1;
		room->tail = room->current = bytes->last;
		rest = (uint32_t)(bytes->last->size - bytes->last->end);
	}
	socketsUnlock();

	rest = (count > rest) ? count - rest : 0;
	while (rest) {
		uint32_t size = sizeFor(rest, isFirst);
		Block *block = c_malloc(sizeof(Block) + size);
		if (!block) {
			freeBlocks(room->first);
			unpin(bytes);
			return 0;
		}
		block->next = NULL;
		block->size = (uint16_t)size;
		block->start = block->end = 0;
		if (room->last)
			room->last->next = block;
		else
			room->first = block;
		room->last = block;
		rest = (rest > size) ? rest - size : 0;
	}
	if (!room->current)
		room->current = room->first;
	return 1;
}

/* Copies into the room, in one or several calls, as many bytes as were reserved. */
void bytesFill(Room *room, const void *from, uint32_t count)
{
	const uint8_t *at = from;

	while (count) {
		Block *block = room->current;
		int isTail = block == room->tail;
		uint32_t end = (uint32_t)block->end + (isTail ? room->added : 0);
		uint32_t use = block->size - end;

		if (!use) {
			room->current = isTail ? room->first : block->next;
			continue;
		}
		if (use > count)
			use = count;
		memcpy(block->bytes + end, at, use);
		if (isTail)
			room->added = (uint16_t)(room->added + use);
		else
			block->end = (uint16_t)(end + use);
		at += use;
		count -= use;
	}
}

/* The producer's last step: the consumer may see the bytes. */
void bytesCommit(Bytes *bytes, Room *room)
{
	socketsLock();
	if (room->tail)
		room->tail->end = (uint16_t)(room->tail->end + room->added);
	if (room->first) {
		if (bytes->last)
			bytes->last->next = room->first;
		else
			bytes->first = room->first;
		bytes->last = room->last;
	}
	bytes->count += room->count;
	bytes->isFilling = 0;
	socketsUnlock();
}

uint32_t bytesCount(Bytes *bytes)
{
	uint32_t count;

	socketsLock();
	count = bytes->count;
	socketsUnlock();
	return count;
}

/* The consumer's look at the next bytes, as many as lie together: 0 for none. */
uint32_t bytesPeek(Bytes *bytes, const uint8_t **at)
{
	uint32_t count = 0;

	socketsLock();
	if (bytes->first) {
		*at = bytes->first->bytes + bytes->first->start;
		count = (uint32_t)(bytes->first->end - bytes->first->start);
	}
	socketsUnlock();
	return count;
}

/* The consumer has used bytes, at most those that it has seen. */
void bytesConsume(Bytes *bytes, uint32_t count)
{
	Block *empty = NULL, *first;

	socketsLock();
	first = bytes->first;
	first->start = (uint16_t)(first->start + count);
	bytes->count -= count;
	if ((first->start == first->end) && ((first != bytes->last) || !bytes->isFilling)) {
		empty = first;
		bytes->first = first->next;
		if (!bytes->first)
			bytes->last = NULL;
		empty->next = NULL;
	}
	socketsUnlock();
	freeBlocks(empty);
}

/* The consumer drops all. */
void bytesClear(Bytes *bytes)
{
	const uint8_t *at;
	uint32_t count;

	while ((count = bytesPeek(bytes, &at)))
		bytesConsume(bytes, count);
}

/* For who is the only one left. */
void bytesDispose(Bytes *bytes)
{
	freeBlocks(bytes->first);
	memset(bytes, 0, sizeof(*bytes));
}
