// What can be done with a run beside writing to it.

import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useChange } from '../../../api/queries.ts'
import { IconButton } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Menu, type MenuItem } from '../../../ui/menu.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { useToast } from '../../../ui/toast.tsx'
import type { Run } from './conversation.ts'

export interface DoingProps {
  readonly run: Run
  readonly isOwn: boolean
  readonly mayCancel: boolean
  readonly onStartAgain: () => void
}

type Question = 'cancel' | 'end' | 'delete'

const FINAL: readonly Run['state'][] = ['cancelled', 'done']
const RESTING: readonly Run['state'][] = ['hibernated', 'failed', ...FINAL]

export function Doing({ run, isOwn, mayCancel, onStartAgain }: DoingProps) {
  const [question, ask] = useState<Question | null>(null)
  const hibernate = useChange('runs.hibernate')
  const wake = useChange('runs.wake')
  const { id, state } = run
  const isFinal = FINAL.includes(state)
  const isResting = RESTING.includes(state)
  const items: readonly (MenuItem | false)[] = [
    isOwn && !isResting && { label: 'Hibernate', icon: 'moon', onChoose: () => hibernate.mutate({ id }) },
    isOwn && isResting && !isFinal && { label: 'Wake', icon: 'sun', onChoose: () => wake.mutate({ id }) },
    { label: 'Start again…', icon: 'cycle', onChoose: onStartAgain },
  ]
  const endings: readonly (MenuItem | false)[] = [
    isOwn && !isFinal && { label: 'End…', icon: 'check', onChoose: () => ask('end') },
    mayCancel && !isFinal && { label: 'Cancel…', icon: 'stop', danger: true, onChoose: () => ask('cancel') },
    isOwn && isResting && { label: 'Delete…', icon: 'cross', danger: true, onChoose: () => ask('delete') },
  ]
  const there = (all: readonly (MenuItem | false)[]) => all.filter((one) => one !== false)
  return (
    <>
      <Menu
        trigger={<IconButton label="What to do with it" icon="dots" />}
        groups={[there(items), there(endings)]}
      />
      <Notice error={hibernate.error ?? wake.error} />
      <Asking question={question} id={id} onClose={() => ask(null)} />
    </>
  )
}

interface AskingProps {
  readonly question: Question | null
  readonly id: string
  readonly onClose: () => void
}

function Asking({ question, id, onClose }: AskingProps) {
  const say = useToast()
  const navigate = useNavigate()
  const cancel = useChange('runs.cancel', onClose)
  const end = useChange('runs.end', onClose)
  const remove = useChange('runs.delete', () => {
    say('The run is deleted.')
    void navigate({ to: '/runs' })
  })
  const ways = {
    cancel: { title: 'Cancel this run?', verb: 'Cancel it', change: cancel, text: CANCELLED },
    end: { title: 'End this run?', verb: 'End it', change: end, text: ENDED },
    delete: { title: 'Delete this run?', verb: 'Delete', change: remove, text: DELETED },
  }
  if (question === null) return null
  const { title, verb, text, change } = ways[question]
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={title}
      verb={verb}
      busy={change.isPending}
      error={change.error}
      onConfirm={() => change.mutate({ id })}
    >
      <p>{text}</p>
    </ConfirmDialog>
  )
}

const CANCELLED = 'Its process is stopped in the middle of what it does, and nobody can go on with it.'
const ENDED = 'It has done its work. Its process ends, and nobody can go on with it.'
const DELETED =
  'All that was said in it is removed, and cannot be brought back. The audit log keeps that it was.'
