// The yardstick: the least a Node.js server can do and still read JSON and answer JSON of a lease's size. Prints its
// URL, ends with its standard input.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const answer = {
  id: 'x'.repeat(40),
  handle: 'y'.repeat(58),
  credential: { id: 'x'.repeat(40), fields: { key: 'z'.repeat(300) } },
}

const server = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => {
    text += chunk
  })
  request.on('end', () => {
    const body = JSON.stringify({ ...answer, harness: JSON.parse(text).harness })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.stdin.on('end', () => process.exit(0)).resume()
