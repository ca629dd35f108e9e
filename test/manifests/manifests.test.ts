// The files to deploy with hold to their schemas, refer to nothing that there is not, and keep what docs/containers.md
// promises; and the checks that say so do fail when something is broken.

import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { DOCKERFILE } from '../support/dockerfile.ts'
import { ROOT } from '../support/programs.ts'
import { composeFaults } from './compose.ts'
import { dockerfileFaults, ignoreFaults } from './images.ts'
import { kubernetesFaults } from './kubernetes.ts'
import { VERSION } from './world.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const COMPOSE = read('deploy/compose.yaml')
const IGNORE = read('.dockerignore')
const KUSTOMIZATION = 'kustomization.yaml'
const MANIFESTS = new Map(
  globSync('deploy/kubernetes/*.yaml', { cwd: ROOT })
    .map((path) => basename(path))
    .filter((name) => name !== KUSTOMIZATION)
    .map((name) => [name, read(`deploy/kubernetes/${name}`)]),
)

function broken(text: string, right: string, wrong: string): string {
  expect(text).toContain(right)
  return text.replace(right, wrong)
}

describe('the Dockerfile', () => {
  it('is in order', () => expect(dockerfileFaults(DOCKERFILE)).toEqual([]))

  it.each([
    ['HEALTHCHECK', 'HEALTCHECK', /Unknown instruction/],
    ['USER 65532:65532', 'USER root', /is the user root/],
    ['node:24.21.0-slim', 'node:24-slim', /not the Node.js that is tested/],
    [
      'ENTRYPOINT ["/usr/bin/tini", "--", ',
      'ENTRYPOINT ["sh", "-c", ',
      /its entrypoint is no program of ours/,
    ],
    ['EXPOSE 7717', 'EXPOSE 8080', /8080/],
    ['/readyz', '/ready', /asks for no address of health/],
    ['"--no-embedded-worker"', '"--no-worker"', /claviger serve has no --no-worker/],
    ['ENV HOME=/home/claviger', 'ENV CLAVIGER_TOKEN=x', /CLAVIGER_TOKEN/],
    ['COPY --from=build /build/dist', 'COPY dist', /copies from the checkout/],
  ])('%s → %s is noticed', (right, wrong, fault) => {
    expect(dockerfileFaults(broken(DOCKERFILE, right, wrong)).join('\n')).toMatch(fault)
  })

  it('gets only what it names of the checkout', () => expect(ignoreFaults(IGNORE)).toEqual([]))

  it.each([
    ['*\n!bin', '!bin', /not everything is kept out/],
    ['!console', '!consoles', /there is no consoles/],
    ['!scripts\n', '', /the build needs scripts/],
  ])('%j → %j in .dockerignore is noticed', (right, wrong, fault) => {
    expect(ignoreFaults(broken(IGNORE, right, wrong)).join('\n')).toMatch(fault)
  })
})

describe('compose.yaml', () => {
  it('is in order', () => expect(composeFaults(COMPOSE)).toEqual([]))

  it.each([
    ['read_only: true', 'readonly: true', /additional properties/],
    ['stop_grace_period: 60s', 'stop_grace_period: [60]', /must be string/],
    ['read_only: true', 'read_only: false', /its file system can be written to/],
    ['image: claviger-codex:', 'image: claviger-codecs:', /no target codecs/],
    ['image: claviger-codex:', 'image: claviger-codex:0', /is not version/],
    ['pull_policy: never', 'build: { context: .., target: codex }', /is built by codex-1 and codex-2/],
    ['build: { context: .., target: codex }', 'pull_policy: never', /is built by nobody/],
    ['pull_policy: never', 'pull_policy: missing', /a registry is asked/],
    ['stop_grace_period: 120s', 'stop_grace_period: 90s', /killed after 90 seconds, and needs 105/],
    ['stop_grace_period: 30s', 'stop_grace_period: 9s', /killed after 9 seconds/],
    ['target: codex', 'target: claude', /it is built as claude/],
    ['CLAVIGER_SERVER:', 'CLAVIGER_SERVERS:', /no setting CLAVIGER_SERVERS/],
    [
      'CLAVIGER_DATABASE_URL_FILE: /run/secrets/database_url',
      'CLAVIGER_DATABASE_URL: postgres://x',
      /is no file/,
    ],
    ['command: [worker]', 'command: [worker, --all]', /claviger worker has no --all/],
    ['claviger, whoami]', 'claviger, whoami, --me]', /claviger whoami has no --me/],
    ['server:7717', 'server:80', /names another port/],
    ["'127.0.0.1:7717:7717'", "'7717:7717'", /7717/],
    ['networks: [workers]', 'networks: [workers, database]', /a worker reaches database/],
    ["volumes: ['codex-2:", "volumes: ['codex-1:", /shares the volume codex-1/],
    ['server: { condition: service_healthy }', 'server: { condition: service_started }', /does not wait/],
    ["['/tmp:mode=1777,exec',", "['/tmp:mode=1777',", /can load nothing from \/tmp/],
    ['cap_drop: [ALL]', 'cap_drop: [NET_RAW]', /keeps capabilities/],
    ['file: ./secrets/master.key', 'environment: KEY', /no file of the secret master_key/],
  ])('%s → %s is noticed', (right, wrong, fault) => {
    expect(composeFaults(broken(COMPOSE, right, wrong)).join('\n')).toMatch(fault)
  })
})

describe('the Kubernetes manifests', () => {
  it('are in order', async () => expect(await kubernetesFaults(MANIFESTS)).toEqual([]))

  it('ask for the memory that the page for operators says', () => {
    const page = read('docs/operating.md')
    const [, wanted, limit] = /memory of a server \| (\d+) MiB, limit (\d+) GiB/.exec(page) ?? []
    expect(MANIFESTS.get('server.yaml')).toContain(
      `memory: ${wanted}Mi }\n            limits: { memory: ${limit}Gi }`,
    )
  })

  it('are all named by the kustomization, but the examples', () => {
    const { resources, images } = parse(read(`deploy/kubernetes/${KUSTOMIZATION}`))
    expect([...resources, 'agents.yaml'].sort()).toEqual([...MANIFESTS.keys()].sort())
    // One name an image, or the tag of all would be the same.
    expect(images).toEqual(
      ['claviger-claude', 'claviger-codex'].map((name) => ({
        ...{ name, newName: `registry.example.test/${name}`, newTag: VERSION },
      })),
    )
  })

  it.each([
    ['server.yaml', 'readinessProbe:', 'readinesProbe:', /readinesProbe/],
    ['server.yaml', 'replicas: 3', "replicas: '3'", /replicas must be integer/],
    ['server.yaml', `          image: claviger-claude:${VERSION}\n`, '', /image/],
    ['server.yaml', 'image: claviger-claude:', 'image: claviger-claude:0', /is not version/],
    ['server.yaml', 'Seconds: 120', 'Seconds: 30', /killed after 30 seconds, and needs 105/],
    ['workers.yaml', 'Seconds: 30', 'Seconds: 5', /killed after 5 seconds/],
    ['server.yaml', 'apiVersion: policy/v1', 'apiVersion: policy/v2', /no PodDisruptionBudget in policy\/v2/],
    ['server.yaml', 'targetPort: http', 'targetPort: web', /no container has a port web/],
    ['server.yaml', 'containerPort: 7717', 'containerPort: 80', /nobody listens on 80/],
    ['server.yaml', 'selector: { app: claviger-server }', 'selector: { app: server }', /it means no pod/],
    ['server.yaml', 'readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false', /can be written to/],
    ['server.yaml', 'runAsUser: 65532', 'runAsUser: 1000', /does not run as 65532/],
    ['server.yaml', 'enableServiceLinks: false', 'enableServiceLinks: true', /taken for settings/],
    ['server.yaml', 'type: RuntimeDefault', 'type: Unconfined', /no seccomp profile/],
    ['server.yaml', 'name: CLAVIGER_PROXIES', 'name: CLAVIGER_PROXY', /no setting CLAVIGER_PROXY/],
    ['server.yaml', 'image: claviger-claude', 'image: claviger-claud', /no target claud/],
    ['server.yaml', 'args: [serve,', 'args: [server,', /no claviger server/],
    [
      'server.yaml',
      '- { name: tmp, mountPath: /tmp }',
      '- { name: temp, mountPath: /tmp }',
      /no volume temp/,
    ],
    ['workers.yaml', '--enrol-only]', '--enroll]', /has no --enroll/],
    [
      'workers.yaml',
      'server.claviger.svc:7717',
      'servers.claviger.svc:7717',
      /CLAVIGER_SERVER is no Service/,
    ],
    [
      'agents.yaml',
      'args: [restore, --harness, codex,',
      'args: [restore, --harnes, codex,',
      /has no --harnes/,
    ],
    ['agents.yaml', '--, claude, -p,', '--, codex, -p,', /the image claude has no codex/],
    ['network.yaml', 'values: [claviger-worker, claviger-agent]', 'values: [worker]', /it means no pod/],
    ['network.yaml', 'cidr: 0.0.0.0/0', 'cidr: 5', /cidr|string/],
  ])('in %s, %s → %s is noticed', async (file, right, wrong, fault) => {
    const files = new Map([...MANIFESTS, [file, broken(MANIFESTS.get(file) ?? '', right, wrong)]])
    expect((await kubernetesFaults(files)).join('\n')).toMatch(fault)
  })
})
