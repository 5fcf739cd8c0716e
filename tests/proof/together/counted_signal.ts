/** A signal that counts who listens to it: at the end, nobody may. */

/** A signal that is never aborted, and how many listeners it has. */
export function countedSignal(): { readonly signal: AbortSignal; readonly listeners: () => number } {
  const { signal } = new AbortController();
  const listening = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  const counted = {
    addEventListener: (type: string, listener: EventListener, options?: AddEventListenerOptions) => {
      listening.add(listener);
      add(type, listener, options);
    },
    removeEventListener: (type: string, listener: EventListener) => {
      listening.delete(listener);
      remove(type, listener);
    },
  };
  return { signal: Object.assign(signal, counted), listeners: () => listening.size };
}
