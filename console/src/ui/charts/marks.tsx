// Marks of pictures: each has a shape of its own, so that nobody needs to see a colour.

export type Mark = 'full' | 'hollow' | 'cross' | 'triangle' | 'dash'

const SHAPES: Readonly<Record<Mark, string>> = {
  full: 'M8 2.5 13.5 8 8 13.5 2.5 8z',
  hollow: 'M8 2.5 13.5 8 8 13.5 2.5 8z',
  cross: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  triangle: 'M8 3 14 13H2z',
  dash: 'M3 8h10',
}

/** A mark of twelve pixels or so; what it means is said beside it. */
export function MarkShape({ mark, className = 'size-3.5' }: { mark: Mark; className?: string }) {
  return (
    <svg
      viewBox="0 0 16 16"
      className={`shrink-0 ${className}`}
      fill={mark === 'full' ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={SHAPES[mark]} />
    </svg>
  )
}
