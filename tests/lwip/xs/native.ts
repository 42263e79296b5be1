/** The functions of ../program/natives.c. */

/** XS does nothing for so many milliseconds. */
export const stall = native("xs_lwip_stall") as (ms: number) => void;

/** The tcpip thread does nothing from true to false. */
export const hold = native("xs_lwip_hold") as (isHeld: boolean) => void;

/** A variable of the environment. */
export const setting = native("xs_lwip_setting") as (name: string) => string | undefined;

/** Fills with the bytes that belong at the place `at` of a stream. */
export const fill = native("xs_lwip_fill") as (bytes: Uint8Array, at: number) => void;

/** Whether the bytes are those that belong at the place `at`. */
export const matches = native("xs_lwip_matches") as (bytes: Uint8Array, at: number) => boolean;
