// The candidates in order, each with its verdict and the reason.

import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { DecisionView } from '../../../../src/api/schemas.ts'
import { Badge, StatePill, type Tone } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import type { IconName } from '../../ui/icons.tsx'
import { Hint } from '../../words/hint.tsx'
import { useOwnerWords } from '../../words/owner.ts'

// Where the owner alone does not say why it is a candidate.
const SCOPES: Partial<Record<DecisionView['scope'], string>> = {
  explicit: 'Asked for by name',
  agent: 'For the agent',
  ambient: 'Of the machine',
}

const VERDICTS: Readonly<Record<DecisionView['verdict'], { tone: Tone; icon: IconName; word: string }>> = {
  chosen: { tone: 'good', icon: 'check', word: 'Chosen' },
  fallback: { tone: 'info', icon: 'down', word: 'If the one before fails' },
  skipped: { tone: 'plain', icon: 'cross', word: 'Skipped' },
}

const FIRST = 50

export interface DecisionListProps {
  readonly decisions: readonly DecisionView[]
  /** The id of the credential that is asked about. */
  readonly about: string | undefined
}

export function DecisionList({ decisions, about }: DecisionListProps) {
  const [atMost, setAtMost] = useState(FIRST)
  const placed = decisions.map((decision, place) => ({ decision, place, key: `${place} ${decision.scope}` }))
  const isAskedAbout = ({ credential }: DecisionView) => about !== undefined && credential?.id === about
  // However far down, what serves and what is asked about are shown.
  const shown = placed.filter(
    ({ decision, place }) => place < atMost || decision.verdict === 'chosen' || isAskedAbout(decision),
  )
  return (
    <div className="grid gap-3">
      <ol aria-label="Candidates" className="surface divide-y overflow-hidden">
        {shown.map(({ decision, place, key }) => (
          <Candidate key={key} decision={decision} place={place + 1} isAskedAbout={isAskedAbout(decision)} />
        ))}
      </ol>
      {shown.length < placed.length && (
        <div>
          <Button onClick={() => setAtMost(atMost + FIRST)}>
            Show more of the {placed.length.toLocaleString('en')} candidates
          </Button>
        </div>
      )}
    </div>
  )
}

interface CandidateProps {
  readonly decision: DecisionView
  readonly place: number
  readonly isAskedAbout: boolean
}

function Candidate({ decision, place, isAskedAbout }: CandidateProps) {
  const { scope, credential, verdict, reason } = decision
  const isChosen = verdict === 'chosen'
  return (
    <li
      {...(isChosen && { 'aria-current': 'true' as const })}
      className={`grid grid-cols-[2rem_minmax(0,1fr)] gap-x-3 gap-y-1 border-l-4 px-4 py-3 text-sm ${isChosen ? 'border-l-good' : 'border-l-transparent'} ${isAskedAbout ? 'bg-accent-tint' : ''}`}
    >
      <span className="font-mono text-soft">{place}</span>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-1">
        <div className="flex flex-wrap items-center gap-2">
          <CandidateName credential={credential} />
          <VerdictBadge verdict={verdict} />
          {isAskedAbout && <Badge icon="explain">Asked about</Badge>}
          {credential !== null && <StatePill state={credential.state} />}
        </div>
        <Hint text={reason} className="first-letter:uppercase" />
        <p className="flex flex-wrap gap-x-3 text-xs text-soft">
          {SCOPES[scope] !== undefined && <span>{SCOPES[scope]}</span>}
          {credential !== null && <About credential={credential} />}
        </p>
      </div>
    </li>
  )
}

export function VerdictBadge({ verdict }: Pick<DecisionView, 'verdict'>) {
  const { tone, icon, word } = VERDICTS[verdict]
  return (
    <Badge tone={tone} icon={icon}>
      {word}
    </Badge>
  )
}

function CandidateName({ credential }: Pick<DecisionView, 'credential'>) {
  if (credential === null) return <span className="font-medium">What the machine has itself</span>
  const { id, name, suffix } = credential
  return (
    <span className="flex min-w-0 items-baseline gap-2">
      <Link
        to="/credentials/$id"
        params={{ id }}
        className="truncate font-medium text-accent underline underline-offset-2"
      >
        {name}
      </Link>
      {suffix !== null && suffix !== '' && (
        <span className="font-mono text-xs whitespace-nowrap text-soft">…{suffix}</span>
      )}
    </span>
  )
}

function About({ credential }: { credential: NonNullable<DecisionView['credential']> }) {
  const ownerWords = useOwnerWords()
  return (
    <>
      <span>{ownerWords(credential.owner)}</span>
      <span className="font-mono">{credential.type}</span>
    </>
  )
}
