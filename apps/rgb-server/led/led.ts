/** A light of one colour, and what is beside it on a screen: all that the samples know about their hardware. */
export interface Led {
  /** Milliseconds between two steps of an effect; 0: it shows colours, but no effects. */
  readonly frameMs: number;
  /** Shows a colour at once. Each component is an integer from 0 (off) to 255 (full). */
  setColor(red: number, green: number, blue: number): void;
  /** Shows where the page is, as text and as a QR code; a light without a screen does not. */
  showAddress?(url: string): void;
  /** Shows another address of the page, below the first. */
  showName?(url: string): void;
  /** Shows how many clients there are. */
  showClients?(count: number): void;
}
