// The room beside the page that is kept for a scroll bar, as --gutter for styles.css: no style sheet knows how wide it is.

export function keepGutter(): void {
  measure()
  addEventListener('resize', measure)
}

function measure(): void {
  const { documentElement, body } = document
  // Under a window there is none to be measured.
  if (body.hasAttribute('data-scroll-locked')) return
  documentElement.style.setProperty('--gutter', `${innerWidth - body.offsetWidth}px`)
}
