/** Writes the error and its stack for the developer. */
export function logError(where: string, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  trace(`xs-websockets: ${where}: ${text}\n`);
}
