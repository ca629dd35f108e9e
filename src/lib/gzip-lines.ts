// The lines of a gzip file, a handful at a time: it is never in memory as a whole, however large it becomes unpacked.

import { createReadStream } from 'node:fs'
import { pipeline, type Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { createGunzip } from 'node:zlib'
import { errorCode } from './atomic-file.ts'

// Characters. Whoever wants to fill our memory writes one endless line.
const LONGEST_LINE = 16 * 1024 * 1024

/** What is wrong with a file: it has no byte, is no gzip, its end is missing, or some of it was changed. */
export type GzipFault = 'empty' | 'foreign' | 'cut' | 'damaged'

export class GzipError extends Error {
  readonly fault: GzipFault

  constructor(fault: GzipFault, cause?: unknown) {
    super(`The file is ${fault}.`, { cause })
    this.name = 'GzipError'
    this.fault = fault
  }
}

/** Lines without their ends. What follows the last end is the last line, unless it is empty. Throws GzipError. */
export async function* gzipLines(path: string): AsyncGenerator<readonly string[]> {
  const file = createReadStream(path)
  let unpacked = 0
  const decoder = new StringDecoder('utf8')
  let rest = ''
  try {
    for await (const chunk of unzipped(file)) {
      unpacked += chunk.length
      const lines = (rest + decoder.write(chunk)).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > LONGEST_LINE) throw new GzipError('damaged')
      if (lines.length > 0) yield lines
    }
  } catch (error) {
    throw faultOf(error, file.bytesRead, unpacked)
  } finally {
    file.destroy()
  }
  rest += decoder.end()
  if (rest !== '') yield [rest]
}

function unzipped(file: Readable): AsyncIterable<Buffer> {
  // Errors of the file end the iteration as well; the callback has nothing to add.
  return pipeline(file, createGunzip(), () => undefined)
}

function faultOf(error: unknown, read: number, unpacked: number): unknown {
  switch (errorCode(error)) {
    case 'Z_BUF_ERROR':
      return new GzipError(read === 0 ? 'empty' : 'cut', error)
    case 'Z_DATA_ERROR':
      return new GzipError(unpacked === 0 && isHeaderFault(error) ? 'foreign' : 'damaged', error)
    default:
      return error
  }
}

function isHeaderFault(error: unknown): boolean {
  return error instanceof Error && error.message === 'incorrect header check'
}
