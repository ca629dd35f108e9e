// Reading one lease with as little as possible loaded: for helpers that harness programs run again and again. No fetch
// and no schema library; `process.getBuiltinModule` avoids what an import of node:http brings along.

import { ClavigerError, isErrorCode } from '../domain/errors.ts'

/** What `claviger exec` leaves for helpers in the run's private directory, 0600. */
export interface LeaseFile {
  readonly server: string
  readonly lease: string
  readonly handle: string
}

const TIMEOUT_MS = 15_000

/** The fields of the lease's credential as they are now. Throws the server's error, or `unreachable`. */
export async function readLease(file: LeaseFile): Promise<Record<string, string>> {
  const { status, body } = await get(
    `${file.server}/api/v1/leases/${encodeURIComponent(file.lease)}`,
    file.handle,
  )
  const answer = parse(body)
  const fields = (answer['credential'] as { fields?: Record<string, string> } | null)?.fields
  if (status === 200 && fields) return fields
  const { code, message, hint } = answer
  if (isErrorCode(code) && typeof message === 'string') {
    throw new ClavigerError(code, message, typeof hint === 'string' ? { hint } : {})
  }
  throw new ClavigerError(
    'unavailable',
    `${file.server} answered ${status}, which is not how Claviger answers.`,
  )
}

function get(url: string, handle: string): Promise<{ status: number; body: string }> {
  const { request } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http')
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => {
      const hint = 'Start the server with: claviger serve'
      reject(new ClavigerError('unreachable', `${new URL(url).origin} cannot be reached.`, { hint, cause }))
    }
    const call = request(
      url,
      { headers: { authorization: `Bearer ${handle}` }, timeout: TIMEOUT_MS },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          body += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
        response.on('error', failed)
      },
    )
    call.on('timeout', () => call.destroy(new Error('timeout')))
    call.on('error', failed)
    call.end()
  })
}

function parse(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>
  } catch {
    return {}
  }
}
