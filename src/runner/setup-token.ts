// `claude setup-token` in the user's own terminal, and what is said of the token they paste afterwards: the program
// prints it once and keeps nothing.

import type { Environment } from './materialize.ts'
import { relaySignals, supervise } from './supervise.ts'

const SHAPE = /^sk-ant-oat01-[\w-]+$/

// What people have in their clipboard instead, and what to say to them. The first that matches.
const MISTAKES: readonly (readonly [RegExp, string])[] = [
  [/^$/, 'Nothing was pasted. Copy the token that claude setup-token prints at its end.'],
  [
    /^sk-ant-ort/,
    'This is a refresh token of a login. Copy the token that claude setup-token prints at its end; it starts with sk-ant-oat01-.',
  ],
  [/^sk-ant-api/, 'This is an API key. Store it with: claviger credential create claude api-key NAME'],
  [
    /^https?:/,
    'This is a link. Open it in a browser; the token comes at the end, and starts with sk-ant-oat01-.',
  ],
  [
    /^[^\s#]+#[^\s#]+$/,
    'This is the code of the browser page. Paste it into claude setup-token; the token it then prints starts with sk-ant-oat01-.',
  ],
  [/^sk-ant-oat01-\S*\s/, 'The token is broken by blanks or line breaks. Copy it again, as one line.'],
  [/^sk-ant-oat01-/, 'The token holds characters that no token has. Copy it again, as it was printed.'],
]

/**
 * The token in what was pasted, without the blanks and line breaks around it, or one sentence about what is wrong with
 * it, which never repeats it.
 */
export function pastedSetupToken(text: string): { readonly token: string } | { readonly fault: string } {
  const pasted = text.trim()
  if (SHAPE.test(pasted)) return { token: pasted }
  const mistake = MISTAKES.find(([pattern]) => pattern.test(pasted))
  return {
    fault: mistake?.[1] ?? 'This is not a token of claude setup-token: those start with sk-ant-oat01-.',
  }
}

/**
 * Runs `claude setup-token` with our own terminal, which it insists on, and resolves with its exit code. `environment`
 * is the user's; what is ours in it does not go in. Throws `invalid` when it cannot be started.
 */
export async function runSetupToken(program: string, environment: Environment, cwd: string): Promise<number> {
  const own = Object.entries(environment).filter(([name]) => !name.startsWith('CLAVIGER_'))
  const relay = relaySignals()
  try {
    return await supervise({
      program,
      words: ['setup-token'],
      environment: Object.fromEntries(own),
      cwd,
      relay,
    })
  } finally {
    relay.dispose()
  }
}
