// Amazon's event stream framing (application/vnd.amazon.eventstream): binary messages, each with a
// prelude, string headers, a payload and two CRC-32 sums.

import { crc32 } from 'node:zlib'

const PRELUDE_BYTES = 12
const CRC_BYTES = 4
const STRING_HEADER = 7

/** One message; header values are text, which is all that model streams use. */
export function eventStreamMessage(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const headerBytes = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)))
  const total = PRELUDE_BYTES + headerBytes.length + payload.length + CRC_BYTES
  const prelude = Buffer.alloc(PRELUDE_BYTES)
  prelude.writeUInt32BE(total, 0)
  prelude.writeUInt32BE(headerBytes.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const message = Buffer.concat([prelude, headerBytes, payload])
  const sum = Buffer.alloc(CRC_BYTES)
  sum.writeUInt32BE(crc32(message), 0)
  return Buffer.concat([message, sum])
}

/** A model event the way Bedrock sends it: the JSON, in base64, inside JSON, inside a message. */
export function chunkMessage(event: unknown): Buffer {
  const payload = { bytes: Buffer.from(JSON.stringify(event)).toString('base64') }
  const headers = {
    ':event-type': 'chunk',
    ':content-type': 'application/json',
    ':message-type': 'event',
  }
  return eventStreamMessage(headers, Buffer.from(JSON.stringify(payload)))
}

function encodeHeader(name: string, value: string): Buffer {
  const nameBytes = Buffer.from(name)
  const valueBytes = Buffer.from(value)
  const valueLength = Buffer.alloc(2)
  valueLength.writeUInt16BE(valueBytes.length, 0)
  return Buffer.concat([
    Buffer.from([nameBytes.length]),
    nameBytes,
    Buffer.from([STRING_HEADER]),
    valueLength,
    valueBytes,
  ])
}
