import { expect, test } from 'vitest'
import { chunkMessage, eventStreamMessage } from './event-stream.ts'

// The two messages without headers are from the vectors AWS publishes for this encoding.
test.each([
  ['nothing', '', '000000100000000005c248eb7d98c8ff'],
  ['a payload', "{'foo':'bar'}", '0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936'],
])('a message with %s is framed as published', (_, payload, hex) => {
  expect(eventStreamMessage({}, Buffer.from(payload)).toString('hex')).toBe(hex)
})

test('a header is its name, the string type and its value, each with its length', () => {
  const message = eventStreamMessage({ ':event-type': 'chunk' }, new Uint8Array())
  const headers = message.subarray(12, -4)
  expect(message.readUInt32BE(0)).toBe(message.length)
  expect(message.readUInt32BE(4)).toBe(headers.length)
  expect(headers.toString('latin1')).toBe('\x0b:event-type\x07\x00\x05chunk')
})

test('a chunk carries its event in base64', () => {
  const text = chunkMessage({ type: 'ping' }).toString('latin1')
  expect(text).toContain(JSON.stringify({ bytes: Buffer.from('{"type":"ping"}').toString('base64') }))
})
