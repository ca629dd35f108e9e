// Small pictures beside words: strokes on a grid of sixteen, in the colour of the text. They never stand for a word alone
// unless whoever uses one says it in a label.

const SHAPES = {
  check: 'M3 8.5l3.2 3.2L13 5',
  clock: 'M8 4.5V8l2.4 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0',
  cycle: 'M13.5 6.5A5.8 5.8 0 0 0 3 5M2.5 9.5A5.8 5.8 0 0 0 13 11M3 2v3h3M13 14v-3h-3',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  cross: 'M4 4l8 8M12 4l-8 8',
  key: 'M9.5 6.5a3.2 3.2 0 1 0-6.4 0 3.2 3.2 0 0 0 6.4 0M8.6 8.8 14 14M11.5 11.6l1.6-1.6',
  question: 'M5.5 6A2.5 2.5 0 1 1 8.7 8.4C8.2 8.6 8 9 8 9.6M8 12.3v.1',
  stop: 'M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0M3.8 3.8l8.4 8.4',
  dots: 'M3.5 8v.1M8 8v.1M12.5 8v.1',
  play: 'M5 3.5v9l7-4.5z',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5',
  sun: 'M11 8a3 3 0 1 1-6 0 3 3 0 0 1 6 0M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7',
  grip: 'M6 3.5v.1M10 3.5v.1M6 8v.1M10 8v.1M6 12.5v.1M10 12.5v.1',
  down: 'M4 6.5l4 4 4-4',
  up: 'M4 9.5l4-4 4 4',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  search: 'M11 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0M10 10l3.5 3.5',
  copy: 'M6 6h7v7H6zM10 6V3H3v7h3',
  plus: 'M8 3v10M3 8h10',
  warning: 'M8 2.5 14 13H2zM8 6.5v3M8 11.4v.1',
  overview: 'M2.5 2.5h4.5v6H2.5zM9 2.5h4.5v3H9zM9 7.5h4.5v6H9zM2.5 10.5H7v3H2.5z',
  runs: 'M2.5 3.5h11v7H8l-3 2.5v-2.5H2.5z',
  explain: 'M3 3.5h6M3 8h10M3 12.5h8M12 2.2v2.6M10.7 3.5h2.6',
  audit: 'M4 2.5h8v11H4zM6 5.5h4M6 8h4M6 10.5h2.5',
  settings:
    'M2.5 5h6M11.5 5h2M2.5 11h2M7.5 11h6M11.5 5a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0M7.5 11a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0',
  out: 'M6.5 2.5h-4v11h4M6 8h8M11 5l3 3-3 3',
} as const

export type IconName = keyof typeof SHAPES

export function Icon({ name, className = 'size-4' }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 16 16"
      className={`shrink-0 ${className}`}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={SHAPES[name]} />
    </svg>
  )
}
