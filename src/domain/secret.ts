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

  /**
   * A secret text built out of other secrets, for example a file that holds a key. What comes out is as hidden as what
   * went in; `build` must only combine.
   */
  static compose(
    parts: Readonly<Record<string, Secret>>,
    build: (texts: Readonly<Record<string, string>>) => string,
  ): Secret {
    const texts = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.#value]))
    return new Secret(build(texts))
  }

  /** Whether two secrets hold the same text. */
  equals(other: Secret): boolean {
    return this.#value === other.#value
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
