// The time of several machines as one: this machine's clock, corrected by how far it is from a clock they all can ask.
// What expires must expire everywhere at once, and a machine whose clock is an hour off must not notice it by its faults.

// Milliseconds.
const MEASURE_EVERY = 5_000
// An answer that took longer says too little.
const SLOWEST_ANSWER = 2_000
// The machine's clock was set, or the machine slept: it and the time since the start differ by more than this.
const STEP = 1_000

const SAMPLES = 3

export interface SharedClock {
  /** Whole milliseconds since 1970. */
  now(): number
  /** Milliseconds by which the shared clock is ahead of this machine's; negative when it is behind. */
  offset(): number
  stop(): void
}

export interface SharedClockOptions {
  /** This machine's clock, in milliseconds since 1970. */
  readonly local: () => number
  /** Asks the clock that all share. While it throws, what is known stays. */
  readonly shared: () => Promise<number>
  /** The offset was found to be another. */
  readonly onChange?: (offset: number) => void
}

/** Measures once, then every few seconds until it is stopped. Throws what `shared` throws the first time. */
export async function followClock(options: SharedClockOptions): Promise<SharedClock> {
  const { local, shared, onChange = () => undefined } = options
  let offset = 0
  let measuring = false
  let anchor = { local: 0, monotonic: 0 }

  const measure = async () => {
    const found = await bestOf(SAMPLES, () => sample(local, shared))
    anchor = { local: local(), monotonic: performance.now() }
    // Within what the way there and back may have taken, the old one is as good.
    if (found.error > SLOWEST_ANSWER / 2 || Math.abs(found.offset - offset) <= found.error) return
    offset = Math.round(found.offset)
    onChange(offset)
  }
  const measureAgain = () => {
    if (measuring) return
    measuring = true
    // Whoever needs the database says that it is away.
    void measure()
      .catch(() => undefined)
      .finally(() => {
        measuring = false
      })
  }

  await measure()
  const timer = setInterval(measureAgain, MEASURE_EVERY).unref()
  return {
    now: () => {
      const here = local()
      const since = here - anchor.local - (performance.now() - anchor.monotonic)
      if (Math.abs(since) > STEP) measureAgain()
      return here + offset
    },
    offset: () => offset,
    stop: () => clearInterval(timer),
  }
}

interface Sample {
  readonly offset: number
  /** The offset is right within so many milliseconds. */
  readonly error: number
}

async function sample(local: () => number, shared: () => Promise<number>): Promise<Sample> {
  const [asked, started] = [local(), performance.now()]
  const answer = await shared()
  const error = (performance.now() - started) / 2
  return { offset: answer - (asked + error), error: error + 1 }
}

async function bestOf(times: number, take: () => Promise<Sample>): Promise<Sample> {
  let best = await take()
  for (let i = 1; i < times; i += 1) {
    const next = await take()
    if (next.error < best.error) best = next
  }
  return best
}
