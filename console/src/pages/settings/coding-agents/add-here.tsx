// Adding a credential where it is seen that one is missing: whose it is and what for is chosen already.

import { useState } from 'react'
import { Button } from '../../../ui/button.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { AddDialog } from '../../credentials/adding/add-dialog.tsx'

export interface AddHereProps {
  readonly owner: string
  readonly harness: 'claude' | 'codex'
  readonly label: string
}

export function AddHere({ owner, harness, label }: AddHereProps) {
  const [adds, setAdds] = useState(false)
  const say = useToast()
  return (
    <>
      <Button icon="plus" onClick={() => setAdds(true)}>
        Add<span className="sr-only"> a credential: {label}</span>
      </Button>
      <AddDialog
        open={adds}
        onClose={() => setAdds(false)}
        harness={harness}
        owner={owner}
        onAdded={({ name }) => {
          setAdds(false)
          say(`${name} is added.`)
        }}
      />
    </>
  )
}
