// `claviger login`: device authorization (RFC 8628). The terminal shows a code and asks the server until somebody has let
// it in, on whatever device; a server that is away for a while is waited for.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Output } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { ClavigerError, type ErrorCode } from '../../domain/errors.ts'
import { clientFor, findServer } from '../connection.ts'
import type { Context } from '../context.ts'
import { openInBrowser } from './browser.ts'
import { clientName, keepLogin } from './keep-login.ts'
import { recognise } from './known-servers.ts'
import { linkFromHere } from './links.ts'
import { patiently } from './patience.ts'

// RFC 8628 §3.5: by how much a terminal waits longer once it was told to slow down.
const SLOWER_SECONDS = 5

// The server is away, or something before it is.
const PASSING: readonly ErrorCode[] = ['unreachable', 'unavailable', 'upstream', 'rate_limited']

export interface DeviceOptions {
  readonly organization: string | undefined
  readonly open: boolean
  /** Also where another installation was before. */
  readonly acceptServer: boolean
}

export async function loginByDevice(
  context: Context,
  { organization, open, acceptServer }: DeviceOptions,
): Promise<number> {
  const { ui } = context
  const server = await findServer(context.settings())
  const installation = await recognise(context, server, acceptServer)
  const client = clientFor(server, null)
  const request = { client: clientName(), ...(organization !== undefined && { organization }) }
  const started = await patiently(ui.note, () => client.call('device.start', request))
  ui.note(
    `To sign in to ${server}, open ${linkFromHere(server, started.verificationUrl)} and type this code: ${started.userCode}`,
  )
  ui.note(`Or, in a terminal that is signed in: claviger login --approve ${started.userCode}`)
  if (open) openPage(linkFromHere(server, started.verificationUrlComplete), ui.note)
  ui.note(`Waiting for ${Math.round(started.expiresInSeconds / 60)} minutes; Ctrl-C ends it.`)
  await keepLogin(context, { server, installation }, await letIn(client, started, ui.note))
  return 0
}

function openPage(link: string, note: (line: string) => void): void {
  // Whatever answers there does not choose which program is started.
  const isPage = /^https?:\/\/[^\s]+$/.test(link) && URL.canParse(link)
  if (isPage) openInBrowser(new URL(link).href, note)
}

async function letIn(
  client: Client,
  started: Output<'device.start'>,
  note: (line: string) => void,
): Promise<Output<'device.poll'>> {
  const end = performance.now() + started.expiresInSeconds * 1000
  let seconds = started.intervalSeconds
  let away = ''
  while (performance.now() < end) {
    await sleep(seconds * 1000)
    const answer = await client.call('device.poll', { deviceCode: started.deviceCode }).catch(passing)
    if (answer instanceof ClavigerError) {
      if (answer.message !== away) note(`${answer.message} It is tried again.`)
      away = answer.message
      await sleep((answer.retryAfter ?? 0) * 1000)
    } else if (answer.state === 'slow_down') {
      seconds += SLOWER_SECONDS
    } else if (answer.state !== 'pending') {
      return decided(answer)
    }
  }
  throw expired()
}

function decided(answer: Output<'device.poll'>): Output<'device.poll'> {
  if (answer.state === 'approved') return answer
  if (answer.state === 'expired') throw expired()
  throw new ClavigerError('forbidden', 'This terminal was turned away.', {
    hint: 'Ask whoever did it, or start again: claviger login',
  })
}

function passing(thrown: unknown): ClavigerError {
  if (thrown instanceof ClavigerError && PASSING.includes(thrown.code)) return thrown
  throw thrown
}

function expired(): ClavigerError {
  return new ClavigerError('unauthenticated', 'Nobody let this terminal in before the code expired.', {
    hint: 'Start again: claviger login',
  })
}
