/** The functions of heap.c. */

declare function native(name: string): unknown;

/** Bytes of slots and chunks in use, garbage included. */
export const usedBytes = native("signalrtests_usedBytes") as () => number;

export const collectGarbage = native("signalrtests_collectGarbage") as () => void;
