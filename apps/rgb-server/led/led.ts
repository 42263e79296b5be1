/** A light of one colour: the only thing the RGB server knows about its hardware. */
export interface Led {
  /** Shows a colour at once. Each component is an integer from 0 (off) to 255 (full). */
  setColor(red: number, green: number, blue: number): void;
}
