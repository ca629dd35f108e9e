// Runs on any Node.js: says so when npm's own, older one would run a script instead of the pinned one.

const [major] = process.versions.node.split('.').map(Number)
if (major < 24) {
  process.stderr.write(
    `Claviger's scripts need Node.js 24; this is ${process.versions.node}.\n` +
      'hint: run npm ci without --ignore-scripts; it installs Node.js 24 beside the other packages.\n',
  )
  process.exit(1)
}
