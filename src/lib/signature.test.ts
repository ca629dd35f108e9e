import { expect, it } from 'vitest'
import { isSigned, signText } from './signature.ts'

const SEED = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')

it('signs as RFC 8032 says', () => {
  const signed = signText(SEED, '')
  expect(signed.publicKey).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  expect(signed.signature).toBe(
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  )
  expect(isSigned('', signed)).toBe(true)
})

it('knows another text, another key, and what is no signature at all', () => {
  const signed = signText(SEED, 'text')
  const other = signText(Buffer.alloc(32, 7), 'text')
  expect(isSigned('text', signed)).toBe(true)
  expect(isSigned('texT', signed)).toBe(false)
  expect(isSigned('text', { ...signed, publicKey: other.publicKey })).toBe(false)
  expect(isSigned('text', { ...signed, signature: other.signature })).toBe(false)
  for (const wrong of ['', '00', 'no hex', 'ff'.repeat(64), signed.signature.slice(2)]) {
    expect(isSigned('text', { ...signed, signature: wrong })).toBe(false)
    expect(isSigned('text', { ...signed, publicKey: wrong })).toBe(false)
  }
})
