/** Numbers of RFC 6455 and the const objects that stand for .NET's enumerations. */

/** Frame opcodes (RFC 6455, 5.2). */
export const Opcode = Object.freeze({
  Continuation: 0x0,
  Text: 0x1,
  Binary: 0x2,
  Close: 0x8,
  Ping: 0x9,
  Pong: 0xa,
} as const);
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** The bit that marks the final fragment of a message (RFC 6455, 5.2). */
export const FIN_BIT = 0x80;
/** The bits that are zero unless an extension was negotiated (RFC 6455, 5.2). */
export const RESERVED_BITS = 0x70;
/** The opcode, and RSV1 of a compressed message (RFC 7692, 6). */
export const DEFLATED_OPCODE_BITS = 0x4f;
/** The bits of the opcode in a frame's first byte (RFC 6455, 5.2). */
export const OPCODE_BITS = 0x0f;
/** The bit that says that the payload is masked (RFC 6455, 5.2). */
export const MASK_BIT = 0x80;
/** The bit that tells control opcodes from data opcodes (RFC 6455, 5.5). */
export const CONTROL_BIT = 0x08;

/** Payload length code that announces a 16-bit length (RFC 6455, 5.2). */
export const LENGTH_16 = 126;
/** Payload length code that announces a 64-bit length (RFC 6455, 5.2). */
export const LENGTH_64 = 127;
/** Largest payload of a control frame, in bytes (RFC 6455, 5.5). */
export const MAX_CONTROL_PAYLOAD = 125;
/** Largest frame header: 2 bytes, a 64-bit length and a masking key (RFC 6455, 5.2). */
export const MAX_HEADER_BYTES = 14;
/** Bytes of a masking key (RFC 6455, 5.3). */
export const MASK_BYTES = 4;
/** Largest reason of a Close frame, in bytes: a control payload less the status code (RFC 6455, 5.5.1). */
export const MAX_CLOSE_REASON_BYTES = MAX_CONTROL_PAYLOAD - 2;

/** The side of a connection: clients mask, servers do not (RFC 6455, 5.1). */
export const Role = Object.freeze({ Client: 0, Server: 1 } as const);
export type Role = (typeof Role)[keyof typeof Role];

/** Why a connection was closed (RFC 6455, 7.4.1; .NET `WebSocketCloseStatus`, and 1012 to 1014 of the IANA registry). */
export const WebSocketCloseStatus = Object.freeze({
  NormalClosure: 1000,
  EndpointUnavailable: 1001,
  ProtocolError: 1002,
  InvalidMessageType: 1003,
  Reserved: 1004,
  /** No status was in the Close frame. Never sent. */
  Empty: 1005,
  /** The connection ended without a Close frame. Never sent. */
  ClosedAbnormally: 1006,
  InvalidPayloadData: 1007,
  PolicyViolation: 1008,
  MessageTooBig: 1009,
  MandatoryExtension: 1010,
  InternalServerError: 1011,
  ServiceRestart: 1012,
  TryAgainLater: 1013,
  BadGateway: 1014,
} as const);
/** A close status; applications use 3000 to 4999 for their own (RFC 6455, 7.4.2). */
export type WebSocketCloseStatus = number;

/** The state of a connection (.NET `WebSocketState`). */
export const WebSocketState = Object.freeze({
  None: 0,
  Connecting: 1,
  Open: 2,
  CloseSent: 3,
  CloseReceived: 4,
  Closed: 5,
  Aborted: 6,
} as const);
export type WebSocketState = (typeof WebSocketState)[keyof typeof WebSocketState];

/** The type of a message (.NET `WebSocketMessageType`). */
export const WebSocketMessageType = Object.freeze({ Text: 0, Binary: 1 } as const);
export type WebSocketMessageType = (typeof WebSocketMessageType)[keyof typeof WebSocketMessageType];

/** Which part of its message a received frame is (.NET nanoFramework `FragmentationType`). */
export const FragmentationType = Object.freeze({
  NotFragmented: 0,
  FirstFragment: 1,
  Fragment: 2,
  FinalFragment: 3,
} as const);
export type FragmentationType = (typeof FragmentationType)[keyof typeof FragmentationType];
