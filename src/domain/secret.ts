// A value that cannot be printed by accident. It does not encrypt, and it cannot wipe memory (JS strings cannot be).

const REDACTED = '[redacted]'

/** Holds a plaintext. Prints `[redacted]` in strings, JSON and inspection; `expose()` is the only way out. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The plaintext. Call it only at the place where the value leaves for its user (design §3 lists them). */
  expose(): string {
    return this.#value
  }

  /** The number of characters; says nothing else about the value. */
  get length(): number {
    return this.#value.length
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED
  }

  [Symbol.toPrimitive](): string {
    return REDACTED
  }
}
