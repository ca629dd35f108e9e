// A value that cannot be printed by accident, and how to tell one that got into a text. It does not encrypt, and it
// cannot wipe memory (JS strings cannot be).

const REDACTED = '[redacted]'

// The start of a key of one of our types, or a token of ours, where a word starts; a path is no such place.
const KEY =
  /(?:(?<![\w./-])|(?<=\/\/))(?:sk-[\w.+/=-]{12}|at-[\w.+/=-]{16}|clv_\w{12}|ABSK[\w.+/=-]{12}|A[KS]IA[A-Z0-9]{12}|gh[opsru]_\w{16}|github_pat_\w{16}|glpat-[\w-]{16}|bedrock-api-key-[\w.+/=-]{40}|eyJ[\w-]{30})[^\s"']*/g

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

/** The JSON of a value with Secrets in it, as one Secret: what is written out at its place, whole. */
export function secretJson(value: unknown): Secret {
  return new Secret(JSON.stringify(plain(value)))
}

// A copy with texts in the place of Secrets: quicker than a replacer, which JSON.stringify calls for every key.
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Secret) return value.expose()
  if (Array.isArray(value)) return value.map(plain)
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    // Not an assignment: a key of this name would set the prototype instead.
    if (key === '__proto__')
      Object.defineProperty(copy, key, { value: plain((value as never)[key]), enumerable: true })
    else copy[key] = plain((value as Record<string, unknown>)[key])
  }
  return copy
}

/** Whether a text holds what looks like a key, as when a value was pasted where a name belongs. */
export function holdsKey(text: string): boolean {
  return text.search(KEY) !== -1
}

/** The text with everything that looks like a key taken out of it. */
export function withoutKeys(text: string): string {
  return text.replace(KEY, '(looks like a key)')
}
