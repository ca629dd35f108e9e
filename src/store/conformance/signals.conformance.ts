// The part of the conformance suite about signals: heard after the commit, never without one.

import { describe, expect, it } from 'vitest'
import type { Store } from '../store.ts'
import type { CurrentStore } from './rows.ts'

/** Listens and keeps the subjects it has heard, each once: a store may deliver one twice. */
function heardBy(store: Store): { readonly subjects: Set<string>; end(): void } {
  const subjects = new Set<string>()
  const end = store.signals.listen((heard) => subjects.add(heard === 'missed' ? 'missed' : heard.subject))
  return { subjects, end }
}

/** Registers the tests of `signals`. */
export function describeSignals(store: CurrentStore): void {
  const send = (subject: string) => store().signals.send('holders', subject)

  // Whatever was sent before this has been delivered, if it ever is.
  const fence = async (subjects: ReadonlySet<string>, name: string) => {
    await send(name)
    await expect.poll(() => subjects.has(name)).toBe(true)
  }

  describe('signals', () => {
    it('are delivered to everybody who listens, with topic and subject', async () => {
      const heard: unknown[] = []
      store().signals.listen((signal) => heard.push(signal))
      const other = heardBy(store())
      const subject = 'tok_ß "quoted" \\ \u0000 🔑'
      await store().atomically((unit) => unit.signals.send('holders', subject))
      await expect.poll(() => other.subjects.has(subject)).toBe(true)
      expect(heard).toContainEqual({ topic: 'holders', subject })
    })

    it('are heard before the unit is answered, where it was asked for', async () => {
      const { subjects } = heardBy(store())
      await send('at once')
      expect(subjects.has('at once')).toBe(true)
    })

    it('are sent only when what they are about can be read', async () => {
      const found: (string | undefined)[] = []
      const reads: Promise<void>[] = []
      store().signals.listen((heard) => {
        if (heard === 'missed') return
        reads.push(
          store()
            .installation.get('a')
            .then((value) => void found.push(value)),
        )
      })
      await store().atomically(async (unit) => {
        await unit.signals.send('holders', 'first')
        await unit.installation.put('a', 'b')
        await Promise.resolve()
        expect(reads).toEqual([])
      })
      await expect.poll(() => found.at(-1)).toBe('b')
    })

    it('of a unit that was taken back are never delivered, whatever its neighbours do', async () => {
      const { subjects } = heardBy(store())
      const failed = store().atomically(async (unit) => {
        await unit.signals.send('holders', 'taken back')
        throw new RangeError('no')
      })
      const asked = [failed, send('neighbour'), send('another')]
      expect((await Promise.allSettled(asked)).map((one) => one.status)).toEqual([
        'rejected',
        'fulfilled',
        'fulfilled',
      ])
      await fence(subjects, 'fence')
      expect([...subjects].filter((subject) => subject !== 'missed').sort()).toEqual([
        'another',
        'fence',
        'neighbour',
      ])
    })

    it('are heard no more by who has stopped listening', async () => {
      const stopped = heardBy(store())
      const going = heardBy(store())
      await fence(going.subjects, 'before')
      stopped.end()
      stopped.end()
      await fence(going.subjects, 'after')
      expect(stopped.subjects.has('after')).toBe(false)
    })

    it('carry some thousand bytes, and are refused beyond that', async () => {
      const { subjects } = heardBy(store())
      const long = 'é'.repeat(3_900)
      await fence(subjects, long)
      const tooLong = 'é'.repeat(4_000)
      await expect(send(tooLong)).rejects.toMatchObject({ code: 'too_large' })
      const unit = store().atomically(async ({ installation, signals }) => {
        await installation.put('a', 'b')
        await signals.send('holders', tooLong)
      })
      await expect(unit).rejects.toMatchObject({ code: 'too_large' })
      expect(await store().installation.get('a')).toBeUndefined()
    })

    it('cannot be sent when the unit is over', async () => {
      const kept = await store().atomically(async (unit) => {
        await unit.installation.get('a')
        return unit.signals
      })
      const { subjects } = heardBy(store())
      await expect(kept.send('holders', 'too late')).rejects.toMatchObject({ code: 'internal' })
      await fence(subjects, 'fence')
      expect(subjects.has('too late')).toBe(false)
    })
  })
}
