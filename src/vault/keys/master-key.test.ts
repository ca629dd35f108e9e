import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../domain/secret.ts'
import { createKeyFile, readKeyFile } from './file.ts'
import { checkKeyId, findMasterKey } from './master-key.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-key-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const HEX = '0f'.repeat(32)

function find(over: { value?: string; file?: string } = {}, sealedRowsExist = false) {
  const value = over.value === undefined ? null : new Secret(over.value)
  return findMasterKey(
    { value, file: over.file ?? null, defaultFile: join(directory, 'master.key') },
    sealedRowsExist,
  )
}

describe('findMasterKey', () => {
  it('makes a key at first start, 0600, and finds the same one again', () => {
    const first = find()
    expect(first.created).toBe(true)
    expect(statSync(join(directory, 'master.key')).mode & 0o777).toBe(0o600)
    const second = find()
    expect(second.created).toBe(false)
    expect(Buffer.from(second.key)).toEqual(Buffer.from(first.key))
  })

  it('refuses to make a key when sealed rows exist', () => {
    expect(() => find({}, true)).toThrow(/master key is missing/)
    expect(() => statSync(join(directory, 'master.key'))).toThrow()
  })

  it('takes base64 or hexadecimal from the environment, and nothing else', () => {
    expect(Buffer.from(find({ value: HEX }).key).toString('hex')).toBe(HEX)
    expect(Buffer.from(find({ value: Buffer.from(HEX, 'hex').toString('base64') }).key).toString('hex')).toBe(
      HEX,
    )
    for (const value of ['', 'short', `${HEX}0`, '!'.repeat(43)])
      expect(() => find({ value })).toThrow(/not 32 bytes/)
  })

  it('refuses a file that others can read, a link, a directory others can write to, a missing named file', () => {
    const file = join(directory, 'named.key')
    expect(() => find({ file })).toThrow(/no master key file/)
    writeFileSync(file, HEX, { mode: 0o644 })
    chmodSync(file, 0o644)
    expect(() => find({ file })).toThrow(/can be read by others/)
    chmodSync(file, 0o600)
    expect(find({ file }).source).toBe(file)
    const link = join(directory, 'link.key')
    symlinkSync(file, link)
    expect(() => find({ file: link })).toThrow(/not a plain file/)
    chmodSync(directory, 0o777)
    expect(() => find({ file })).toThrow(/others can write to/)
  })
})

describe('createKeyFile', () => {
  const KEY = Buffer.from(HEX, 'hex')
  const OTHER = Buffer.from('f0'.repeat(32), 'hex')

  it('never replaces a key', () => {
    const path = join(directory, 'k')
    createKeyFile(path, KEY)
    expect(() => createKeyFile(path, OTHER)).toThrow(/EEXIST/)
    expect(Buffer.from(readKeyFile(path))).toEqual(KEY)
    expect(readdirSync(directory)).toEqual(['k'])
  })

  it('leaves a whole key or none when it is killed, whenever that is', async () => {
    const source = `
      const { createKeyFile } = await import(${JSON.stringify(new URL('./file.ts', import.meta.url).href)})
      process.stdout.write('.')
      for (let i = 0; ; i++) createKeyFile(${JSON.stringify(join(directory, 'k-'))} + i, Buffer.alloc(32, i))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'pipe' })
    await once(child.stdout, 'data')
    setTimeout(() => child.kill('SIGKILL'), 100)
    await once(child, 'exit')
    const files = readdirSync(directory).filter((name) => !name.endsWith('.new'))
    expect(files.length).toBeGreaterThan(0)
    for (const name of files) expect(readKeyFile(join(directory, name)).length).toBe(32)
  })

  it('goes on after one that was killed', () => {
    writeFileSync(join(directory, 'master.key.new'), 'half')
    const { key } = find()
    writeFileSync(join(directory, 'master.key.new'), 'whole')
    expect(Buffer.from(find().key)).toEqual(Buffer.from(key))
    expect(readdirSync(directory)).toEqual(['master.key'])
  })
})

describe('checkKeyId', () => {
  it('accepts the recorded key and a database without a record, and names a wrong one', () => {
    expect(() => checkKeyId(undefined, 'aa', 'x')).not.toThrow()
    expect(() => checkKeyId('aa', 'aa', 'x')).not.toThrow()
    expect(() => checkKeyId('aa', 'bb', '/k')).toThrow('The master key in /k is not the one')
  })
})
