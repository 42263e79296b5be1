// Neither the SDK nor @moddable/typings declares this module: the manifest names this file for mcconfig, too.

declare module "logical" {
  const Logical: {
    /** XORs `target` in place with `source`, which repeats. */
    readonly xor: (target: Uint8Array, source: Uint8Array) => void;
  };
  export default Logical;
}
