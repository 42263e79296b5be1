// What the Moddable SDK has and Node.js has not, for the type check of this folder.
declare module "mc/config" {
  const config: Readonly<Record<string, unknown>>;
  export default config;
}
