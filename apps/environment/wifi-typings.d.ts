// The part of the SDK's own typings/embedded_network/interface/wifi.d.ts that is used here: npm's @moddable/typings lacks
// that module.
declare module "embedded:network/interface/wifi" {
  export default class WiFi {
    constructor(options: { onChanged?: () => void });
    connect(options: { SSID: string; password?: string }): void;
    scan(options: { onFound?: (found: { SSID: string }) => void; onComplete?: () => void }): void;
    readonly connection: number;
    readonly address: string | undefined;
  }
}
