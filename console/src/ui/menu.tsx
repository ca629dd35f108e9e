// What can be done with one thing, behind one button.

import { DropdownMenu as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { Icon, type IconName } from './icons.tsx'

export interface MenuItem {
  readonly label: string
  readonly icon?: IconName
  readonly danger?: boolean
  readonly disabled?: boolean
  /** Whether it is the one that is chosen of its group; all of a group have it, or none. */
  readonly checked?: boolean
  readonly onChoose: () => void
}

export interface MenuProps {
  /** One button. */
  readonly trigger: ReactNode
  /** Groups, with a line between them. */
  readonly groups: readonly (readonly MenuItem[])[]
  readonly heading?: ReactNode
}

export function Menu({ trigger, groups, heading }: MenuProps) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align="end"
          sideOffset={6}
          collisionPadding={8}
          className="rise surface z-50 min-w-52 overflow-hidden p-1 shadow-lg"
        >
          {heading !== undefined && <Radix.Label className="px-3 py-2 text-sm">{heading}</Radix.Label>}
          {groups
            .filter((group) => group.length > 0)
            .map((group, place) => (
              <Group key={group[0]?.label} group={group} isFirst={place === 0} />
            ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

function Group({ group, isFirst }: { group: readonly MenuItem[]; isFirst: boolean }) {
  const className = isFirst ? '' : 'mt-1 border-t pt-1'
  const items = group.map((item) => <Item key={item.label} {...item} />)
  if (group[0]?.checked === undefined) return <Radix.Group className={className}>{items}</Radix.Group>
  const chosen = group.find(({ checked }) => checked === true)?.label ?? ''
  return (
    <Radix.RadioGroup value={chosen} className={className}>
      {items}
    </Radix.RadioGroup>
  )
}

function Item({ label, icon, danger = false, disabled = false, checked, onChoose }: MenuItem) {
  const className = `flex min-h-10 items-center gap-2.5 rounded-md px-3 text-sm outline-none data-[disabled]:opacity-60 data-[highlighted]:bg-sunken ${danger ? 'text-bad' : ''}`
  const content = (
    <>
      {icon !== undefined && <Icon name={icon} />}
      <span className="flex-1">{label}</span>
      {checked === true && <Icon name="check" />}
    </>
  )
  if (checked === undefined) {
    return (
      <Radix.Item disabled={disabled} onSelect={onChoose} className={className}>
        {content}
      </Radix.Item>
    )
  }
  return (
    <Radix.RadioItem value={label} disabled={disabled} onSelect={onChoose} className={className}>
      {content}
    </Radix.RadioItem>
  )
}
