// What answers for the file system of fuse-mount.ts: it reads requests from descriptor 3 until that is unmounted. Numbers
// and layouts are those of linux/fuse.h, version 7.31.

import { readSync, writeSync } from 'node:fs'

const DEVICE = 3
const [LOOKUP, FORGET, GETATTR, STATFS, INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS, BATCH_FORGET] = [
  1, 2, 3, 17, 26, 27, 28, 29, 34, 42,
] as const
const ENOSYS = -38
const DIRECTORY = 0o40700

let nodes = 1

function attributes(node: bigint): Buffer {
  const attr = Buffer.alloc(88)
  attr.writeBigUInt64LE(node, 0)
  attr.writeUInt32LE(DIRECTORY, 60)
  attr.writeUInt32LE(2, 64)
  return attr
}

function entry(): Buffer {
  nodes += 1
  const head = Buffer.alloc(40)
  head.writeBigUInt64LE(BigInt(nodes), 0)
  return Buffer.concat([head, attributes(BigInt(nodes))])
}

function hello(): Buffer {
  const answer = Buffer.alloc(64)
  answer.writeUInt32LE(7, 0)
  answer.writeUInt32LE(31, 4)
  answer.writeUInt32LE(65_536, 20)
  return answer
}

function answerTo(opcode: number, node: bigint): Buffer | null {
  if (opcode === INIT) return hello()
  if (opcode === LOOKUP) return entry()
  if (opcode === GETATTR) return Buffer.concat([Buffer.alloc(16), attributes(node)])
  if (opcode === STATFS) return Buffer.alloc(80)
  if (opcode === OPENDIR) return Buffer.alloc(16)
  if (opcode === READDIR || opcode === RELEASEDIR || opcode === ACCESS) return Buffer.alloc(0)
  return null
}

const request = Buffer.alloc(1 << 20)
for (;;) {
  try {
    readSync(DEVICE, request)
  } catch {
    // Unmounted.
    break
  }
  const opcode = request.readUInt32LE(4)
  if (opcode === FORGET || opcode === BATCH_FORGET) continue
  const body = answerTo(opcode, request.readBigUInt64LE(16))
  const head = Buffer.alloc(16)
  head.writeUInt32LE(16 + (body?.length ?? 0), 0)
  head.writeInt32LE(body === null ? ENOSYS : 0, 4)
  request.copy(head, 8, 8, 16)
  writeSync(DEVICE, Buffer.concat([head, body ?? Buffer.alloc(0)]))
}
