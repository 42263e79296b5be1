/** The attributes `onopen`, `onmessage` and so on (HTML Standard, 8.1.8: event handlers). */

import type { DomEvent, DomEventTarget } from "#dom";

/** The value of such an attribute. */
export type EventHandler<Event extends DomEvent> = ((event: Event) => unknown) | null;

interface Registered {
  /** What the attribute says: anything but a function is kept, and never called. */
  value: unknown;
  readonly listener: (event: DomEvent) => void;
}

/** The event handlers of one target. */
export class EventHandlers {
  private readonly target: DomEventTarget;
  private readonly registered = new Map<string, Registered>();

  constructor(target: DomEventTarget) {
    this.target = target;
  }

  get<Event extends DomEvent>(type: string): EventHandler<Event> {
    return (this.registered.get(type)?.value ?? null) as EventHandler<Event>;
  }

  /** Sets a handler. One that takes the place of another is called in its turn among the listeners. */
  set(type: string, value: unknown): void {
    const before = this.registered.get(type);
    if (!isHandler(value)) return this.remove(type, before);
    if (before !== undefined) {
      before.value = value;
      return;
    }
    const registered: Registered = {
      value,
      listener: (event) => {
        if (typeof registered.value === "function") registered.value.call(this.target, event);
      },
    };
    this.registered.set(type, registered);
    this.target.addEventListener(type, registered.listener);
  }

  private remove(type: string, registered: Registered | undefined): void {
    if (registered === undefined) return;
    this.registered.delete(type);
    this.target.removeEventListener(type, registered.listener);
  }
}

/** Web IDL, 3.2.19: what is no object counts as null. */
function isHandler(value: unknown): boolean {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}
