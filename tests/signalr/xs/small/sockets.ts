/** The function of sockets.c. */

declare function native(name: string): unknown;

/** Has the network keep less of what a peer does not read, for the sockets that there are and those that they accept. */
export const shrinkSendBuffers = native("smallheap_shrinkSendBuffers") as () => void;
