/** How instances of one service agree which session of Apie's a lane is, as far as the delivery takes part in it. */

export interface Agreement {
  /** Monotonic ms before which it is not asked again. */
  readonly notBefore: number;
  /** Whether this instance may open the session now: the others leave it to us, or cannot be asked. */
  mayOpen(now: number): boolean;
  /** Asks once; bounded, never rejects. @returns Apie's id where another instance has opened it. */
  ask(): Promise<string | undefined>;
  /** This instance has opened it. Bounded, never rejects. @returns the id that counts: another's where that was first. */
  opened(id: string): Promise<string>;
  /** This instance could not: another may try. */
  failed(): void;
}
