// Takes secrets out of text that is on its way to where others read it, as a whole or in chunks. It finds a secret as it
// is and in the forms that programs print by accident: base64 in each of its three alignments and both alphabets (broken
// into lines too), hex, URL-encoded, JSON-escaped; and each line of a secret that has several, because programs number,
// indent and end lines as they like. It knows only the secrets it is given, and only whole ones or whole lines: what a
// program has cut in two before is not found, nor any other form.

/** Stands where a secret stood. */
export const REDACTED = '[redacted]'

/** Shorter values are not looked for: they stand in ordinary text by chance. */
const SHORTEST_SECRET = 8

export interface Redactor {
  /**
   * The next piece of a stream; what it returns is as much as is certain. Held back is only what may be the beginning of
   * a secret, at most as long as its longest form.
   */
  push(chunk: string): string
  /** What was held back; the next push begins a new stream. */
  flush(): string
  /** A text of its own, apart from the stream. */
  redact(text: string): string
}

/** Takes time in proportion to the text, however many secrets there are. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const looked = [...new Set(secrets.flatMap((secret) => [secret, ...linesOf(secret)]))].filter(
    (secret) => secret.length >= SHORTEST_SECRET,
  )
  const plain = automaton(looked.flatMap((secret) => [...writtenForms(secret), ...encodedForms(secret)]))
  const encoded = automaton(looked.flatMap(encodedForms))
  let stream = redaction(plain, encoded)
  return {
    push: (chunk) => stream.push(chunk),
    flush() {
      const rest = stream.flush()
      stream = redaction(plain, encoded)
      return rest
    },
    redact(text) {
      const whole = redaction(plain, encoded)
      return whole.push(text) + whole.flush()
    },
  }
}

// A shorter line of a secret says little by itself, and stands in ordinary text.
const SHORTEST_LINE = 16

// Not the frame of a key, which is the same for all.
const FRAME = /^-+(?:BEGIN|END) [\w ]+-+$/

function linesOf(secret: string): string[] {
  const lines = secret.split(/[\r\n]+/).map((line) => line.trim())
  return lines.length === 1 ? [] : lines.filter((line) => line.length >= SHORTEST_LINE && !FRAME.test(line))
}

// What stands in one piece.
function writtenForms(secret: string): string[] {
  const once = JSON.stringify(secret).slice(1, -1)
  const twice = JSON.stringify(once).slice(1, -1)
  const ascii = [escapeOthers(once, 'lower'), escapeOthers(once, 'upper')]
  const json = [once, twice, ...ascii].flatMap((form) => [form, form.replaceAll('/', '\\/')])
  const url = UNESCAPED.flatMap((kept) => [urlEncoded(secret, kept), lowerEscapes(urlEncoded(secret, kept))])
  const form = urlEncoded(secret, /[A-Za-z0-9*._-]/).replaceAll('%20', '+')
  return [secret, ...json, ...url, form, lowerEscapes(form)]
}

// What encodeURIComponent, RFC 3986 and encodeURI leave as it is.
const UNESCAPED = [/[\w.!~*'()-]/, /[\w.~-]/, /[\w.!~*'();/?:@&=+$,#-]/]

function urlEncoded(secret: string, kept: RegExp): string {
  return [...Buffer.from(secret)]
    .map((byte) => [byte, String.fromCharCode(byte)] as const)
    .map(([byte, char]) => (byte < 128 && kept.test(char) ? char : `%${hexOf(byte).toUpperCase()}`))
    .join('')
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
}

function escapeOthers(text: string, letters: 'lower' | 'upper'): string {
  return text.replace(/[^ -~]/g, (char) => {
    const code = hexOf(char.charCodeAt(0)).padStart(4, '0')
    return `\\u${letters === 'lower' ? code : code.toUpperCase()}`
  })
}

function hexOf(value: number): string {
  return value.toString(16).padStart(2, '0')
}

// What may be broken into lines.
function encodedForms(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  const base64 = [0, 1, 2].map((offset) => alignedBase64(bytes, offset))
  return [
    hex,
    hex.toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

// The characters of the base64 of something that has the bytes at this place, which depend on nothing else.
function alignedBase64(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}

/** Finds many patterns at once (Aho and Corasick). A node stands for a beginning of patterns that the text ends with. */
interface Automaton {
  step(node: number, unit: number): number
  /** How long the beginning of a node is; 0: the root's. */
  depth(node: number): number
  /** The length of the longest pattern that a text at this node ends with; 0: none. */
  found(node: number): number
}

const ROOT = 0

function automaton(patterns: readonly string[]): Automaton {
  const next: Map<number, number>[] = [new Map()]
  const [depth, found, fallback] = [[0], [0], [ROOT]]
  for (const pattern of patterns) {
    let node = ROOT
    for (let at = 0; at < pattern.length; at += 1) {
      const unit = pattern.charCodeAt(at)
      let child = next[node]?.get(unit)
      if (child === undefined) {
        child = next.length
        next[node]?.set(unit, child)
        next.push(new Map())
        depth.push(at + 1)
        found.push(0)
        fallback.push(ROOT)
      }
      node = child
    }
    found[node] = pattern.length
  }
  const step = (from: number, unit: number): number => {
    let node = from
    for (;;) {
      const child = next[node]?.get(unit)
      if (child !== undefined) return child
      if (node === ROOT) return ROOT
      node = fallback[node] ?? ROOT
    }
  }
  // By depth, so that every shorter beginning has its fallback already.
  const queue = [...(next[ROOT]?.values() ?? [])]
  for (let at = 0; at < queue.length; at += 1) {
    const node = queue[at] ?? ROOT
    for (const [unit, child] of next[node] ?? []) {
      fallback[child] = step(fallback[node] ?? ROOT, unit)
      found[child] = Math.max(found[child] ?? 0, found[fallback[child] ?? ROOT] ?? 0)
      queue.push(child)
    }
  }
  return { step, depth: (node) => depth[node] ?? 0, found: (node) => found[node] ?? 0 }
}

/** A part of the stream that is not let out. Places count from the beginning of the stream. */
interface Span {
  from: number
  to: number
  /** Whether what stands for it is out already. */
  isMarked: boolean
}

interface Redaction {
  push(chunk: string): string
  flush(): string
}

function redaction(plain: Automaton, encoded: Automaton): Redaction {
  const scanners = [scanner(plain, false), scanner(encoded, true)]
  const spans: Span[] = []
  let held = ''
  /** Where `held` begins. */
  let start = 0

  function letOut(end: number): string {
    let out = ''
    let at = start
    while (spans[0] !== undefined && spans[0].from < end) {
      const span = spans[0]
      out += held.slice(at - start, span.from - start)
      if (!span.isMarked) out += REDACTED
      at = span.to
      if (span.to === end) {
        // It may turn out to be longer.
        Object.assign(span, { from: end, isMarked: true })
        break
      }
      spans.shift()
    }
    out += held.slice(at - start, end - start)
    held = held.slice(end - start)
    start = end
    return out
  }

  return {
    push(chunk) {
      const from = start + held.length
      held += chunk
      for (let at = 0; at < chunk.length; at += 1) {
        for (const scan of scanners) {
          const match = scan.next(chunk.charCodeAt(at), from + at)
          if (match !== null) addSpan(spans, match, from + at + 1)
        }
      }
      const begun = Math.min(start + held.length, ...scanners.map((scan) => scan.begun()))
      // What begins within a secret that is out already holds back only what comes after it.
      const end = Math.max(start, begun)
      return letOut(spans.find((span) => span.from <= end && end < span.to)?.to ?? end)
    },
    flush: () => letOut(start + held.length),
  }
}

// Spans are in order: what overlaps another becomes one with it.
function addSpan(spans: Span[], from: number, to: number): void {
  let span: Span = { from, to, isMarked: false }
  for (let last = spans.at(-1); last !== undefined && last.to > span.from; last = spans.at(-1)) {
    const begun = last.isMarked ? last.from : Math.min(last.from, span.from)
    span = { from: begun, to, isMarked: last.isMarked }
    spans.pop()
  }
  spans.push(span)
}

interface Scanner {
  /** Takes the unit at a place. Returns where the secret begins that ends with it; null: none does. */
  next(unit: number, place: number): number | null
  /** Where what may become a secret begins; infinite when nothing may. */
  begun(): number
}

// A line break, escaped or not, with some indent.
const MAX_GAP = 16

function scanner({ step, depth, found }: Automaton, isBroken: boolean): Scanner {
  let node = ROOT
  let gap = 0
  let isEscape = false
  // Where the units of the node's beginning stand; older ones are dropped now and then.
  let places: number[] = []

  function isSkipped(unit: number): boolean {
    const wasEscape = isEscape
    isEscape = unit === BACKSLASH
    return isEscape || SPACES.has(unit) || (wasEscape && ESCAPED.has(unit))
  }

  return {
    next(unit, place) {
      if (isBroken && isSkipped(unit)) {
        gap += 1
        if (gap > MAX_GAP) node = ROOT
        return null
      }
      gap = 0
      node = step(node, unit)
      if (node === ROOT) {
        places = []
        return null
      }
      places.push(place)
      if (places.length > 4 * depth(node) + 1024) places = places.slice(-depth(node))
      const length = found(node)
      return length === 0 ? null : (places.at(-length) ?? place)
    },
    begun: () => (node === ROOT ? Number.POSITIVE_INFINITY : (places.at(-depth(node)) ?? 0)),
  }
}

const BACKSLASH = 0x5c
const SPACES: ReadonlySet<number> = new Set([0x20, 0x0a, 0x0d, 0x09])
const ESCAPED: ReadonlySet<number> = new Set([...'nrt'].map((char) => char.charCodeAt(0)))
