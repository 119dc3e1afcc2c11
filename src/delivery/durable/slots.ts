/**
 * The places of lanes in one queue file. A lane that waits for nothing but to be named again rests: its row says all there is of
 * it, and memory keeps it no longer than somebody else does.
 */
import type { Slot } from "./slot.ts";

export class Slots {
  readonly #awake = new Map<number, Slot>();
  /** As long as somebody has one of these lanes, it is the one of its row. */
  readonly #resting = new Map<number, WeakRef<Slot>>();
  readonly #refs = new WeakMap<Slot, WeakRef<Slot>>();
  readonly #forgotten = new FinalizationRegistry<number>((id) => {
    if (this.#resting.get(id)?.deref() === undefined) this.#resting.delete(id);
  });
  /** They may rest once everything is saved. */
  readonly #tired = new Set<Slot>();

  get(id: number): Slot | undefined {
    return this.#awake.get(id) ?? this.#resting.get(id)?.deref();
  }

  has(slot: Slot): boolean {
    return this.get(slot.id) === slot;
  }

  /** Those that are in memory. */
  get all(): Slot[] {
    const resting = [...this.#resting.values()].flatMap((ref) => ref.deref() ?? []);
    return [...this.#awake.values(), ...resting];
  }

  /** From now on memory keeps it. */
  add(slot: Slot): void {
    this.#resting.delete(slot.id);
    this.#awake.set(slot.id, slot);
  }

  /** Something comes for a lane that may be resting. */
  wake(slot: Slot): void {
    if (!this.#awake.has(slot.id) && this.has(slot)) this.add(slot);
  }

  remove(slot: Slot): void {
    this.#awake.delete(slot.id);
    this.#resting.delete(slot.id);
    this.#tired.delete(slot);
  }

  tire(slot: Slot): void {
    if (this.#awake.get(slot.id) === slot) this.#tired.add(slot);
  }

  /** Everything is saved. */
  rest(): void {
    for (const slot of this.#tired) {
      if (!slot.mayRest) continue;
      this.#awake.delete(slot.id);
      this.#resting.set(slot.id, this.#refTo(slot));
    }
    this.#tired.clear();
  }

  #refTo(slot: Slot): WeakRef<Slot> {
    const known = this.#refs.get(slot);
    if (known !== undefined) return known;
    const ref = new WeakRef(slot);
    this.#refs.set(slot, ref);
    this.#forgotten.register(slot, slot.id);
    return ref;
  }
}
