// The yardstick: the least a Node.js server can do and still answer JSON. Prints its URL, ends with its standard input.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const body = JSON.stringify({ id: 'x'.repeat(40), fields: { key: 'y'.repeat(40) } })

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.stdin.on('end', () => process.exit(0)).resume()
