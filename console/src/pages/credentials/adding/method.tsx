// How somebody signs in at the provider: in this browser, or with a code on another device.

import { Choice } from '../../../ui/fields/choice.tsx'
import type { TypeInfo } from '../../../words/types.ts'

export type Methods = TypeInfo['methods']
type Way = Methods[number]

const WORDS: Readonly<Record<Way, readonly [string, string]>> = {
  device: ['With a code', 'You type a short code on the page of the provider, on any device.'],
  paste: ['By a link', 'You agree on the page of the provider, and bring back what it ends on.'],
  browser: ['By a link', 'You agree on the page of the provider, and bring back what it ends on.'],
}

/**
 * The ways that work from here. The provider's page leads back to the machine of the browser, where a page cannot listen:
 * what it leads to is pasted.
 */
export function waysOf(methods: Methods): Methods {
  const hasPaste = methods.includes('paste')
  const ways = methods.filter((one) => one !== 'browser' || !hasPaste)
  return [...ways].sort((a, b) => Number(b === 'device') - Number(a === 'device'))
}

export interface MethodChoiceProps {
  readonly ways: Methods
  readonly method: Way | undefined
  readonly onChoose: (way: Way) => void
}

/** Nothing to choose where there is one way. */
export function MethodChoice({ ways, method, onChoose }: MethodChoiceProps) {
  if (ways.length < 2) return null
  const options = ways.map((way) => ({ value: way, label: WORDS[way][0], about: WORDS[way][1] }))
  return <Choice label="How to sign in" options={options} value={method} onChoose={onChoose} />
}
