import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../domain/secret.ts'
import { createVault } from '../envelope.ts'
import { createKeyFile, readKeyFile, replaceKeyFile } from './file.ts'
import { checkKeyIds, findMasterKeys } from './master-key.ts'
import { createKeyRing } from './ring.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-key-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const HEX = '0f'.repeat(32)
const OLDER = 'f0'.repeat(32)

function find(over: { value?: string; file?: string } = {}, sealedRowsExist = false) {
  const value = over.value === undefined ? null : new Secret(over.value)
  return findMasterKeys(
    { value, file: over.file ?? null, defaultFile: join(directory, 'master.key') },
    sealedRowsExist,
  )
}

describe('findMasterKeys', () => {
  it('makes a key at first start, 0600, and finds the same one again', () => {
    const first = find()
    expect(first.created).toBe(true)
    expect(statSync(join(directory, 'master.key')).mode & 0o777).toBe(0o600)
    const second = find()
    expect(second.created).toBe(false)
    expect(second.keys).toEqual([Buffer.from(first.keys[0])])
    expect([first.ownFile, second.ownFile]).toEqual([first.source, first.source])
  })

  it('refuses to make a key when sealed rows exist', () => {
    expect(() => find({}, true)).toThrow(/master key is missing/)
    expect(() => statSync(join(directory, 'master.key'))).toThrow()
  })

  it('takes base64 or hexadecimal from the environment, and nothing else', () => {
    expect(hexOf(find({ value: HEX }).keys)).toEqual([HEX])
    expect(hexOf(find({ value: Buffer.from(HEX, 'hex').toString('base64') }).keys)).toEqual([HEX])
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

describe('several keys', () => {
  it('are taken in their order, from the variable and from files', () => {
    const file = join(directory, 'named.key')
    const base64 = Buffer.from(OLDER, 'hex').toString('base64')
    for (const value of [
      `${HEX} ${base64}`,
      `${HEX},${base64}`,
      ` ${HEX}\n\n${base64}\r\n`,
      `${HEX}, ${base64},`,
    ])
      expect(hexOf(find({ value }).keys)).toEqual([HEX, OLDER])
    for (const text of [`${HEX}\n${base64}\n`, `${HEX}\r\n\r\n${base64}`]) {
      writeFileSync(file, text, { mode: 0o600 })
      expect(find({ file })).toMatchObject({ ownFile: null, source: file })
      expect(hexOf(find({ file }).keys)).toEqual([HEX, OLDER])
      writeFileSync(join(directory, 'master.key'), text, { mode: 0o600 })
      expect(hexOf(find().keys)).toEqual([HEX, OLDER])
    }
  })

  it('are refused when one of them is no key, or is there twice, or two share a line of a file', () => {
    const file = join(directory, 'named.key')
    const torn = `${HEX}\n${OLDER.slice(0, 40)}`
    expect(() => find({ value: torn })).toThrow('CLAVIGER_MASTER_KEY, number 2 is not 32 bytes')
    expect(() => find({ value: `${HEX} ${Buffer.from(HEX, 'hex').toString('base64')}` })).toThrow(/twice/)
    for (const text of [torn, `${HEX} ${OLDER}`, `# a remark\n${HEX}`, '']) {
      writeFileSync(file, text, { mode: 0o600 })
      expect(() => find({ file })).toThrow(/not 32 bytes/)
    }
  })
})

describe('replaceKeyFile', () => {
  const OLD = Buffer.from(OLDER, 'hex')
  const NEW = Buffer.from(HEX, 'hex')
  const path = () => join(directory, 'k')

  it('puts all keys in the place of those that were there, for their owner only, and leaves no copy', () => {
    createKeyFile(path(), OLD)
    replaceKeyFile(path(), [OLD], [NEW, OLD])
    expect(readKeyFile(path())).toEqual([NEW, OLD])
    replaceKeyFile(path(), [NEW, OLD], [NEW])
    expect(readKeyFile(path())).toEqual([NEW])
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory)).toEqual(['k'])
  })

  it('changes nothing when the file is another one, or not safe, or cannot be replaced', () => {
    createKeyFile(path(), OLD)
    const replace = () => replaceKeyFile(path(), [OLD], [NEW, OLD])
    expect(() => replaceKeyFile(path(), [NEW], [OLD])).toThrow(/changed since/)
    linkSync(path(), join(directory, 'second'))
    expect(replace).toThrow(/second name/)
    renameSync(join(directory, 'second'), join(directory, 'kept'))
    rmSync(path())
    symlinkSync(join(directory, 'kept'), path())
    expect(replace).toThrow(/not a plain file/)
    rmSync(path())
    renameSync(join(directory, 'kept'), path())
    chmodSync(path(), 0o640)
    expect(replace).toThrow(/read by others/)
    chmodSync(path(), 0o600)
    chmodSync(directory, 0o777)
    expect(replace).toThrow(/others can write to/)
    chmodSync(directory, 0o700)
    mkdirSync(join(directory, 'k.new', 'in the way'), { recursive: true })
    expect(replace).toThrow()
    rmSync(join(directory, 'k.new'), { recursive: true })
    expect(readKeyFile(path())).toEqual([OLD])
    expect(readdirSync(directory)).toEqual(['k'])
  })

  it('leaves all of the one or all of the other when it is killed, whenever that is', async () => {
    createKeyFile(path(), OLD)
    const source = `
      const { replaceKeyFile } = await import(${JSON.stringify(new URL('./file.ts', import.meta.url).href)})
      const [path, one, two] = [${JSON.stringify(path())}, Buffer.from('${OLDER}', 'hex'), Buffer.from('${HEX}', 'hex')]
      process.stdout.write('.')
      for (;;) {
        replaceKeyFile(path, [one], [two, one])
        replaceKeyFile(path, [two, one], [one])
      }`
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'pipe' })
    await once(child.stdout, 'data')
    setTimeout(() => child.kill('SIGKILL'), 100)
    await once(child, 'exit')
    expect([OLDER, `${HEX},${OLDER}`]).toContain(hexOf(readKeyFile(path())).join())
  })
})

describe('the ring', () => {
  const ringOf = () => {
    const found = find()
    const vault = createVault(...found.keys)
    return { vault, ring: createKeyRing(vault, found, 0), file: found.source }
  }

  it('has the new key in the file before it is used, and only that one at the end', () => {
    const { vault, ring, file } = ringOf()
    const [old] = readKeyFile(file)
    const before = vault.keyId
    ring.renew()
    expect(readKeyFile(file)).toHaveLength(2)
    expect(readKeyFile(file)[1]).toEqual(old)
    expect(createVault(...readKeyFile(file)).keyIds).toEqual(vault.keyIds)
    expect(vault.keyIds[1]).toBe(before)
    ring.forgetOlder()
    expect(createVault(...readKeyFile(file)).keyIds).toEqual(vault.keyIds)
    expect(vault.keyIds).toHaveLength(1)
    ring.forgetOlder()
    expect(ring.ours).toBe(true)
  })

  it('changes nothing when the file cannot be written', () => {
    const { vault, ring, file } = ringOf()
    const before = vault.keyIds
    writeFileSync(file, `${HEX}\n`, { mode: 0o600 })
    expect(() => ring.renew()).toThrow(/changed since/)
    expect(vault.keyIds).toEqual(before)
    expect(hexOf(readKeyFile(file))).toEqual([HEX])
  })

  it("does not write its operator's keys", () => {
    const found = find({ value: HEX })
    const ring = createKeyRing(createVault(...found.keys), found)
    expect(ring).toMatchObject({ ours: false, source: 'CLAVIGER_MASTER_KEY' })
    expect(() => ring.renew()).toThrow(/not ours/)
  })
})

function hexOf(keys: readonly Uint8Array[]): string[] {
  return keys.map((key) => Buffer.from(key).toString('hex'))
}

describe('createKeyFile', () => {
  const KEY = Buffer.from(HEX, 'hex')
  const OTHER = Buffer.from(OLDER, 'hex')

  it('never replaces a key', () => {
    const path = join(directory, 'k')
    createKeyFile(path, KEY)
    expect(() => createKeyFile(path, OTHER)).toThrow(/EEXIST/)
    expect(readKeyFile(path)).toEqual([KEY])
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
    for (const name of files) expect(readKeyFile(join(directory, name))[0]).toHaveLength(32)
  })

  it('goes on after one that was killed', () => {
    writeFileSync(join(directory, 'master.key.new'), 'half')
    const { keys } = find()
    writeFileSync(join(directory, 'master.key.new'), 'whole')
    expect(hexOf(find().keys)).toEqual(hexOf(keys))
    expect(readdirSync(directory)).toEqual(['master.key'])
  })
})

describe('checkKeyIds', () => {
  it('accepts the recorded key, wherever it stands, and a database without a record, and names a wrong one', () => {
    expect(() => checkKeyIds(undefined, ['aa'], 'x')).not.toThrow()
    expect(() => checkKeyIds('aa', ['aa'], 'x')).not.toThrow()
    expect(() => checkKeyIds('aa', ['bb', 'aa'], 'x')).not.toThrow()
    expect(() => checkKeyIds('aa', ['bb', 'cc'], '/k')).toThrow('The master key in /k is not the one')
  })
})
