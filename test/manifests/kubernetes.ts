// What is wrong with Kubernetes manifests: by the models of its API (missing and unknown fields, types, formats), and by
// what we promise of ours (docs/containers.md).

import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment'
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import type { IJob } from 'kubernetes-models/batch/v1/Job'
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import type { IContainer } from 'kubernetes-models/v1/Container'
import type { INamespace } from 'kubernetes-models/v1/Namespace'
import type { IPod } from 'kubernetes-models/v1/Pod'
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec'
import type { IService } from 'kubernetes-models/v1/Service'
import { parseAllDocuments } from 'yaml'
import { imageOf } from '../support/dockerfile.ts'
import { modelFaults, nameOf } from './models.ts'
import { containerFaults, PORT, patienceFaults, targetOf } from './world.ts'

type Manifest =
  | IDeployment
  | IJob
  | INamespace
  | INetworkPolicy
  | IPod
  | IPodDisruptionBudget
  | IService
  | IStatefulSet

type Labels = Readonly<Record<string, string>>

interface Selector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

/** A pod, or what makes pods. */
interface PodMaker {
  readonly where: string
  readonly labels: Labels
  readonly pod: IPodSpec
  /** Names of its volumes. */
  readonly volumes: readonly string[]
}

const NAMESPACE = 'claviger'
const USER = Number(imageOf('bare').user.split(':')[0])

/** Of files by name, all that there are. */
export async function kubernetesFaults(files: ReadonlyMap<string, string>): Promise<string[]> {
  const manifests = [...files.values()].flatMap(documentsOf)
  const said = await modelFaults(manifests)
  if (said.length > 0) return said
  const makers = manifests.flatMap(podsOf)
  return [
    ...manifests
      .filter(({ kind, metadata }) => kind !== 'Namespace' && metadata?.namespace !== NAMESPACE)
      .map((one) => `${nameOf(one)}: it is not in the namespace ${NAMESPACE}`),
    ...makers.flatMap(podFaults),
    ...manifests.flatMap((one) => selectionFaults(one, makers)),
  ]
}

function documentsOf(text: string): Manifest[] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    const [error] = document.errors
    if (error !== undefined) throw error
    return document.toJS() as Manifest
  })
}

function podsOf(manifest: Manifest): PodMaker[] {
  const where = nameOf(manifest)
  const maker = (labels: Labels | undefined, pod: IPodSpec | undefined, claims: readonly string[] = []) => {
    if (pod === undefined) return []
    const volumes = [...(pod.volumes ?? []).map(({ name }) => name), ...claims]
    return [{ where, labels: labels ?? {}, pod, volumes }]
  }
  if (manifest.kind === 'Pod') return maker(manifest.metadata?.labels, manifest.spec)
  if (manifest.kind !== 'StatefulSet' && manifest.kind !== 'Deployment' && manifest.kind !== 'Job') return []
  const template = manifest.spec?.template
  const claims = manifest.kind === 'StatefulSet' ? (manifest.spec?.volumeClaimTemplates ?? []) : []
  return maker(
    template?.metadata?.labels,
    template?.spec,
    claims.map(({ metadata }) => metadata?.name ?? ''),
  )
}

function podFaults({ where, pod, volumes }: PodMaker): string[] {
  const { securityContext: security } = pod
  return [
    ...faultsIn(where, [
      security?.runAsNonRoot !== true && 'it may be root',
      security?.runAsUser !== USER && `it does not run as ${USER}, the user of the image`,
      security?.fsGroup === undefined && 'its volumes belong to root',
      security?.seccompProfile?.type !== 'RuntimeDefault' && 'it has no seccomp profile',
      pod.enableServiceLinks !== false && 'variables of services would be taken for settings',
      pod.automountServiceAccountToken !== false && 'it gets a token of the cluster',
      ...pod.containers.flatMap(({ image = '', command, args }) =>
        patienceFaults(
          command === undefined ? (args ?? imageOf(targetOf(image) ?? 'bare').command) : command,
          pod.terminationGracePeriodSeconds ?? 30,
        ),
      ),
    ]),
    ...[...(pod.initContainers ?? []), ...pod.containers].flatMap((one) =>
      faultsOfContainer(`${where}, ${one.name}`, one, volumes),
    ),
  ]
}

function faultsOfContainer(where: string, container: IContainer, volumes: readonly string[]): string[] {
  const { image, command, args, env = [], securityContext: security, resources } = container
  const { ports = [], volumeMounts = [], readinessProbe, livenessProbe, lifecycle } = container
  return [
    ...containerFaults({
      ...{ where, image: image ?? '', variables: env.map(({ name }) => name) },
      ...(command !== undefined && { entrypoint: [...command, ...(args ?? [])] }),
      ...(args !== undefined && { command: args }),
      others: [readinessProbe, livenessProbe, lifecycle?.preStop].flatMap((hook) => [
        hook?.exec?.command ?? [],
      ]),
    }),
    ...faultsIn(where, [
      image === undefined && 'it has no image',
      security?.readOnlyRootFilesystem !== true && 'its file system can be written to',
      security?.allowPrivilegeEscalation !== false && 'it may gain privileges',
      !security?.capabilities?.drop?.includes('ALL') && 'it keeps capabilities',
      resources?.requests?.['cpu'] === undefined && 'it asks for no processor',
      resources?.requests?.['memory'] === undefined && 'it asks for no memory',
      resources?.limits?.['memory'] === undefined && 'its memory has no limit',
      !volumeMounts.some(({ mountPath }) => mountPath === '/tmp') && 'it has no /tmp',
      ...ports.map(({ containerPort }) => containerPort !== PORT && `nobody listens on ${containerPort}`),
      ...volumeMounts.map(({ name }) => !volumes.includes(name) && `there is no volume ${name}`),
      ...env.flatMap(({ name, value }) => [
        /(KEY|TOKEN|DATABASE_URL)$/.test(name) && value !== undefined && `${name} stands in the manifest`,
        value?.startsWith('http://') === true &&
          value !== `http://server.${NAMESPACE}.svc:${PORT}` &&
          `${name} is no Service`,
      ]),
    ]),
  ]
}

// Whom a Service, a budget or a policy means.
function selectionFaults(manifest: Manifest, makers: readonly PodMaker[]): string[] {
  const nobody = (selector: Selector | undefined) =>
    !makers.some(({ labels }) => isSelected(labels, selector ?? {})) &&
    `it means no pod: ${JSON.stringify(selector)}`
  const where = nameOf(manifest)
  if (manifest.kind === 'Service') {
    const { selector = {}, ports = [] } = manifest.spec ?? {}
    const named = makers
      .filter(({ labels }) => isSelected(labels, { matchLabels: selector }))
      .flatMap(({ pod }) => pod.containers.flatMap((one) => (one.ports ?? []).map(({ name }) => name)))
    return faultsIn(where, [
      nobody({ matchLabels: selector }),
      ...ports.flatMap(({ port, targetPort }) => [
        port !== PORT && `${port} is not the port of servers`,
        !named.includes(String(targetPort)) && `no container has a port ${targetPort}`,
      ]),
    ])
  }
  if (
    manifest.kind === 'PodDisruptionBudget' ||
    manifest.kind === 'StatefulSet' ||
    manifest.kind === 'Deployment'
  )
    return faultsIn(where, [nobody(manifest.spec?.selector)])
  if (manifest.kind !== 'NetworkPolicy') return []
  const { podSelector, ingress = [], egress = [] } = manifest.spec ?? {}
  const peers = [...ingress.flatMap(({ from = [] }) => from), ...egress.flatMap(({ to = [] }) => to)]
  const ours = peers.filter((peer) => peer.podSelector !== undefined && peer.namespaceSelector === undefined)
  return faultsIn(where, [podSelector, ...ours.map((peer) => peer.podSelector)].map(nobody))
}

function isSelected(labels: Labels, { matchLabels = {}, matchExpressions = [] }: Selector): boolean {
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(
      ({ key, operator, values }) => operator === 'In' && values?.includes(labels[key] ?? '') === true,
    )
  )
}

function faultsIn(where: string, faults: readonly (string | false)[]): string[] {
  return faults.filter((fault) => fault !== false).map((fault) => `${where}: ${fault}`)
}
