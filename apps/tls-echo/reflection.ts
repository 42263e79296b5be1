/**
 * @peculiar/x509 asks for a polyfill of decorator metadata when it is loaded, and then uses none of it. To be imported
 * before it.
 */

interface MetadataReflection {
  getMetadata?: () => undefined;
  getOwnMetadata?: () => undefined;
}

const reflection = Reflect as MetadataReflection;
reflection.getMetadata ??= () => undefined;
reflection.getOwnMetadata ??= () => undefined;
