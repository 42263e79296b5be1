/** The JSON events of realtime voice services, as far as they are used here: see docs/voice.md. */

export interface RealtimeEvent {
  readonly type: string;
  /** Audio in base64, of response.output_audio.delta, which some services call response.audio.delta. */
  readonly delta?: string;
  /** Audio in base64, of input_audio_buffer.append. */
  readonly audio?: string;
  readonly error?: { readonly message?: string };
}

/** @returns undefined for what is no event */
export function readEvent(text: string): RealtimeEvent | undefined {
  try {
    const event = JSON.parse(text) as Partial<RealtimeEvent> | null;
    return typeof event?.type === "string" ? { ...event, type: event.type } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an event has audio. */
export function isAudioDelta({ type }: RealtimeEvent): boolean {
  return type === "response.output_audio.delta" || type === "response.audio.delta";
}

/** The first event of a client: what the audio is. */
export function sessionUpdate(rate: number): string {
  const format = { type: "audio/pcm", rate };
  return JSON.stringify({
    type: "session.update",
    // No detection of turns: this client says itself when it has ended.
    session: { type: "realtime", audio: { input: { format, turn_detection: null }, output: { format } } },
  });
}

export function append(base64: string): string {
  return JSON.stringify({ type: "input_audio_buffer.append", audio: base64 });
}

/** An event that is a type only. */
export function plain(type: string): string {
  return JSON.stringify({ type });
}
