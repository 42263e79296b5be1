/** A client whose messages are a stream of bytes. */

import { ClientWebSocket, type ClientWebSocketOptions } from "../client.js";
import type { ClientSettings } from "../client/options.js";
import type { AgreedSettings } from "../common/options.js";

/** A client that is told of payload as it comes: whole messages would take memory, and frames of any length are allowed. */
export class PiecesClient extends ClientWebSocket {
  declare protected readonly settings: ClientSettings & AgreedSettings;

  constructor(options: ClientWebSocketOptions) {
    super(options);
    this.settings = { ...this.settings, deliversPieces: true };
  }
}
