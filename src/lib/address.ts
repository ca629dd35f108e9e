// What kind of place an IP address is, by the IANA special-purpose registries (RFC 6890 and its successors).
// It resolves no names and decides nothing: see outgoing.ts for what may be called.

import { BlockList, isIP } from 'node:net'

/**
 * `private`: somebody's own network (RFC 1918, carrier-grade NAT, unique local IPv6). `special`: nothing that
 * a service lives on: link-local and cloud metadata, multicast, unspecified, documentation, tunnels and IPv4
 * addresses in IPv6 clothes.
 */
export type AddressKind = 'public' | 'loopback' | 'private' | 'special'

type Subnet = readonly [network: string, bits: number]

// One list a family: a BlockList compares across families, which would judge all of IPv4 by ::ffff:0:0/96.
const LOOPBACK_4 = blockList('ipv4', [['127.0.0.0', 8]])
const LOOPBACK_6 = blockList('ipv6', [['::1', 128]])

const PRIVATE_4 = blockList('ipv4', [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
])
const PRIVATE_6 = blockList('ipv6', [['fc00::', 7]])

const SPECIAL_4 = blockList('ipv4', [
  ['0.0.0.0', 8],
  ['100.100.100.200', 32], // metadata of Alibaba Cloud, inside carrier-grade NAT
  ['168.63.129.16', 32], // metadata of Azure, a public address
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
])
const SPECIAL_6 = blockList('ipv6', [
  ['fd00:ec2::', 32], // metadata of AWS, inside unique local
  ['fd20:ce::254', 128], // metadata of Google Cloud, inside unique local
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
])
// All of IPv6 that is routed; what lies outside and is neither private nor loopback is special.
const GLOBAL_6 = blockList('ipv6', [['2000::', 3]])

/** The kind of an IPv4 or IPv6 address in text form, without brackets; text that is no address is `special`. */
export function addressKind(address: string): AddressKind {
  const family = isIP(address)
  if (family === 4) return kindOf4(address)
  if (family === 6) return kindOf6(address.replace(/%.*$/, ''))
  return 'special'
}

/** Whether a name or address, as a URL has it, means this machine. */
export function isLoopbackName(hostname: string): boolean {
  return hostname === 'localhost' || addressKind(hostname.replace(/^\[|\]$/g, '')) === 'loopback'
}

function kindOf4(address: string): AddressKind {
  if (SPECIAL_4.check(address, 'ipv4')) return 'special'
  if (LOOPBACK_4.check(address, 'ipv4')) return 'loopback'
  return PRIVATE_4.check(address, 'ipv4') ? 'private' : 'public'
}

function kindOf6(address: string): AddressKind {
  if (SPECIAL_6.check(address, 'ipv6')) return 'special'
  if (LOOPBACK_6.check(address, 'ipv6')) return 'loopback'
  if (PRIVATE_6.check(address, 'ipv6')) return 'private'
  return GLOBAL_6.check(address, 'ipv6') ? 'public' : 'special'
}

function blockList(family: 'ipv4' | 'ipv6', subnets: readonly Subnet[]): BlockList {
  const list = new BlockList()
  for (const [network, bits] of subnets) list.addSubnet(network, bits, family)
  return list
}
