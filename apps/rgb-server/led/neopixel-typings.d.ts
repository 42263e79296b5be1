// The part of the SDK's own typings/neopixel.d.ts that is used here: npm's @moddable/typings lacks that module.
declare module "neopixel" {
  export default class NeoPixel {
    constructor(options?: { pin?: number; length?: number; order?: string });
    makeRGB(red: number, green: number, blue: number): number;
    setPixel(index: number, color: number): void;
    update(): void;
  }
}
