import { copyOf } from '../codec/bytes.ts';
import { StorageError } from '../model/errors.ts';
import type { BlockHash } from '../model/ids.ts';
import type { AppView } from '../ports/app.ts';
import type { KVSnapshot } from '../ports/kv-store.ts';
import { appViewAt } from '../storage/app-view.ts';

/** The state that an app is shown, for the time of one call. */
export interface OpenState {
  readonly view: AppView;
  /** What went wrong while the app read it: the store's fault, not the app's. Null when nothing did. */
  readonly failure: StorageError | null;
  close(): void;
}

/**
 * The state after `block` as `reader` shows it; null when commits have left its branch behind. Takes over `reader`.
 * Throws `StorageError`. Reading the view after `close` throws to whoever does, and is no failure of the store.
 */
export function openState(reader: KVSnapshot, block: BlockHash): OpenState | null {
  let view: AppView | null = null;
  try {
    view = appViewAt(reader, block);
  } finally {
    if (view === null) reader.close();
  }
  return view === null ? null : new GuardedState(reader, view);
}

const ownOf = (value: Uint8Array | null): Uint8Array | null => (value === null ? null : copyOf(value));

class GuardedState implements OpenState {
  readonly view: AppView;
  readonly #reader: KVSnapshot;
  #failure: StorageError | null = null;
  #isOpen = true;

  constructor(reader: KVSnapshot, view: AppView) {
    this.#reader = reader;
    const guarded = <T>(read: () => T): T => this.#guarded(read);
    const { block, height, appStateHash } = view;
    this.view = {
      block,
      height,
      appStateHash,
      get validatorSet() {
        return guarded(() => view.validatorSet);
      },
      // Apps count up what they read, in place: the state must not notice before they say so.
      get: (key) => guarded(() => ownOf(view.get(key))),
    };
  }

  get failure(): StorageError | null {
    return this.#failure;
  }

  #guarded<T>(read: () => T): T {
    if (!this.#isOpen)
      throw new Error('the state can be read during the call that it was given to, not later');
    try {
      return read();
    } catch (error) {
      if (error instanceof StorageError) this.#failure ??= error;
      throw error;
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#reader.close();
  }
}
