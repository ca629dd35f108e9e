// Whether a test may mount: root, and not in a container that forbids it.

import { spawnSync } from 'node:child_process'

const TRIES = { tmpfs: 'mount -t tmpfs tmpfs "$d"', bind: 'mount --bind "$d" "$d"' }

/** Mounts and unmounts one, to see. */
export function canMount(kind: keyof typeof TRIES): boolean {
  const tried = `d=$(mktemp -d) && ${TRIES[kind]} && umount "$d"; s=$?; rmdir "$d"; exit $s`
  return process.getuid?.() === 0 && spawnSync('/bin/sh', ['-c', tried]).status === 0
}
