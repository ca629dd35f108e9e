// Exchanges over node:http and node:https, loaded by `process.getBuiltinModule`: an import of node:http would load fetch
// as well. Redirects are not followed; they come back as the answer they are.

import type { Answer, Send } from './exchange.ts'

export const overNodeHttp: Send = ({ method, url, headers, body, timeoutMs, signal }) => {
  const { request } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http')
  return new Promise<Answer>((resolve, reject) => {
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const call = request(url, { method, headers: { ...headers, ...length }, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'] ?? '',
          text,
        })
      })
    })
    const timer = setTimeout(() => call.destroy(timeout()), timeoutMs)
    call.on('close', () => clearTimeout(timer))
    call.on('error', reject)
    call.end(body ?? undefined)
  })
}

function timeout(): Error {
  const error = new Error('no answer in time')
  error.name = 'TimeoutError'
  return error
}
